"""Planted answers as the numbers that the auditor makes of them: its own classes, nothing written twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.metrics.interface import KindName, MetricSpec
from auditor.metrics.kinds import KINDS
from auditor.metrics.measured import Count
from auditor.metrics.paired import Pairing, Side, Stratum
from auditor.metrics.score_kind import ScoreKind
from auditor.metrics.scores import Scores
from auditor.selftest.truth import Counts, Kinds
from auditor.stats.deciding import FamilySum, Units
from auditor.stats.families import Floats
from auditor.types import Better

Ints = NDArray[np.intp]
SPEC = MetricSpec(name="bad_rate", of=["bad"], better=Better.LOWER)


def score_kind(name: KindName) -> ScoreKind:
    """Return a kind of metric that is a mean of scores."""
    kind = KINDS[name]
    assert isinstance(kind, ScoreKind)
    return kind


RATE = score_kind("rate")


def scores(value: Floats, family: Ints, weight: Floats | None = None) -> Scores:
    """Return one score an item; nan where the verdict is missing."""
    missing = int(np.isnan(value).sum())
    counted = Count(len(value), len(value) - missing, {"planted": missing} if missing else {})
    return Scores(counted, np.arange(len(value)), family, value, np.ones(len(value)) if weight is None else weight)


def items_of(kinds: Kinds, counts: Counts, outcome: int) -> tuple[Floats, Ints]:
    """Return the items of a run, 1 for those that came to `outcome`, else 0; and which family each is of.

    Within a family the items of the first outcome come first, then those of the second, and so on.
    """
    states = np.repeat(kinds.states, counts, axis=0)
    last = states[:, : outcome + 1].sum(axis=1, keepdims=True)
    place = np.arange(states[0].sum())
    values = (place < last) & (place >= last - states[:, [outcome]])
    return values.astype(float).ravel(), np.repeat(np.arange(len(states)), len(place))


def rate_sum(value: Floats, family: Ints) -> FamilySum:
    """Return the rate of bad items as what decides on it."""
    units = Units(value, np.ones(len(value)), family, np.zeros(len(value), dtype=np.intp))
    return FamilySum.of_units(units, low=RATE.low, high=RATE.high, share=True)


def pairing(base: Floats, candidate: Floats, family: Ints) -> Pairing:
    """Return the change of the rate of bad items; nan where a verdict is missing."""
    items = np.arange(len(family))
    sides = [Side.of(scores(value, family), items, len(items)) for value in (base, candidate)]
    return Pairing(SPEC, RATE, [Stratum(sides[0], sides[1], family)], [1.0])
