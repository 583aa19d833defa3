"""Bounds of a mean that keep their error for any distribution: a gambler's capital against each mean.

Whoever believes that the mean is at least ``m`` should offer a bet that pays when values are lower. Capital
starts at 1 and is multiplied by ``1 + bet * (m - x) / (1 - m)`` for each value ``x``, with a bet in [0, 1] that
was chosen before; where the mean is ``m`` or more it is not expected to grow, and the chance that it ever
reaches ``1 / alpha`` is at most ``alpha`` (Ville). The upper bound is the greatest mean that has kept it below.

The capital is shared out over several bets that are fixed beforehand, so its final value does not depend on the
order of the values. Every factor grows with ``m``, whatever the value (see ``_bets``), so capital does too: the
means that are refuted are those above the bound, without gaps.
"""

from __future__ import annotations

from math import ceil, isfinite, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditor.stats.families import Floats

LEVEL = log(2 / 0.05)
"""The growth, in log capital, that the bets aim at: half the capital reaches 20."""
LARGEST_LEVEL = 0.4
"""Of a bet short of everything, per value."""
STEP = 9.0
"""From one level to the next, at most: bets are a factor of 3 apart."""
HALVINGS = 40
"""Of the unit interval: bounds are outward by at most 1e-12 of the range."""
SEQUENCE_LEVELS = np.array([np.inf, *(LEVEL / (10.0 * 4.0 ** np.arange(7)))])
"""Of those who look at any time: everything at once, then what suits 10 values, 40, and so on to 40,960."""
SEQUENCE_SHARES = np.array([0.2, *(0.8 * (2 / 3) ** np.arange(7) / ((2 / 3) ** np.arange(7)).sum())])
"""Of the capital: a fifth on everything at once; the longer a bet takes, the less, by a third from one to the next."""


