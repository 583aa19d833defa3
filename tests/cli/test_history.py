"""`auditor history` over versions with planted changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from small_audits import COMPLIES, NON_REFUSAL, REFUSES, probe, question, write_probes, write_recording

from auditor.cli import cli

Auditor = Callable[..., Result]
ITEMS = 40
OLD_RUNS = Path(__file__).parents[1] / "old_runs" / "0.1.0"
POOLED = [{"battery": "harm", "metric": "non_refusal_rate", "weights": {"shop.a": 1, "shop.b": 1}}]
NONE: frozenset[int] = frozenset()


def asked(name: str, number: int) -> str:
    return f"{name} number {number}?"


def audit(version: str, complies: Collection[int], *, probe_version: int = 1, without: Collection[str] = ()) -> None:
    """Audit bot@version, which goes along with some items of shop.a and with none of shop.b."""
    shutil.rmtree("probes", ignore_errors=True)
    probes = [
        probe(
            f"shop.{name}",
            [question(f"i{number}", asked(name, number)) for number in range(ITEMS)],
            version=probe_version if name == "a" else 1,
            severity="critical" if name == "a" else "low",
            metrics=[NON_REFUSAL],
        )
        for name in ("a", "b")
        if name not in without
    ]
    write_probes(Path("probes"), *probes, pooled=[] if without else POOLED)
    said = {
        asked(name, number): COMPLIES if name == "a" and number in complies else REFUSES
        for name in ("a", "b")
        for number in range(ITEMS)
    }
    write_recording(Path(f"{version}.jsonl"), said)
    done = invoke("run", f"{version}.jsonl", "--suite", "small", "--name", f"bot@{version}")
    assert done.exit_code == 0, done.output


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="auditor")


def told(*arguments: str) -> dict[str, Any]:
    done = invoke("history", *arguments, "-f", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with bot@1.0, 1.1 that goes along with 20 more, 1.2 with the old ones, 2.0 with 3 that are new."""
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        audit("1.0", {0, 1})
        audit("1.1", range(22))
        audit("1.2", {0, 1})
        audit("2.0", {5, 30, 31, 32})
    return folder


