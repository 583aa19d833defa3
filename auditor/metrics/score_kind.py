"""How a weighted mean of scores is measured: its value, interval, bounds and power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from auditor.metrics.interface import MetricSpec
from auditor.metrics.measured import Count, Measured
from auditor.metrics.scores import Scores, Units
from auditor.stats.bootstrap import family_bootstrap
from auditor.stats.bounds import unseen_families_interval
from auditor.stats.families import Floats, count_families, family_sums
from auditor.stats.means import clustered_error, t_interval, weighted_mean
from auditor.stats.power import detectable_change, detectable_difference, detectable_from_none
from auditor.stats.proportions import rate_interval
from auditor.types import Better

NO_SPREAD = 1e-12
"""Families that differ by less are alike: what is left is rounding."""
ONE_FAMILY = "no interval: one family"
ALL_ALIKE = "no interval: all families are alike"

Interval = tuple[float | None, float | None, str]


@dataclass(frozen=True, slots=True)
class ScoreKind:
    """A kind of metric that is a weighted mean of scores."""

    score: Callable[[MetricSpec, pd.DataFrame], Scores]
    low: float
    """The least score; may be -inf."""
    high: float
    """The greatest score; may be inf."""
    interval: Literal["rate", "bootstrap", "t"]
    """`rate` needs scores that are at one of the two bounds, or means of such."""
    empty: str = "nothing was graded"
    """Why there is no value although verdicts are there."""
    weighed: bool = False
    """Whether a score's weight depends on the answer."""

    def measure(self, spec: MetricSpec, rows: pd.DataFrame, *, confidence: float, seed: int) -> Measured:
        """See `Kind.measure`."""
        scores = self.score(spec, rows)
        units = scores.units()
        worst = scores.worst(self.low, self.high) or (None, None)
        if not len(units.value):
            reason = why_undefined(scores.counted, self.empty)
            return Measured(reason, scores.counted, worst_low=worst[0], worst_high=worst[1])
        value = weighted_mean(units.value, units.weight)
        families = count_families(units.family)
        found = Measured(
            ONE_FAMILY,
            scores.counted,
            value=value,
            families=families,
            worst_low=worst[0] if scores.counted.missing else value,
            worst_high=worst[1] if scores.counted.missing else value,
            bad_families=self.bad_families(spec.better, units),
        )
        if families < 2:
            return found
        error = clustered_error(units.value, units.family, weights=units.weight)
        interval = self._interval(units, value, error, confidence=confidence, seed=seed)
        return self.with_interval(found, interval, self.detectable(units, value, error, families - 1))

    def with_interval(self, found: Measured, interval: Interval, detectable: float | None) -> Measured:
        """Return `found` with its interval, kept around the value and inside the metric's range."""
        low, high, method = interval
        assert found.value is not None
        return replace(
            found,
            method=method,
            low=None if low is None else min(max(low, self.low), found.value),
            high=None if high is None else max(min(high, self.high), found.value),
            detectable=detectable,
        )

    def shares(self, values: Floats) -> Floats:
        """Return scores of shape (n,) as shares of the way from the least to the greatest."""
        return (values - self.low) / (self.high - self.low)

    def bad_families(self, better: Better, units: Units) -> int | None:
        """Return how many families have at least one bad verdict, for a rate."""
        if self.interval != "rate" or better is Better.TARGET:
            return None
        bad = units.value > self.low if better is Better.LOWER else units.value < self.high
        return count_families(units.family[bad])

    def alike(self, value: float, families: float, confidence: float) -> Interval:
        """Return what the interval can be where no family differs from the others."""
        if not np.isfinite(self.high - self.low):
            return None, None, ALL_ALIKE
        bounds = unseen_families_interval(value, families, low=self.low, high=self.high, confidence=confidence)
        return *bounds, "exact bound over families"

    def detectable(self, units: Units, value: float, error: float, df: float) -> float | None:
        """Return the smallest change that a paired comparison would find, None where it finds none."""
        families = count_families(units.family)
        span = self.high - self.low
        if self.interval == "rate":
            bad, good = (
                count_families(units.family[side]) for side in (units.value > self.low, units.value < self.high)
            )
            share = detectable_difference(error / span, df, bad=bad, good=good, families=families)
            return None if share is None else share * span
        if error >= NO_SPREAD:
            change = detectable_change(error, df)
            return change if change <= span else None
        exact = detectable_from_none(families)
        if exact is None or not np.isfinite(span):
            return None
        return exact * max(value - self.low, self.high - value)

    def _interval(self, units: Units, value: float, error: float, *, confidence: float, seed: int) -> Interval:
        if self.interval == "rate":
            shares = self.shares(units.value)
            found = rate_interval(shares, units.family, confidence=confidence, weights=units.weight)
            assert found is not None  # there are two families
            low, high, method = found
            span = self.high - self.low
            return self.low + span * low, self.low + span * high, method
        if error < NO_SPREAD:
            return self.alike(value, count_families(units.family), confidence)
        if self.interval == "t":
            df = count_families(units.family) - 1
            return *t_interval(value, error, df, confidence=confidence), "clustered t"
        columns = np.stack([units.weight * units.value, units.weight], axis=1)
        sums = family_sums(columns, units.family)
        return *family_bootstrap(_ratio, sums, confidence=confidence, seed=seed), "family bootstrap"


def why_undefined(counted: Count, empty: str) -> str:
    """Return why there is no value.

    Parameters
    ----------
    counted : Count
        Of the cell.
    empty : str
        Why, if verdicts are there.

    Returns
    -------
    str
        `undefined: ...`
    """
    if not counted.planned:
        return "undefined: nothing was planned"
    return f"undefined: {empty if counted.n else 'nothing was graded'}"


def _ratio(totals: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals[..., 0] / totals[..., 1])
