"""Numbers that should be near 0: how often the truth is beyond the bounds, and how often the interval holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditor.metrics.interface import MetricSpec
from auditor.metrics.paired import Pairing, Side, Stratum
from auditor.selftest.deciding import beyond
from auditor.selftest.grid import ALPHA, Size
from auditor.selftest.numbers import score_kind, scores
from auditor.selftest.rows import Row, Tally, mean_row, worst_row
from auditor.selftest.shown import CONFIDENCE, MEAN_COVERAGE, ROWS
from auditor.selftest.truth import Counts, judged_once
from auditor.types import Better

KIND = score_kind("bbq_bias_ambiguous")
LEAN = MetricSpec(name="lean", kind="bbq_bias_ambiguous", better=Better.TARGET, ideal=0.0)
ANSWERS = (1.0, -1.0, 0.0)
"""With the stereotype, against it, neither."""
LEANS = ((0.0, 0.0), (0.1, 0.1), (0.0, 0.1), (0.1, 0.0), (-0.1, 0.1), (0.3, -0.1))
"""Of the baseline and of the candidate."""
SWAYED = (0.02, 0.4)
"""Share of answers that go one way or the other by chance."""
KEPT = 0.5
"""Share of families that answer the candidate as they answered the baseline, where both lean alike."""


@dataclass(frozen=True)
class Leans:
    """A lean in two runs; families of one."""

    families: int
    before: float
    after: float
    swayed: float
    runs: int

    @property
    def quiet(self) -> bool:
        """Whether hardly any family differs from the rest: the interval that is shown of others is `FScores`'."""
        return self.after == 0 and self.swayed == SWAYED[0]

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the change and the candidate's lean are beyond each bound, and the lean is covered."""
        base, candidate = _chances(self.before, self.swayed), _chances(self.after, self.swayed)
        joint = np.outer(base, candidate)
        if self.before == self.after:
            joint = (1 - KEPT) * joint + KEPT * np.diag(base)
        pairs = np.array([(one, other) for one in ANSWERS for other in ANSWERS])
        family = np.arange(self.families)

        def bounds(counts: Counts) -> tuple[float, ...]:
            """Return the bounds and the interval of a run."""
            old, new = (scores(value, family) for value in np.repeat(pairs, counts, axis=0).T)
            sides = [Side.of(side, family, self.families) for side in (old, new)]
            change = Pairing(LEAN, KIND, [Stratum(sides[0], sides[1], family)], [1.0])
            told = *change.bounds(ALPHA)[:2], *change.level_bounds(ALPHA)[:2]
            if not self.quiet:
                return told
            shown = replace(KIND, score=lambda _spec, _rows: new).measure(LEAN, ROWS, confidence=CONFIDENCE, seed=0)
            assert shown.low is not None and shown.high is not None
            return *told, shown.low, shown.high

        found = judged_once(rng.multinomial(self.families, joint.ravel(), size=self.runs), bounds)
        where = f"{self.families} families, lean {self.before:g} to {self.after:g}, {self.swayed:g} swayed"
        tallies = [
            *beyond("change", where, found[:, :2], abs(self.after) - abs(self.before)),
            *beyond("level", where, found[:, 2:4], self.after),
        ]
        if not self.quiet:
            return tallies
        low, high = found[:, 4:].T
        return [
            *tallies,
            Tally("shown", where, int(((low <= self.after) & (self.after <= high)).sum()), self.runs),
            Tally("no width", where, int((low >= high).sum()), self.runs),
        ]


def tasks(size: Size) -> list[Leans]:
    """Return the cells."""
    return [
        Leans(families, before, after, swayed, size.dear)
        for families in size.incomplete
        for before, after in LEANS
        for swayed in SWAYED
    ]


def rows(tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each promise."""
    level, change, shown, flat = (
        [one for one in tallies if one.what == what] for what in ("level", "change", "shown", "no width")
    )
    return [
        worst_row("a lean", "at most", ALPHA, level),
        worst_row("a change of the distance from 0", "at most", ALPHA, change),
        mean_row("shown interval where hardly any differ, mean", "at least", MEAN_COVERAGE, shown),
        worst_row("shown interval, of no width", "at most", 0.0, flat),
    ]


def _chances(lean: float, swayed: float) -> list[float]:
    """Return the probability of each answer."""
    one, other = swayed / 2 + max(lean, 0.0), swayed / 2 + max(-lean, 0.0)
    return [one, other, 1 - one - other]
