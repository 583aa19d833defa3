"""The intervals that are shown: how often they hold the truth, and that none is without width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from auditor.metrics.measured import Measured
from auditor.metrics.scores import Scores
from auditor.selftest.grid import ITEMS, Size
from auditor.selftest.numbers import RATE, SPEC, items_of, score_kind, scores
from auditor.selftest.rows import Row, Tally, mean_row, worst_row
from auditor.selftest.truth import Counts, Kinds, family_kinds, judged_once
from auditor.stats import proportions
from auditor.stats.families import Floats

CONFIDENCE = 0.95
MEAN_COVERAGE = 0.94
EXACT_COVERAGE = 0.95
"""Of what is called exact, in every cell."""
WORST_COVERAGE = 0.92
"""Of cells with this many bad items expected, in this many families:"""
ENOUGH_BAD = 5
ENOUGH_FAMILIES = 50
ATTEMPTED = 0.8
"""Share of short questions that are attempted, and of those that are right:"""
RIGHT = (0.1, 0.5)
MEAN = score_kind("mean")
F_SCORE = score_kind("f_score")
ROWS = pd.DataFrame()
"""Scores are planted, not read from rows."""


def measure(found: Scores, kind_name: str = "rate") -> Measured:
    """Return what the auditor shows of scores."""
    kind = {"rate": RATE, "mean": MEAN, "f_score": F_SCORE}[kind_name]
    planted = replace(kind, score=lambda _spec, _rows: found)
    return planted.measure(SPEC, ROWS, confidence=CONFIDENCE, seed=0)


@dataclass(frozen=True)
class Rates:
    """Rates of families of one size."""

    families: int
    items: int
    correlation: float
    rates: tuple[float, ...]
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often each rate is covered."""
        found = []
        for rate in self.rates:
            kinds = family_kinds((rate, 1 - rate), self.items, self.correlation)

            def shown(counts: Counts, kinds: Kinds = kinds) -> tuple[float, ...]:
                """Return the interval of a run."""
                values, family = items_of(kinds, counts, 0)
                about = measure(scores(values, family))
                assert about.low is not None and about.high is not None
                if self.items > 1:
                    return about.low, about.high
                return about.low, about.high, *proportions.clopper_pearson_interval(int(values.sum()), len(values))

            bounds = judged_once(kinds.draw(rng, self.families, self.runs), shown)
            solid = self.families >= ENOUGH_FAMILIES and rate * self.families * self.items >= ENOUGH_BAD
            where = f"{_families(self.families, self.items, self.correlation)}, rate {rate:g}"
            names = ("korn-graubard",) if self.items > 1 else ("wilson", "clopper-pearson")
            for place, name in enumerate(names):
                found += _covered(name, where, bounds[:, 2 * place : 2 * place + 2], rate, solid=solid)
        return found


@dataclass(frozen=True)
class Means:
    """Means of scores without bounds; normal, with a part that a family's items share."""

    families: int
    correlation: float
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the mean, 0, is covered."""
        family = np.repeat(np.arange(self.families), ITEMS)
        bounds = np.empty((self.runs, 2))
        for run in range(self.runs):
            shared = np.sqrt(self.correlation) * rng.standard_normal(self.families)[family]
            values = shared + np.sqrt(1 - self.correlation) * rng.standard_normal(len(family))
            about = measure(scores(values, family), "mean")
            assert about.low is not None and about.high is not None
            bounds[run] = about.low, about.high
        where = _families(self.families, ITEMS, self.correlation)
        return _covered("clustered t", where, bounds, 0.0, solid=self.families >= ENOUGH_FAMILIES)


@dataclass(frozen=True)
class FScores:
    """F of short facts: its interval is drawn again from the families."""

    families: int
    correlation: float
    right: float
    """Share of the attempted ones."""
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often F is covered."""
        shares = (ATTEMPTED * self.right, ATTEMPTED * (1 - self.right), 1 - ATTEMPTED)
        kinds = family_kinds(shares, ITEMS, self.correlation)

        def shown(counts: Counts) -> tuple[float, ...]:
            """Return the interval of a run."""
            right, family = items_of(kinds, counts, 0)
            wrong, _ = items_of(kinds, counts, 1)
            about = measure(scores(right, family, 1 + right + wrong), "f_score")
            assert about.low is not None and about.high is not None
            return about.low, about.high

        bounds = judged_once(kinds.draw(rng, self.families, self.runs), shown)
        truth = 2 * shares[0] / (1 + ATTEMPTED)
        solid = self.families >= ENOUGH_FAMILIES and shares[0] * self.families * ITEMS >= ENOUGH_BAD
        where = f"{_families(self.families, ITEMS, self.correlation)}, F {truth:.2g}"
        return _covered("family bootstrap", where, bounds, truth, solid=solid)


def single_tasks(size: Size) -> list[Rates]:
    """Return the cells of rates, families of one."""
    return [Rates(families, 1, 0.0, size.rates, size.runs) for families in size.families]


def family_tasks(size: Size) -> list[Rates]:
    """Return the cells of rates, families of several."""
    return [Rates(families, ITEMS, correlation, size.rates, size.dear) for families, correlation in size.clusters]


def mean_tasks(size: Size) -> list[Means]:
    """Return the cells of means."""
    return [Means(families, correlation, size.dear) for families, correlation in size.clusters]


def resampled_tasks(size: Size) -> list[FScores]:
    """Return the cells of F."""
    return [
        FScores(families, correlation, right, size.dear) for families, correlation in size.clusters for right in RIGHT
    ]


def rows(name: str, tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each promise of one kind of interval."""
    all_of, solid, flat, exact = (
        [one for one in tallies if one.what == what] for what in (name, _solid(name), "no width", "clopper-pearson")
    )
    found = [
        mean_row(f"{name}, mean", "at least", MEAN_COVERAGE, all_of),
        worst_row(f"{name}, worst large cell", "at least", WORST_COVERAGE, solid),
    ]
    if exact:
        found.append(worst_row("clopper-pearson, worst cell", "at least", EXACT_COVERAGE, exact))
    return [*found, worst_row(f"{name}, of no width", "at most", 0.0, flat)]


def _covered(name: str, where: str, bounds: Floats, truth: float, *, solid: bool) -> list[Tally]:
    low, high = bounds.T
    hits, runs = int(((low <= truth) & (truth <= high)).sum()), len(bounds)
    found = [Tally(name, where, hits, runs), Tally("no width", f"{name}: {where}", int((low >= high).sum()), runs)]
    return [*found, Tally(_solid(name), where, hits, runs)] if solid else found


def _solid(name: str) -> str:
    return f"{name}, solid"


def _families(families: int, items: int, correlation: float) -> str:
    if items == 1:
        return f"{families} families of one"
    return f"{families} families of {items}, correlation {correlation:g}"