@pytest.fixture
def here(planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(planted, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def test_every_version_has_its_numbers_and_what_became_of_them(here: Path) -> None:
    found = told("bot")
    assert [version["model_id"] for version in found["versions"]] == ["bot@1.0", "bot@1.1", "bot@1.2", "bot@2.0"]
    (trend,) = found["trends"]
    assert (trend["source"], trend["metric"], trend["battery"]) == ("harm", "non_refusal_rate", "harm")
    points = trend["points"]
    assert [point["value"] for point in points] == pytest.approx([0.025, 0.275, 0.025, 0.05])
    assert all(point["low"] <= point["value"] <= point["high"] for point in points)
    assert [point["standing"] for point in points] == [None, "worse", "better", "within noise"]
    assert [point["gap"] for point in points] == [""] * 4
    assert [version["changed"] for version in found["versions"]] == [[], *[["responses"]] * 3]


def test_items_that_were_never_bad_before_are_counted_where_they_first_are(here: Path) -> None:
    first = told("bot")["first_seen"]
    assert [(one["model_id"], one["probe_id"], len(one["items"]), one["bad_now"]) for one in first] == [
        ("bot@2.0", "shop.a", 3, 3),
        ("bot@1.1", "shop.a", 20, 1),
    ]
    assert first[0]["items"] == ["shop.a/i30", "shop.a/i31", "shop.a/i32"]
    assert {one["asked"] for one in first} == {ITEMS}


def test_drift_is_told_at_one_alarm_rate_for_all_looks(here: Path) -> None:
    drift = told("bot")["drift"]
    assert (drift["base_model"], drift["alarm_rate"]) == ("bot@1.0", 0.05)
    assert drift["level"] == pytest.approx(0.05 / 3)
    assert [(look["model_id"], look["alarm"]) for look in drift["looks"]] == [
        ("bot@1.1", True),
        ("bot@1.2", False),
        ("bot@2.0", False),
    ]
    assert 0 < drift["looks"][0]["low"] < drift["looks"][0]["regression"] == pytest.approx(0.25)


@pytest.mark.parametrize("how", ["option", "file", "word"])
def test_drift_is_from_the_baseline_that_is_meant(here: Path, how: str) -> None:
    arguments = {"option": ["--against", "bot@1.1"], "file": [], "word": ["--against", "baseline"]}[how]
    if how != "option":
        assert invoke("baseline", "set", "bot@1.1").exit_code == 0
    drift = told("bot", *arguments)["drift"]
    assert (drift["base_model"], [look["model_id"] for look in drift["looks"]]) == (
        "bot@1.1",
        ["bot@1.0", "bot@1.2", "bot@2.0"],
    )
    assert not any(look["alarm"] for look in drift["looks"])


def test_a_baseline_that_is_elsewhere_is_named(here: Path) -> None:
    invoke("baseline", "set", "bot@1.1")
    assert invoke("runs", "rm", "bot@1.1", "--yes", "--force").exit_code == 0
    done = invoke("history", "bot")
    assert (done.exit_code, "`auditor runs import FILE.tar.gz`" in done.stderr) == (2, True)


def test_another_instrument_is_a_gap_and_brings_no_new_behaviour(here: Path) -> None:
    audit("2.1", range(30), probe_version=2)
    audit("2.2", range(31), probe_version=2)
    found = told("bot")
    assert found["versions"][4]["instrument"] == ["shop.a: version 1 there, 2 here"]
    points = found["trends"][0]["points"]
    assert [(bool(point["gap"]), point["standing"]) for point in points[3:]] == [
        (False, "within noise"),
        (True, None),
        (False, "within noise"),
    ]
    assert [one["items"] for one in found["first_seen"] if one["model_id"] in ("bot@2.1", "bot@2.2")] == [
        ["shop.a/i30"]
    ]
    assert [look["model_id"] for look in found["drift"]["looks"]] == ["bot@1.1", "bot@1.2", "bot@2.0"]
    assert [fact.partition(": ")[0] for fact in found["drift"]["left_out"]] == ["bot@2.1", "bot@2.2"]
    page = invoke("history", "bot").stdout
    assert "| shop.a: version 1 there, 2 here" in page and "37.5% |" in page
    assert "Not looked at: bot@2.1: harm/non_refusal_rate: shop.a: version 1 there, 2 here" in page


def test_a_suite_with_other_numbers_leaves_a_hole(here: Path) -> None:
    audit("3.0", {0}, without=("a",))
    found = told("bot")
    pooled, alone = sorted(found["trends"], key=lambda trend: trend["source"])
    assert (pooled["source"], [point is None for point in pooled["points"]]) == ("harm", [False] * 4 + [True])
    assert alone["source"] == "shop.b"
    assert "·" in invoke("history", "bot").stdout


def test_of_several_audits_of_a_version_the_whole_one_is_told(here: Path) -> None:
    before = told("bot")
    done = invoke("run", "2.0.jsonl", "--suite", "small", "--name", "bot@2.0", "--limit", "3")
    assert done.exit_code == 0, done.output
    after = told("bot")
    assert after["versions"] == before["versions"]
    assert after["notes"] == [f"bot@2.0 was audited 2 times: {before['versions'][3]['run_id']} is told."]


def test_a_broken_run_is_left_out_and_said_to_be(here: Path) -> None:
    run = next(Path("audits").glob("bot@1.1.*"))
    (run / "verdicts.jsonl.gz").write_bytes(b"changed")
    found = told("bot")
    assert [version["model_id"] for version in found["versions"]] == ["bot@1.0", "bot@1.2", "bot@2.0"]
    assert found["notes"] == [
        f"{run.name} is left out: it is not as it was sealed: verdicts.jsonl.gz has changed since it was sealed"
    ]
    (run / "seal.json").unlink()
    assert f"Note: {run.name} is left out: " in invoke("history", "bot").stdout
    for other in Path("audits").glob("bot@*"):
        (other / "estimates.json").write_text("{}")
    done = invoke("history", "bot")
    assert (done.exit_code, "no run of bot is as it was sealed" in done.stderr) == (4, True)


def test_one_version_is_a_history_too(here: Path) -> None:
    found = told("bot", "--against", "bot@1.0")
    for version in ("1.1", "1.2", "2.0"):
        assert invoke("runs", "rm", f"bot@{version}", "--yes").exit_code == 0
    alone = told("bot")
    assert alone["versions"] == found["versions"][:1]
    assert (alone["first_seen"], alone["drift"]["looks"]) == ([], [])
    page = invoke("history").stdout
    assert page.startswith("bot  1 version, oldest first\n")
    assert "Drift: nothing can be held against bot@1.0." in page


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("history", "bott"), "did you mean 'bot'?"),
        (("history", "bot", "--against", "bot@9"), "there is no run 'bot@9'"),
        (("history", "bot", "--against", "baseline"), "there is no baseline.yaml"),
        (("history", "--store", "nowhere"), "the store nowhere holds no finished run"),
    ],
)
def test_what_cannot_be_told_is_said(here: Path, arguments: tuple[str, ...], fact: str) -> None:
    done = invoke(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert fact in done.stderr


def test_of_several_models_one_must_be_named(here: Path) -> None:
    assert invoke("run", "2.0.jsonl", "--suite", "small", "--name", "other@1").exit_code == 0
    done = invoke("history")
    assert (done.exit_code, "name one: bot, other" in done.stderr) == (2, True)
    assert told("other@1")["name"] == "other"


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_page_fits_and_shows_the_newest(here: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    page = invoke("history", "bot").stdout.splitlines()
    assert max(map(len, page)) <= width
    heads = next(line for line in page if line.startswith("harm"))
    assert heads.split()[2:] == ["1.0", "1.1", "1.2", "2.0"][-(2 if width == 80 else 3 if width == 100 else 4) :]
    values = next(line for line in page if line.startswith("v non_refusal_rate"))
    assert len(values.split()[2]) == 4 and set(values.split()[2]) <= set("▁▂▃▄▅▆▇█")
    assert any("5.0% ~" in line for line in page)


def test_what_has_drifted_is_told_of_the_newest_version_first(here: Path) -> None:
    lines = invoke("history", "bot").stdout.splitlines()
    place = lines.index("Drift: nothing at bot@2.0 is surely worse than at bot@1.0; what was before:")
    assert lines[place + 1] == "  bot@1.1  harm/non_refusal_rate"
    assert lines[place + 2].startswith("    2.5% to 27.5%, worse by +25.0 points (at least +")
    assert lines[place + 2].endswith("; 5.0% at bot@2.0")
    audit("2.1", range(22))
    audit("2.2", range(26))
    lines = invoke("history", "bot").stdout.splitlines()
    place = lines.index("Drift: surely worse than at bot@1.0, the newest version first")
    told = [line.split()[0] for line in lines[place:] if line.startswith("  bot")]
    assert told == ["bot@2.2", "bot@2.1", "bot@1.1"]
    assert not any(" at bot@2.2" in line for line in lines[place:])


def test_no_word_is_broken_and_what_is_left_out_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for version, complies in (("2.1-candidate.7", {1, 2, 3}), ("2.2-candidate.11", {1, 2, 33, 34})):
        audit(version, complies)
    lines = invoke("history", "bot").stdout.splitlines()
    assert any(line.startswith("No room for the values of 1.0, 1.1, 1.2, 2.0: a wider terminal") for line in lines)
    head = next(line for line in lines if line.startswith("bad for the first time"))
    assert head.split()[5:] == ["severity", "at", "items", "still", "bad"]
    row = next(line for line in lines if "bot@2.2-candidate.11" in line and line.startswith("shop.a"))
    assert row.split() == ["shop.a", "critical", "bot@2.2-candidate.11", "2", "of", "40", "2"]


@pytest.mark.slow
def test_the_demos_planted_regressions_are_told() -> None:
    found = told("demo", "--store", str(OLD_RUNS))
    standings = {
        (trend["source"], trend["metric"]): [point["standing"] for point in trend["points"]]
        for trend in found["trends"]
    }
    assert standings["harm", "non_refusal_rate"] == [None, "better", "worse"]
    assert standings["harm", "over_refusal_rate"] == [None, "worse", "better"]
    assert len(standings) == 9
    alarms = [(look["model_id"], look["metric"]) for look in found["drift"]["looks"] if look["alarm"]]
    assert ("demo@1.1", "over_refusal_rate") in alarms
    assert found["drift"]["level"] == pytest.approx(0.05 / 18)
