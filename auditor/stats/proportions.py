"""Intervals of a proportion: of independent trials, and of trials that come in families."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, stdtrit

from auditor.stats.families import count_families
from auditor.stats.means import clustered_error, weighted_mean

RateMethod = Literal["wilson", "korn-graubard"]
FEWEST_TELLING = 5
"""Families that must have a bad trial, and a good one, for their spread to say how far a rate may be off."""


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    Close to nominal coverage even when the proportion is near 0 or 1, where ``p +- z * se`` leaves
    [0, 1]. Assumes independent trials: for items that come in families use
    :func:`korn_graubard_interval`.

    Parameters
    ----------
    successes : int
        Number of trials with the outcome, ``0 <= successes <= n``.
    n : int
        Number of trials, at least 1.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    (low, high) : tuple of float
        Both in [0, 1]; ``low <= successes / n <= high``; never of no width.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 3.

    Examples
    --------
    >>> print("{:.4f} {:.4f}".format(*wilson_interval(81, 263)))
    0.2553 0.3662
    """
    _check_counts(successes, n)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (centre - half) / scale  # exact: rounding leaves 3e-17
    high = 1.0 if successes == n else (centre + half) / scale
    return min(low, p), max(high, p)


def clopper_pearson_interval(successes: float, n: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson ("exact") interval of a proportion.

    Never covers less than nominal for independent trials, and mostly more. Takes fractions of trials,
    so that an effective sample size may be put in.

    Parameters
    ----------
    successes : float
        Number of trials with the outcome, ``0 <= successes <= n``.
    n : float
        Number of trials, more than 0.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    (low, high) : tuple of float
        Both in [0, 1]; ``low <= successes / n <= high``; never of no width.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 5.

    Examples
    --------
    >>> print("{:.4f} {:.4f}".format(*clopper_pearson_interval(81, 263)))
    0.2527 0.3676
    """
    _check_counts(successes, n)
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return min(low, successes / n), max(high, successes / n)


def effective_interval(
    p: float, error: float, *, n: float, families: float, df: float, confidence: float = 0.95, few: bool = False
) -> tuple[float, float]:
    """Return the Clopper-Pearson interval on the sample size that a proportion's standard error is worth.

    ``n_eff = p * (1 - p) / error ** 2``, times ``(t_{n-1} / t_df) ** 2``, at most ``n``; at p = 0 and
    p = 1, where the error says nothing, it is the number of families, and with ``few`` no more than that.

    Parameters
    ----------
    p : float
        The proportion, in [0, 1].
    error : float
        Its standard error, at least 0.
    n : float
        Number of values that it rests on, at least ``families``.
    families : float
        Number of families, at least 2 unless p is 0 or 1.
    df : float
        Degrees of freedom of the error, at least 1.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).
    few : bool, default=False
        Whether the error rests on too few families to be trusted.

    Returns
    -------
    (low, high) : tuple of float
        Both in [0, 1]; ``low <= p <= high``; never of no width.

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24:193-201.

    Examples
    --------
    >>> effective_interval(0.0, 0.0, n=240, families=24, df=23) == clopper_pearson_interval(0, 24)
    True
    """
    if p in (0.0, 1.0):
        return clopper_pearson_interval(p * families, families, confidence=confidence)
    upper = (1 + confidence) / 2
    tighter = float(stdtrit(max(n - 1, df), upper) / stdtrit(df, upper)) ** 2
    variance = error * error
    most = families if few else n
    size = min(p * (1 - p) / variance * tighter, most) if variance > 0 else most
    low, high = clopper_pearson_interval(p * size, size, confidence=confidence)
    return min(low, p), max(high, p)


def korn_graubard_interval(
    values: ArrayLike, families: ArrayLike, *, confidence: float = 0.95, weights: ArrayLike | None = None
) -> tuple[float, float]:
    """Return the Korn-Graubard interval of a proportion whose trials come in families.

    See :func:`effective_interval`; the standard error is the cluster-robust one of
    :func:`auditor.stats.means.clustered_error`. With fewer than 5 families that have a bad trial (or a good
    one) that error says little, and the trials count for no more than their families: one bad trial never
    makes the interval shorter than none does. Assumes that families were drawn independently.

    Parameters
    ----------
    values : array-like of shape (n,)
        0 or 1, or means of an item's samples in [0, 1].
    families : array-like of shape (n,)
        At least two different ones.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).
    weights : array-like of shape (n,), optional
        More than 0, e.g. the share of an item's samples that attempted; default: all equal.

    Returns
    -------
    (low, high) : tuple of float
        Both in [0, 1]; ``low <= mean <= high``; never of no width.

    Raises
    ------
    ValueError
        With fewer than two families, or a value outside [0, 1].

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24:193-201.

    Examples
    --------
    Ten pairs of twins that always agree: nine trials, 7.7 after the adjustment by t:

    >>> twins = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0] * 2
    >>> low, high = korn_graubard_interval(twins, list(range(10)) * 2)
    >>> print(f"{low:.3f} {high:.3f}")
    0.048 0.702
    """
    x = np.asarray(values, dtype=float)
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError(f"a proportion's values are in [0, 1], found {x.min()} to {x.max()}")
    count = count_families(families)
    error = clustered_error(x, families, weights=weights)
    p = weighted_mean(x, weights)
    telling = min(count_families(np.asarray(families)[mixed]) for mixed in (x > 0, x < 1))
    few = telling < FEWEST_TELLING
    return effective_interval(p, error, n=len(x), families=count, df=count - 1, confidence=confidence, few=few)


def rate_interval(
    values: ArrayLike, families: ArrayLike, *, confidence: float = 0.95, weights: ArrayLike | None = None
) -> tuple[float, float, RateMethod] | None:
    """Return the interval that fits a rate, and its name.

    Wilson where every family has one trial with outcome 0 or 1, else Korn-Graubard.

    Parameters
    ----------
    values : array-like of shape (n,)
        0 or 1, or means of an item's samples in [0, 1].
    families : array-like of shape (n,)
        Which family each value belongs to.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).
    weights : array-like of shape (n,), optional
        More than 0; default: all equal.

    Returns
    -------
    (low, high, method) or None
        None with fewer than two families, which have no interval.

    Examples
    --------
    >>> low, high, method = rate_interval([1] * 81 + [0] * 182, range(263))
    >>> print(f"{low:.4f} {high:.4f} {method}")
    0.2553 0.3662 wilson
    """
    x = np.asarray(values, dtype=float)
    count = count_families(families)
    if count < 2:
        return None
    even = weights is None or bool(np.all(np.asarray(weights) == np.asarray(weights)[0]))
    if even and count == len(x) and bool(np.isin(x, (0.0, 1.0)).all()):
        return *wilson_interval(int(x.sum()), len(x), confidence=confidence), "wilson"
    bounds = korn_graubard_interval(x, families, confidence=confidence, weights=weights)
    return *bounds, "korn-graubard"


def _check_counts(successes: float, n: float) -> None:
    if not 0 <= successes <= n or n <= 0:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n > 0, found {successes} of {n}")
