"""Two answers to the same families, each good or bad: the test of a change, and its interval."""

from __future__ import annotations

from collections.abc import Callable
from math import comb, sqrt
from statistics import NormalDist

from scipy.special import bdtr

from auditor.stats.proportions import wilson_interval

HALVINGS = 60
"""Of a range of 2 at most: the limit is then right to the last digits of a float."""


def mcnemar_p(b: int, c: int) -> tuple[float, float]:
    r"""Return the exact p-value of McNemar's test, and its mid-p.

    .. math:: p = \min(1,\; 2 \Pr[X \le \min(b, c)]), \quad X \sim \mathrm{Bin}(b + c, 1/2)

    Two-sided. The mid-p counts only half of what is exactly as extreme as the data: closer to nominal,
    without the promise. Assumes families of one item; items that share a family alarm falsely: use
    :func:`auditor.stats.permutation.sign_flip_p`.

    Parameters
    ----------
    b, c : int
        Number of families bad on the one side only and on the other side only, at least 0.

    Returns
    -------
    (exact, mid) : tuple of float
        ``0 < mid <= exact <= 1`` (0 where it is less than a float can say); 1 without any difference.

    References
    ----------
    Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13:91.

    Examples
    --------
    The airway and the complete-response data of that paper, 1 to 7 and 6 to 16:

    >>> print("{:.4f} {:.4f}".format(*mcnemar_p(1, 7)))
    0.0703 0.0391
    >>> print("{:.4f} {:.4f}".format(*mcnemar_p(6, 16)))
    0.0525 0.0347
    """
    _check_counts(b, c, fewest=0)
    if b + c == 0:
        return 1.0, 1.0
    fewer = min(b, c)
    exact = min(1.0, 2 * float(bdtr(fewer, b + c, 0.5)))
    outcome = comb(b + c, fewer) / 2 ** (b + c)
    as_extreme = outcome if b == c else 2 * outcome
    return exact, exact - as_extreme / 2


def tango_interval(b: int, c: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    r"""Return Tango's score interval of the difference ``(c - b) / n``.

    All differences :math:`\delta` with

    .. math:: (c - b - n\delta)^2 \le z^2 n (2\hat q + \delta(1 - \delta))

    where :math:`\hat q` is the most likely probability of the first kind of change under
    :math:`\delta`. Without any discordance it is :math:`\pm z^2 / (n + z^2)`. It leaves out 0 where
    McNemar's test without correction rejects. Assumes families of one item.

    Parameters
    ----------
    b : int
        Number of families bad in the baseline only.
    c : int
        Number of families bad in the candidate only.
    n : int
        Number of families, at least 1 and at least ``b + c``.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    (low, high) : tuple of float
        Both in [-1, 1]; ``low <= (c - b) / n <= high``; never of no width.

    References
    ----------
    Tango (1998), Statistics in Medicine 17:891-908. The example is from Fagerland, Lydersen and Laake
    (2014), Statistics in Medicine 33:2850-2875, Table II.

    Examples
    --------
    >>> print("{:.3f} {:.3f}".format(*tango_interval(7, 1, 21)))
    -0.517 -0.026

    One-sided 95%, of ten families that all answer alike:

    >>> print(f"{tango_interval(0, 0, 10, confidence=0.9)[1]:.3f}")
    0.213
    """
    _check_counts(b, c, n - b - c)
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    def holds(delta: float) -> bool:
        slope = (2 * n - c + b) * delta - b - c
        root = sqrt(slope * slope + 8 * n * b * delta * (1 - delta))
        variance = n * ((root - slope) / (2 * n) + delta * (1 - delta))
        return (c - b - n * delta) ** 2 <= z * z * variance

    estimate = (c - b) / n
    return _limit(holds, estimate, -1.0), _limit(holds, estimate, 1.0)


def newcombe_interval(a: int, b: int, c: int, d: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Newcombe's square-and-add interval of the difference ``(c - b) / n`` (his method 10).

    The Wilson intervals of both rates, put together with the correlation of the two answers. Simple
    and close to :func:`tango_interval`; of no width only where Wilson's are. Assumes families of one
    item.

    Parameters
    ----------
    a, b, c, d : int
        Number of families bad in both, in the baseline only, in the candidate only, in neither;
        at least one family.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    (low, high) : tuple of float
        Both in [-1, 1]; ``low <= (c - b) / n <= high``.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:2635-2650, Table III, method 10.

    Examples
    --------
    >>> print("{:.4f} {:.4f}".format(*newcombe_interval(36, 2, 12, 0)))
    0.0569 0.3404
    """
    _check_counts(a, b, c, d)
    n = a + b + c + d
    before, after = (a + b) / n, (a + c) / n
    before_low, before_high = wilson_interval(a + b, n, confidence=confidence)
    after_low, after_high = wilson_interval(a + c, n, confidence=confidence)
    phi = _corrected_phi(a, b, c, d)
    down = _add_squares(after - after_low, before_high - before, phi)
    up = _add_squares(after_high - after, before - before_low, phi)
    difference = (c - b) / n
    return max(difference - down, -1.0), min(difference + up, 1.0)


def _corrected_phi(a: int, b: int, c: int, d: int) -> float:
    """Return the correlation of the two answers, with Newcombe's continuity correction where it is positive."""
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    product = a * d - b * c
    corrected = max(product - (a + b + c + d) / 2, 0.0) if product > 0 else product
    return corrected / sqrt(margins)


def _add_squares(one: float, other: float, phi: float) -> float:
    return sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))


def _limit(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    if holds(outside):
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside


def _check_counts(*counts: int, fewest: int = 1) -> None:
    if min(counts) < 0 or sum(counts) < fewest:
        raise ValueError(f"a paired table needs counts of at least 0, and at least {fewest} in all, found {counts}")
