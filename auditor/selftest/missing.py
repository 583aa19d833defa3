"""Answers that are missing, at random and not: the bounds hold whatever they would have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.selftest.deciding import beyond
from auditor.selftest.grid import ALPHA, MARGIN, Size
from auditor.selftest.numbers import pairing, scores
from auditor.selftest.rows import Row, Tally, worst_row
from auditor.selftest.shown import measure
from auditor.stats.families import Floats

BAD = 0.1
"""Share of families that are bad on both sides."""
WORSE, BETTER = 0.02 + MARGIN, 0.02
MOST_MISSING = 0.2

Lost = tuple[float, float, float, float]
"""Chance that a verdict is missing: the baseline's where it is good and bad, the candidate's where good and bad."""
PATTERNS: dict[str, Lost] = {
    "at random": (0.05, 0.05, 0.05, 0.05),
    "half of the candidate's bad ones": (0.0, 0.0, 0.0, 0.5),
    "every bad one of the candidate": (0.0, 0.0, 0.0, 1.0),
    "a fifth of the candidate's good ones": (0.0, 0.0, MOST_MISSING, 0.0),
    "every bad one of the baseline": (0.0, 1.0, 0.0, 0.0),
    "what hides the change": (MOST_MISSING, 0.0, 0.0, 1.0),
}


@dataclass(frozen=True)
class Missing:
    """Both sides of families of one item, some of whose verdicts are lost."""

    families: int
    pattern: str
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the truth is beyond each bound: of the change, the candidate's rate, and what is shown."""
        family = np.arange(self.families)
        change, level = np.empty((self.runs, 2)), np.empty((self.runs, 2))
        outside = 0
        for run in range(self.runs):
            base, candidate = _answers(rng, self.families)
            lost = PATTERNS[self.pattern]
            paired = pairing(_lose(rng, base, *lost[:2]), seen := _lose(rng, candidate, *lost[2:]), family)
            change[run], level[run] = paired.bounds(ALPHA)[:2], paired.level_bounds(ALPHA)[:2]
            shown = measure(scores(seen, family))
            outside += not _holds(shown.worst_low, candidate.mean(), shown.worst_high)
        where = f"{self.families} families, missing {self.pattern}"
        return [
            *beyond("change", where, change, WORSE - BETTER),
            *beyond("level", where, level, BAD + WORSE),
            Tally("shown", where, outside, self.runs),
        ]


def tasks(size: Size) -> list[Missing]:
    """Return the cells."""
    return [Missing(families, pattern, size.dear) for families in size.incomplete for pattern in PATTERNS]


def rows(tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each promise."""
    change, level, shown = ([one for one in tallies if one.what == what] for what in ("change", "level", "shown"))
    return [
        worst_row("a change, answers missing", "at most", ALPHA, change),
        worst_row("a rate, answers missing", "at most", ALPHA, level),
        worst_row("all answers known: beyond worst case", "at most", 0.0, shown),
    ]


def _answers(rng: np.random.Generator, families: int) -> tuple[Floats, Floats]:
    kind = rng.choice(4, size=families, p=(WORSE, BETTER, BAD, 1 - WORSE - BETTER - BAD))
    return np.isin(kind, (1, 2)).astype(float), np.isin(kind, (0, 2)).astype(float)


def _lose(rng: np.random.Generator, bad: Floats, good_lost: float, bad_lost: float) -> Floats:
    lost: NDArray[np.bool_] = rng.random(len(bad)) < np.where(bad > 0, bad_lost, good_lost)
    return np.where(lost, np.nan, bad)


def _holds(low: float | None, value: float, high: float | None) -> bool:
    return low is not None and high is not None and low - 1e-9 <= value <= high + 1e-9
