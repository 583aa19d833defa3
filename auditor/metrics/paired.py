"""A metric's change between two runs that were asked the same items: paired, item by item.

A change is told as a *regression*: how much worse the candidate is, in the metric's own unit. Where fewer
is better that is candidate minus baseline, where more is better baseline minus candidate, and for a metric
with a target the growth of the distance from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditor.metrics.gaps import GapPairing
from auditor.metrics.interface import MetricSpec
from auditor.metrics.kinds import KINDS
from auditor.metrics.rows import cells, coded, with_tags
from auditor.metrics.score_kind import ScoreKind
from auditor.metrics.scores import Scores
from auditor.stats.deciding import ENOUGH, EVERYTHING, Bounds, FamilySum, Units, smallest_level
from auditor.stats.families import Floats
from auditor.stats.permutation import sign_flip_p
from auditor.stats.power import FEWEST_DISCORDANT, detectable_change, detectable_from_none
from auditor.types import Better

Ints = NDArray[np.intp]
Fill = Literal["seen", "low", "high"]
"""A missing verdict leaves its unit out, or is what makes the number the lowest or the highest."""
OPPOSITE: Mapping[Fill, Fill] = {"seen": "seen", "low": "high", "high": "low"}
UNCHANGED = 1e-9


class Part(NamedTuple):
    """One probe's part in a number, on both sides."""

    weight: float
    spec: MetricSpec
    base: pd.DataFrame
    """The baseline's planned verdicts of what both were asked (`auditor.metrics.interface`)."""
    candidate: pd.DataFrame
    """The candidate's; items, families and pairs are named as the baseline names them."""


class Paired(Protocol):
    """A metric in one cell on both sides."""

    @property
    def before(self) -> float | None:
        """The baseline's value over what both have; None where it is undefined."""

    @property
    def after(self) -> float | None:
        """The candidate's value over the same."""

    @property
    def regression(self) -> float | None:
        """How much worse the candidate is; negative where it is better."""

    @property
    def compared(self) -> int:
        """Units (items, or pairs of them) with a verdict on both sides."""

    @property
    def missing(self) -> int:
        """Units with a verdict missing on either side, each counted once."""

    @property
    def families(self) -> int:
        """Families of what is compared."""

    @property
    def discordant(self) -> int:
        """Units whose score is not the same on both sides."""

    @property
    def detectable(self) -> float | None:
        """The smallest change that would have been found with 80% power at 5%, one-sided; None where none."""

    def p_value(self) -> float | None:
        """Return the two-sided p-value of no change; None where there is none."""

    def bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """Return bounds of the regression, each with an error of at most `alpha`, whatever the missing ones are."""
        ...

    def level_bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """Return bounds of the candidate's value in the same way."""
        ...

    def p_regression(self, margin: float, *, worst_case: bool = True) -> float:
        """Return the p-value against "the regression is at most `margin`"."""
        ...


def pair_cells(parts: Mapping[str, Part]) -> Iterator[tuple[str, Paired]]:
    """Yield a metric on both sides in the cell `all`, then in each cell of its breakdown.

    Parameters
    ----------
    parts : mapping of str to Part
        Probe id to its part; several make a pooled number, whose metrics are alike in kind and direction.

    Yields
    ------
    (cell, Paired)
        `all` first, then `tag=value` sorted. A cell of a pooled number is over the probes that have it.
    """
    frames = []
    for probe, part in parts.items():
        for side, rows in (("base", part.base), ("candidate", part.candidate)):
            frames.append(with_tags(rows, part.spec.where).assign(probe=probe, side=side))
    rows = coded(pd.concat(frames, ignore_index=True))
    breakdown = [tag for part in parts.values() for tag in part.spec.breakdown]
    for cell, chunk in cells(rows, breakdown):
        asked = [probe for probe in parts if cell == "all" or (chunk["probe"] == probe).any()]
        yield cell, _pair({probe: parts[probe] for probe in asked}, chunk)


def _pair(parts: Mapping[str, Part], rows: pd.DataFrame) -> Paired:
    spec = next(iter(parts.values())).spec
    kind = KINDS[spec.kind]
    if not isinstance(kind, ScoreKind):
        return GapPairing.of(spec, *(rows[rows["side"] == side] for side in ("base", "candidate")))
    strata = [_stratum(part, rows[rows["probe"] == probe]) for probe, part in parts.items()]
    return Pairing(spec, kind, strata, [part.weight for part in parts.values()])


