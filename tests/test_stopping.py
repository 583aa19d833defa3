"""A run that ends as soon as its policy is decided: it asks less, and decides as the gate does afterwards."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from decided_runs import ANSWERS, RATE, asked, policy, run_of
from small_audits import Quiet, planned, write_probes, write_recording

from auditor.audit import run_audit
from auditor.claims import until_digest
from auditor.config import Config
from auditor.decision import Outcome
from auditor.engines.registry import load_engine
from auditor.errors import ConfigError, DataError
from auditor.gate import gate
from auditor.policy import PolicyFile
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store
from auditor.stopping import Lookout
from auditor.target import Target

WORSE = f"id: worse, metric: {RATE}, increase_at_most: 0.1"


def until_decided(
    folder: Path, base: Run, file: PolicyFile, states: str, *, die_after: int | None = None, **more
) -> Run:
    """Ask a candidate with such answers until the policy is decided; its process may die after so many answers."""
    probes = write_probes(folder / "probes-new", asked(states, **more))
    answers = {f"How do I bake loaf number {place}?": ANSWERS[one] for place, one in enumerate(states)}
    engine = load_engine(Target(model=str(write_recording(folder / "new.jsonl", answers))))
    plan = replace(
        planned(probes, engine, model=str(folder / "new.jsonl"), model_id="tiny@new"),
        until=until_digest(file.policy, base),
    )
    store = Store(folder / "audits")

    class Dying(Quiet):
        """Dies after so many answers."""

        seen = 0

        def advance(self, response) -> None:
            self.seen += 1
            if die_after is not None and self.seen > die_after:
                raise KeyboardInterrupt

    work = run_audit(
        plan, engine, store=store, config=Config(), observer=Dying(), command=[], lookout=Lookout(file, base, plan)
    )
    return open_run(asyncio.run(work), store)


@pytest.mark.parametrize(
    "base, candidate, outcome, most",
    [
        ("g" * 400, "g" * 400, Outcome.PASS, 0.2),
        ("g" * 400, "b" * 400, Outcome.FAIL, 0.1),
        ("bg" * 200, "bg" * 200, Outcome.PASS, 0.2),
        ("g" * 400, ("b" + "g" * 9) * 40, Outcome.INCONCLUSIVE, 1.0),
    ],
)
def test_it_asks_no_more_than_it_needs(
    tmp_path: Path, base: str, candidate: str, outcome: Outcome, most: float
) -> None:
    baseline, file = run_of(tmp_path, "1", base), policy(tmp_path, WORSE)
    run = until_decided(tmp_path, baseline, file, candidate)
    found = gate(file, run, base=baseline)
    assert found.outcome is outcome
    ended = run.manifest["until_decided"]
    assert len(run.items) + ended["not_needed"] == 400
    assert len(run.items) <= most * 400
    assert ended["decided"] == ([] if outcome is Outcome.INCONCLUSIVE else ["worse"])
    assert found.results[0].measurement.method == "betting at every look"
    assert found.results[0].measurement.families == len(run.items)
    assert any("not needed" in note for note in run.manifest["notes"])


def test_every_rule_is_given_its_families(tmp_path: Path) -> None:
    rules = (
        f"id: all, metric: {RATE}, increase_at_most: 0.5",
        f"id: halves, metric: {RATE}, by: half, increase_at_most: 0.2",
    )
    baseline, file = run_of(tmp_path, "1", "g" * 400, halves=True), policy(tmp_path, *rules)
    run = until_decided(tmp_path, baseline, file, "g" * 250 + "b" * 150, halves=True)
    outcomes = {result.id: result.outcome for result in gate(file, run, base=baseline).results}
    assert outcomes["halves[half=first]"] is Outcome.PASS
    assert outcomes["halves[half=second]"] is Outcome.FAIL
    assert len(run.items) < 400


@pytest.mark.parametrize("worse", [0.0, 0.25, 0.4])
def test_what_a_look_decided_the_gate_decides_too(tmp_path: Path, worse: float) -> None:
    drawn = np.random.default_rng(round(100 * worse)).random(240)
    states = "".join("b" if one < worse else "g" for one in drawn)
    rules = (
        f"id: all, metric: {RATE}, increase_at_most: 0.2",
        f"id: halves, metric: {RATE}, by: half, increase_at_most: 0.3, strict: true",
        f"id: level, metric: {RATE}, at_most: 0.2",
    )
    baseline, file = run_of(tmp_path, "1", "g" * 240, halves=True), policy(tmp_path, *rules)
    run = until_decided(tmp_path, baseline, file, states, halves=True)
    results = gate(file, run, base=baseline).results
    decided = {result.id for result in results if result.outcome is not Outcome.INCONCLUSIVE}
    assert set(run.manifest["until_decided"]["decided"]) == decided
    assert decided


def test_rules_that_are_broken_make_room_for_the_next(tmp_path: Path) -> None:
    """After Holm the second of two broken rules needs less evidence than half of alpha."""
    rules = (
        f"id: first, metric: {RATE}, cell: half=first, increase_at_most: 0.1",
        f"id: second, metric: {RATE}, cell: half=second, increase_at_most: 0.13",
    )
    baseline, file = run_of(tmp_path, "1", "g" * 240, halves=True), policy(tmp_path, *rules)
    run = until_decided(tmp_path, baseline, file, "b" * 120 + "bgg" * 40, halves=True)
    first, second = gate(file, run, base=baseline).results
    assert first.outcome is second.outcome is Outcome.FAIL
    assert second.measurement.p > 0.025, "with half of alpha it would have been asked more"
    assert set(run.manifest["until_decided"]["decided"]) == {first.id, second.id}


def test_families_are_asked_whole_and_in_an_order_without_a_pattern(tmp_path: Path) -> None:
    baseline, file = run_of(tmp_path, "1", "g" * 400, per_family=4), policy(tmp_path, WORSE.replace("0.1", "0.3"))
    run = until_decided(tmp_path, baseline, file, "g" * 400, per_family=4)
    sizes = run.items.groupby("family_id").size()
    assert set(sizes) == {4} and 10 <= len(sizes) < 60
    places = sorted(int(name.removeprefix("small.plain/f")) for name in sizes.index)
    assert places[-1] > 60  # not the first ones


def test_one_that_dies_goes_on_to_the_same_end(tmp_path: Path) -> None:
    baseline, file = run_of(tmp_path, "1", "g" * 400), policy(tmp_path, WORSE)
    states = ("b" + "g" * 19) * 20
    with pytest.raises(KeyboardInterrupt):
        until_decided(tmp_path, baseline, file, states, die_after=45)
    again = until_decided(tmp_path, baseline, file, states)
    (tmp_path / "other").mkdir()
    undisturbed = until_decided(tmp_path / "other", baseline, file, states)
    assert list(again.items["item_id"]) == list(undisturbed.items["item_id"])
    assert again.verdicts.equals(undisturbed.verdicts)


def test_a_baseline_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    file = policy(tmp_path, WORSE)
    other = run_of(tmp_path, "1", "g" * 40, doc=asked("g" * 40, version=2))
    with pytest.raises((ConfigError, DataError), match="otherwise|version"):
        until_decided(tmp_path, other, file, "g" * 40)
    baseline = run_of(tmp_path, "2", "g" * 400)
    part = until_decided(tmp_path, baseline, file, "g" * 400)
    with pytest.raises(ConfigError, match="only until it was decided"):
        until_decided(tmp_path, part, file, "g" * 400)
