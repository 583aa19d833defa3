"""Numbers pooled over probes: how often the truth is beyond their bounds, and how often their interval holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from auditor.metrics.paired import Pairing, Side, Stratum
from auditor.metrics.strata import combine
from auditor.selftest.deciding import beyond
from auditor.selftest.grid import ALPHA, MARGIN, Pool, Size
from auditor.selftest.numbers import RATE, SPEC, items_of, scores
from auditor.selftest.rows import Row, Tally, mean_row, worst_row
from auditor.selftest.shown import CONFIDENCE, ENOUGH_BAD, ENOUGH_FAMILIES, MEAN_COVERAGE, WORST_COVERAGE
from auditor.selftest.truth import Counts, family_kinds, judged_once

DISCORDANCES = (0.02, 0.2)
"""Of the first probe, and of every other."""
INCREASES = (0.0, 1.0)
"""Planted in every probe, in margins."""


@dataclass(frozen=True)
class PooledChange:
    """A rate pooled over two probes, and its change."""

    pool: Pool
    margins: float
    runs: int
    discordances: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Let families that answer alike be alike."""
        shared = self.pool.shared
        object.__setattr__(self, "discordances", (DISCORDANCES[0],) * 2 if shared else DISCORDANCES)

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the change and the candidate's rate are beyond each bound, and the rate is covered."""
        increase = self.margins * MARGIN
        planted = [(share + increase, share, 1 - 2 * share - increase) for share in self.discordances]
        kinds = [family_kinds(shares, 1, 0.0) for shares in planted]
        width = len(kinds[0].states)
        drawn = [kind.draw(rng, families, self.runs) for kind, families in zip(kinds, self.pool.families, strict=True)]
        if self.pool.shared:
            drawn[1] = drawn[0]

        def bounds(counts: Counts) -> tuple[float, ...]:
            """Return the bounds and the interval of a run."""
            strata, rates = [], {}
            for place, kind in enumerate(kinds):
                of = counts[place * width : (place + 1) * width]
                (candidate, family), (base, _) = items_of(kind, of, 0), items_of(kind, of, 1)
                if place and not self.pool.shared:
                    family = family + self.pool.families[0]
                items = np.arange(len(family))
                rates[f"probe {place}"] = scores(candidate, family)
                sides = [Side.of(scores(value, family), items, len(items)) for value in (base, candidate)]
                strata.append(Stratum(sides[0], sides[1], family))
            change = Pairing(SPEC, RATE, strata, self.pool.weights)
            shown = combine(SPEC, RATE, rates, self.pool.weights, confidence=CONFIDENCE)
            assert shown.low is not None and shown.high is not None
            return *change.bounds(ALPHA)[:2], *change.level_bounds(ALPHA)[:2], shown.low, shown.high

        found = judged_once(np.concatenate(drawn, axis=1), bounds)
        rate = float(np.average([shares[0] for shares in planted], weights=self.pool.weights))
        where = f"{self.pool}, increase {self.margins:g} margins"
        low, high = found[:, 4:].T
        hits = int(((low <= rate) & (rate <= high)).sum())
        names = ["shown", *(["solid"] if self._solid(planted) else [])]
        return [
            *beyond("change", where, found[:, :2], increase),
            *beyond("level", where, found[:, 2:4], rate),
            *(Tally(name, where, hits, self.runs) for name in names),
            Tally("no width", where, int((low >= high).sum()), self.runs),
        ]

    def _solid(self, planted: Sequence[tuple[float, ...]]) -> bool:
        """Tell whether every probe has enough families, and enough that are bad."""
        of = zip(self.pool.families, planted, strict=True)
        return all(families >= ENOUGH_FAMILIES and shares[0] * families >= ENOUGH_BAD for families, shares in of)


def tasks(size: Size) -> list[PooledChange]:
    """Return the cells."""
    return [PooledChange(pool, margins, size.dear) for pool in size.pools for margins in INCREASES]


def rows(tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each promise."""
    of = {what: [one for one in tallies if one.what == what] for what in ("level", "change", "shown", "solid")}
    flat = [one for one in tallies if one.what == "no width"]
    return [
        worst_row("a rate", "at most", ALPHA, of["level"]),
        worst_row("a change", "at most", ALPHA, of["change"]),
        mean_row("shown interval, mean", "at least", MEAN_COVERAGE, of["shown"]),
        worst_row("shown interval, worst large cell", "at least", WORST_COVERAGE, of["solid"]),
        worst_row("shown interval, of no width", "at most", 0.0, flat),
    ]
