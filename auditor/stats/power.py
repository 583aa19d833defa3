"""What a comparison can find: told beside every estimate, and of each rule before anything is asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from math import ceil, floor, prod, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaln, stdtrit, xlogy

from auditor.stats.betting import betting_bounds
from auditor.stats.deciding import ENOUGH, skewed_quantile
from auditor.stats.families import Floats

ALPHA = 0.05
"""One-sided."""
POWER = 0.8
MOST_FAMILIES = 100_000
NEGLIGIBLE = 1e-9
"""An outcome of less probability is not judged by the slower of the two bounds."""
FEWEST_DISCORDANT = 5
"""A sign test of so many families, all worse, is the smallest that is significant: 0.5 ** 5 < 0.05."""


def detectable_change(error: float, df: float) -> float:
    """Return the change that a paired comparison finds with 80% power at 5%, one-sided.

    The comparison is not made yet, so its standard error is a guess: two runs over the same families
    correlate by about 0.5, so that the difference has ``sqrt(2 * (1 - 0.5)) = 1`` times the standard
    error of one run. Models that answer more alike allow smaller changes to be found.

    Parameters
    ----------
    error : float
        Standard error of the estimate, at least 0.
    df : float
        Its degrees of freedom, at least 1.

    Returns
    -------
    float
        At least 0.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 2.

    Examples
    --------
    Cohen's constant ``z_.95 + z_.80 = 2.486``, for many families:

    >>> round(detectable_change(1.0, 1e6), 3)
    2.486
    """
    return float(stdtrit(df, 1 - ALPHA) + stdtrit(df, POWER)) * error


def detectable_from_none(families: int) -> float | None:
    """Return the share of families that must turn bad for a sign test to find it with 80% power.

    Parameters
    ----------
    families : int
        Number of families, none of them bad in the baseline (or all of them).

    Returns
    -------
    float or None
        In (0, 1); None with fewer than 5 families, which can show nothing.

    Examples
    --------
    Of five families all five must turn bad, ``share ** 5 = 0.8``:

    >>> round(detectable_from_none(5) ** 5, 3)
    0.8
    """
    if families < FEWEST_DISCORDANT:
        return None
    return float(betaincinv(FEWEST_DISCORDANT, families - FEWEST_DISCORDANT + 1, POWER))


def detectable_difference(error: float, df: float, *, bad: int, good: int, families: int) -> float | None:
    """Return the smallest change of a rate that a paired comparison finds, few bad families included.

    That of :func:`detectable_change`; where fewer than 5 families differ from the rest the standard
    error says little, and the change is at least that of :func:`detectable_from_none`.

    Parameters
    ----------
    error : float
        Standard error of the rate, at least 0.
    df : float
        Its degrees of freedom, at least 1.
    bad, good : int
        Number of families with any bad and with any good trial; one family may be both.
    families : int
        Number of families.

    Returns
    -------
    float or None
        In (0, 1]; None where no change could be found, however large.

    Examples
    --------
    >>> round(detectable_difference(0.0, 49, bad=0, good=50, families=50), 3)
    0.131
    """
    change = detectable_change(error, df)
    if min(bad, good) < FEWEST_DISCORDANT:
        exact = detectable_from_none(families)
        if exact is None:
            return None
        change = max(change, exact)
    return change if change <= 1 else None


class JointPower(NamedTuple):
    """The chance that all of several rules pass."""

    low: float
    """At least this, however the rules depend on each other."""
    independent: float
    """If they do not."""
    high: float
    """At most this."""


def paired_power(
    families: int,
    *,
    margin: float,
    discordance: float,
    change: float = 0.0,
    alpha: float = ALPHA,
    design: float = 1.0,
) -> float:
    """Return the chance that a paired comparison shows an increase to be below a margin.

    That is, that the upper bound of the mean difference is below ``margin`` when families differ by
    1 (worse) with probability ``discordance + max(change, 0)``, by -1 (better) with probability
    ``discordance + max(-change, 0)``, and else by 0: ``discordance`` is the share that would differ
    each way if nothing had changed, half of the disagreement of a model with itself. The bound is
    that of :mod:`auditor.stats.deciding`: betting with fewer than 15 families that differ from the
    rest, else clustered t. Summed over the outcomes, not simulated. Assumes families of one item.

    Parameters
    ----------
    families : int
        Number of families, at least 0.
    margin : float
        Largest tolerated increase, in (-1, 1].
    discordance : float
        In [0, 0.5].
    change : float, default=0.0
        True mean difference; ``2 * discordance + abs(change)`` is at most 1.
    alpha : float, default=0.05
        One-sided, in (0, 0.5].
    design : float, default=1.0
        How many families are worth one, at least 1: the design effect of unequal weights.

    Returns
    -------
    float
        In [0, 1]; 0 with fewer than two families. It may fall a little from one number of families
        to the next, as outcomes are counts.

    References
    ----------
    Duffy (1984), Biometrics 40:1005-1015, for the power of paired counts as a sum over outcomes.

    Examples
    --------
    With families that never differ it takes 79 to show an increase below 0.05, and 79 always do:

    >>> [paired_power(families, margin=0.05, discordance=0.0) for families in (78, 79)]
    [0.0, 1.0]
    """
    up, down = discordance + max(change, 0.0), discordance + max(-change, 0.0)
    if not (discordance >= 0 and up + down <= 1 + NEGLIGIBLE):
        raise ValueError(f"shares that differ are at least 0 and at most 1 in all, found {down} and {up}")
    n = int(families / design)
    if n < 2:
        return 0.0
    worse, better = _plausible(n, up)[:, np.newaxis], _plausible(n, down)
    weights = _chances(n, worse, better, up, down)
    mean = (worse - better) / n
    variance = np.maximum((worse + better) / n - mean * mean, 0.0)
    third = (worse * (1 - mean) ** 3 - better * (1 + mean) ** 3 - (n - worse - better) * mean**3) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness = np.nan_to_num(third / variance**1.5) / sqrt(n)
    reach = skewed_quantile(stdtrit(n - 1, 1 - alpha), skewness) * np.sqrt(variance / (n - 1))
    passes = mean + reach < margin
    differing = n - np.maximum(np.maximum(worse, better), n - worse - better)
    unsure = (differing < ENOUGH) & (mean < margin) & (weights > NEGLIGIBLE)

    def fails(column: int, place: int) -> bool:
        return _upper_by_betting(n, int(worse[place, 0]), int(better[column]), -1.0, alpha) >= margin

    passes = np.where(differing < ENOUGH, _settle(unsure, fails), passes)
    return min(float(weights[passes].sum()), 1.0)


def rate_power(families: int, *, limit: float, rate: float, alpha: float = ALPHA) -> float:
    """Return the chance that a rate is shown to be below a limit.

    That is, that its upper bound is below ``limit`` when families are bad with probability ``rate``.
    The bound is that of :mod:`auditor.stats.deciding`: betting with fewer than 15 bad families (or good
    ones), else Korn and Graubard's. Summed over the outcomes. Assumes families of one item.

    Parameters
    ----------
    families : int
        Number of families, at least 0.
    limit : float
        Largest tolerated rate, in (0, 1].
    rate : float
        The true one, in [0, 1].
    alpha : float, default=0.05
        One-sided, in (0, 0.5].

    Returns
    -------
    float
        In [0, 1]; 0 with fewer than two families.

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24:193-201.

    Examples
    --------
    A model without any fault passes a limit of 5% with 59 families; one that fails 1% of them passes
    where none of the 59 is bad, ``0.99 ** 59``:

    >>> [round(rate_power(families, limit=0.05, rate=0.0), 3) for families in (58, 59)]
    [0.0, 1.0]
    >>> round(rate_power(59, limit=0.05, rate=0.01) - 0.99**59, 6)
    0.0
    """
    if families < 2:
        return 0.0
    bad = _plausible(families, rate)
    weights = _chances(families, bad, np.zeros_like(bad), rate, 0.0)
    size = families - 1  # what the clustered error of single items is worth
    share = np.minimum(bad, families - 1) / families  # where all are bad another bound decides
    passes = betaincinv(share * size + 1, size - share * size, 1 - alpha) < limit
    few = np.minimum(bad, families - bad) < ENOUGH
    unsure = few & (bad < limit * families) & (weights > NEGLIGIBLE)

    def fails(_: int, place: int) -> bool:
        return _upper_by_betting(families, int(bad[place]), 0, 0.0, alpha) >= limit

    passes = np.where(few, _settle(unsure[:, np.newaxis], fails)[:, 0], passes)
    return min(float(weights[passes].sum()), 1.0)


def families_needed(power_of: Callable[[int], float], *, power: float = POWER, most: int = MOST_FAMILIES) -> int | None:
    """Return how many families have the power wanted.

    Assumes that power grows with families, if not at every step: the answer has the power, and a little
    fewer may have it too.

    Parameters
    ----------
    power_of : callable
        The power with so many families, e.g. :func:`paired_power` with all else given.
    power : float, default=0.8
        In (0, 1).
    most : int, default=100000
        Not more than that; at least 2.

    Returns
    -------
    int or None
        From 2 to ``most``; None where even that is too few.

    Examples
    --------
    >>> families_needed(lambda families: rate_power(families, limit=0.05, rate=0.0))
    59
    """
    reach = 2
    while power_of(reach) < power:
        if reach == most:
            return None
        reach = min(2 * reach, most)
    counts = range(max(reach // 2, 2), reach)
    return counts.start + bisect_left(counts, True, key=lambda families: power_of(families) >= power)


def joint_power(powers: Iterable[float]) -> JointPower:
    """Return the chance that all of several rules pass.

    Rules over the same answers depend on each other, mostly positively: then the chance lies between
    that of independent ones and the least of the powers.

    Parameters
    ----------
    powers : iterable of float
        Of the rules one by one, in [0, 1].

    Returns
    -------
    JointPower
        ``low <= independent <= high``; all 1 without any rule.

    References
    ----------
    Frechet (1935), Fundamenta Mathematicae 25:379-387, for what holds whatever the dependence.

    Examples
    --------
    >>> low, independent, high = joint_power([0.9, 0.8])
    >>> print(f"{low:.2f} {independent:.2f} {high:.2f}")
    0.70 0.72 0.80
    """
    each = list(powers)
    return JointPower(max(0.0, 1 - sum(1 - power for power in each)), prod(each), min(each, default=1.0))


def _plausible(n: int, chance: float) -> NDArray[np.int64]:
    """Return the counts of n trials but for those whose probability is negligible in all."""
    mean, reach = n * chance, 7 * (n * chance * (1 - chance)) ** 0.5 + 20
    return np.arange(max(floor(mean - reach), 0), min(ceil(mean + reach), n) + 1)


def _chances(n: int, worse: NDArray[np.int64], better: NDArray[np.int64], up: float, down: float) -> Floats:
    """Return the trinomial probabilities of so many worse and so many better ones."""
    same = n - worse - better
    ways = gammaln(n + 1) - gammaln(worse + 1) - gammaln(better + 1) - gammaln(np.maximum(same, 0) + 1)
    logs = ways + xlogy(worse, up) + xlogy(better, down) + xlogy(np.maximum(same, 0), max(1 - up - down, 0.0))
    return np.where(same >= 0, np.exp(logs), 0.0)


def _settle(unsure: NDArray[np.bool_], fails: Callable[[int, int], bool]) -> NDArray[np.bool_]:
    """Return which unsure outcomes pass: in each column those before the first that fails."""
    settled = np.zeros_like(unsure)
    for column in np.flatnonzero(unsure.any(axis=0)).tolist():
        places = np.flatnonzero(unsure[:, column]).tolist()
        settled[places[: bisect_left(places, True, key=partial(fails, column))], column] = True
    return settled


@lru_cache(maxsize=50_000)
def _upper_by_betting(n: int, worse: int, better: int, low: float, alpha: float) -> float:
    values = np.repeat([1.0, -1.0, 0.0], [worse, better, n - worse - better])
    return betting_bounds(values, low=low, high=1.0, alpha=alpha)[1]
