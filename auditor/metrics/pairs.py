"""What changes when one thing only is changed: flipped labels, and gaps between groups.

A pair is all items with one `pair_id`, two or more. Only whole pairs count: a missing answer takes its
pair along, since one that lacks an answer has fewer chances to flip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditor.metrics.interface import MetricSpec
from auditor.metrics.measured import Measured, count
from auditor.metrics.rates import finite_values
from auditor.metrics.rows import tag_values
from auditor.metrics.score_kind import ALL_ALIKE, NO_SPREAD, ONE_FAMILY, ScoreKind, why_undefined
from auditor.metrics.scores import Scores
from auditor.stats.bootstrap import family_draws
from auditor.stats.families import Floats, count_families, family_sums
from auditor.stats.power import detectable_change

INCOMPLETE = "the pair is not complete"


def in_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose pair has at least two items.

    Parameters
    ----------
    rows : DataFrame of shape (n, columns)
        Coded rows.

    Returns
    -------
    DataFrame of shape (m, columns)
    """
    paired = rows[rows["pair"] >= 0]
    return paired[paired.groupby("pair")["item"].transform("nunique") > 1]


def score_flips(_spec: MetricSpec, rows: pd.DataFrame) -> Scores:
    """Score 1 for a pair whose labels are not all the same, else 0; once for each sample and repeat.

    Parameters
    ----------
    rows : DataFrame of shape (n, columns)
        Coded rows.

    Returns
    -------
    Scores
        One for each pair, sample and repeat, in {0, 1}; missing where one of its verdicts is.
    """
    rows = _asked_together(in_pairs(rows))
    rows = rows.assign(seen=rows["label"].where(rows["graded"]))
    groups = rows.groupby(["pair", "sample", "repeat"], sort=False)
    labels = groups["seen"].nunique()
    complete = groups["graded"].all().to_numpy(dtype=bool)
    flipped = (labels > 1).to_numpy().astype(float)
    return Scores(
        counted=count(rows, groups["graded"].transform("all").to_numpy(dtype=bool), INCOMPLETE),
        item=groups["pair"].first().to_numpy(dtype=np.intp),
        family=groups["family"].first().to_numpy(dtype=np.intp),
        value=np.where(complete, flipped, np.nan),
        weight=np.ones(len(flipped)),
    )


