"""Do outcomes go with marks on items: a test that shuffles whole families, and the ratio of two shares."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from auditor.stats.families import Floats

DRAWS = 2_000
MOST_DRAWS = 20_000
DRAWS_PER_TEST = 50
"""So that one finding among all tests can be below 0.05 after Benjamini and Hochberg."""
MOST_SHUFFLED = 2_000
"""Items in families of several that are shuffled at most; beyond it whole families are drawn."""
LARGEST_BLOCK = 1_000_000
"""Numbers held at once."""

Interval = tuple[float, float, float]
"""A value, and the low and the high end of its interval."""
Places = NDArray[np.int64]


def association_p(
    outcomes: ArrayLike, marks: ArrayLike, strata: ArrayLike, families: ArrayLike, *, tests: int = 1, seed: int = 0
) -> Floats:
    """Return for each mark the p-value that so many marked items have the outcome.

    Under the null hypothesis the outcomes of a family could as well have been those of any other family
    with as many items in each stratum, and within a family and a stratum they could have fallen on any
    item. The test statistic is the number of marked items with the outcome; the test is one-sided, towards
    more. Exact (a sum of hypergeometric counts) where marked strata hold families of one item only; else
    by Monte Carlo, ``(1 + k) / (1 + draws)``, which also keeps its level. Families with and without the
    outcome are drawn in halves where there are too many: which are drawn does not depend on the marks.

    Parameters
    ----------
    outcomes : array-like of shape (n,)
        Whether an item has the outcome.
    marks : array-like of shape (n, m)
        Whether an item has each mark.
    strata : array-like of shape (n,)
        Which items may be exchanged with one another; codes.
    families : array-like of shape (n,)
        Which family each item belongs to; codes. A family may lie in several strata.
    tests : int, default=1
        How many tests the p-values are adjusted for, if more than there are marks: so many more are drawn.
    seed : int, default=0
        Of the random numbers: the same seed and order of items give the same result.

    Returns
    -------
    ndarray of shape (m,)
        In (0, 1]; 1 for a mark that no shuffling can move.

    References
    ----------
    Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, chapter 3; Phipson and Smyth
    (2010), Statistical Applications in Genetics and Molecular Biology 9:39, for the Monte Carlo form.
    The example is Fisher's tea (1935, The Design of Experiments, section 5): all four cups told right.

    Examples
    --------
    >>> milk_first = [1, 1, 1, 1, 0, 0, 0, 0]
    >>> p = association_p(milk_first, [[said] for said in milk_first], [0] * 8, range(8))
    >>> round(1 / float(p[0]), 9)
    70.0
    """
    failed = np.asarray(outcomes, dtype=bool)
    table = np.asarray(marks, dtype=bool).reshape(len(failed), -1)
    rng = np.random.default_rng(seed)
    groups = _exchangeable(np.asarray(strata), np.asarray(families))
    single = [places[:, 0] for places, _ in groups if places.shape[1] == 1]
    several = _drawn([group for group in groups if group[0].shape[1] > 1], failed, rng)
    draws = int(min(max(DRAWS, DRAWS_PER_TEST * max(tests, table.shape[1])), MOST_DRAWS))
    shuffled = _shuffled(several, failed, table, draws, rng)
    held = [places.ravel() for places, _ in several]
    found = np.ones(table.shape[1])
    for mark, column in enumerate(table.T):
        tails = _tails(single, failed, column)
        hits = failed & column
        observed = sum(int(hits[places].sum()) for places in [*single, *held])
        spread = shuffled[:, mark]
        chances = tails[np.clip(observed - spread, 0, len(tails) - 1)]
        found[mark] = chances[0] if (spread == spread[0]).all() else (1 + chances.sum()) / (1 + draws)
    return found


def _exchangeable(strata: NDArray[np.generic], families: NDArray[np.generic]) -> list[tuple[Places, tuple[int, ...]]]:
    """Return groups of families of one shape: their items, a row a family, and the stratum of each column."""
    _, stratum = np.unique(strata, return_inverse=True)
    _, family, size = np.unique(families, return_inverse=True, return_counts=True)
    alone = size[family] == 1
    found = [
        (np.flatnonzero(alone & (stratum == one))[:, np.newaxis], (int(one),)) for one in np.unique(stratum[alone])
    ]
    several = np.flatnonzero(~alone)
    order = several[np.lexsort((several, stratum[several], family[several]))]
    shapes: dict[tuple[int, ...], list[Places]] = {}
    for places in np.split(order, np.flatnonzero(np.diff(family[order])) + 1) if len(order) else []:
        shapes.setdefault(tuple(stratum[places].tolist()), []).append(places)
    return found + [(np.stack(rows), shape) for shape, rows in sorted(shapes.items())]


def _drawn(
    groups: list[tuple[Places, tuple[int, ...]]], failed: NDArray[np.bool_], rng: np.random.Generator
) -> list[tuple[Places, tuple[int, ...]]]:
    """Draw whole families where there are too many items to shuffle, half of them with the outcome."""
    total = sum(places.size for places, _ in groups)
    if total <= MOST_SHUFFLED:
        return groups
    kept = []
    for places, shape in groups:
        most = max(2, MOST_SHUFFLED * len(places) // total)
        order = rng.permutation(len(places))
        bad = failed[places[order]].any(axis=1)
        with_it = order[bad][: max(most // 2, most - int((~bad).sum()))]
        kept.append((places[np.sort(np.concatenate([with_it, order[~bad][: most - len(with_it)]]))], shape))
    return kept


def _shuffled(
    groups: list[tuple[Places, tuple[int, ...]]],
    failed: NDArray[np.bool_],
    table: NDArray[np.bool_],
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return how many marked items have the outcome, for each draw and mark."""
    totals = np.zeros((draws if groups else 1, table.shape[1]), dtype=np.int64)
    for places, shape in groups:
        outcomes, marked = failed[places].astype(np.float32), table[places.ravel()].astype(np.float32)
        block = max(1, LARGEST_BLOCK // places.size)
        for start in range(0, draws, block):
            count = min(block, draws - start)
            rows = rng.permuted(np.tile(np.arange(len(places)), (count, 1)), axis=1)
            dealt = outcomes[rows]
            for stratum in sorted(set(shape)):
                _deal(dealt, [place for place, other in enumerate(shape) if other == stratum], rng)
            totals[start : start + count] += np.rint(dealt.reshape(count, -1) @ marked).astype(np.int64)
    return totals


def _deal(outcomes: NDArray[np.float32], columns: list[int], rng: np.random.Generator) -> None:
    """Put the outcomes of some columns in a random order, in every row: so many are left for so many columns."""
    left = outcomes[..., columns].sum(axis=-1)
    for done, column in enumerate(columns[:-1]):
        outcomes[..., column] = rng.random(left.shape, dtype=np.float32) * (len(columns) - done) < left
        left -= outcomes[..., column]
    outcomes[..., columns[-1]] = left


def _tails(groups: list[Places], failed: NDArray[np.bool_], marked: NDArray[np.bool_]) -> Floats:
    """Return the chance of at least 0, 1, ... marked items with the outcome, of families of one item; 0 in the end."""
    chances: Floats = np.ones(1)
    for places in groups:
        with_mark, bad = int(marked[places].sum()), int(failed[places].sum())
        if with_mark and bad:
            chances = np.asarray(np.convolve(chances, _hypergeometric(len(places), bad, with_mark)), dtype=float)
    tails: Floats = np.append(np.cumsum(chances[::-1])[::-1], 0.0)
    return np.minimum(tails, 1.0)


def _hypergeometric(n: int, bad: int, with_mark: int) -> Floats:
    """Return the probabilities of 0, 1, ... bad ones among so many of n (scipy's are slow where n is large)."""
    fewest = max(0, with_mark + bad - n)
    counts = np.arange(fewest, min(with_mark, bad) + 1)
    ways = _log_choose(bad, counts) + _log_choose(n - bad, with_mark - counts)
    shares = np.exp(ways - ways.max())
    return np.concatenate([np.zeros(fewest), shares / shares.sum()])


def _log_choose(n: int, counts: NDArray[np.int64]) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1))


def ratio_interval(one: Interval, other: Interval) -> tuple[float, float]:
    """Return the interval of a ratio of two quantities that each have an interval, by MOVER-R.

    Parameters
    ----------
    one, other : (value, low, high)
        Neither negative, and measured independently: the interval is too wide where they rise together.

    Returns
    -------
    (low, high) : tuple of float
        At least 0; the high end is infinite where the low end of `other` is 0.

    References
    ----------
    Newcombe (2016), Statistical Methods in Medical Research 25:1774-1778.

    Examples
    --------
    Twice as much, to within the roots of the squared relative errors where these are small:

    >>> low, high = ratio_interval((2.0, 1.98, 2.02), (1.0, 0.99, 1.01))
    >>> print(f"{low:.3f} {high:.3f}")
    1.972 2.028
    """
    (value, low, high), (base, base_low, base_high) = one, other
    middle = value * base
    least, most = low * (2 * value - low), base_high * (2 * base - base_high)
    below = middle + sqrt(max(middle**2 - least * most, 0.0))
    upper, lower = high * (2 * value - high), base_low * (2 * base - base_low)
    above = middle + sqrt(max(middle**2 - upper * lower, 0.0))
    return least / below if below else 0.0, above / lower if lower else inf
