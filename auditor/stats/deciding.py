r"""The bounds that decide: each side keeps its error whatever the number of bad families.

A number that decides is a sum of parts, one of each family: a mean, a pooled mean over strata, or the
paired difference of two. Where many families differ from the rest, a t bound on the clustered error holds
(for a share: Korn and Graubard's form of it); where few do, the error says little, and the bound is that
of betting on the families' parts, which holds for any distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf, isfinite, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from auditor.stats.betting import betting_bounds, running_bounds, running_p
from auditor.stats.families import Floats, family_sums
from auditor.stats.multiplicity import holm
from auditor.stats.proportions import effective_interval

ENOUGH = 15
"""Families that must differ from the rest before a normal approximation may decide."""
ALIKE = 1e-12
"""Parts that differ by less are equal: what is left is rounding."""

Method = Literal["betting", "clustered t", "korn-graubard", "family bootstrap", "betting at every look", "none"]
IN_ORDER: Method = "betting at every look"


class Bounds(NamedTuple):
    """Two one-sided bounds, each at the same level; together a two-sided interval at twice the level."""

    low: float
    high: float
    method: Method


@dataclass(frozen=True)
class Units:
    """What a mean is taken over; all arrays of shape (n,)."""

    value: Floats
    """Finite; does not matter where the weight is 0."""
    weight: Floats
    """At least 0."""
    family: NDArray[np.intp]
    stratum: NDArray[np.intp]
    """Place of the unit's stratum in the weights of `FamilySum.of_units`."""


