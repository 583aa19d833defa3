"""The largest gap between groups, and its change: how often the truth is beyond the bounds that decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.metrics.gaps import GapPairing
from auditor.selftest.deciding import beyond
from auditor.selftest.grid import ALPHA, Size
from auditor.selftest.rows import Row, Tally, worst_row
from auditor.stats.families import Floats

GROUPS = (2, 6)
GAPS = ((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))
"""How far one group is from the others, in the baseline and in the candidate; in standard deviations of a number."""
ALIKE = 0.5
"""Correlation of the two sides' numbers."""


@dataclass(frozen=True)
class GapBounds:
    """Families that hold one item of each group; their numbers are normal."""

    families: int
    groups: int
    before: float
    after: float
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the change and the candidate's gap are beyond each bound."""
        change, level = np.empty((self.runs, 2)), np.empty((self.runs, 2))
        shape = (self.families, self.groups)
        for run in range(self.runs):
            shared = np.sqrt(ALIKE) * rng.standard_normal(shape)
            sides = []
            for gap in (self.before, self.after):
                numbers = shared + np.sqrt(1 - ALIKE) * rng.standard_normal(shape)
                numbers[:, 0] += gap
                sides += [numbers - numbers.mean(axis=1, keepdims=True), np.ones(shape)]
            found = pairing(np.concatenate(sides, axis=1))
            change[run], level[run] = found.bounds(ALPHA)[:2], found.level_bounds(ALPHA)[:2]
        where = f"{self.families} families, {self.groups} groups, gap {self.before:g} to {self.after:g}"
        return [
            *beyond("change", where, change, self.after - self.before),
            *beyond("level", where, level, self.after),
        ]


def pairing(sums: Floats) -> GapPairing:
    """Return what the auditor makes of families' sums, none missing."""
    return GapPairing(sums, compared=sums.shape[0] * sums.shape[1] // 4, missing=0, discordant=sums.shape[0])


def tasks(size: Size) -> list[GapBounds]:
    """Return the cells."""
    return [
        GapBounds(families, groups, before, after, size.dear)
        for families in size.several
        for groups in GROUPS
        for before, after in GAPS
    ]


def rows(tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each promise."""
    change, level = ([one for one in tallies if one.what == what] for what in ("change", "level"))
    return [
        worst_row("a gap of groups", "at most", ALPHA, level),
        worst_row("a change of a gap of groups", "at most", ALPHA, change),
    ]
