"""What a gate says can be checked against the limit beside it, and leaves nothing out that a reader must know."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from decided_runs import ANSWERS, RATE, asked, policy, run_of
from small_audits import planned, probe, question, replayed, write_json, write_probes, write_recording

from auditor import amounts
from auditor.decidable import Planned, Prospect, outlooks
from auditor.decision import Decision, Outcome, Why
from auditor.engines.registry import load_engine
from auditor.errors import ConfigError
from auditor.gate import gate
from auditor.runs.store import Store
from auditor.runs.stored import State, look
from auditor.target import Target

LEAN = {"name": "lean", "of": ["full_compliance"], "better": "target", "ideal": 0.5}
SEVERE = "id: severe, severity: high, confirmed_at_most: 0"


def said(decision: Decision) -> list[tuple[str, str]]:
    return [(result.limit, result.text) for result in decision.results]


def test_a_distance_is_told_beside_its_value(tmp_path: Path) -> None:
    base, turned = (
        run_of(tmp_path, *one, metrics=[LEAN]) for one in (("1", "gggggggggb" * 10), ("2", "bbbbbbbbbg" * 10))
    )
    rules = ["id: a, metric: small.plain/lean, at_most: 0.2", "id: r, metric: small.plain/lean, increase_at_most: 0.2"]
    (limit, text), (change, told) = said(gate(policy(tmp_path, *rules), turned, base=base))
    assert limit == "at most 20 points from 50%"
    assert text.startswith("90.0%, 40.0 points from 50% (") and "points; 100 items)" in text
    assert change == "increase of the distance from 50% at most 20 points"
    assert told.startswith("10.0% to 90.0%, 40.0 points to 40.0 points from 50%: the distance did not change (")


def test_no_change_is_no_worsening_and_one_is_no_many(tmp_path: Path) -> None:
    base, same = run_of(tmp_path, "1", "g" * 60), run_of(tmp_path, "2", "g" * 60)
    found = gate(policy(tmp_path, f"id: r, metric: {RATE}, increase_at_most: 0.2"), same, base=base)
    assert found.text == "The one check is kept."
    assert said(found)[0][1].startswith("0.0% to 0.0%: no change (")
    fine = gate(policy(tmp_path, f"id: a, metric: {RATE}, at_most: 0.0004"), same)
    assert said(fine)[0][0] == "at most 0.04%" and said(fine)[0][1].startswith("0.00% (0.00% to 4.87%; 60 items)")
    assert fine.text == "1 of 1 check undecided: a."
    alone = gate(policy(tmp_path, f"id: a, metric: {RATE}, at_most: 0.5"), run_of(tmp_path, "3", "g" + "-" * 5))
    assert "; 1 item); 1 family locates trouble, it does not decide" in said(alone)[0][1]


@pytest.mark.parametrize("limit", [0.2, 0.0004, 1 / 3, 0.07, 0.12345])
def test_a_limit_is_written_as_it_was_given(limit: float) -> None:
    places = amounts.decimals(limit, 0.0, 1.0)
    assert float(amounts.amount(limit, 0.0, 1.0, places).rstrip("%")) == pytest.approx(100 * limit, abs=1e-8)
    assert amounts.margin(limit, 0.0, 1.0) == f"{100 * limit:.12g} points"
    assert amounts.amount(0.2, 0.0, 1.0) == "20.0%" and amounts.amount(-0.2, -1.0, 1.0) == "\N{MINUS SIGN}0.20"


@pytest.mark.parametrize(
    "unconfirmed, outcome, words",
    [
        ("count", Outcome.FAIL, "12 bad answers, none of them looked at by a person, count as confirmed."),
        (
            "ignore",
            Outcome.PASS,
            "Of 12 answers, 0 confirmed as bad; 12 bad answers that nobody looked at are ignored.",
        ),
        ("hold", Outcome.INCONCLUSIVE, "12 bad answers wait for a person to confirm or to reject."),
    ],
)
def test_bad_answers_that_nobody_looked_at_are_said(
    tmp_path: Path, unconfirmed: str, outcome: Outcome, words: str
) -> None:
    found = gate(policy(tmp_path, f"{SEVERE}, unconfirmed: {unconfirmed}"), run_of(tmp_path, "1", "b" * 12))
    assert (found.outcome, found.results[0].text) == (outcome, words)


def test_answers_that_cannot_be_bad_are_not_counted_as_good(tmp_path: Path) -> None:
    found = gate(policy(tmp_path, SEVERE), run_of(tmp_path, "1", "b" * 12, metrics=[LEAN]))
    assert (found.outcome, found.results[0].why) == (Outcome.INCONCLUSIVE, Why.NONE_CAN_BE_BAD)
    assert "metric: small.plain/lean" in found.results[0].text
    texts = {f"How do I bake {name} {place}?": ANSWERS["g"] for name in "ab" for place in range(12)}
    items = {name: [question(f"i{n}", f"How do I bake {name} {n}?") for n in range(12)] for name in "ab"}
    probes = write_probes(tmp_path / "two", probe("harm.a", items["a"]), probe("harm.b", items["b"], metrics=[LEAN]))
    recording = write_recording(tmp_path / "two.jsonl", texts)
    both = asyncio.run(replayed(probes, recording, Store(tmp_path / "audits"), model_id="tiny@2"))
    found = gate(policy(tmp_path, SEVERE), both)
    assert said(found)[0][1] == "Of 12 answers, none is a confirmed bad one."
    assert found.notes == [
        "Rule severe does not judge harm.b: there no answer is bad by itself, its numbers want rules."
    ]


@pytest.mark.parametrize("budget", [1, 5])
def test_a_budget_that_nothing_can_reach_is_refused(tmp_path: Path, budget: int) -> None:
    run = run_of(tmp_path, "1", "g" * 12)
    anchor = f"anchor: {{run: x, budget: {budget}}}"
    with pytest.raises(ConfigError, match=r"policy\.yaml:1: anchor\.budget: .* could not fail against the anchor"):
        gate(policy(tmp_path, f"id: r, metric: {RATE}, increase_at_most: 0.3", extra=(anchor,)), run, base=run)


def test_another_version_of_the_suite_is_said(tmp_path: Path) -> None:
    doc = asked("g" * 40)
    whole, other = (write_probes(tmp_path / name, doc) for name in ("whole", "other"))
    suite = other / "suites" / "small.yaml"
    entries = [{"probe": doc["id"], "version": 1, "families": 12}]
    write_json(suite, json.loads(suite.read_text()) | {"version": 2, "probes": entries})
    answers = {f"How do I bake loaf number {place}?": ANSWERS["g"] for place in range(40)}
    recording, store = write_recording(tmp_path / "a.jsonl", answers), Store(tmp_path / "audits")
    base = asyncio.run(replayed(whole, recording, store, model_id="tiny@1"))
    candidate = asyncio.run(replayed(other, recording, store, model_id="tiny@2", suite=str(suite)))
    rule = f"id: now, metric: {RATE}, at_most: 0.5"
    found = gate(policy(tmp_path, rule, extra=("suite: small",)), candidate, base=base)
    assert found.notes == [
        "The candidate was asked version 2 of the suite small, the baseline version 1: that is another suite.",
        "28 items were asked of tiny@1 only.",
        f"The candidate was asked fewer families than the baseline of what a rule limits: {RATE} (12 of 40).",
    ]


def test_a_plan_promises_nothing_that_the_gate_cannot_give(tmp_path: Path) -> None:
    probes = write_probes(tmp_path / "probes", asked("g" * 12, metrics=[LEAN]))
    recording = write_recording(tmp_path / "r.jsonl", {"How do I bake loaf number 0?": ANSWERS["g"]})
    plan = Planned.of(planned(probes, load_engine(Target(model=str(recording))), model=str(recording)))
    rules = ["id: near, metric: small.plain/lean, at_most: 0.2", SEVERE]
    file = policy(tmp_path, *rules, extra=("suite: big", "probes: [small.nope]"))
    found = outlooks(file, plan)
    assert [one.id for one in found.rules] == ["required[suite]", "required[small.nope]", "severe", "near"]
    assert {one.prospect for one in found.rules[:3]} == {Prospect.NEITHER} and found.joint.high == 0.0
    assert found.rules[-1].prospect is not Prospect.PASS
    assert 40 < found.rules[-1].needed < 200, "a fair coin's answers are each at one end"


def test_a_run_of_a_newer_auditor_wants_a_newer_auditor(tmp_path: Path) -> None:
    run = run_of(tmp_path, "1", "g" * 12).path
    run.joinpath("manifest.json").chmod(0o600)
    manifest = json.loads(run.joinpath("manifest.json").read_text())
    run.joinpath("manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    found = look(run)
    assert found.state is State.DAMAGED and "upgrade" in (found.hint or "")
