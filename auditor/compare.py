"""Candidates against a baseline: what changed, what got worse or better, what is noise, which items turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from auditor import collector
from auditor.decision import FEWEST_FAMILIES
from auditor.engines.fingerprint import differing
from auditor.engines.interface import Fingerprint
from auditor.errors import DataError
from auditor.pairing import Audited, Pair, Side, verdicts_by_item
from auditor.polarity import State as Mark
from auditor.polarity import worst_state
from auditor.runs.layers import layers
from auditor.runs.record import Run
from auditor.runs.seal import require_intact
from auditor.runs.store import Store
from auditor.runs.stored import State
from auditor.types import Better

if TYPE_CHECKING:
    from auditor.metrics.paired import Paired

ALPHA = 0.05
"""One-sided error of each bound, and the share of false findings among those told as worse or better."""
SEVERITIES = ("critical", "high", "medium", "low")


class Standing(StrEnum):
    """What can be said of a change."""

    WORSE = "worse"
    BETTER = "better"
    NOISE = "within noise"
    """No more than chance, where a change of `Difference.detectable` would have shown."""
    OPEN = "cannot tell"
    """Too few families, or missing answers that could turn it; `Difference.reason` says which."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The baseline against itself, asked again."""

    compared: int
    discordant: int
    regression: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A number on both sides, over the items that both were asked."""

    source: str
    """The probe, or the battery for a pooled number of the suite."""
    metric: str
    cell: str
    """`all`, or `tag=value`."""
    better: Better
    ideal: float | None
    low_bound: float | None
    high_bound: float | None
    before: float | None
    after: float | None
    regression: float | None
    """How much worse the candidate is in the metric's unit; negative where it is better."""
    low: float | None
    high: float | None
    """One-sided bounds of the regression at 5% each: together the interval that decides, at 90%."""
    worst_low: float | None
    worst_high: float | None
    """The same whatever the missing verdicts are; None where nothing bounds them."""
    method: str
    p: float | None
    """Two-sided, of no change."""
    q: float | None
    """Adjusted: Holm over the candidates, then Benjamini and Hochberg over all numbers."""
    families: int
    compared: int
    missing: int
    discordant: int
    noise: Noise | None
    detectable: float | None
    """The smallest change that this comparison would have found with 80% power."""
    standing: Standing = Standing.OPEN
    reason: str = ""


class Turn(StrEnum):
    """What became of an item."""

    BROKEN = "newly broken"
    FIXED = "newly fixed"
    STILL = "still broken"


