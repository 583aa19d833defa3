"""The bounds that decide: how often the truth is beyond one, in every cell of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.selftest.grid import ALPHA, ITEMS, MARGIN, Size
from auditor.selftest.numbers import items_of, pairing, rate_sum
from auditor.selftest.rows import Row, Tally, worst_row
from auditor.selftest.truth import Counts, Kinds, family_kinds, judged_once
from auditor.stats.families import Floats


@dataclass(frozen=True)
class RateBounds:
    """Bounds of a rate."""

    families: int
    items: int
    correlation: float
    rates: tuple[float, ...]
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often each rate is beyond each bound."""
        found = []
        for rate in self.rates:
            kinds = family_kinds((rate, 1 - rate), self.items, self.correlation)

            def bounds(counts: Counts, kinds: Kinds = kinds) -> tuple[float, ...]:
                """Return the bounds of a run."""
                values, family = items_of(kinds, counts, 0)
                return rate_sum(values, family).bounds(ALPHA)[:2]

            judged = judged_once(kinds.draw(rng, self.families, self.runs), bounds)
            found += beyond("rate", f"{families_told(self)}, rate {rate:g}", judged, rate)
        return found


@dataclass(frozen=True)
class ChangeBounds:
    """Bounds of the change of a rate."""

    families: int
    items: int
    correlation: float
    discordance: float
    increases: tuple[float, ...]
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often each change is beyond each bound."""
        found = []
        for margins in self.increases:
            worse = self.discordance + margins * MARGIN
            kinds = family_kinds((worse, self.discordance, 1 - worse - self.discordance), self.items, self.correlation)

            def bounds(counts: Counts, kinds: Kinds = kinds) -> tuple[float, ...]:
                """Return the bounds of a run; items that answer alike are good on both sides."""
                candidate, family = items_of(kinds, counts, 0)
                base, _ = items_of(kinds, counts, 1)
                return pairing(base, candidate, family).bounds(ALPHA)[:2]

            judged = judged_once(kinds.draw(rng, self.families, self.runs), bounds)
            where = f"{families_told(self)}, discordance {self.discordance:g}, increase {margins:g} margins"
            found += beyond("change", where, judged, margins * MARGIN)
        return found


def rate_tasks(size: Size) -> list[RateBounds]:
    """Return the cells of rates, families of one."""
    return [RateBounds(families, 1, 0.0, size.rates, size.runs) for families in size.families]


def family_rate_tasks(size: Size) -> list[RateBounds]:
    """Return the cells of rates, families of several."""
    return [RateBounds(families, ITEMS, correlation, size.rates, size.dear) for families, correlation in size.clusters]


def change_tasks(size: Size) -> list[ChangeBounds]:
    """Return the cells of changes, families of one."""
    return [
        ChangeBounds(families, 1, 0.0, discordance, size.increases, size.paired_runs(families))
        for discordance in size.discordances
        for families in size.families
    ]


def family_change_tasks(size: Size) -> list[ChangeBounds]:
    """Return the cells of changes, families of several."""
    return [
        ChangeBounds(families, ITEMS, correlation, discordance, size.increases, size.dear)
        for discordance in size.crowded
        for families, correlation in size.clusters
    ]


def rows(told: str, tallies: Sequence[Tally]) -> list[Row]:
    """Return the row of one kind of bound."""
    return [worst_row(told, "at most", ALPHA, tallies)]


def beyond(what: str, where: str, bounds: Floats, truth: float) -> list[Tally]:
    """Return how often the truth is below the lower and above the upper bound; `bounds` of shape (runs, 2)."""
    low, high = bounds.T
    return [
        Tally(what, f"{where}, lower bound", int((truth < low).sum()), len(bounds)),
        Tally(what, f"{where}, upper bound", int((truth > high).sum()), len(bounds)),
    ]


def families_told(task: RateBounds | ChangeBounds) -> str:
    """Return the families of a cell in words."""
    if task.items == 1:
        return f"{task.families} families of one"
    return f"{task.families} families of {task.items}, correlation {task.correlation:g}"
