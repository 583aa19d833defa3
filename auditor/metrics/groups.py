"""Each group's part in a group gap."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from auditor.metrics.interface import MetricSpec
from auditor.metrics.pairs import whole_pairs, with_groups
from auditor.metrics.rows import coded, with_tags
from auditor.stats.families import count_families
from auditor.stats.means import mean_interval


@dataclass(frozen=True, slots=True)
class GroupMean:
    """How a group fares beside those whom it is compared with."""

    value: float
    """Mean of the grader's number less the mean of the pair; 0: as all in the pair."""
    low: float | None
    high: float | None
    """Clustered t interval; None with fewer than two families."""
    n: int
    """Items."""
    families: int


def group_means_of(spec: MetricSpec, rows: pd.DataFrame, *, confidence: float) -> dict[str, GroupMean]:
    """Return each group's mean; the greatest less the least is the group gap.

    Parameters
    ----------
    spec : MetricSpec
        Of the kind group gap.
    rows : DataFrame of shape (n, columns)
        See `auditor.metrics.interface`; of one probe.
    confidence : float
        Nominal coverage of the intervals, in (0, 1).

    Returns
    -------
    dict of str to GroupMean
        In the order of the names; empty where no pair is whole.
    """
    assert spec.by is not None
    whole, _ = whole_pairs(with_groups(coded(with_tags(rows, spec.where)), spec.by))
    within = whole["number"] - whole.groupby("pair")["number"].transform("mean")
    found = {}
    for group in sorted(whole["group"].unique()):
        mine = (whole["group"] == group).to_numpy()
        values, families = within[mine].to_numpy(), whole["family"][mine].to_numpy()
        count = count_families(families)
        low, high = mean_interval(values, families, confidence=confidence) if count > 1 else (None, None)
        found[str(group)] = GroupMean(float(values.mean()), low, high, len(values), count)
    return found
