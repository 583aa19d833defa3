"""`auditor report` with a policy and a named baseline, on runs that an earlier version wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Auditor = Callable[..., Result]
STORE = Path(__file__).parents[1] / "old_runs" / "0.1.0"
RULES = "suite: quick\nrules:\n  - {id: refuses, metric: harm/over_refusal_rate, increase_at_most: 0.2, strict: true}\n"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


def test_the_page_holds_the_candidate_against_the_named_baseline(auditor: Auditor, policy: Path) -> None:
    done = auditor("report", "demo@1.1", "demo@1.2", "--store", STORE, "--policy", policy, "--against", "demo@1.0")
    assert (done.exit_code, done.stderr) == (0, "report: report.html\n")
    page = Path("report.html").read_text("utf-8")
    assert "Compared with <bdi>demo@1.0</bdi>." in page
    assert "refuses (increase at most 20 points, and no worsening shown): 5.0% to 7.5%" in page
    assert f"--policy {policy} --against demo@1.0." in page


def test_a_broken_rule_is_told_and_the_report_ends_well(auditor: Auditor, policy: Path) -> None:
    done = auditor("report", "demo@1.0", "demo@1.1", "--store", STORE, "--policy", policy, "-f", "json")
    assert done.exit_code == 0
    before, after = json.loads(done.stdout)
    assert "decision" not in before
    assert after["decision"]["exit_code"] == 1
    assert [rule["id"] for rule in after["decision"]["decision"]["results"]] == ["refuses"]


def test_without_a_baseline_the_rule_is_undecided(auditor: Auditor, policy: Path) -> None:
    done = auditor("report", "demo@1.1", "--store", STORE, "--policy", policy, "-o", "-")
    assert done.exit_code == 0
    assert "NOT ENOUGH EVIDENCE" in done.stdout
    assert "a baseline: --against RUN" in done.stdout


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--against", "demo@1.1"), 4, "cannot be held against itself"),
        (("--policy", "none.yaml"), 2, "none.yaml"),
    ],
)
def test_what_cannot_be_judged_is_refused(auditor: Auditor, more: tuple[str, ...], code: int, said: str) -> None:
    done = auditor("report", "demo@1.1", "--store", STORE, *more)
    assert done.exit_code == code
    assert said in done.stderr
    assert not Path("report.html").exists()


@pytest.mark.parametrize(("form", "start"), [("md", "# Safety audit"), ("csv", "run_id,"), ("model-card", "---\n")])
def test_other_forms_go_to_stdout_or_to_a_file(auditor: Auditor, form: str, start: str) -> None:
    done = auditor("report", "demo@1.2", "--store", STORE, "-f", form)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(start)
    done = auditor("report", "demo@1.2", "--store", STORE, "-f", form, "-o", "told.txt")
    assert Path("told.txt").read_text("utf-8").startswith(start)