def _asked_together(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the samples and repeats in which every item of the pair was planned.

    A repeat that measures noise asks single items again; alone they cannot flip.
    """
    asked = rows.groupby(["pair", "sample", "repeat"])["item"].transform("nunique")
    return rows[asked == rows.groupby("pair")["item"].transform("nunique")]


FLIP_SHARE = ScoreKind(score_flips, low=0.0, high=1.0, interval="rate")


@dataclass(frozen=True, slots=True)
class GroupGap:
    """The largest difference between groups' means of the grader's number, within pairs.

    Each item's value (the mean of its samples) is taken from the mean of its pair; the gap is the
    greatest minus the least of the groups' means of what is left. 0: all groups are treated alike. It has
    no upper bound, and noise alone makes it more than 0: only an interval that leaves 0 shows a gap.

    The interval is simultaneous over all pairs of groups, by bootstrap over families: gap plus and minus
    the quantile of the largest deviation of any two groups' difference. It keeps its coverage whichever
    two groups turn out to be the farthest apart.
    """

    low: float = 0.0
    high: float = np.inf

    def measure(self, spec: MetricSpec, rows: pd.DataFrame, *, confidence: float, seed: int) -> Measured:
        """See `Kind.measure`."""
        assert spec.by is not None
        rows = with_groups(rows, spec.by)
        whole, used = whole_pairs(rows)
        counted = count(rows, used, INCOMPLETE)
        groups, codes = np.unique(whole["group"].astype(str), return_inverse=True)
        if len(groups) < 2:
            worst = (0.0, np.inf) if counted.missing else (None, None)
            reason = why_undefined(counted, "fewer than two groups")
            return Measured(reason, counted, worst_low=worst[0], worst_high=worst[1])
        sums = family_sums(group_columns(whole, codes, len(groups)), whole["family"].to_numpy())
        means = group_means(sums.sum(axis=0))
        gap = float(means.max() - means.min())
        low, high, method, detectable = _spread(sums, means, gap, confidence, seed)
        return Measured(
            method,
            counted,
            value=gap,
            low=low,
            high=high,
            families=count_families(whole["family"]),
            worst_low=0.0 if counted.missing else gap,
            worst_high=np.inf if counted.missing else gap,
            detectable=detectable,
        )


def with_groups(rows: pd.DataFrame, tag: str) -> pd.DataFrame:
    """Return the rows of whole or broken pairs whose items name a group, with `group` and `number` added.

    Parameters
    ----------
    rows : DataFrame of shape (n, columns)
        Coded rows.
    tag : str
        Names the groups.

    Returns
    -------
    DataFrame of shape (m, columns + 2)
    """
    rows = rows.assign(group=tag_values(rows, tag), number=finite_values(rows))
    return in_pairs(rows[rows["group"].notna()])


def whole_pairs(rows: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return one row for each item of the pairs in which every item has a number.

    Parameters
    ----------
    rows : DataFrame of shape (n, columns)
        Of `with_groups`.

    Returns
    -------
    (items, used)
        `item` -> pair, family, group and the mean of the item's numbers; and which of the n rows are used.
    """
    seen = rows["graded"] & rows["number"].notna()
    item_seen = seen.groupby(rows["item"]).transform("any")
    used = (seen & item_seen.groupby(rows["pair"]).transform("all")).to_numpy(dtype=bool)
    columns = {"pair": "first", "family": "first", "group": "first", "number": "mean"}
    return rows[used].groupby("item", sort=False).agg(columns), used


def group_columns(whole: pd.DataFrame, codes: NDArray[np.intp], groups: int) -> Floats:
    """Return each item's number, taken from its pair's mean, in the column of its group, and its membership.

    Parameters
    ----------
    whole : DataFrame of shape (items, columns)
        Of `whole_pairs`.
    codes : ndarray of shape (items,)
        The items' groups, from 0 to `groups`.
    groups : int
        How many there are.

    Returns
    -------
    ndarray of shape (items, 2 * groups)
        Summed over items they are what `group_means` reads.
    """
    within = whole["number"] - whole.groupby("pair")["number"].transform("mean")
    member = codes[:, np.newaxis] == np.arange(groups)
    return np.concatenate([member * within.to_numpy()[:, np.newaxis], member], axis=1)


def group_means(totals: Floats) -> Floats:
    """Return the groups' means.

    Parameters
    ----------
    totals : ndarray of shape (..., 2 * groups)
        Their sums, then their counts.

    Returns
    -------
    ndarray of shape (..., groups)
        nan for a group without an item.
    """
    sums, counts = np.split(totals, 2, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / counts)


def _spread(
    sums: Floats, means: Floats, gap: float, confidence: float, seed: int
) -> tuple[float | None, float | None, str, float | None]:
    """Return the gap's interval, its method, and the change that could be found."""
    if len(sums) < 2:
        return None, None, ONE_FAMILY, None
    drawn = _drawn_means(sums, seed) - means
    farthest = np.quantile(drawn.max(axis=1) - drawn.min(axis=1), confidence)
    if farthest < NO_SPREAD:
        return None, None, ALL_ALIKE, None
    error = float(np.std(drawn[:, means.argmax()] - drawn[:, means.argmin()]))
    detectable = detectable_change(error, len(sums) - 1)
    return max(0.0, gap - float(farthest)), gap + float(farthest), "family bootstrap", detectable


def _drawn_means(sums: Floats, seed: int) -> Floats:
    """Return the groups' means in each draw of families in which every group is there."""
    drawn = family_draws(group_means, sums, seed=seed)
    return drawn[~np.isnan(drawn).any(axis=1)]


GROUP_GAP = GroupGap()