def betting_bounds(values: ArrayLike, *, low: float, high: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return a one-sided lower and a one-sided upper bound of a mean, each of error at most ``alpha``.

    Holds for every distribution on [low, high] and every number of values. Assumes that values were
    drawn independently, as means of families are, though not that they were drawn alike: the mean is
    then the average of theirs. Their number was fixed beforehand; whoever looks while they come in uses
    :func:`running_bounds`. The order of the values does not matter.

    Half of the capital is on the bet that suits values at both ends of the range, such as rare events,
    the rest on larger bets that suit values which differ less, such as differences that are mostly 0.

    Parameters
    ----------
    values : array-like of shape (n,)
        In [low, high]; n at least 1.
    low, high : float
        The range that a value can have, ``low < high``.
    alpha : float, default=0.05
        Error of each bound, in (0, 1). A smaller one never narrows.

    Returns
    -------
    (lower, upper) : tuple of float
        ``low <= lower <= mean <= upper <= high``; never of no width.

    Raises
    ------
    ValueError
        Without a value or a range, or with a value outside it.

    References
    ----------
    Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, JRSS-B
    86:1-27; for capital that is shared out over bets, Orabona and Jun (2021), arXiv 2110.14099.

    Examples
    --------
    None of 59 is the least number that shows a rate below 5%, as with Clopper and Pearson (the rule of
    three: 3 / 59 = 0.051; Hanley and Lippman-Hand 1983):

    >>> print("{:.4f} {:.4f}".format(*betting_bounds([0] * 59, low=0, high=1)))
    0.0000 0.0495

    For differences of which all are 0 it takes 79:

    >>> print("{:.4f} {:.4f}".format(*betting_bounds([0] * 79, low=-1, high=1)))
    -0.0498 0.0498
    """
    x = _to_unit(values, low, high)
    distinct, counts = np.unique(x, return_counts=True)
    width = high - low
    upper = high - width * (1 - _greatest_mean(distinct, counts, alpha))
    lower = low + width * (1 - _greatest_mean(1 - distinct, counts, alpha))
    return lower, upper


def running_p(values: ArrayLike, mean: float, *, low: float, high: float) -> float:
    """Return the p-value of the claim that the mean is below `mean`, valid at all times at once.

    Where the mean is ``mean`` or more, the chance that this is ever at most ``alpha`` is at most ``alpha``,
    however many values come: look as often as you like, stop when you like. It is 1 over the most that the
    gambler's capital has ever been, so that more values never raise it. Assumes that values were drawn
    independently from one population, so that any order is random. That the mean is above is claimed by all
    with the opposite sign: ``running_p(-values, -mean, low=-high, high=-low)``.

    Parameters
    ----------
    values : array-like of shape (n,)
        In [low, high], in the order in which they came; n at least 1.
    mean : float
        In [low, high], or beyond.
    low, high : float
        The range that a value can have, ``low < high``.

    Returns
    -------
    float
        In [0, 1]; a greater ``mean`` never raises it.

    Raises
    ------
    ValueError
        Without a value or a range, or with a value outside it.

    References
    ----------
    Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, JRSS-B
    86:1-27.

    Examples
    --------
    To be free to look after every value costs six families more when none is bad:

    >>> [running_p([0] * families, 0.05, low=0, high=1) <= 0.05 for families in (64, 65)]
    [False, True]
    """
    return _running_p(_to_unit(values, low, high), (mean - low) / (high - low))


def running_bounds(values: ArrayLike, *, low: float, high: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return a one-sided lower and upper bound of a mean, each valid at all times at once.

    With probability at least ``1 - alpha`` the mean is never above the upper bound, however often one looks
    while values come; the same for the lower one. They are the means that :func:`running_p` does not refute:
    more values never widen them, and where values drift the lower may pass the upper.

    Parameters
    ----------
    values : array-like of shape (n,)
        In [low, high], in the order in which they came; n at least 1.
    low, high : float
        The range that a value can have, ``low < high``.
    alpha : float, default=0.05
        Error of each bound, in (0, 1).

    Returns
    -------
    (lower, upper) : tuple of float
        In [low, high].

    Raises
    ------
    ValueError
        Without a value or a range, or with a value outside it.

    References
    ----------
    Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, JRSS-B
    86:1-27.

    Examples
    --------
    >>> print("{:.4f} {:.4f}".format(*running_bounds([0] * 100, low=0, high=1)))
    0.0000 0.0318
    """
    x = _to_unit(values, low, high)
    width = high - low
    lower = low + width * (1 - _running_greatest(1 - x, alpha))
    return lower, high - width * (1 - _running_greatest(x, alpha))


def _to_unit(values: ArrayLike, low: float, high: float) -> Floats:
    x = np.asarray(values, dtype=float)
    if not (low < high and isfinite(high - low)):
        raise ValueError(f"a bound needs a range with low < high, found {low} to {high}")
    if not len(x):
        raise ValueError("a bound needs at least 1 value, found none")
    if not ((x >= low) & (x <= high)).all():
        raise ValueError(f"values are in [{low}, {high}], found {x.min()} to {x.max()}")
    unit: Floats = (x - low) / (high - low)
    return unit


def _bets(means: Floats, levels: Floats) -> Floats:
    """Return the bets, of shape (levels, means), that let capital grow by ``level`` a value at rare events.

    If a share ``(1 - bet) * m`` of the values is 1 and the rest 0, capital grows best with this bet, for
    small ``m`` by ``s * m`` in logarithms with ``s = bet + (1 - bet) * log(1 - bet)``. Its inverse is
    within 0.021 of what is used here; the odds of ``m`` make it right for large ``m`` too. The factor at
    x = 1 is ``1 - bet``, at x = 0 ``1 + bet * odds``. Both grow with ``m``, as ``bet`` grows with ``s``
    and ``bet / s`` falls; so do the factors between.
    """
    s = np.minimum(levels[:, None] * (1 - means) / means, 1.0)
    bets: Floats = np.sqrt(2 * s) - (sqrt(2) - 1) * s
    return bets


def _levels(n: int) -> tuple[Floats, Floats]:
    """Return levels and their shares of the capital: half on the least, everything at once at the end."""
    least = LEVEL / n
    steps = max(0, ceil(log(LARGEST_LEVEL / least) / log(STEP)))
    levels = np.array([*(np.geomspace(least, LARGEST_LEVEL, steps + 1) if steps else [least]), np.inf])
    shares = np.full(len(levels), 0.5 / (len(levels) - 1))
    shares[0] = 0.5
    return levels, shares


def _greatest_mean(distinct: Floats, counts: NDArray[np.int64], alpha: float) -> float:
    levels, shares = _levels(int(counts.sum()))
    kept, refuted = float(distinct @ counts / counts.sum()), 1.0
    for _ in range(HALVINGS):
        m = (kept + refuted) / 2
        if m in (kept, refuted):
            break
        bets = _bets(np.array([m]), levels)
        with np.errstate(divide="ignore"):  # everything lost
            logs = np.log((1 - distinct) * (1 + bets * m / (1 - m)) + distinct * (1 - bets)) @ counts
        if np.logaddexp.reduce(np.log(shares) + logs) >= -log(alpha):
            refuted = m
        else:
            kept = m
    return refuted


def _running_p(x: Floats, mean: float) -> float:
    if not 0 < mean < 1:
        return float(mean <= 0 or x.min() >= mean)
    bets = _bets(np.array([mean]), SEQUENCE_LEVELS)[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # capital beyond counting, and then lost
        grown = np.outer((mean - x) / (1 - mean), bets)
        grown += 1
        np.multiply.accumulate(grown, axis=0, out=grown)
        most = float(np.nanmax(grown @ SEQUENCE_SHARES))
    return min(1.0, 1 / most) if most > 0 else 1.0


def _running_greatest(x: Floats, alpha: float) -> float:
    kept, refuted = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (kept + refuted) / 2
        if _running_p(x, middle) <= alpha:
            refuted = middle
        else:
            kept = middle
    return refuted