@dataclass(frozen=True, slots=True)
class ItemTurn:
    """An item that is bad on at least one side."""

    item_id: str
    """As the baseline names it."""
    candidate_id: str
    probe_id: str
    family_id: str
    severity: str
    tags: Mapping[str, str]
    turn: Turn
    before: str
    """The label."""
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One candidate against the baseline."""

    base_model: str
    base_run: str
    base_layer: str
    candidate_model: str
    candidate_run: str
    candidate_layer: str
    changed: Mapping[str, tuple[str, str]]
    """The treatment: piece of the fingerprint -> before, after."""
    forced: Sequence[str]
    """How the instrument differs, where that was overruled; empty otherwise."""
    notes: Sequence[str]
    differences: Sequence[Difference]
    items: Sequence[ItemTurn]
    """Newly broken, then newly fixed, then still broken; the severest first."""
    only_base: Sequence[str]
    only_candidate: Sequence[str]
    shared: int
    """Items that both were asked."""

    @property
    def one_factor(self) -> str | None:
        """The one thing that changed, where it is only one."""
        return next(iter(self.changed)) if len(self.changed) == 1 else None


@collector.held()
def compare(base: Run, candidates: Sequence[Run], *, again: Run | None = None, force: bool = False) -> list[Comparison]:
    """Compare candidates with a baseline, item by item.

    Parameters
    ----------
    base : Run
        The baseline.
    candidates : sequence of Run
        At least one; asked the same with the same instrument.
    again : Run, optional
        The baseline asked again: tells the noise floor.
    force : bool, default=False
        Compare although the instrument differs; the result is marked.

    Returns
    -------
    list of Comparison
        In the candidates' order.

    Raises
    ------
    DataError
        If nothing can be paired, or the instrument differs and `force` is not given.
    SealError
        If a run is not what was sealed.
    """
    pairs = [pair_runs(base, candidate, force=force) for candidate in candidates]
    noise = pair_runs(base, again, force=False) if again is not None else None
    return settle([_compare(pair, noise) for pair in pairs])


def asked_again(store: Store, base: Run, *, others: Sequence[Run] = ()) -> Run | None:
    """Return the newest sealed run but the baseline and `others` in which the same model was asked the same."""
    used = {run.run_id for run in (base, *others)}
    plan = base.manifest["plan_hash"]  # it holds the fingerprint
    for stored in reversed(store.runs()):
        if stored.state is State.SEALED and stored.plan_hash == plan and stored.run_id not in used:
            path = store.fetch(stored)
            if stored.model_id == base.model_id and base.layer in layers(path):
                return Run(path, base.layer)
    return None


def pair_runs(base: Run, candidate: Run, *, force: bool = False) -> Pair:
    """Return two runs side by side; raises `DataError` where the instrument differs or nothing is shared."""
    for run in (base, candidate):
        require_intact(run.path)
    pair = Pair(Side(base), Side(candidate))
    changes = instrument_changes(pair)
    if changes and not force:
        raise DataError(
            f"{candidate.run_id} was measured by another instrument than {base.run_id}:\n"
            + "\n".join(f"  {change}" for change in changes),
            hint="audit both with the same probes and graders (`auditor grade` brings an old run to today's graders), "
            "or compare the items that are the same with --force",
        )
    if not pair.shared:
        raise DataError(
            f"{base.run_id} and {candidate.run_id} have no item in common",
            hint="audit both with the same suite",
        )
    return pair


def instrument_changes(pair: Pair) -> list[str]:
    """Return what differs in how both were measured, one line for each probe that both were asked."""
    changes = []
    graders = [side.graders() for side in (pair.base, pair.candidate)]
    for probe, after in pair.candidate.probes.items():
        before = pair.base.probes.get(probe)
        if before is None:
            continue
        if before["version"] != after["version"]:
            changes.append(f"{probe}: version {before['version']} there, {after['version']} here")
        elif before["hash"] != after["hash"]:
            changes.append(f"{probe}: its content changed, its version did not")
        if graders[0][probe] != graders[1][probe]:
            named = [f"{found['name']} {found['version']}" for found in (graders[0][probe], graders[1][probe])]
            what = f"{named[0]} there, {named[1]} here" if named[0] != named[1] else f"{named[0]} with other settings"
            changes.append(f"{probe}: grader {what}")
        elif before["hash"] == after["hash"] and before["metrics"] != after["metrics"]:
            changes.append(f"{probe}: its numbers are made otherwise")
    return changes


def treatment_changes(base: Audited, candidate: Audited) -> dict[str, tuple[str, str]]:
    """Return which pieces of the fingerprint differ, with their values before and after."""
    before, after = (_fingerprint(run) for run in (base, candidate))
    return {
        piece: (before.pieces.get(piece, "none"), after.pieces.get(piece, "none")) for piece in differing(before, after)
    }


def _fingerprint(run: Audited) -> Fingerprint:
    found = run.manifest["model"]["fingerprint"]
    return Fingerprint(found["digest"], found["pieces"], found["claimed"])


def _compare(pair: Pair, noise: Pair | None) -> Comparison:
    base, candidate = pair.base.run, pair.candidate.run
    return Comparison(
        base_model=base.model_id,
        base_run=base.run_id,
        base_layer=base.layer,
        candidate_model=candidate.model_id,
        candidate_run=candidate.run_id,
        candidate_layer=candidate.layer,
        changed=treatment_changes(base, candidate),
        forced=instrument_changes(pair),
        notes=_notes(pair),
        differences=[
            difference(pair, source, metric, cell, found, noise)
            for source, metric in pair.metrics
            for cell, found in pair.cells(source, metric).items()
        ],
        items=turned_items(pair),
        only_base=pair.only_base,
        only_candidate=pair.only_candidate,
        shared=len(pair.shared),
    )


def _notes(pair: Pair) -> list[str]:
    notes = []
    for side, other in ((pair.base, pair.candidate), (pair.candidate, pair.base)):
        lacking = [probe for probe in side.probes if probe not in other.probes]
        if lacking:
            notes.append(f"Only {side.run.model_id} was asked {', '.join(lacking)}.")
        if side.run.manifest["model"]["fingerprint"]["claimed"]:
            notes.append(f"What {side.run.model_id} is, is only claimed by its server.")
    suites = [side.run.manifest["suite"] for side in (pair.base, pair.candidate)]
    if suites[0]["hash"] != suites[1]["hash"]:
        notes.append(f"The suites differ ({suites[0]['id']}, {suites[1]['id']}): what both asked is compared.")
    return notes


def difference(pair: Pair, source: str, metric: str, cell: str, found: Paired, noise: Pair | None = None) -> Difference:
    """Return a number on both sides as data; it has no standing yet, since that rests on all numbers."""
    from auditor.metrics.kinds import KINDS
    from auditor.metrics.measured import finite

    spec = pair.spec(source, metric)
    kind = KINDS[spec.kind]
    bounds, worst = found.bounds(ALPHA, worst_case=False), found.bounds(ALPHA)
    return Difference(
        source=source,
        metric=metric,
        cell=cell,
        better=spec.better,
        ideal=spec.ideal,
        low_bound=finite(kind.low),
        high_bound=finite(kind.high),
        before=found.before,
        after=found.after,
        regression=found.regression,
        low=finite(bounds.low) if bounds.method != "none" else None,
        high=finite(bounds.high) if bounds.method != "none" else None,
        worst_low=finite(worst.low),
        worst_high=finite(worst.high),
        method=bounds.method,
        p=found.p_value(),
        q=None,
        families=found.families,
        compared=found.compared,
        missing=found.missing,
        discordant=found.discordant,
        noise=_noise(noise, source, metric, cell),
        detectable=found.detectable,
    )


def _noise(noise: Pair | None, source: str, metric: str, cell: str) -> Noise | None:
    if noise is None or (source, metric) not in noise.metrics:
        return None
    found = noise.cells(source, metric).get(cell)
    return Noise(found.compared, found.discordant, found.regression) if found else None


def settle(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with adjusted p-values and what can be said of each change."""
    import numpy as np

    from auditor.stats.multiplicity import benjamini_hochberg, holm

    keys: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for row, comparison in enumerate(comparisons):
        for column, found in enumerate(comparison.differences):
            keys.setdefault((found.source, found.metric, found.cell), []).append((row, column))
    places = [place for group in keys.values() for place in group]
    raw = [[_or_nan(comparisons[row].differences[column].p) for row, column in group] for group in keys.values()]
    adjusted = benjamini_hochberg(np.concatenate([holm(group) for group in raw] or [np.empty(0)]))
    q_values = dict(zip(places, adjusted, strict=True))
    return [
        replace(
            comparison,
            differences=[
                _settled(replace(found, q=None if np.isnan(q_values[row, column]) else float(q_values[row, column])))
                for column, found in enumerate(comparison.differences)
            ],
        )
        for row, comparison in enumerate(comparisons)
    ]


