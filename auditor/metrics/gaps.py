"""The change of a group gap between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from auditor.metrics.interface import MetricSpec
from auditor.metrics.pairs import group_columns, group_means, whole_pairs, with_groups
from auditor.stats.bootstrap import family_draws
from auditor.stats.deciding import EVERYTHING, Bounds, skewed_quantile, smallest_level
from auditor.stats.families import Floats, family_sums
from auditor.stats.power import detectable_change

UNCHANGED = 1e-9


@dataclass(frozen=True)
class GapPairing:
    r"""The largest difference between groups' means on both sides, over the pairs that both have whole.

    The gap is :math:`\max_k c_k` over all differences :math:`c_k` of two groups' means, and noise alone makes
    the greatest of several estimates too great. So the bounds are made of those of every :math:`c_k` and
    :math:`b_k` (candidate and baseline), each a clustered t bound widened for skewness, and hold whichever two
    groups are really the farthest apart:

    - of the candidate's gap: :math:`\max_k U_\alpha(c_k)`, and :math:`\max_k L_{\alpha / K}(c_k)`;
    - of the change: :math:`\max_k U_\alpha(c_k - b_k)`, since the candidate's farthest two were no farther
      apart in the baseline than its own farthest, and the lower bound of the candidate's gap less the upper
      one of the baseline's, half of :math:`\alpha` each.

    There are none with fewer than two groups, with a group of fewer than two families, nor where a verdict
    is missing: it could be any number.
    """

    sums: Floats
    """Of shape (families, 4 * groups): the baseline's columns of `group_columns` by family, then the candidate's."""
    compared: int
    missing: int
    discordant: int

    @classmethod
    def of(cls, spec: MetricSpec, base: pd.DataFrame, candidate: pd.DataFrame) -> Self:
        """Pair two sides.

        Parameters
        ----------
        spec : MetricSpec
            Of the kind group gap.
        base, candidate : DataFrame of shape (n, columns)
            Coded together, so that items, families and pairs have the same codes.

        Returns
        -------
        GapPairing
        """
        assert spec.by is not None
        sides = [whole_pairs(with_groups(rows, spec.by))[0] for rows in (base, candidate)]
        planned = with_groups(base, spec.by)["item"].nunique()
        shared = sides[0].index.intersection(sides[1].index)
        before, after = (side.loc[shared] for side in sides)
        groups, codes = np.unique(before["group"].astype(str), return_inverse=True)
        columns = [group_columns(side, codes, len(groups)) for side in (before, after)]
        sums = family_sums(np.concatenate(columns, axis=1), before["family"].to_numpy())
        differs = np.abs(before["number"].to_numpy() - after["number"].to_numpy()) > UNCHANGED
        return cls(sums, len(shared), int(planned - len(shared)), int(differs.sum()))

    @property
    def families(self) -> int:
        """See `Paired`."""
        return len(self.sums)

    @cached_property
    def before(self) -> float | None:
        """See `Paired`."""
        return self._values[0] if self._values else None

    @cached_property
    def after(self) -> float | None:
        """See `Paired`."""
        return self._values[1] if self._values else None

    @property
    def regression(self) -> float | None:
        """See `Paired`."""
        return self._values[1] - self._values[0] if self._values else None

    @property
    def detectable(self) -> float | None:
        """See `Paired`."""
        if self._draws is None:
            return None
        return detectable_change(float(np.std(self._draws[:, 1] - self._draws[:, 0])), self.families - 1)

    def p_value(self) -> float | None:
        """See `Paired`: twice the smaller share of draws on one side of no change."""
        if self._draws is None:
            return None
        changes = self._draws[:, 1] - self._draws[:, 0]
        smaller = min(np.sum(changes <= 0), np.sum(changes >= 0))
        return float(min(1.0, 2 * (1 + smaller) / (1 + len(changes))))

    def bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """See `Paired`."""
        if self._differences is None or (worst_case and self.missing):
            return EVERYTHING
        base, candidate = self._differences
        low = candidate.greatest(alpha / 2)[0] - base.greatest(alpha / 2)[1]
        return Bounds(low, candidate.minus(base).greatest(alpha)[1], "clustered t")

    def level_bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """See `Paired`."""
        if self._differences is None or (worst_case and self.missing):
            return EVERYTHING
        low, high = self._differences[1].greatest(alpha)
        return Bounds(max(low, 0.0), high, "clustered t")

    def p_regression(self, margin: float, *, worst_case: bool = True) -> float:
        """See `Paired`."""
        return smallest_level(lambda alpha: self.bounds(alpha, worst_case=worst_case).low > margin)

    @cached_property
    def _values(self) -> tuple[float, float] | None:
        if not self.sums.size or self.sums.shape[1] < 8:
            return None
        before, after = _gaps(self.sums.sum(axis=0))
        return float(before), float(after)

    @cached_property
    def _differences(self) -> tuple[Differences, Differences] | None:
        """Both sides' differences between groups; None where too little is there to tell."""
        if self._values is None:
            return None
        base, candidate = (Differences.of(side) for side in np.split(self.sums, 2, axis=1))
        return (base, candidate) if candidate.df.min() >= 1 else None

    @cached_property
    def _draws(self) -> Floats | None:
        """Both sides' gaps in each draw of families in which every group is there, of shape (draws, 2)."""
        if self._values is None or self.families < 2:
            return None
        drawn = family_draws(_gaps, self.sums)
        drawn = drawn[~np.isnan(drawn).any(axis=1)]
        return drawn if len(drawn) and np.ptp(drawn[:, 1] - drawn[:, 0]) > UNCHANGED else None


