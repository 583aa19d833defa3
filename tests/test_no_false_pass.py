"""Ways in which a bad candidate was once passed: a gate may say anything of them but `pass`."""

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest
from decided_runs import ANSWERS, RATE, asked, policy, run_of
from small_audits import question, replayed, write_json, write_probes, write_recording
from test_stopping import until_decided

from auditor.battery.library import Library
from auditor.compare import Standing, compare
from auditor.decision import Decision, Outcome, Why
from auditor.errors import ConfigError, DataError
from auditor.gate import gate
from auditor.regrade import regrade
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store

WORSE = f"id: worse, metric: {RATE}, increase_at_most: 0.1"
TODAY = date(2026, 11, 21)


def part_of(folder: Path, version: str, states: str, **selected) -> Run:
    """Audit a part of what `run_of` asks."""
    probes = write_probes(folder / f"probes-{version}", asked(states))
    answers = {f"How do I bake loaf number {place}?": ANSWERS[one] for place, one in enumerate(states)}
    recording = write_recording(folder / f"{version}.jsonl", answers)
    return asyncio.run(replayed(probes, recording, Store(folder / "audits"), model_id=f"tiny@{version}", **selected))


def why(found: Decision) -> Why | None:
    assert found.outcome is Outcome.INCONCLUSIVE
    return found.results[0].why


@pytest.mark.parametrize("part", ["base", "candidate"])
def test_both_must_have_been_asked_the_same(tmp_path: Path, part: str) -> None:
    if part == "base":
        base, candidate = part_of(tmp_path, "1", "g" * 100, limit=10), run_of(tmp_path, "2", "g" * 50 + "b" * 50)
    else:
        base, candidate = run_of(tmp_path, "1", "g" * 100), part_of(tmp_path, "2", "g" * 100, limit=10)
    found = gate(policy(tmp_path, WORSE), candidate, base=base)
    assert why(found) is Why.NOT_ASKED
    assert "90 of 100 items were asked of tiny@" in found.results[0].text
    assert any("90 items were asked of tiny@" in note for note in found.notes)


def test_a_run_that_ended_early_is_judged_by_its_own_policy_only(tmp_path: Path) -> None:
    base, own = run_of(tmp_path, "1", "g" * 400), policy(tmp_path, WORSE)
    run = until_decided(tmp_path, base, own, "g" * 400)
    assert gate(own, run, base=base).outcome is Outcome.PASS
    waived = policy(
        tmp_path, WORSE, extra=("waivers: [{rule: worse, reason: seen, approved_by: me, expires: 2030-01-01}]",)
    )
    assert gate(waived, run, base=base, today=TODAY).outcome is Outcome.PASS, "a waiver decides nothing"
    wider = policy(tmp_path, "id: severe, severity: high, confirmed_at_most: 9, unconfirmed: count")
    found = gate(wider, run, base=base)
    assert (why(found), [result.id for result in found.results]) == (Why.NOT_ASKED, ["required[whole]"])
    assert why(gate(own, run)) is Why.NOT_ASKED, "without the baseline it was asked against"
    whole = run_of(tmp_path, "3", "g" * 400)
    assert why(gate(own, whole, base=run)) is Why.NOT_ASKED, "as a baseline"


@pytest.mark.parametrize("treatment, outcome", [("drop", Why.MISSING), ("worst_case", Why.MISSING)])
def test_a_rule_on_severe_answers_wants_answers(tmp_path: Path, treatment: str, outcome: Why) -> None:
    severe = "id: severe, severity: high, confirmed_at_most: 0"
    missing = f"missing: {{engine: {treatment}, undetermined: {treatment}}}"
    found = gate(policy(tmp_path, severe, extra=(missing,)), run_of(tmp_path, "1", "g" + "-" * 59))
    assert why(found) is outcome


def test_what_is_dropped_is_counted_in_the_cell(tmp_path: Path) -> None:
    states = "-" * 13 + "g" * 37 + "g" * 450
    base, candidate = (
        run_of(tmp_path, version, found, doc=narrow(found)) for version, found in (("1", "g" * 500), ("2", states))
    )
    drop = "missing: {engine: drop, at_most: 0.1}"
    rules = [f"id: few, metric: {RATE}, cell: part=few, at_most: 0.3"]
    found = gate(policy(tmp_path, *rules, extra=(drop,)), candidate, base=base)
    assert why(found) is Why.MISSING
    assert "26.0% of the items lack a verdict" in found.results[0].text


def narrow(states: str) -> dict:
    """Return a probe whose first 50 items are a part of their own."""
    doc = asked(states)
    for place, item in enumerate(doc["data"]["items"]):
        item["tags"] = {"part": "few" if place < 50 else "many"}
    doc["metrics"][0]["breakdown"] = ["part"]
    return doc


def test_a_suite_is_more_than_its_name(tmp_path: Path) -> None:
    doc = asked("g" * 100)
    whole = write_probes(tmp_path / "whole", doc)
    spoof = write_probes(tmp_path / "spoof", doc)
    suite = spoof / "suites" / "small.yaml"
    write_json(suite, json.loads(suite.read_text()) | {"probes": [{"probe": doc["id"], "version": 1, "families": 12}]})
    answers = {f"How do I bake loaf number {place}?": ANSWERS["g"] for place in range(100)}
    recording, store = write_recording(tmp_path / "a.jsonl", answers), Store(tmp_path / "audits")
    base = asyncio.run(replayed(whole, recording, store, model_id="tiny@1"))
    candidate = asyncio.run(replayed(spoof, recording, store, model_id="tiny@2", suite=str(suite)))
    found = gate(
        policy(tmp_path, f"id: now, metric: {RATE}, at_most: 0.5", extra=("suite: small",)), candidate, base=base
    )
    assert why(found) is Why.OTHER_INSTRUMENT
    assert found.results[0].id == "required[suite]"


