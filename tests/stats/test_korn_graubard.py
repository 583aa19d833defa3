import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import beta
from scipy.stats import t as student

from auditor.stats.proportions import (
    clopper_pearson_interval,
    effective_interval,
    korn_graubard_interval,
    rate_interval,
    wilson_interval,
)

trials = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 8)), min_size=2, max_size=60)


def split(rows):
    values, families = zip(*rows, strict=True)
    assume(len(set(families)) > 1)
    return np.array(values), np.array(families)


def by_the_formula(values, families, confidence=0.95):
    """Follow METHODS term by term, in loops and with scipy.stats."""
    n, p, tail = len(values), sum(values) / len(values), (1 - confidence) / 2
    sums = {f: sum(v - p for v, g in zip(values, families, strict=True) if g == f) for f in set(families)}
    count = len(sums)
    if p in (0, 1):
        size = count
    else:
        variance = count / (count - 1) * sum(s * s for s in sums.values()) / n**2
        adjust = (student.ppf(tail, n - 1) / student.ppf(tail, count - 1)) ** 2
        bad, good = (
            {f for v, f in zip(values, families, strict=True) if differs(v)} for differs in (bool, lambda v: v < 1)
        )
        most = count if min(len(bad), len(good)) < 5 else n
        size = min(p * (1 - p) / variance * adjust, most) if variance > 1e-30 else most
    k = p * size
    low = 0 if p == 0 else beta.ppf(tail, k, size - k + 1)
    high = 1 if p == 1 else beta.ppf(1 - tail, k + 1, size - k)
    return low, high


@given(trials)
def test_follows_the_formula(rows):
    values, families = split(rows)
    found = korn_graubard_interval(values, families)
    assert found == pytest.approx(by_the_formula(values.tolist(), families.tolist()), abs=1e-6)


@given(trials, st.floats(0.5, 0.999))
def test_holds_the_rate_with_some_width(rows, confidence):
    values, families = split(rows)
    low, high = korn_graubard_interval(values, families, confidence=confidence)
    assert 0 <= low <= values.mean() + 1e-12 and values.mean() - 1e-12 <= high <= 1
    assert low < high


@pytest.mark.parametrize("families, per_family", [(10, 3), (50, 5), (240, 2)])
def test_one_bad_trial_never_says_more_than_none(families, per_family):
    family = np.repeat(np.arange(families), per_family)
    uppers = [
        korn_graubard_interval((np.arange(len(family)) < bad).astype(float), family)[1] for bad in range(per_family + 1)
    ]
    assert uppers == sorted(uppers)


@given(trials, st.randoms(use_true_random=False))
def test_order_and_names_do_not_matter(rows, random):
    values, families = split(rows)
    names = {family: f"name-{place}" for place, family in enumerate(random.sample(range(9), 9))}
    shuffled = random.sample(list(zip(values, [names[f] for f in families], strict=True)), len(values))
    found = korn_graubard_interval([v for v, _ in shuffled], [f for _, f in shuffled])
    assert found == pytest.approx(korn_graubard_interval(values, families), abs=1e-6)


@given(trials)
def test_good_mirrors_bad(rows):
    values, families = split(rows)
    low, high = korn_graubard_interval(values, families)
    assert korn_graubard_interval(1 - values, families) == pytest.approx((1 - high, 1 - low), abs=1e-6)


@given(trials)
def test_twice_the_families_narrow_it(rows):
    values, families = split(rows)
    low, high = korn_graubard_interval(values, families)
    again = korn_graubard_interval(np.tile(values, 2), np.concatenate([families, families + 100]))
    assert again[1] - again[0] < high - low + 1e-9


def test_copies_inside_a_family_add_nothing():
    values, families = np.array([1, 0, 0, 1, 0, 0, 0, 0.0]), np.arange(8)
    once = korn_graubard_interval(values, families)
    tenfold = korn_graubard_interval(np.repeat(values, 10), np.repeat(families, 10))
    assert tenfold[1] - tenfold[0] > 0.9 * (once[1] - once[0])


@pytest.mark.parametrize("value", [0, 1])
def test_without_any_difference_families_count(value):
    values, families = np.full(240, float(value)), np.repeat(np.arange(24), 10)
    assert korn_graubard_interval(values, families) == clopper_pearson_interval(24 * value, 24)


def test_an_effective_size_is_never_more_than_the_trials():
    assert effective_interval(0.5, 1e-6, n=40, families=20, df=19) == clopper_pearson_interval(20, 40)


def test_weights_that_are_equal_change_nothing():
    values, families = np.array([1, 0, 0, 1, 1, 0.0]), [0, 0, 1, 1, 2, 2]
    weighted = korn_graubard_interval(values, families, weights=np.full(6, 0.25))
    assert weighted == pytest.approx(korn_graubard_interval(values, families))


def test_what_is_no_proportion_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\], found -1.0 to 1.0"):
        korn_graubard_interval([-1, 1], [0, 1])
    with pytest.raises(ValueError, match="at least 2 families, found 1"):
        korn_graubard_interval([0, 1], [0, 0])


def test_the_interval_fits_the_data():
    assert rate_interval([0, 1, 1], ["a", "b", "c"]) == (*wilson_interval(2, 3), "wilson")
    assert rate_interval([0, 1, 1], ["a", "b", "b"])[2] == "korn-graubard"
    assert rate_interval([0, 0.5, 1], ["a", "b", "c"])[2] == "korn-graubard"
    assert rate_interval([0, 1, 1], ["a", "b", "c"], weights=[1, 1, 0.5])[2] == "korn-graubard"
    assert rate_interval([0, 1], ["a", "a"]) is None


@pytest.mark.parametrize(
    "families, size, p, icc, least",
    [(24, 10, 0.05, 0.2, 0.92), (24, 10, 0.001, 0.2, 0.93), (60, 5, 0.2, 0.5, 0.92), (12, 10, 0.3, 0.1, 0.92)],
)
def test_simulated_coverage(families, size, p, icc, least):
    rng = np.random.default_rng(7)
    spread = 1 / icc - 1
    of_family = rng.beta(p * spread, (1 - p) * spread, size=(600, families, 1))
    runs = (rng.random((600, families, size)) < of_family).astype(float)
    labels = np.repeat(np.arange(families), size)
    limits = np.array([korn_graubard_interval(run.ravel(), labels) for run in runs])
    assert np.mean((limits[:, 0] <= p) & (p <= limits[:, 1])) >= least