@dataclass(frozen=True)
class FamilySum:
    """A number that is the sum of its families' parts."""

    parts: Floats
    """Of shape (families,); their sum is the value."""
    shares: Floats
    """Of shape (families,): the weight of each family, at least 0; their sum is 1."""
    deviations: Floats
    """Of shape (families,): the parts less what they are expected to be, with C / (C - 1); they sum to about 0."""
    low: float
    high: float
    """The range of the value; may be infinite."""
    size: float
    """What the units are worth in equal ones."""
    df: float
    differing: float
    """Families that are not as the most common kind of family is, in families as heavy as the heaviest."""
    share: bool = False
    """Whether the value is a share between `low` and `high`, with Korn and Graubard's interval."""

    @classmethod
    def of_units(
        cls, units: Units, weights: ArrayLike = (1.0,), *, low: float, high: float, share: bool = False
    ) -> FamilySum:
        r"""Return the mean over strata of the units' weighted means.

        .. math:: \hat\theta = \sum_h W_h \frac{\sum_{i \in h} w_i x_i}{\sum_{i \in h} w_i} \Big/ \sum_h W_h

        Deviations are those of the linearised ratio, each stratum with its own C / (C - 1).

        Parameters
        ----------
        units : Units
            At least one of each stratum has a weight of more than 0.
        weights : array-like of shape (strata,)
            Of the strata, more than 0.
        low, high : float
            The range of a unit's value; may be infinite.
        share : bool, default=False
            Whether the values are 0 and 1 of that range, or means of such.

        Returns
        -------
        FamilySum

        References
        ----------
        Lohr (2010), Sampling: Design and Analysis, sections 3.3 and 9.1; Miller (2024), arXiv 2411.00640.
        """
        strata = np.asarray(weights, dtype=float)
        total = np.bincount(units.stratum, weights=units.weight, minlength=len(strata))
        shares = (strata / strata.sum() / total)[units.stratum] * units.weight
        values = np.where(units.weight > 0, units.value, 0.0)
        means = np.bincount(units.stratum, weights=units.weight * values, minlength=len(strata)) / total
        families = np.array([len(np.unique(units.family[units.stratum == place])) for place in range(len(strata))])
        spread = np.sqrt(families / np.maximum(families - 1, 1))[units.stratum]
        columns = np.stack([shares * values, shares, shares * (values - means[units.stratum]) * spread], axis=1)
        parts, of_family, deviations = family_sums(columns, units.family).T
        df = max(len(parts) - len(strata), int(families.min()) - 1)
        size = float(1 / (shares @ shares))
        return cls(parts, of_family, deviations, low, high, size, df, _differing(parts, of_family), share)

    def minus(self, other: FamilySum, *, sign: float = 1.0, times: float = 1.0) -> FamilySum:
        """Return ``times * self - sign * other``, both over the same families and of equal shares or nearly so."""
        mine, theirs = sorted((times * self.low, times * self.high)), sorted((sign * other.low, sign * other.high))
        parts = times * self.parts - sign * other.parts
        equal = np.allclose(self.shares, other.shares, rtol=0, atol=ALIKE)
        return FamilySum(
            parts,
            self.shares,
            times * self.deviations - sign * other.deviations,
            mine[0] - theirs[1],
            mine[1] - theirs[0],
            self.size,
            min(self.df, other.df),
            _differing(parts, self.shares) if equal else min(self.differing, other.differing),
        )

    @property
    def families(self) -> int:
        """How many families there are."""
        return len(self.parts)

    @cached_property
    def value(self) -> float:
        """The sum of the parts, kept inside its range where rounding would leave it."""
        return min(max(float(self.parts.sum()), self.low), self.high)

    @cached_property
    def error(self) -> float:
        """The clustered standard error of the value."""
        return sqrt(float(self.deviations @ self.deviations))

    @property
    def method(self) -> Method:
        """Which bound decides."""
        if self.families < 2:
            return "none"
        bounded = isfinite(self.high - self.low)
        if self.error > ALIKE and (self.differing >= ENOUGH or not bounded):
            return "korn-graubard" if self.share else "clustered t"
        return "betting" if bounded else "none"

    def bounds(self, alpha: float, *, in_order: bool = False) -> Bounds:
        """Return the lower and the upper bound, each with an error of at most `alpha`.

        Parameters
        ----------
        alpha : float
            One-sided, in (0, 0.5].
        in_order : bool, default=False
            The families are a beginning of a random order, and whoever looks may have looked at each before:
            the bounds hold at all looks together, for the mean over families, each counted once.

        Returns
        -------
        Bounds
            Inside the range and around the value; infinite, or the whole range, where nothing can be said.
        """
        if in_order and self.families and isfinite(self.high - self.low):
            return Bounds(*running_bounds(self._means, low=self.low, high=self.high, alpha=alpha), IN_ORDER)
        method = self.method
        if method == "none":
            return Bounds(self.low, self.high, method)
        if method == "betting":
            low, high = self._bet(alpha)
        elif method == "korn-graubard":
            low, high = self._korn_graubard(alpha)
        else:
            quantile = float(stdtrit(self.df, 1 - alpha))
            skewness = float((self.deviations**3).sum()) / self.error**3
            low = self.value - float(skewed_quantile(quantile, -skewness)) * self.error
            high = self.value + float(skewed_quantile(quantile, skewness)) * self.error
        return Bounds(max(self.low, min(low, self.value)), min(self.high, max(high, self.value)), method)

    def p_above(self, limit: float) -> float | None:
        """Return the p-value of the claim that the mean over families is above `limit`, at all looks together.

        None where nothing can be said. It is the smallest level at which the lower one of `bounds(in_order=True)` is
        above the limit.
        """
        if not self.families or not isfinite(self.high - self.low):
            return None
        return running_p(-self._means, -limit, low=-self.high, high=-self.low)

    @property
    def _means(self) -> Floats:
        return np.clip(self.parts / self.shares, self.low, self.high)

    def _bet(self, alpha: float) -> tuple[float, float]:
        """Return bounds on the mean of the families' parts, each taken as many times as there are families."""
        count = self.families
        heaviest = count * float(self.shares.max())
        low, high = (min(self.low, 0.0) * heaviest, max(self.high, 0.0) * heaviest)
        if self.low > 0 or self.high < 0 or np.ptp(self.shares) < ALIKE:
            low, high = self.low * heaviest, self.high * heaviest
        return betting_bounds(count * self.parts, low=low, high=high, alpha=alpha)

    def _korn_graubard(self, alpha: float) -> tuple[float, float]:
        span = self.high - self.low
        low, high = effective_interval(
            (self.value - self.low) / span,
            self.error / span,
            n=self.size,
            families=float(1 / (self.shares @ self.shares)),
            df=self.df,
            confidence=1 - 2 * alpha,
        )
        return self.low + span * low, self.low + span * high


Decided = Literal["pass", "fail", "inconclusive"]


class Judged(NamedTuple):
    """What one of several rules comes to."""

    decided: Decided
    p: float
    """Of the claim that the rule is broken, adjusted for how many rules make one; in [0, 1]."""


def decide(kept: Sequence[bool], p: ArrayLike, *, alpha: float, unseen: int = 0) -> list[Judged]:
    """Return what the rules of a policy come to: the one place where numbers become decisions.

    That a rule is kept needs no correction, since a gate passes only when every rule does. That one is broken
    is claimed after Holm: any such claim is false with probability at most ``alpha``.

    Parameters
    ----------
    kept : sequence of bool of length n
        Whether the upper bound of what each rule limits, with an error of at most ``alpha``, is below its limit.
    p : array-like of shape (n,)
        Of the claims that they are broken, in [0, 1].
    alpha : float
        One-sided, in (0, 0.5].
    unseen : int, default=0
        Further rules of which nothing is known yet: they count, as if nothing spoke against them.

    Returns
    -------
    list of Judged
        "fail" before "pass": a strict rule may be broken below its margin.

    Examples
    --------
    >>> [judged.decided for judged in decide([True, False, False], [1.0, 0.04, 0.02], alpha=0.05)]
    ['pass', 'inconclusive', 'inconclusive']
    >>> [judged.decided for judged in decide([True, False, False], [1.0, 0.024, 0.01], alpha=0.05)]
    ['pass', 'fail', 'fail']
    """
    adjusted = holm(np.append(p, np.ones(unseen)))
    return [
        Judged("fail" if corrected <= alpha else "pass" if held else "inconclusive", corrected)
        for held, corrected in zip(kept, adjusted[: len(kept)].tolist(), strict=True)
    ]