@dataclass(frozen=True)
class Differences:
    """The differences between any two groups' means, each in both directions."""

    values: Floats
    """Of shape (differences,)."""
    deviations: Floats
    """Of shape (families, differences), with C / (C - 1); the root of the sum of squares is the standard error."""
    df: Floats
    """Of shape (differences,): families of the rarer group, less one."""

    @classmethod
    def of(cls, sums: Floats) -> Self:
        """Return one side's differences; `sums` of shape (families, 2 * groups), as `group_means` reads them."""
        means = group_means(sums.sum(axis=0))
        number, count = np.split(sums, 2, axis=1)
        families = (count > 0).sum(axis=0)
        spread = np.sqrt(families / np.maximum(families - 1, 1))
        deviations = spread * (number - means * count) / count.sum(axis=0)
        one, other = np.nonzero(~np.eye(len(means), dtype=bool))
        df = np.minimum(families[one], families[other]) - 1.0
        return cls(means[one] - means[other], deviations[:, one] - deviations[:, other], df)

    def minus(self, other: Self) -> Differences:
        """Return how much greater each is than the same in `other`."""
        return Differences(self.values - other.values, self.deviations - other.deviations, self.df)

    def greatest(self, alpha: float) -> tuple[float, float]:
        """Return a lower and an upper bound of the greatest of them, each with an error of at most `alpha`.

        The upper one holds for each of them, so for the one that is really the greatest; for the lower one any may be
        the greatest by chance, and each has only its part of `alpha`. Infinite where all families are alike.
        """
        error = np.sqrt((self.deviations**2).sum(axis=0))
        if error.max() <= UNCHANGED:
            return -np.inf, np.inf
        with np.errstate(invalid="ignore", divide="ignore"):
            skewness = np.nan_to_num((self.deviations**3).sum(axis=0) / error**3)
        few = stdtrit(self.df, 1 - alpha / len(self.values))
        low = self.values - skewed_quantile(few, -skewness) * error
        high = self.values + skewed_quantile(stdtrit(self.df, 1 - alpha), skewness) * error
        return float(low.max()), float(high.max())


def _gaps(totals: Floats) -> Floats:
    """Return both sides' gaps, of shape (..., 2), of totals of shape (..., 4 * groups)."""
    sides = [group_means(side) for side in np.split(totals, 2, axis=-1)]
    return np.stack([means.max(axis=-1) - means.min(axis=-1) for means in sides], axis=-1)
