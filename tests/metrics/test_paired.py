"""The change of every kind of metric: laws, and the same numbers as each side's own estimate."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.metrics.estimate import estimate_metric
from auditor.metrics.interface import MetricSpec
from auditor.metrics.paired import Part, pair_cells
from auditor.types import Better

RATE = MetricSpec(name="rate", of=["bad"], better=Better.LOWER, breakdown=["half"])
HIGH = MetricSpec(name="rate", of=["good"], better=Better.HIGHER)
NEAR = MetricSpec(name="near", of=["bad"], better=Better.TARGET, ideal=0.5)
MEAN = MetricSpec(name="mean", kind="mean", better=Better.HIGHER)
GIVEN = MetricSpec(name="given", kind="correct_given_attempted", better=Better.HIGHER)
FLIPS = MetricSpec(name="flips", kind="flip_share", better=Better.LOWER)
GAP = MetricSpec(name="gap", kind="group_gap", by="half", better=Better.LOWER)
FACTS = ("correct", "incorrect", "not_attempted")


def rows(labels, *, per_family=1, values=None):
    n = len(labels)
    return pd.DataFrame(
        {
            "item_id": [f"i{place}" for place in range(n)],
            "family_id": [f"f{place // per_family}" for place in range(n)],
            "pair_id": [f"p{place // 2}" for place in range(n)],
            "sample": 0,
            "repeat": 0,
            "outcome": ["undetermined" if label is None else "graded" for label in labels],
            "label": pd.Series(labels, dtype=object),
            "value": pd.Series([None] * n if values is None else values, dtype=float),
            "reason": [None if label else "failed: gone" for label in labels],
            "tags": [{"half": "first" if place % 2 else "second"} for place in range(n)],
            "reference": [{}] * n,
        }
    )


def paired(spec, base, candidate, cell="all"):
    return dict(pair_cells({"p": Part(1.0, spec, base, candidate)}))[cell]


def value(spec, side):
    return estimate_metric(spec, side, probe_id="p", probe_version=1)[0].value


labels = st.lists(st.sampled_from(["bad", "good"]), min_size=4, max_size=80)


@settings(max_examples=40, deadline=None)
@given(labels, st.randoms(use_true_random=False), st.sampled_from([RATE, HIGH, NEAR]))
def test_both_sides_are_their_own_estimates_and_the_change_is_between_them(before, random, spec):
    after = random.choices(["bad", "good"], k=len(before))
    found = paired(spec, rows(before), rows(after))
    assert found.before == pytest.approx(value(spec, rows(before)))
    assert found.after == pytest.approx(value(spec, rows(after)))
    sign = {Better.LOWER: 1, Better.HIGHER: -1}
    expected = (
        abs(found.after - 0.5) - abs(found.before - 0.5)
        if spec is NEAR
        else sign[spec.better] * (found.after - found.before)
    )
    assert found.regression == pytest.approx(expected)
    bounds = found.bounds(0.05)
    assert bounds.low - 1e-9 <= found.regression <= bounds.high + 1e-9
    assert bounds.high - bounds.low > 0.01


@settings(max_examples=30, deadline=None)
@given(labels, st.randoms(use_true_random=False))
def test_swapping_the_sides_mirrors_everything(before, random):
    after = random.choices(["bad", "good"], k=len(before))
    there, back = paired(RATE, rows(before), rows(after)), paired(RATE, rows(after), rows(before))
    assert there.regression == pytest.approx(-back.regression)
    assert there.p_value() == pytest.approx(back.p_value())
    low, high, _ = back.bounds(0.05)
    assert there.bounds(0.05)[:2] == pytest.approx((-high, -low), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(labels, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(before, random):
    after = random.choices(["bad", "good"], k=len(before))
    base, candidate = rows(before, per_family=3), rows(after, per_family=3)
    shuffled = [side.sample(frac=1, random_state=random.randint(0, 99)) for side in (base, candidate)]
    one, two = paired(RATE, base, candidate), paired(RATE, *shuffled)
    assert one.bounds(0.05)[:2] == pytest.approx(two.bounds(0.05)[:2])
    assert one.p_value() == pytest.approx(two.p_value())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["bad", "good", None]), min_size=6, max_size=60), st.randoms(use_true_random=False))
def test_bounds_hold_whatever_the_missing_ones_are(before, random):
    after = random.choices(["bad", "good", None], k=len(before))
    found = paired(RATE, rows(before), rows(after))
    low, high, _ = found.bounds(0.05)
    filled = [[label or random.choice(["bad", "good"]) for label in side] for side in (before, after)]
    inside = paired(RATE, *(rows(side) for side in filled))
    assert low - 1e-9 <= inside.regression <= high + 1e-9
    missing = [one is None or two is None for one, two in zip(before, after, strict=True)]
    assert found.missing == sum(missing)


def test_a_target_keeps_its_error_where_the_sign_turns():
    rng = np.random.default_rng(5)
    spec = MetricSpec(name="near", of=["bad"], better=Better.TARGET, ideal=0.5)
    wrong, reps = 0, 300
    for _ in range(reps):
        sides = [["bad" if one else "good" for one in rng.random(200) < rate] for rate in (0.45, 0.6)]
        wrong += paired(spec, *(rows(side) for side in sides)).bounds(0.05).high < 0.05
    assert wrong / reps <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / reps)


def test_a_metric_of_what_was_attempted_weighs_each_side_by_itself():
    before = ["correct"] * 30 + ["incorrect"] * 30 + ["not_attempted"] * 40
    after = ["correct"] * 20 + ["not_attempted"] * 10 + ["incorrect"] * 60 + ["not_attempted"] * 10
    found = paired(GIVEN, rows(before), rows(after))
    assert (found.before, found.after) == (0.5, 0.25)
    low, high, method = found.bounds(0.05)
    assert method == "clustered t" and 0.05 < low < 0.25 < high
    few = paired(
        GIVEN, rows(["correct"] * 60 + ["not_attempted"] * 40), rows(["correct"] * 50 + ["not_attempted"] * 50)
    )
    assert few.regression == 0 and few.bounds(0.05).method == "betting"


def test_a_mean_has_bounds_until_something_is_missing():
    rng = np.random.default_rng(1)
    before = rng.normal(size=60)
    after = before - 0.5 + rng.normal(scale=0.1, size=60)
    sides = [rows(["graded"] * 60, values=list(values)) for values in (before, after)]
    found = paired(MEAN, *sides)
    low, high, _ = found.bounds(0.05)
    assert low < 0.5 < high and high - low < 0.1
    sides[1] = rows([None] + ["graded"] * 59, values=[None, *after[1:]])
    silent = paired(MEAN, *sides)
    assert silent.bounds(0.05)[:2] == (-np.inf, np.inf)
    assert np.isfinite(silent.bounds(0.05, worst_case=False).high)


def test_flips_are_paired_by_pair():
    before = ["yes", "yes"] * 20
    after = ["yes", "no"] * 10 + ["yes", "yes"] * 10
    found = paired(FLIPS, rows(before, per_family=2), rows(after, per_family=2))
    assert (found.before, found.after, found.compared, found.discordant) == (0, 0.5, 20, 10)


def test_a_gap_that_opens_is_seen():
    rng = np.random.default_rng(2)
    before = list(rng.normal(scale=0.1, size=80))
    after = [number + (1.0 if place % 2 else 0.0) for place, number in enumerate(before)]
    found = paired(GAP, *(rows(["yes"] * 80, per_family=2, values=values) for values in (before, after)))
    assert found.before < 0.2 and found.after == pytest.approx(1.0, abs=0.1)
    assert found.bounds(0.05).low > 0.8
    assert found.p_value() < 0.01


def test_cells_are_those_of_the_breakdown():
    cells = dict(pair_cells({"p": Part(1.0, RATE, rows(["bad", "good"] * 20), rows(["good"] * 40))}))
    assert list(cells) == ["all", "half=first", "half=second"]
    assert (cells["half=second"].before, cells["half=second"].after) == (1, 0)


def test_several_probes_are_weighted():
    def named(label, n, name):
        return rows([label] * n).assign(
            item_id=lambda t: name + t["item_id"], family_id=lambda t: name + t["family_id"]
        )

    parts = {
        "one": Part(3.0, RATE, named("good", 20, "x"), named("bad", 20, "x")),
        "two": Part(1.0, RATE, named("bad", 40, "y"), named("bad", 40, "y")),
    }
    found = dict(pair_cells(parts))["all"]
    assert (found.before, found.after) == pytest.approx((0.25, 1.0))
    assert found.families == 60