def smallest_level(shown: Callable[[float], bool]) -> float:
    """Return the p-value of a claim that bounds make: the smallest level at which they show it.

    Parameters
    ----------
    shown : callable
        Maps a one-sided level in (0, 0.5) to whether the claim holds; once it does, it does at any greater one.

    Returns
    -------
    float
        In [1e-9, 1], to three digits and never too small; 1 where no level up to 0.5 shows it.

    Examples
    --------
    >>> round(smallest_level(lambda alpha: alpha > 0.02), 4)
    0.02
    """
    least, greatest = 1e-9, 0.499
    if not shown(greatest):
        return 1.0
    if shown(least):
        return least
    while greatest > 1.001 * least:
        middle = sqrt(least * greatest)
        if shown(middle):
            greatest = middle
        else:
            least = middle
    return greatest


def skewed_quantile(quantile: ArrayLike, skewness: ArrayLike) -> Floats:
    r"""Return the quantile of a studentised mean, widened for the skewness of what it is a mean of.

    .. math:: t + \max(\gamma, 0) (2 t^2 + 1) / 6

    An upper bound is too low where a few values are far above the rest: mean and spread are then small
    together. Never narrower than without.

    Parameters
    ----------
    quantile : array-like
        Of Student's t, at least 0.
    skewness : array-like
        Of the mean: the values' own skewness over the root of their number.

    Returns
    -------
    ndarray
        At least ``quantile``.

    References
    ----------
    Hall (1992), The Bootstrap and Edgeworth Expansion, section 2.6; Johnson (1978), JASA 73:536-544.

    Examples
    --------
    >>> float(skewed_quantile(1.0, 0.2)), float(skewed_quantile(1.0, -0.2))
    (1.1, 1.0)
    """
    t = np.asarray(quantile, dtype=float)
    return np.asarray(t + np.maximum(skewness, 0.0) * (2 * t * t + 1) / 6)


def families_to_decide(families: int, reach: float, distance: float) -> int | None:
    """Return about how many families a bound needs to clear a limit with 80% power.

    A bound comes in with the square root of the number of families; ``reach * (z_.95 + z_.80) / z_.95`` has to
    fit into the distance.

    Parameters
    ----------
    families : int
        Number of families so far, at least 1.
    reach : float
        From the number to its bound, at least 0; may be infinite.
    distance : float
        From the number to the limit.

    Returns
    -------
    int or None
        At least ``families``; None where no number would do.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 2.

    Examples
    --------
    A bound that reaches as far as the limit decides half of the time; for 80% it needs 2.3 times the families:

    >>> families_to_decide(100, 0.1, 0.1)
    229
    """
    if not isfinite(reach) or distance <= 0:
        return None
    z_alpha, z_beta = (float(z) for z in ndtri([0.95, 0.80]))
    return max(families, ceil(families * (reach / distance * (z_alpha + z_beta) / z_alpha) ** 2))


def _differing(parts: Floats, shares: Floats) -> float:
    r"""Return how many families are not as the most common kind of family is; light ones count for less.

    With shares :math:`s`, the heaviest :math:`S`, and sums over the families that differ,
    :math:`\min\left(\sum s / S,\ \tfrac{3}{2} (\sum s^2)^2 / \sum s^4\right)`, which is their number where all weigh
    the same. A normal approximation rests on the heaviest ones: if few of them differ, or none does yet, light ones
    that do say little about the error. The second part is Kish's effective number (1965, section 11.7) of what they
    add to the variance; two thirds of `ENOUGH` suffice there, by planted pools.
    """
    heavy = shares > 0
    if not heavy.any():
        return 0.0
    means = np.round(parts[heavy] / shares[heavy], 9)
    _, kind, count = np.unique(means, return_inverse=True, return_counts=True)
    others = shares[heavy][kind != count.argmax()]
    if not len(others):
        return 0.0
    squares = others**2
    return round(float(min(others.sum() / shares.max(), 1.5 * squares.sum() ** 2 / (squares @ squares))), 9)


EVERYTHING = Bounds(-inf, inf, "none")
"""What can be said where nothing was seen."""
