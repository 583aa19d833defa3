"""What was promised, what was seen, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from scipy.special import ndtri

from auditor.selftest.grid import INCREASES

ALARM = 1e-4
"""The chance that a row alarms although what it promises is so, shared out over its cells."""

Side = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened in one cell of the grid."""

    what: str
    where: str
    hits: float
    """Of a share that is measured in each run: their sum."""
    of: int
    squares: float | None = None
    """Of such a share: the sum of the squares."""

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.hits / self.of

    @property
    def variance(self) -> float:
        """Of the share: binomial, or as it was seen."""
        squares = self.hits if self.squares is None else self.squares
        return max(squares / self.of - self.share**2, 0.0) / self.of


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
    """Of Monte Carlo: `z` standard errors."""
    replicates: int
    """That `seen` rests on."""
    cells: int
    where: str
    """The worst cell; empty where `seen` is over all of them."""
    about: str = ""
    """The heading that it belongs to."""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept, but for Monte Carlo error."""
        return self.seen <= self.bound + self.error if self.side == "at most" else self.seen >= self.bound - self.error


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one rule came to at an increase, in the mean over the discordances. Nothing is promised of it."""

    design: str
    margins: float
    """The increase."""
    passed: float
    failed: float
    left_open: float
    asked: float
    """Of the families."""
    error: float
    """Two standard errors of the least sure of the shares."""
    replicates: int


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
    seen, error = _mean(tallies)
    return Row(name, side, bound, seen, z, z * error, sum(one.of for one in tallies), len(tallies), "")


def outcomes_of(design: str, tallies: Sequence[Tally]) -> list[Outcomes]:
    """Return what came of each increase, of tallies that are named `design: outcome increase`."""
    found = []
    for margins in INCREASES:
        of = {
            what: [one for one in tallies if one.what == f"{design}: {what} {margins:g}"]
            for what in ("pass", "fail", "open", "asked")
        }
        means = {what: _mean(cells) for what, cells in of.items() if cells}
        asked = means["asked"][0] if "asked" in means else 1.0
        error = 2 * max(error for _, error in means.values())
        passed, failed, left_open = (means[what][0] for what in ("pass", "fail", "open"))
        found.append(
            Outcomes(design, margins, passed, failed, left_open, asked, error, sum(one.of for one in of["pass"]))
        )
    return found


def _mean(tallies: Sequence[Tally]) -> tuple[float, float]:
    """Return the mean share and its standard error."""
    count = len(tallies)
    return sum(one.share for one in tallies) / count, sqrt(sum(one.variance for one in tallies)) / count


@dataclass(frozen=True, slots=True)
class Selftest:
    """What all promises came to."""

    size: str
    seed: int
    rows: Sequence[Row]
    outcomes: Sequence[Outcomes] = ()

    @property
    def kept(self) -> bool:
        """Whether every promise is."""
        return all(row.kept for row in self.rows)
