"""Planted truth: families whose answers are bad, or change, with a known probability.

A family of several items is drawn as one of the kinds that it can be; how many there are of each kind is
multinomial. A run is then a row of counts, and runs that are alike are judged once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from auditor.stats.families import Floats

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Kinds:
    """What a family can be, and how probable that is."""

    states: Counts
    """Of shape (kinds, outcomes): how many of the family's items come to each outcome."""
    chances: Floats
    """Of shape (kinds,); they sum to 1."""

    def draw(self, rng: np.random.Generator, families: int, runs: int) -> Counts:
        """Return how many families are of each kind, of shape (runs, kinds)."""
        return rng.multinomial(families, self.chances, size=runs)


def family_kinds(shares: tuple[float, ...], size: int, correlation: float) -> Kinds:
    r"""Return the kinds of families whose items share what they tend to.

    The outcomes' probabilities of a family are Dirichlet, with the given means and with
    :math:`\rho = 1 / (1 + \sum \alpha)` as the correlation of two items of it; counts within a family are
    then Dirichlet-multinomial, for two outcomes beta-binomial.

    Parameters
    ----------
    shares : tuple of float
        Mean probability of each outcome, more than 0; they sum to 1.
    size : int
        Items of a family, at least 1.
    correlation : float
        In [0, 1).

    Returns
    -------
    Kinds

    References
    ----------
    Mosimann (1962), Biometrika 49:65-82.

    Examples
    --------
    Two items that agree more often than by chance, 0.5 + 0.5 * 0.2:

    >>> kinds = family_kinds((0.5, 0.5), size=2, correlation=0.2)
    >>> kinds.states.tolist(), kinds.chances.round(6).tolist()
    ([[0, 2], [1, 1], [2, 0]], [0.3, 0.4, 0.3])
    """
    states = np.array(list(_splits(size, len(shares))))
    logs = gammaln(size + 1) - gammaln(states + 1).sum(axis=1)
    if correlation:
        alpha = np.array(shares) * (1 / correlation - 1)
        logs = logs + gammaln(alpha.sum()) - gammaln(alpha.sum() + size)
        logs = logs + (gammaln(states + alpha) - gammaln(alpha)).sum(axis=1)
    else:
        logs = logs + states @ np.log(np.array(shares))
    chances = np.exp(logs)
    return Kinds(states, chances / chances.sum())


def judged_once(counts: Counts, judge: Callable[[Counts], tuple[float, ...]]) -> Floats:
    """Return what `judge` says of each run, of shape (runs, numbers); runs that are alike are judged once."""
    distinct, place = np.unique(counts, axis=0, return_inverse=True)
    return np.array([judge(run) for run in distinct])[place.reshape(-1)]


def _splits(size: int, outcomes: int) -> list[tuple[int, ...]]:
    if outcomes == 1:
        return [(size,)]
    return [(first, *rest) for first in range(size + 1) for rest in _splits(size - first, outcomes - 1)]
