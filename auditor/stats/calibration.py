"""Whether probabilities mean what they say: the reliability diagram and the expected calibration error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from auditor.stats.bootstrap import family_draws
from auditor.stats.families import Floats, count_families, family_sums
from auditor.stats.proportions import rate_interval

BINS = 15
FEWEST = 10
"""Answers to a bin, on average: fewer would only show noise."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers given with about the same confidence."""

    confidence: float
    """Their mean, in [0, 1]."""
    right: float
    """Share that is right, in [0, 1]."""
    low: float | None
    high: float | None
    """95% interval of that share; None with a single family."""
    n: int
    families: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidence and correctness are apart."""

    bins: Sequence[Bin]
    raw: float
    """The expected calibration error as it was seen, in [0, 1]; noise alone makes it more than 0."""
    value: float
    """The same, less what noise adds; in [0, 1]. 0: where it says 80%, it is right in 80%."""
    low: float | None
    high: float | None
    """Its interval; None with fewer than two families."""
    n: int
    families: int


def calibration(
    confidence: ArrayLike, right: ArrayLike, families: ArrayLike, *, bins: int = BINS, level: float = 0.95
) -> Calibration:
    r"""Return the expected calibration error over bins of equal mass.

    .. math:: ECE = \sum_b \frac{n_b}{n} |\bar{right}_b - \bar{confidence}_b|

    Equal confidences share a bin. What noise adds is taken as the mean of the error over draws of families less
    the error itself, which removes a part of it only. The interval does not rest on that: it is the error as
    seen plus and minus the quantile of the sum of all bins' deviations in the draws, lengthened because bins of few
    families spread less when they are drawn again. The true error is never farther off than that sum, so the
    interval is a wide one, and holds 0 for calibrated answers. Assumes that families were drawn independently.

    Parameters
    ----------
    confidence : array-like of shape (n,)
        In [0, 1]; n at least 1.
    right : array-like of shape (n,)
        0 or 1.
    families : array-like of shape (n,)
        Which family each answer belongs to.
    bins : int, default=15
        At most so many, and no more than one for every ten answers.
    level : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    Calibration

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), AAAI 29:2901-2907; on the noise Kumar, Liang and Ma (2019), arXiv
    1909.10155.

    Examples
    --------
    Always sure and right every other time:

    >>> calibration([1.0] * 40, [0, 1] * 20, range(40)).raw
    0.5
    """
    said, seen, names = np.asarray(confidence, float), np.asarray(right, float), np.asarray(families)
    places = _places(said, max(1, min(bins, len(said) // FEWEST)))
    member = places[:, np.newaxis] == np.arange(places.max() + 1)
    sums = family_sums(np.concatenate([member * (seen - said)[:, np.newaxis], member], axis=1), names)
    gaps = _gaps(sums.sum(axis=0))
    raw = float(np.abs(gaps).sum())
    value, low, high = raw, None, None
    if len(sums) > 1:
        drawn = family_draws(_gaps, sums)
        value = max(0.0, 2 * raw - float(np.abs(drawn).sum(axis=1).mean()))
        each = max(len(sums) / len(gaps), 2.0)
        reach = float(np.quantile(np.abs(drawn - gaps).sum(axis=1), level)) * sqrt(each / (each - 1))
        low, high = max(0.0, min(value, raw - reach)), min(1.0, raw + reach)
    told = [_bin(said[mine], seen[mine], names[mine]) for mine in member.T]
    return Calibration(told, raw, value, low, high, len(said), len(sums))


def _places(said: Floats, bins: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return each answer's bin, from 0 without a gap; equal confidences have the rank of their middle."""
    _, inverse, counts = np.unique(said, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    rough = np.floor((middle / len(said) * bins)[inverse])
    return np.asarray(np.unique(rough, return_inverse=True)[1], dtype=np.intp)


def _gaps(totals: Floats) -> Floats:
    """Return each bin's share of the answers times how much oftener they are right than said."""
    gaps, counts = np.split(totals, 2, axis=-1)
    return np.asarray(gaps / counts.sum(axis=-1, keepdims=True))


def _bin(said: Floats, seen: Floats, families: np.ndarray[tuple[int], np.dtype[np.str_]]) -> Bin:
    found = rate_interval(seen, families)
    low, high = (found[0], found[1]) if found else (None, None)
    return Bin(float(said.mean()), float(seen.mean()), low, high, len(said), count_families(families))
