import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew
from scipy.stats import t as student

from auditor.stats.betting import betting_bounds
from auditor.stats.deciding import ENOUGH, FamilySum, Units, decide, families_to_decide, skewed_quantile, smallest_level
from auditor.stats.means import clustered_error
from auditor.stats.proportions import korn_graubard_interval

values = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=60)


def units(value, family=None, weight=None, stratum=None):
    n = len(value)
    return Units(
        np.asarray(value, dtype=float),
        np.ones(n) if weight is None else np.asarray(weight, dtype=float),
        np.arange(n) if family is None else np.asarray(family),
        np.zeros(n, dtype=int) if stratum is None else np.asarray(stratum),
    )


def total(value, low=-1.0, high=1.0, share=False, weights=(1.0,), **more):
    return FamilySum.of_units(units(value, **more), weights, low=low, high=high, share=share)


def planted(families, size, rate, seed=0):
    rng = np.random.default_rng(seed)
    risk = rng.beta(rate, 1 - rate, families).repeat(size)
    return (rng.random(families * size) < risk).astype(float), np.arange(families).repeat(size)


def test_the_value_and_its_error_are_those_of_a_clustered_mean():
    value, family = planted(40, 5, 0.3)
    found = total(value, 0, 1, family=family)
    assert found.value == pytest.approx(value.mean())
    assert found.error == pytest.approx(clustered_error(value, family))


def test_a_share_with_many_bad_families_has_korn_and_graubards_bounds():
    value, family = planted(120, 5, 0.3)
    found = total(value, 0, 1, share=True, family=family)
    assert found.bounds(0.05)[:2] == pytest.approx(korn_graubard_interval(value, family, confidence=0.9))
    assert found.bounds(0.05).method == "korn-graubard"


def test_many_differing_families_have_the_t_bound_widened_for_skewness():
    d = np.array([1.0] * 20 + [0.0] * 80)
    found = total(d).bounds(0.05)
    t, error = student.ppf(0.95, 99), d.std(ddof=1) / 10
    gamma = skew(d) / 10
    assert found.low == pytest.approx(d.mean() - t * error)
    assert found.high == pytest.approx(d.mean() + (t + gamma * (2 * t * t + 1) / 6) * error)
    assert found.method == "clustered t"


