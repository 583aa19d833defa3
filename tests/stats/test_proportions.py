from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from auditor.stats.proportions import clopper_pearson_interval, wilson_interval

BOTH = [wilson_interval, clopper_pearson_interval]
counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.floats(0.5, 0.999)

NEWCOMBE_TABLE_1 = [
    (wilson_interval, 81, 263, 0.2553, 0.3662),
    (wilson_interval, 15, 148, 0.0624, 0.1605),
    (wilson_interval, 0, 20, 0.0000, 0.1611),
    (wilson_interval, 1, 29, 0.0061, 0.1718),
    (clopper_pearson_interval, 81, 263, 0.2527, 0.3676),
    (clopper_pearson_interval, 15, 148, 0.0578, 0.1617),
    (clopper_pearson_interval, 0, 20, 0.0000, 0.1684),
    (clopper_pearson_interval, 1, 29, 0.0009, 0.1776),
]


@pytest.mark.parametrize("interval, successes, n, low, high", NEWCOMBE_TABLE_1)
def test_published_limits(interval, successes, n, low, high):
    assert interval(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("interval, name", [(wilson_interval, "wilson"), (clopper_pearson_interval, "exact")])
def test_agrees_with_scipy(interval, name):
    for n, confidence in product([1, 2, 7, 30, 263, 5000], [0.8, 0.9, 0.95, 0.99]):
        for k in {0, 1, n // 3, n - 1, n}:
            oracle = binomtest(k, n).proportion_ci(confidence, method=name)
            assert interval(k, n, confidence=confidence) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def coverage(interval, n, p, confidence):
    """Sum the probability of every outcome whose interval holds p."""
    held = 0.0
    for k in range(n + 1):
        low, high = interval(k, n, confidence=confidence)
        held += comb(n, k) * p**k * (1 - p) ** (n - k) * (low <= p <= high)
    return held


@pytest.mark.parametrize("n", [1, 2, 5, 12, 30])
def test_clopper_pearson_never_covers_less_than_nominal(n):
    assert min(coverage(clopper_pearson_interval, n, p, 0.9) for p in np.linspace(0.001, 0.999, 97)) >= 0.9 - 1e-12


@pytest.mark.parametrize("n", [5, 12, 30])
def test_wilson_covers_nominal_on_average(n):
    mean = np.mean([coverage(wilson_interval, n, p, 0.9) for p in np.linspace(0.005, 0.995, 199)])
    assert 0.89 < mean < 0.93


@pytest.mark.parametrize("interval", BOTH)
@given(count=counts, confidence=levels)
def test_holds_the_proportion_with_some_width(interval, count, confidence):
    low, high = interval(*count, confidence=confidence)
    assert 0 <= low <= count[0] / count[1] <= high <= 1
    assert low < high


@pytest.mark.parametrize("interval", BOTH)
@given(count=counts, confidence=levels)
def test_failures_mirror_successes(interval, count, confidence):
    k, n = count
    low, high = interval(k, n, confidence=confidence)
    assert interval(n - k, n, confidence=confidence) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("interval", BOTH)
@given(n=st.integers(1, 200), confidence=levels)
def test_rises_with_successes(interval, n, confidence):
    limits = np.array([interval(k, n, confidence=confidence) for k in range(n + 1)])
    assert (np.diff(limits, axis=0) > 0).all()


@pytest.mark.parametrize("interval", BOTH)
@given(count=counts)
def test_widens_with_confidence(interval, count):
    narrow, wide = interval(*count, confidence=0.8), interval(*count, confidence=0.95)
    assert wide[0] <= narrow[0] and narrow[1] <= wide[1]


@pytest.mark.parametrize("interval", BOTH)
@pytest.mark.parametrize("successes, n", [(-1, 3), (4, 3), (0, 0)])
def test_impossible_counts_are_refused(interval, successes, n):
    with pytest.raises(ValueError, match=f"found {successes} of {n}"):
        interval(successes, n)
