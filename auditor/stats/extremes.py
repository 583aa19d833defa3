"""How far the two most different of several groups are apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, hypot
from statistics import NormalDist

Interval = tuple[float, float, float]
"""Value, low, high."""


def farthest_apart(groups: Sequence[Interval], *, confidence: float = 0.95) -> Interval:
    """Return the difference of the greatest and the least value, and an interval that allows for having chosen them.

    Of several groups two are always the farthest apart, so the interval is made to hold for all pairs at once: the
    arms of both intervals are squared and added (MOVER), and lengthened by Bonferroni over the pairs. 0 means that
    all are alike; an interval that holds 0 shows no difference. Assumes independent groups; of groups that share
    their families it is wider than it need be where what is hard for one is hard for the other.

    Parameters
    ----------
    groups : sequence of (value, low, high)
        At least two, with intervals of `confidence`.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    (difference, low, high) : tuple of float
        ``0 <= low <= difference <= high``.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27:1693-1702; for two proportions it is method 10 of Newcombe
    (1998), Statistics in Medicine 17:873-890, Table II.

    Examples
    --------
    Newcombe's 56 of 70 against 48 of 80 (Wilson intervals), in his table 0.0524 to 0.3339:

    >>> from auditor.stats.proportions import wilson_interval
    >>> two = [(k / n, *wilson_interval(k, n)) for k, n in ((56, 70), (48, 80))]
    >>> print("{:.4f} {:.4f} {:.4f}".format(*farthest_apart(two)))
    0.2000 0.0524 0.3339
    """
    greatest, least = max(groups, key=_value), min(groups, key=_value)
    normal = NormalDist()
    level = 1 - (1 - confidence) / (2 * comb(len(groups), 2))
    longer = normal.inv_cdf(level) / normal.inv_cdf((1 + confidence) / 2)
    difference = greatest[0] - least[0]
    down = hypot(greatest[0] - greatest[1], least[2] - least[0])
    up = hypot(greatest[2] - greatest[0], least[0] - least[1])
    return difference, max(0.0, difference - longer * down), difference + longer * up


def _value(group: Interval) -> float:
    return group[0]
