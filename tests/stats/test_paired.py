from math import comb, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binomtest, norm

from auditor.stats.paired import mcnemar_p, newcombe_interval, tango_interval

small = st.integers(0, 40)
tables = st.tuples(small, small, small, small).filter(any)
levels = st.floats(0.5, 0.999)

NEWCOMBE_TABLE_3 = [
    (36, 12, 2, 0, 0.0569, 0.3404),
    (20, 12, 2, 16, 0.0562, 0.3292),
    (18, 12, 2, 18, 0.0562, 0.3290),
    (36, 14, 0, 0, 0.1528, 0.4167),
    (35, 14, 0, 1, 0.1461, 0.4175),
    (18, 14, 0, 18, 0.1441, 0.3963),
    (2, 97, 1, 0, 0.8721, 0.9854),
    (0, 29, 1, 0, 0.6666, 0.9882),
    (2, 98, 0, 0, 0.9178, 0.9945),
    (1, 98, 0, 1, 0.9171, 0.9916),
    (0, 30, 0, 0, 0.8395, 1),
    (54, 0, 0, 0, -0.0664, 0.0664),
    (53, 0, 0, 1, -0.0729, 0.0729),
    (30, 0, 0, 24, -0.0358, 0.0358),
    (27, 0, 0, 27, -0.0351, 0.0351),
]


@pytest.mark.parametrize("e, f, g, h, low, high", NEWCOMBE_TABLE_3)
def test_published_limits_of_newcombe(e, f, g, h, low, high):
    assert newcombe_interval(e, g, f, h) == pytest.approx((low, high), abs=5.1e-5)


def test_negative_correlation_has_no_continuity_correction():
    # Limits of the R package contingencytables, its cavo_2012 is positively correlated.
    assert newcombe_interval(59, 16, 6, 80) == pytest.approx((-0.1186, -0.0046), abs=5e-5)
    low, high = newcombe_interval(1, 10, 10, 1)
    # phi = -99/121; Wilson of 11/22 is 0.5 -+ w, so that the half width is w * sqrt(2 - 2 * phi)
    z = norm.ppf(0.975)
    w = z * sqrt(1 / (4 * 22) + z * z / (4 * 22 * 22)) / (1 + z * z / 22)
    assert (low, high) == pytest.approx((-w * sqrt(2 + 2 * 99 / 121), w * sqrt(2 + 2 * 99 / 121)))


@pytest.mark.parametrize(
    "b, c, n, low, high, digits",
    [(7, 1, 21, -0.517, -0.026, 3), (2, 25, 102, 0.139, 0.321, 3), (16, 6, 161, -0.1240, -0.0054, 4)],
)
def test_published_limits_of_tango(b, c, n, low, high, digits):
    assert tango_interval(b, c, n) == pytest.approx((low, high), abs=0.51 * 10**-digits)


def score(delta, b, c, n):
    """Follow the definition: the variance where the likelihood under delta is greatest, found by search."""
    least, greatest = max(0.0, -delta), (1 - delta) / 2

    def loss(q):
        chances = [(c, q + delta), (b, q), (n - b - c, 1 - 2 * q - delta)]
        return -sum(count * log(max(chance, 1e-300)) for count, chance in chances if count)

    q = minimize_scalar(loss, bounds=(least, greatest), method="bounded", options={"xatol": 1e-12}).x
    return (c - b - n * delta) / sqrt(n * (2 * q + delta * (1 - delta)))


@pytest.mark.parametrize("b, c, n", [(3, 9, 40), (1, 0, 12), (12, 5, 17), (0, 6, 30), (30, 30, 400)])
def test_tango_solves_the_score_equation(b, c, n):
    estimate, z = (c - b) / n, norm.ppf(0.95)
    low = brentq(lambda delta: score(delta, b, c, n) - z, -1 + 1e-6, estimate - 1e-6)
    high = brentq(lambda delta: score(delta, b, c, n) + z, estimate + 1e-6, 1 - 1e-6)
    assert tango_interval(b, c, n, confidence=0.9) == pytest.approx((low, high), abs=1e-5)


