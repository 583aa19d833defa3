"""The bootstrap over families, for statistics that are functions of column totals."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from auditor.stats.families import Floats

DRAWS = 2_000
LARGEST_BLOCK = 2_000_000
"""Numbers held at once, so that many families do not fill the memory."""
DIGITS = 12
"""Sums that agree to so many digits of the largest are the same: what is left is the order of adding."""

Statistic = Callable[[Floats], Floats]


def family_draws(statistic: Statistic, sums: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Return the statistic of samples of families drawn with replacement.

    Families enter through their sums, each draw through multinomial weights. Equal families are drawn
    together, which is the same distribution and makes the result independent of the families' order.

    Parameters
    ----------
    statistic : callable
        Maps totals of shape (draws, k) to shape (draws, ...); nan where it is undefined.
    sums : array-like of shape (families, k)
        Column sums of each family, finite; at least one family.
    draws : int, default=2000
        Number of samples.
    seed : int, default=0
        Of the random numbers: the same seed gives the same result.

    Returns
    -------
    ndarray of shape (draws, ...)
    """
    table = np.asarray(sums, dtype=float)
    scale = float(np.abs(table).max()) or 1.0
    kinds, counts = np.unique(np.round(table / scale, DIGITS) + 0.0, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    block = max(1, LARGEST_BLOCK // len(kinds))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    shares = counts / len(table)
    totals = [rng.multinomial(len(table), shares, size=size) @ (kinds * scale) for size in sizes]
    return statistic(np.concatenate(totals))


def family_bootstrap(
    statistic: Statistic, sums: ArrayLike, *, confidence: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Return the expanded percentile interval of a statistic over families.

    Resampled families spread less than drawn ones, by ``sqrt((n - 1) / n)``, and as if their spread were
    known: the percentiles are those that give back the t interval where the statistic is normal. Assumes
    that families were drawn independently, and enough of them that the sample looks like the population:
    below some 50 families it covers less than nominal where the statistic is skewed. Of no width where all
    families are alike; :func:`auditor.stats.bounds.unseen_families_interval` then says what they can tell.

    Parameters
    ----------
    statistic : callable
        Maps totals of shape (draws, k) to shape (draws,); nan draws are left out.
    sums : array-like of shape (families, k)
        Column sums of each family, finite; at least one family.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).
    draws : int, default=2000
        Number of samples.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    (low, high) : tuple of float
        nan where the statistic is undefined in every draw.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; Hesterberg (2015), The
    American Statistician 69:371-386, for the expansion.

    Examples
    --------
    The mean of the numbers 1 to 40 has a standard error of 1.848, and 2.023 is the t table's for 39:

    >>> table = [[x, 1] for x in range(1, 41)]
    >>> low, high = family_bootstrap(lambda totals: totals[:, 0] / totals[:, 1], table)
    >>> abs((high - low) / (2 * 2.023 * 1.848) - 1) < 0.05
    True
    """
    found = family_draws(statistic, sums, draws=draws, seed=seed)
    defined = found[~np.isnan(found)]
    if not len(defined):
        return float("nan"), float("nan")
    tail, families = (1 - confidence) / 2, len(np.asarray(sums))
    if families > 1:
        tail = float(ndtr(stdtrit(families - 1, tail) * sqrt(families / (families - 1))))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
