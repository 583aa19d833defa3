"""What was promised, what was seen, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from scipy.special import ndtri

ALARM = 1e-4
"""The chance that a row alarms although what it promises is so, shared out over its cells."""

Side = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened in one cell of the grid."""

    what: str
    where: str
    hits: int
    of: int

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.hits / self.of


@dataclass(frozen=True, slots=True)
class Row:
    """One promise and what became of it."""

    name: str
    side: Side
    bound: float
    """A share, as everything here."""
    seen: float
    z: float
    error: float
    """Of Monte Carlo: `z` binomial standard errors."""
    replicates: int
    """That `seen` rests on."""
    cells: int
    where: str
    """The worst cell; empty where `seen` is over all of them."""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept, but for Monte Carlo error."""
        return self.seen <= self.bound + self.error if self.side == "at most" else self.seen >= self.bound - self.error


def worst_row(name: str, side: Side, bound: float, tallies: Sequence[Tally]) -> Row:
    """Return the row of the cell that is farthest on the wrong side of the bound, in its standard errors."""
    z = float(ndtri(1 - ALARM / len(tallies)))
    sign = 1 if side == "at most" else -1
    spread = sqrt(bound * (1 - bound))
    worst = max(tallies, key=lambda one: (sign * (one.share - bound) * (sqrt(one.of) if spread else 1), one.where))
    return Row(name, side, bound, worst.share, z, z * spread / sqrt(worst.of), worst.of, len(tallies), worst.where)


def mean_row(name: str, side: Side, bound: float, tallies: Sequence[Tally]) -> Row:
    """Return the row of the mean over cells, each cell counting the same."""
    z = float(ndtri(1 - ALARM))
    seen = sum(one.share for one in tallies) / len(tallies)
    error = z * sqrt(sum(one.share * (1 - one.share) / one.of for one in tallies)) / len(tallies)
    return Row(name, side, bound, seen, z, error, sum(one.of for one in tallies), len(tallies), "")


@dataclass(frozen=True, slots=True)
class Selftest:
    """What all promises came to."""

    size: str
    seed: int
    rows: Sequence[Row]

    @property
    def kept(self) -> bool:
        """Whether every promise is."""
        return all(row.kept for row in self.rows)