@dataclass(frozen=True)
class Side:
    """One run's scores by unit: the item, or the pair. All arrays of shape (units,)."""

    planned: Ints
    seen: Ints
    """Verdicts that are there."""
    weight: Floats
    """Sum over the verdicts that are there."""
    total: Floats
    """Sum of weight times score over the same."""
    missing_weight: Floats
    """Sum of the greatest weights that the others can have."""

    @classmethod
    def of(cls, scores: Scores, unit: Ints, units: int) -> Side:
        """Return the sums of scores; `unit` of shape (k,) says which unit each is of."""
        there = ~np.isnan(scores.value)
        weight = np.where(there, scores.weight, 0.0)

        def sums(numbers: Floats) -> Floats:
            return np.bincount(unit, weights=numbers, minlength=units).astype(float)

        return cls(
            planned=np.bincount(unit, minlength=units),
            seen=np.bincount(unit[there], minlength=units),
            weight=sums(weight),
            total=sums(weight * np.nan_to_num(scores.value)),
            missing_weight=sums(np.where(there, 0.0, scores.weight)),
        )

    def means(self, missing: float | None) -> tuple[Floats, Floats]:
        """Return each unit's value and weight; `missing` stands for the verdicts that are not there."""
        count, weight, total = self.seen, self.weight, self.total
        if missing is not None:
            count, weight, total = self.planned, weight + self.missing_weight, total + self.missing_weight * missing
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(weight > 0, total / weight, 0.0), np.where(count > 0, weight / count, 0.0)


@dataclass(frozen=True)
class Stratum:
    """One probe's units on both sides."""

    base: Side
    candidate: Side
    family: Ints

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """Which units have a verdict on both sides."""
        return (self.base.seen > 0) & (self.candidate.seen > 0)

    @cached_property
    def whole(self) -> NDArray[np.bool_]:
        """Which units have every verdict on both sides."""
        return np.asarray((self.base.seen == self.base.planned) & (self.candidate.seen == self.candidate.planned))


def _stratum(part: Part, rows: pd.DataFrame) -> Stratum:
    kind = KINDS[part.spec.kind]
    assert isinstance(kind, ScoreKind)
    base, candidate = (kind.score(part.spec, rows[rows["side"] == side]) for side in ("base", "candidate"))
    items, first, unit = np.unique(np.concatenate([base.item, candidate.item]), return_index=True, return_inverse=True)
    split = len(base.item)
    return Stratum(
        Side.of(base, unit[:split], len(items)),
        Side.of(candidate, unit[split:], len(items)),
        np.concatenate([base.family, candidate.family])[first],
    )