def _or_nan(number: float | None) -> float:
    return float("nan") if number is None else number


def _settled(found: Difference) -> Difference:
    standing, reason = _standing(found)
    return replace(found, standing=standing, reason=reason)


def _standing(found: Difference) -> tuple[Standing, str]:
    if found.regression is None or found.low is None or found.high is None:
        return Standing.OPEN, "nothing to compare" if found.regression is None else "no interval"
    if found.families < FEWEST_FAMILIES:
        return Standing.OPEN, f"{found.families} families: fewer than {FEWEST_FAMILIES} locate trouble only"
    shown = found.q is not None and found.q <= ALPHA
    for standing, sure, despite in (
        (Standing.WORSE, found.low > 0, found.worst_low is not None and found.worst_low > 0),
        (Standing.BETTER, found.high < 0, found.worst_high is not None and found.worst_high < 0),
    ):
        if shown and sure:
            if despite:
                return standing, ""
            return Standing.OPEN, f"{found.missing} missing answers could undo it"
    if found.low > 0 or found.high < 0:
        return Standing.OPEN, "its interval leaves 0 out, but with so many numbers that may be chance"
    if shown:
        return Standing.OPEN, "its p-value is small enough, but its interval holds 0"
    return Standing.NOISE, ""


def turned_items(pair: Pair) -> list[ItemTurn]:
    """Return the items that are bad on either side, newly broken first, the severest first within."""
    before, after = (_states(side) for side in (pair.base, pair.candidate))
    turns = {
        (Mark.GOOD, Mark.BAD): Turn.BROKEN,
        (Mark.BAD, Mark.GOOD): Turn.FIXED,
        (Mark.BAD, Mark.BAD): Turn.STILL,
    }
    found = []
    for candidate_id, item_id in pair.renamed.items():
        (old, old_label), (new, new_label) = before[item_id], after[candidate_id]
        if (old, new) not in turns:
            continue
        item = pair.base.items[item_id]
        severity = pair.candidate.probes[item["probe_id"]]["severity"]
        found.append(
            ItemTurn(
                item_id=item_id,
                candidate_id=candidate_id,
                probe_id=item["probe_id"],
                family_id=item["family_id"],
                severity=severity,
                tags=item["tags"],
                turn=turns[old, new],
                before=old_label,
                after=new_label,
            )
        )
    order = list(Turn)
    return sorted(found, key=lambda one: (order.index(one.turn), SEVERITIES.index(one.severity)))


def _states(side: Side) -> dict[str, tuple[Mark, str]]:
    return {
        item_id: worst_state(side.probes[side.items[item_id]["probe_id"]], side.items[item_id], rows)
        for item_id, rows in verdicts_by_item(side)
    }
