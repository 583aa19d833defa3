"""Every version against one baseline, with one alarm rate for the whole history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.compare import ALPHA, instrument_changes
from auditor.decision import FEWEST_FAMILIES
from auditor.pairing import Pair, Side

Number = tuple[str, str]
"""(battery or probe, metric)."""


@dataclass(frozen=True, slots=True)
class Look:
    """A number of one version against the baseline."""

    model_id: str
    source: str
    metric: str
    low_bound: float | None
    high_bound: float | None
    before: float | None
    after: float | None
    regression: float | None
    low: float | None
    """It is worse by at least this, whatever is missing, at `Drift.level`; None where nothing bounds it."""
    alarm: bool
    """Whether it is surely worse: `low` is above 0."""


@dataclass(frozen=True, slots=True)
class Drift:
    """All versions against one baseline."""

    base_model: str
    base_run: str
    alarm_rate: float
    """How often at most, where nothing has become worse, any of the looks raises an alarm."""
    level: float
    """One-sided error of each bound: the alarm rate shared by all looks (Bonferroni)."""
    looks: Sequence[Look]
    left_out: Sequence[str]
    """What was not looked at, and why."""


def drift(base: Side, sides: Iterable[Side], numbers: Sequence[Number]) -> Drift:
    """Hold every version against one baseline, with one alarm rate for all looks together.

    Every number of every version is looked at with an equal share of the alarm rate (Bonferroni), whatever its missing
    answers are. What was measured otherwise, or on too few families, is not looked at and takes no share.
    """
    pairs: list[tuple[Pair, Number]] = []
    left_out: list[str] = []
    for side in sides:
        if side.run.run_id == base.run.run_id:
            continue
        pair = Pair(base, side)
        changes = instrument_changes(pair)
        comparable = [number for number in numbers if number in pair.metrics]
        for number in numbers:
            fact = _not_looked_at(pair, number, changes, comparable)
            if fact:
                left_out.append(f"{side.run.model_id}: {'/'.join(number)}: {fact}")
            else:
                pairs.append((pair, number))
    level = ALPHA / max(len(pairs), 1)
    return Drift(
        base_model=base.run.model_id,
        base_run=base.run.run_id,
        alarm_rate=ALPHA,
        level=level,
        looks=[_look(pair, number, level) for pair, number in pairs],
        left_out=left_out,
    )


def _not_looked_at(pair: Pair, number: Number, changes: Sequence[str], comparable: Sequence[Number]) -> str:
    if number not in comparable:
        return "not asked of both"
    touched = concerning(changes, pair.candidate, number)
    if touched:
        return "; ".join(touched)
    families = pair.cells(*number)["all"].families
    return f"{families} families" if families < FEWEST_FAMILIES else ""


def _look(pair: Pair, number: Number, level: float) -> Look:
    from auditor.metrics.kinds import KINDS
    from auditor.metrics.measured import finite

    found, kind = pair.cells(*number)["all"], KINDS[pair.spec(*number).kind]
    low = found.bounds(level).low
    return Look(
        model_id=pair.candidate.run.model_id,
        source=number[0],
        metric=number[1],
        low_bound=finite(kind.low),
        high_bound=finite(kind.high),
        before=found.before,
        after=found.after,
        regression=found.regression,
        low=finite(low),
        alarm=low > 0,
    )


def _probes_of(side: Side, number: Number) -> Iterable[str]:
    """Return the probes that a number rests on."""
    for one in side.run.manifest["pooled"]:
        if (one["battery"], one["metric"]) == number:
            return list(one["weights"])
    return [number[0]]


def concerning(changes: Iterable[str], side: Side, number: Number) -> list[str]:
    """Return those of `instrument_changes` that touch a number."""
    probes = set(_probes_of(side, number))
    return [change for change in changes if change.partition(":")[0] in probes]
