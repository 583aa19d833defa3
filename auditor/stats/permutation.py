"""The sign-flip test: would the families differ as much if baseline and candidate were exchanged at random."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from auditor.stats.families import Floats

Side = Literal["two", "greater", "less"]

DRAWS = 10_000
MOST_OUTCOMES = 2**15
"""So many totals of families of different sizes are listed; beyond it they are drawn."""
LARGEST_BLOCK = 1_000_000
"""Numbers held at once, so that many families do not fill the memory."""
SAME = 1e-9
"""Totals that are nearer, relative to the largest family, are equal: what is left is the order of adding."""


def sign_flip_p(sums: ArrayLike, *, draws: int = DRAWS, seed: int = 0, side: Side = "two") -> float:
    """Return the p-value of the sign-flip permutation test on family sums.

    Under the null hypothesis each family's sum of differences would as likely have had the other sign.
    Families without a difference say nothing. Exact where sums repeat enough, or families are few
    enough, for all totals to be listed, as with items that are bad or not; with sums of one size it is
    McNemar's exact test on families. Else by Monte Carlo, ``(1 + k) / (1 + draws)``, which also keeps
    its level. Assumes that families were drawn independently, not the items within them.

    Parameters
    ----------
    sums : array-like of shape (families,)
        Sums of candidate minus baseline, finite.
    draws : int, default=10000
        Number of random flips, where not all can be listed.
    seed : int, default=0
        Of the random numbers: the same seed gives the same result, in whatever order the families are.
    side : {"two", "greater", "less"}, default="two"
        Whether the total differs from 0, is above 0 or is below 0.

    Returns
    -------
    float
        In (0, 1] (0 where it is less than a float can say); 1 without any difference.

    References
    ----------
    Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, chapter 3; Phipson and Smyth
    (2010), Statistical Applications in Genetics and Molecular Biology 9:39, for the Monte Carlo form.
    The example is Fisher's (1935, The Design of Experiments, section 21) on Darwin's maize, where 1,726
    of the 32,768 totals are as far from 0 as the one found.

    Examples
    --------
    >>> maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    >>> sign_flip_p(maize) == 1726 / 2**15
    True
    """
    flipped = np.asarray(sums, dtype=float) * (-1.0 if side == "less" else 1.0)
    scale = float(np.abs(flipped).max(initial=0.0))
    if scale == 0:
        return 1.0
    observed = float((flipped / scale).sum())
    sizes = np.abs(flipped / scale)
    sizes = np.sort(sizes[sizes > SAME])
    listed = _all_totals(sizes)
    if listed is not None:
        totals, shares = listed
        return float(min(shares[_as_extreme(totals, observed, side)].sum(), 1.0))
    count = int(_as_extreme(_drawn_totals(sizes, draws, seed), observed, side).sum())
    return (1 + count) / (1 + draws)


def _as_extreme(totals: Floats, observed: float, side: Side) -> NDArray[np.bool_]:
    if side == "two":
        return np.abs(totals) >= abs(observed) - SAME
    return totals >= observed - SAME


def _all_totals(sizes: Floats) -> tuple[Floats, Floats] | None:
    """Return every total and its probability, adding the families of one size at a time; None if too many."""
    _, first, counts = np.unique(np.round(sizes / SAME), return_index=True, return_counts=True)
    totals: Floats = np.zeros(1)
    shares: Floats = np.ones(1)
    for size, count in zip(sizes[first].tolist(), counts.tolist(), strict=True):
        if len(totals) > 1 and len(totals) * (count + 1) > MOST_OUTCOMES:
            return None
        steps = size * np.arange(-count, count + 1, 2.0)
        spread = (totals[:, np.newaxis] + steps).ravel()
        _, place, group = np.unique(np.round(spread / SAME), return_index=True, return_inverse=True)
        totals = spread[place]
        shares = np.bincount(group, weights=np.outer(shares, _heads(count)).ravel()).astype(float)
    return totals, shares


def _heads(count: int) -> Floats:
    """Return the probabilities of 0 to ``count`` heads."""
    heads = np.arange(count + 1)
    ways = gammaln(count + 1) - gammaln(heads + 1) - gammaln(count - heads + 1)
    shares = np.exp(ways - count * np.log(2))
    return np.asarray(shares / shares.sum())


def _drawn_totals(sizes: Floats, draws: int, seed: int) -> Floats:
    # Eight families at a time: a random byte is their signs, and looks up their signed sum.
    signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1) - 1
    eights = np.pad(sizes, (0, -len(sizes) % 8)).reshape(-1, 8)
    rng = np.random.default_rng(seed)
    totals = np.zeros(draws)
    block = max(1, LARGEST_BLOCK // draws)
    for start in range(0, len(eights), block):
        table = eights[start : start + block] @ signs.T
        picked = rng.integers(256, size=(len(table), draws), dtype=np.uint8)
        totals += np.take_along_axis(table, picked.astype(np.intp), axis=1).sum(axis=0)
    return totals