@given(st.integers(1, 5000), levels)
def test_tango_without_discordance_is_the_closed_form(n, confidence):
    z = norm.ppf((1 + confidence) / 2)
    limit = z * z / (n + z * z)
    assert tango_interval(0, 0, n, confidence=confidence) == pytest.approx((-limit, limit), abs=1e-9)


@pytest.mark.parametrize("n, bound", [(10, 0.213), (133, 0.02)])
def test_the_bounds_that_the_methods_name(n, bound):
    assert tango_interval(0, 0, n, confidence=0.9)[1] == pytest.approx(bound, abs=5e-4)


def test_all_in_one_direction_is_the_closed_form():
    z2 = norm.ppf(0.975) ** 2
    assert tango_interval(0, 3, 3) == pytest.approx(((3 - z2) / (3 + z2), 1))
    assert tango_interval(3, 0, 3) == pytest.approx((-1, (z2 - 3) / (3 + z2)))


@given(tables, levels)
def test_intervals_hold_the_difference_with_some_width(table, confidence):
    a, b, c, d = table
    n = sum(table)
    for low, high in (tango_interval(b, c, n, confidence=confidence), newcombe_interval(*table, confidence=confidence)):
        assert -1 <= low <= (c - b) / n + 1e-12
        assert (c - b) / n - 1e-12 <= high <= 1
        assert low < high


@given(tables, levels)
def test_exchanging_the_sides_mirrors(table, confidence):
    a, b, c, d = table
    low, high = tango_interval(b, c, sum(table), confidence=confidence)
    assert tango_interval(c, b, sum(table), confidence=confidence) == pytest.approx((-high, -low), abs=1e-12)
    low, high = newcombe_interval(a, b, c, d, confidence=confidence)
    assert newcombe_interval(a, c, b, d, confidence=confidence) == pytest.approx((-high, -low), abs=1e-12)
    exact, mid = mcnemar_p(b, c)
    assert mcnemar_p(c, b) == (exact, mid)


@given(tables, levels, levels)
def test_more_confidence_is_wider(table, one, other):
    _, b, c, _ = table
    (low, high), (outer_low, outer_high) = (
        tango_interval(b, c, sum(table), confidence=level) for level in sorted((one, other))
    )
    assert outer_low <= low + 1e-12 and high <= outer_high + 1e-12


@given(small, small, st.integers(1, 60))
def test_tango_leaves_out_0_where_mcnemar_rejects(b, c, same):
    if b + c == 0:
        return
    statistic, critical = (c - b) ** 2 / (b + c), norm.ppf(0.975) ** 2
    low, high = tango_interval(b, c, b + c + same)
    assert (low > 0 or high < 0) == (statistic > critical)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_binomial_test(b, c):
    exact, mid = mcnemar_p(b, c)
    assert exact == pytest.approx(binomtest(b, b + c).pvalue if b + c else 1.0, rel=1e-9)
    assert 0 < mid <= exact <= 1


@given(st.integers(1, 60), st.integers(0, 60))
def test_mid_p_counts_half_of_what_is_as_extreme(b, c):
    n, found = b + c, abs(b - c)
    beyond = sum(comb(n, k) for k in range(n + 1) if abs(n - 2 * k) > found)
    as_far = sum(comb(n, k) for k in range(n + 1) if abs(n - 2 * k) == found)
    assert mcnemar_p(b, c)[1] == pytest.approx((beyond + as_far / 2) / 2**n)


def test_no_difference_says_nothing():
    assert mcnemar_p(0, 0) == (1, 1)
    assert mcnemar_p(50_000, 50_000)[0] == 1


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="counts of at least 0"):
        mcnemar_p(-1, 3)
    with pytest.raises(ValueError, match=r"found \(3, 3, -1\)"):
        tango_interval(3, 3, 5)
    with pytest.raises(ValueError, match="at least 0"):
        newcombe_interval(1, -2, 3, 4)
    with pytest.raises(ValueError, match="at least 1 in all"):
        newcombe_interval(0, 0, 0, 0)
    with pytest.raises(ValueError, match="at least 1 in all"):
        tango_interval(0, 0, 0)