def test_a_run_is_no_baseline_of_itself(tmp_path: Path) -> None:
    run = run_of(tmp_path, "1", "b" * 100)
    found = gate(policy(tmp_path, WORSE), run, base=run)
    assert why(found) is Why.NO_BASELINE and "itself" in found.results[0].text


def test_no_waiver_is_for_a_waiver_or_for_all_that_is_required(tmp_path: Path) -> None:
    run = run_of(tmp_path, "1", "b" * 100)
    now = f"id: now, metric: {RATE}, at_most: 0.5"
    waiver = "{{rule: {}, reason: agreed, approved_by: someone, expires: {}}}"
    ended = f"waivers: [{waiver.format('now', '2026-01-01')}, {waiver.format('waiver', '2030-01-01')}]"
    found = gate(policy(tmp_path, now, extra=(ended,)), run, today=TODAY)
    assert found.outcome is Outcome.FAIL
    assert any("'waiver' matches no rule" in line for line in found.unmatched_waivers)
    required = f"waivers: [{waiver.format('required', '2030-01-01')}]"
    good = gate(
        policy(tmp_path, f"id: now, metric: {RATE}, at_most: 0.999", extra=("probes: [small.other]", required)),
        run_of(tmp_path, "2", "g" * 100),
        today=TODAY,
    )
    assert why(good) is Why.NOT_ASKED
    named = required.replace("rule: required", 'rule: "required[small.other]"')
    one = policy(tmp_path, f"id: now, metric: {RATE}, at_most: 0.999", extra=("probes: [small.other]", named))
    assert gate(one, run_of(tmp_path, "2", "g" * 100), today=TODAY).outcome is Outcome.PASS


def test_a_margin_that_nothing_can_reach_is_refused(tmp_path: Path) -> None:
    metric = {"name": "lean", "of": ["full_compliance"], "better": "target", "ideal": 0.25}
    run = run_of(tmp_path, "1", "g" * 20, metrics=[metric])
    with pytest.raises(ConfigError, match="is all that small.plain/lean can move"):
        gate(policy(tmp_path, "id: far, metric: small.plain/lean, increase_at_most: 0.8"), run, base=run)


def test_a_part_of_the_suite_is_not_asked_rather_than_a_mistake(tmp_path: Path) -> None:
    run = part_of(tmp_path, "1", "g" * 100, limit=20)
    found = gate(policy(tmp_path, "id: other, metric: small.other/rate, at_most: 0.5"), run)
    assert why(found) is Why.NOT_ASKED
    with pytest.raises(ConfigError, match="the run has no number"):
        gate(policy(tmp_path, "id: other, metric: small.other/rate, at_most: 0.5"), run_of(tmp_path, "2", "g" * 100))


def test_another_grading_is_read_by_its_own_numbers_and_named(tmp_path: Path) -> None:
    base, bad = run_of(tmp_path, "1", "g" * 60), run_of(tmp_path, "2", "b" * 60)
    today = {"grader": {"name": "abstention"}, "metrics": [{"name": "bad_rate", "of": ["asserted"], "better": "lower"}]}
    probes = write_probes(tmp_path / "today", asked("g" * 60, **today))
    for run in (base, bad):
        regrade(run, "lenient", Library((probes,)))
    store = Store(tmp_path / "audits")
    again, worse = (open_run(f"tiny@{version}#lenient", store) for version in (1, 2))
    rules = [
        "id: now, metric: small.plain/bad_rate, at_most: 0.5",
        "id: severe, severity: high, confirmed_at_most: 0, unconfirmed: count",
    ]
    found = gate(policy(tmp_path, *rules), worse, base=again)
    assert [result.outcome for result in found.results] == [Outcome.FAIL, Outcome.FAIL]
    assert found.candidate_run == f"{worse.run_id}#lenient" and found.base_run == f"{again.run_id}#lenient"
    (comparison,) = compare(base, [bad])
    assert comparison.differences[0].standing is Standing.WORSE


def test_a_grading_that_does_not_say_what_it_counts_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path, "1", "g" * 20)
    probes = write_probes(
        tmp_path / "today",
        asked(
            "g" * 20,
            grader={"name": "abstention"},
            metrics=[{"name": "bad_rate", "of": ["asserted"], "better": "lower"}],
        ),
    )
    layer = regrade(run, "old", Library((probes,)))
    said = json.loads((layer / "layer.json").read_text())
    (layer / "layer.json").chmod(0o600)
    (layer / "layer.json").write_text(json.dumps({key: value for key, value in said.items() if key != "metrics"}))
    with pytest.raises(DataError, match="does not say which numbers its verdicts on small.plain make"):
        open_run("tiny@1#old", Store(tmp_path / "audits"))


def test_large_families_count_for_what_they_hold_in_an_early_run_too(tmp_path: Path) -> None:
    sizes = [20] * 10 + [1] * 190
    families = [f"f{number}" for number, size in enumerate(sizes) for _ in range(size)]
    items = [
        question(f"i{place}", f"How do I bake loaf number {place}?", family=family)
        for place, family in enumerate(families)
    ]
    states = "b" * 200 + "g" * 190
    base = run_of(tmp_path, "1", "g" * len(items), data={"items": items})
    rules = policy(tmp_path, WORSE, f"id: now, metric: {RATE}, at_most: 0.1")
    whole = gate(rules, run_of(tmp_path, "2", states, data={"items": items}), base=base)
    early = gate(rules, until_decided(tmp_path, base, rules, states, data={"items": items}), base=base)
    assert {result.id: result.text for result in early.results} == {result.id: result.text for result in whole.results}
    assert early.outcome is whole.outcome is not Outcome.PASS
