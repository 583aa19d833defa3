"""What a policy says in words and dates: a waiver that explains nothing is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import ConfigError
from auditor.policy import read_policy

WAIVER = {"rule": "a", "reason": "known fault", "approved_by": "me", "expires": "2027-01-31"}
UNSEEN = "should hold a letter, a digit or another sign that can be seen"
NO_DATE = "should be a date like 2027-01-31"


def policy(folder: Path, **changes: str) -> Path:
    """Write a policy with one waiver."""
    fields = ", ".join(f"{key}: {value}" for key, value in {**WAIVER, **changes}.items())
    path = folder / "policy.yaml"
    path.write_text(f"rules:\n  - {{id: a, metric: x/y, at_most: 0.1}}\nwaivers:\n  - {{{fields}}}\n")
    return path


def test_the_last_day_is_a_date_in_quotes_or_without(tmp_path: Path) -> None:
    for day in ("2027-01-31", "'2027-01-31'"):
        (waiver,) = read_policy(policy(tmp_path, expires=day)).policy.waivers
        assert waiver.expires.isoformat() == "2027-01-31"


@pytest.mark.parametrize(
    ("field", "value", "fact"),
    [
        ("expires", "tomorrow", f"{NO_DATE} (found 'tomorrow')"),
        ("expires", "2027-13-01", f"{NO_DATE} (found '2027-13-01')"),
        ("expires", "31.01.2027", f"{NO_DATE} (found '31.01.2027')"),
        ("expires", "2027-01-31T10:00:00", f"{NO_DATE} (found '2027-01-31T10:00:00')"),
        ("expires", "20270131", f"{NO_DATE} (found 20270131)"),
        ("expires", "null", f"{NO_DATE} (found None)"),
        ("reason", r'"\u200b\u200b\u200b"', UNSEEN),
        ("reason", r'"\u3164\u3164\u3164"', UNSEEN),
        ("reason", '"   "', "should not be empty"),
        ("reason", "ok", "at least 3 characters"),
        ("approved_by", r'"\u200b"', UNSEEN),
        ("rule", '" "', "should not be empty"),
    ],
)
def test_a_waiver_that_says_nothing_is_refused(tmp_path: Path, field: str, value: str, fact: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_policy(policy(tmp_path, **{field: value}))
    assert f"policy.yaml:4: waivers.0.{field}: " in str(caught.value)
    assert fact in str(caught.value)


@pytest.mark.parametrize(
    "rule",
    [
        r'{id: "\u200d", metric: x/y, at_most: 0.1}',
        r'{id: a, metric: "\u200b", at_most: 0.1}',
        "{id: a, metric: x/y, at_most: 0.1, by: ' '}",
    ],
)
def test_a_rule_that_cannot_be_seen_is_refused(tmp_path: Path, rule: str) -> None:
    (tmp_path / "policy.yaml").write_text(f"rules:\n  - {rule}\n")
    with pytest.raises(ConfigError, match=r"policy\.yaml:2: rules\.0\."):
        read_policy(tmp_path / "policy.yaml")
