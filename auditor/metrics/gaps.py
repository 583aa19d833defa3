"""The change of a group gap between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from auditor.metrics.interface import MetricSpec
from auditor.metrics.pairs import group_columns, group_means, whole_pairs, with_groups
from auditor.stats.bootstrap import family_draws
from auditor.stats.deciding import EVERYTHING, Bounds
from auditor.stats.families import Floats, family_sums
from auditor.stats.power import detectable_change

UNCHANGED = 1e-9


@dataclass(frozen=True)
class GapPairing:
    """The largest difference between groups' means on both sides, over the pairs that both have whole.

    Bounds are percentiles of a bootstrap over families that draws both sides together; with fewer than two
    groups or families there are none, nor where a verdict is missing: it could be any number.
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
        if self._draws is None:
            return EVERYTHING
        return self._percentiles(self._draws[:, 1] - self._draws[:, 0], alpha, worst_case)

    def level_bounds(self, alpha: float, *, worst_case: bool = True) -> Bounds:
        """See `Paired`."""
        return EVERYTHING if self._draws is None else self._percentiles(self._draws[:, 1], alpha, worst_case)

    def p_regression(self, margin: float, *, worst_case: bool = True) -> float:
        """See `Paired`."""
        if self._draws is None or (worst_case and self.missing):
            return 1.0
        changes = self._draws[:, 1] - self._draws[:, 0]
        return float((1 + np.sum(changes <= margin)) / (1 + len(changes)))

    def _percentiles(self, draws: Floats, alpha: float, worst_case: bool) -> Bounds:
        if worst_case and self.missing:
            return EVERYTHING
        low, high = np.quantile(draws, [alpha, 1 - alpha])
        return Bounds(float(low), float(high), "family bootstrap")

    @cached_property
    def _values(self) -> tuple[float, float] | None:
        if not self.sums.size or self.sums.shape[1] < 8:
            return None
        before, after = _gaps(self.sums.sum(axis=0))
        return float(before), float(after)

    @cached_property
    def _draws(self) -> Floats | None:
        """Both sides' gaps in each draw of families in which every group is there, of shape (draws, 2)."""
        if self._values is None or self.families < 2:
            return None
        drawn = family_draws(_gaps, self.sums)
        drawn = drawn[~np.isnan(drawn).any(axis=1)]
        return drawn if len(drawn) and np.ptp(drawn[:, 1] - drawn[:, 0]) > UNCHANGED else None


def _gaps(totals: Floats) -> Floats:
    """Return both sides' gaps, of shape (..., 2), of totals of shape (..., 4 * groups)."""
    sides = [group_means(side) for side in np.split(totals, 2, axis=-1)]
    return np.stack([means.max(axis=-1) - means.min(axis=-1) for means in sides], axis=-1)