@dataclass(frozen=True)
class Pairing:
    """A weighted mean of scores on both sides."""

    spec: MetricSpec
    kind: ScoreKind
    strata: Sequence[Stratum]
    weights: Sequence[float]
    in_order: bool = False
    """The families are the beginning of a random order, looked at as often as one likes; see `FamilySum.bounds`."""

    @property
    def compared(self) -> int:
        """See `Paired`."""
        return sum(int(stratum.complete.sum()) for stratum in self.strata)

    @property
    def missing(self) -> int:
        """See `Paired`."""
        return sum(int((~stratum.whole).sum()) for stratum in self.strata)

    @cached_property
    def families(self) -> int:
        """See `Paired`."""
        return len(np.unique(np.concatenate([stratum.family[stratum.complete] for stratum in self.strata])))

    @cached_property
    def discordant(self) -> int:
        """See `Paired`."""
        changed = 0
        for stratum in self.strata:
            (value, weight), (other, heavy) = stratum.base.means(None), stratum.candidate.means(None)
            differs = (np.abs(value - other) > UNCHANGED) | (np.abs(weight - heavy) > UNCHANGED)
            changed += int((differs & stratum.complete).sum())
        return changed

    @property
    def before(self) -> float | None:
        """See `Paired`."""
        return self._base.value + self._ideal if self._base else None

    @property
    def after(self) -> float | None:
        """See `Paired`."""
        return self._candidate.value + self._ideal if self._candidate else None

    @property
    def regression(self) -> float | None:
        """See `Paired`."""
        if not self._base or not self._candidate:
            return None
        if self.spec.better is Better.TARGET:
            return abs(self._candidate.value) - abs(self._base.value)
        return self._sign * (self._candidate.value - self._base.value)

    @property
    def detectable(self) -> float | None:
        """See `Paired`."""
        if not self._base or not self._candidate or self.families < 2:
            return None
        change = self._candidate.minus(self._base)
        span = self.kind.high - self.kind.low
        found = detectable_change(change.error, change.df)
        if change.differing < FEWEST_DISCORDANT:
            exact = detectable_from_none(self.families)
            if exact is None or not isfinite(span):
                return None
            found = max(found, exact * span)
        return found if found <= span else None

    def p_value(self) -> float | None:
        """See `Paired`: by flipping the signs of the families' differences."""
        if not self._base or not self._candidate or self.families < 2:
            return None
        if self._same_weights:
            return sign_flip_p(self._candidate.parts - self._base.parts)
        change = self._candidate.value - self._base.value
        return sign_flip_p(self._candidate.deviations - self._base.deviations + change * self._base.shares)

    def bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """See `Paired`."""
        if not worst_case or not self.missing:
            return self._regression(alpha, "seen")
        low, high = self._regression(alpha, "low"), self._regression(alpha, "high")
        return Bounds(low.low, high.high, high.method)

    def level_bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """See `Paired`."""
        fills: tuple[Fill, Fill] = ("low", "high") if worst_case and self.missing else ("seen", "seen")
        low, high = (self._level("candidate", fill) for fill in fills)
        if low is None or high is None:
            return EVERYTHING
        lowest, highest = (side.bounds(alpha, in_order=self.in_order) for side in (low, high))
        return Bounds(lowest.low + self._ideal, highest.high + self._ideal, highest.method)

    def p_regression(self, margin: float, *, worst_case: bool = True) -> float:
        """See `Paired`."""
        fill: Fill = "low" if worst_case and self.missing else "seen"
        found = self._direct_p(margin, fill)
        if found is not None:
            return found
        return smallest_level(lambda alpha: self._regression(alpha, fill).low > margin)

    def _direct_p(self, margin: float, fill: Fill) -> float | None:
        """Return the p-value where there is a way to it without trying one level after the other."""
        worse = self._worse(fill) if self.in_order or margin == 0 else None
        if worse is None:
            return None
        if self.in_order:
            return worse.p_above(margin)
        # Where bets would decide, flipped signs say more, and as surely.
        return sign_flip_p(worse.parts, side="greater") if worse.method == "betting" else None

    def _worse(self, fill: Fill) -> FamilySum | None:
        """Return the regression as one sum over the families; None where it is none."""
        if self.spec.better is Better.TARGET or not self._same_weights or self.families < 2:
            return None
        opposite = OPPOSITE[fill]
        first, second = (fill, opposite) if self._sign > 0 else (opposite, fill)
        candidate, base = self._filled("candidate", first), self._filled("base", second)
        return candidate.minus(base, sign=self._sign, times=self._sign) if candidate and base else None

    @cached_property
    def _base(self) -> FamilySum | None:
        return self._level("base", "seen")

    @cached_property
    def _candidate(self) -> FamilySum | None:
        return self._level("candidate", "seen")

    @property
    def _ideal(self) -> float:
        return self.spec.ideal or 0.0

    @property
    def _sign(self) -> float:
        return -1.0 if self.spec.better is Better.HIGHER else 1.0

    @cached_property
    def _same_weights(self) -> bool:
        sides = [(stratum.base.means(None)[1], stratum.candidate.means(None)[1]) for stratum in self.strata]
        return all(
            np.allclose(base[stratum.complete], candidate[stratum.complete])
            for stratum, (base, candidate) in zip(self.strata, sides, strict=True)
        )

    def _level(self, side: Literal["base", "candidate"], fill: Fill) -> FamilySum | None:
        """Return one side's value as the distance from the ideal; None where it is undefined."""
        missing = {"seen": None, "low": self.kind.low, "high": self.kind.high}[fill]
        if missing is not None and not isfinite(missing):
            return None
        values, weights, families = [], [], []
        for stratum in self.strata:
            chosen = stratum.complete if missing is None else np.ones(len(stratum.family), dtype=bool)
            value, weight = getattr(stratum, side).means(missing)
            if not weight[chosen].any():
                return None
            values.append(value[chosen] - self._ideal)
            weights.append(weight[chosen])
            families.append(stratum.family[chosen])
        units = Units(
            np.concatenate(values),
            np.concatenate(weights),
            np.concatenate(families),
            np.repeat(np.arange(len(families)), [len(family) for family in families]),
        )
        return FamilySum.of_units(
            units,
            self.weights,
            low=self.kind.low - self._ideal,
            high=self.kind.high - self._ideal,
            share=self.kind.interval == "rate" and self.spec.better is not Better.TARGET,
        )

    def _regression(self, alpha: float, fill: Fill) -> Bounds:
        if self.spec.better is not Better.TARGET:
            return self._signed(self._sign, self._sign, alpha, fill)
        # |c| - |b| is the greater of c and -c, less the greater of b and -b. Half of alpha goes to each sign.
        pairs = [[self._signed(sign, other, alpha / 2, fill) for other in (1.0, -1.0)] for sign in (1.0, -1.0)]
        low = max(min(bounds.low for bounds in pair) for pair in pairs)
        high = max(min(bounds.high for bounds in pair) for pair in pairs)
        return Bounds(low, high, pairs[0][0].method)

    def _signed(self, sign: float, other: float, alpha: float, fill: Fill) -> Bounds:
        """Return bounds of `sign` times the candidate's value less `other` times the baseline's."""
        candidate = self._filled("candidate", fill if sign > 0 else OPPOSITE[fill])
        base = self._filled("base", OPPOSITE[fill] if other > 0 else fill)
        if candidate is None or base is None or self.families < 2:
            return EVERYTHING
        if self._same_weights or min(candidate.differing, base.differing) >= ENOUGH:
            return candidate.minus(base, sign=other, times=sign).bounds(alpha, in_order=self.in_order)
        # Weights that differ, and few families that say something: each side has its own bounds.
        after, before = (side.bounds(alpha / 2, in_order=self.in_order) for side in (candidate, base))
        ends = sorted((sign * after.low, sign * after.high)), sorted((other * before.low, other * before.high))
        return Bounds(ends[0][0] - ends[1][1], ends[0][1] - ends[1][0], after.method)

    def _filled(self, side: Literal["base", "candidate"], fill: Fill) -> FamilySum | None:
        if fill == "seen":
            return self._base if side == "base" else self._candidate
        return self._level(side, fill)