@given(st.lists(st.sampled_from([0.0, 1.0, 0.5]), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_families_of_equal_weight_that_differ_are_counted(value, order):
    most = max(value.count(one) for one in value)
    assert total(value).differing == len(value) - most
    shuffled = value[:]
    order.shuffle(shuffled)
    assert total(shuffled).differing == total(value).differing


@pytest.mark.parametrize(("small", "large", "method"), [(10, 1000, "betting"), (300, 1000, "clustered t")])
def test_a_small_stratum_decides_how_sure_a_pooled_number_is(small, large, method):
    value = np.arange(small + large) % 10 == 0
    found = total(value, weights=(1.0, 1.0), stratum=[0] * small + [1] * large)
    assert found.method == method


@pytest.mark.parametrize("few", [0, 1, ENOUGH - 1])
def test_few_differing_families_have_the_betting_bound(few):
    d = np.array([1.0] * few + [0.0] * 80)
    assert total(d).bounds(0.05)[:2] == pytest.approx(betting_bounds(d, low=-1, high=1, alpha=0.05))


@pytest.mark.parametrize("value", [[1.0] * 40, [0.0] * 40, [-1.0] * 40, [0.5] * 12, [1.0] * 2])
def test_no_bound_has_no_width(value):
    found = total(value).bounds(0.05)
    assert found.high - found.low > 0.01


def test_one_family_decides_nothing():
    assert total([1.0, 0.0], family=[0, 0]).bounds(0.05)[:2] == (-1.0, 1.0)


def test_strata_weigh_as_told():
    found = total([1.0, 1.0, 0.0, 0.0, 0.0, 1.0], 0, 1, stratum=[0, 0, 1, 1, 1, 1], weights=(3.0, 1.0))
    assert found.value == pytest.approx((3 * 1.0 + 0.25) / 4)
    assert found.shares.sum() == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(values, st.floats(0.01, 0.2))
def test_bounds_mirror_contain_and_narrow(d, alpha):
    found, mirrored = total(d).bounds(alpha), total([-x for x in d]).bounds(alpha)
    assert found.low <= np.mean(d) <= found.high
    assert found.low >= -1 and found.high <= 1
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-6)
    wider = total(d).bounds(alpha / 2)
    assert wider.low <= found.low + 1e-9 and wider.high >= found.high - 1e-9


@settings(max_examples=30, deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_the_order_of_families_does_not_matter(d, random):
    shuffled = random.sample(d, len(d))
    assert total(d).bounds(0.05)[:2] == pytest.approx(total(shuffled).bounds(0.05)[:2], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(values)
def test_a_difference_is_that_of_the_differences(d):
    base = np.array([0.0 if x >= 0 else 1.0 for x in d])
    candidate = base + d
    change = total(candidate, 0, 1).minus(total(base, 0, 1))
    assert change.bounds(0.05)[:2] == pytest.approx(total(d).bounds(0.05)[:2])


@pytest.mark.parametrize("families", [24, 100, 400])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
def test_each_bound_errs_rarely(families, rate):
    rng = np.random.default_rng(families)
    errors = np.zeros(2)
    reps = 400
    for _ in range(reps):
        risk = rng.beta(rate, 1 - rate, families).repeat(3)
        found = total(
            (rng.random(families * 3) < risk).astype(float), 0, 1, share=True, family=np.arange(families).repeat(3)
        )
        bounds = found.bounds(0.05)
        errors += [bounds.low > rate, bounds.high < rate]
    assert (errors / reps <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / reps)).all()


def test_bounds_at_every_look_hold_at_all_of_them():
    rng = np.random.default_rng(7)
    reps, wrong = 200, 0
    for _ in range(reps):
        d = rng.choice([1.0, -1.0, 0.0], p=[0.08, 0.03, 0.89], size=300)
        wrong += total(d).bounds(0.05, in_order=True).high < 0.05  # the lowest of all looks
    assert wrong / reps <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / reps)


def test_the_smallest_level_is_found():
    assert smallest_level(lambda alpha: alpha >= 0.0123) == pytest.approx(0.0123, rel=0.002)
    assert smallest_level(lambda alpha: False) == 1.0
    assert smallest_level(lambda alpha: True) == 1e-9


def test_the_p_value_at_every_look_is_the_smallest_level_whose_bound_shows_it():
    d = np.random.default_rng(8).choice([1.0, -1.0, 0.0], p=[0.3, 0.05, 0.65], size=80)
    for limit in (0.0, 0.05, 0.1):
        shown = smallest_level(lambda alpha, limit=limit: total(d).bounds(alpha, in_order=True).low > limit)
        assert total(d).p_above(limit) == pytest.approx(shown, rel=0.002)


@pytest.mark.parametrize(
    "kept, p, outcomes",
    [
        ([True], [1.0], ["pass"]),
        ([False], [0.05], ["fail"]),
        ([True], [0.05], ["fail"]),
        ([False], [0.06], ["inconclusive"]),
        ([True, False], [0.9, 0.03], ["pass", "inconclusive"]),
        ([False, False], [0.02, 0.05], ["fail", "fail"]),
        ([], [], []),
    ],
)
def test_three_ways(kept, p, outcomes):
    assert [judged.decided for judged in decide(kept, p, alpha=0.05)] == outcomes


def test_a_rule_that_is_not_seen_yet_counts():
    assert [len(decide([False], [0.03], alpha=0.05, unseen=unseen)) for unseen in (0, 1)] == [1, 1]
    assert [decide([False], [0.03], alpha=0.05, unseen=unseen)[0].decided for unseen in (0, 1)] == [
        "fail",
        "inconclusive",
    ]


claims = st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0, 1)), min_size=1, max_size=12)


@given(claims, st.integers(0, 3))
def test_what_is_decided_stays_so_when_more_is_known(claims, unseen):
    p, kept, further = map(list, zip(*claims, strict=True))
    before = decide(kept, p, alpha=0.05, unseen=unseen)
    after = decide(kept, [one * more for one, more in zip(p, further, strict=True)], alpha=0.05)
    for one, other in zip(before, after, strict=True):
        assert other.decided in {"fail": ["fail"], "pass": ["pass", "fail"]}.get(one.decided, [other.decided])


def test_families_to_decide_grow_with_the_square():
    assert families_to_decide(100, 0.2, 0.1) == pytest.approx(4 * families_to_decide(100, 0.1, 0.1), rel=0.01)
    assert families_to_decide(100, 0.1, 0.0) is None
    assert families_to_decide(100, np.inf, 0.1) is None


def test_skewness_only_widens():
    assert float(skewed_quantile(1.6, -5.0)) == 1.6
    assert float(skewed_quantile(1.6, 0.5)) > 1.6
