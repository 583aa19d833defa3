import doctest
import time
from itertools import product
from math import prod, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from auditor.stats import betting
from auditor.stats.betting import betting_bounds, running_bounds, running_p
from auditor.stats.proportions import clopper_pearson_interval

ROUNDING = 1e-9
MEANS = np.sin(np.arange(1, 2_000) * np.pi / 4_000) ** 2
numbers = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.5, 1.0])), min_size=1, max_size=40)
alphas = st.floats(1e-6, 0.9)


def capital_by_hand(x, m, levels, shares):
    """Multiply what each share of the capital becomes, in plain Python."""
    total = 0.0
    for level, share in zip(levels, shares, strict=True):
        s = min(1.0, level * (1 - m) / m)
        bet = sqrt(2 * s) - (sqrt(2) - 1) * s
        total += share * prod(1 + bet * (m - value) / (1 - m) for value in x)
    return total


def greatest_by_hand(x, alpha, fineness=2_000):
    levels, shares = betting._levels(len(x))
    kept = [place for place in range(1, fineness) if capital_by_hand(x, place / fineness, levels, shares) < 1 / alpha]
    return max(kept, default=0) / fineness


@pytest.mark.parametrize("alpha", [0.05, 0.3])
@pytest.mark.parametrize(
    "x", [[0.0] * 9, [1.0], [0.5] * 12, [0.0] * 30 + [1.0], [0.1, 0.9, 0.4, 0.35, 0.0, 0.2, 0.2], [1.0] * 20 + [0.9]]
)
def test_follows_capital_by_hand_on_a_fine_grid_of_means(x, alpha):
    lower, upper = betting_bounds(x, low=0, high=1, alpha=alpha)
    assert upper - 1 / 2_000 - ROUNDING <= greatest_by_hand(x, alpha) <= upper + ROUNDING
    assert lower - ROUNDING <= 1 - greatest_by_hand([1 - value for value in x], alpha) <= lower + 1 / 2_000 + ROUNDING


@pytest.mark.parametrize("n", [1, 5, 20, 79, 1000, 10**6])
def test_shares_are_one_capital_and_bets_are_between_nothing_and_everything(n):
    levels, shares = betting._levels(n)
    assert shares.sum() == pytest.approx(1)
    assert (np.diff(levels) > 0).all()
    bets = betting._bets(MEANS, levels)
    assert bets.min() > 0 and bets.max() <= 1


@given(st.floats(0, 1), st.floats(1e-6, 10))
def test_every_factor_grows_with_the_mean_so_that_the_refuted_means_have_no_gap(value, level):
    m = MEANS[::20]
    bets = betting._bets(m, np.array([level]))[0]
    assert np.diff(1 + bets * (m - value) / (1 - m)).min() > -ROUNDING


@given(numbers, alphas)
def test_holds_the_mean_in_the_range_with_some_width(x, alpha):
    lower, upper = betting_bounds(x, low=0, high=1, alpha=alpha)
    assert 0 <= lower <= np.mean(x) + ROUNDING
    assert np.mean(x) - ROUNDING <= upper <= 1
    assert lower < upper


@given(numbers)
def test_the_mirror_image_has_the_mirrored_bounds(x):
    lower, upper = betting_bounds(x, low=0, high=1)
    mirrored = betting_bounds([1 - value for value in x], low=0, high=1)
    assert mirrored == pytest.approx((1 - upper, 1 - lower), abs=ROUNDING)
    below, above = running_bounds(x, low=0, high=1)
    down, up = running_bounds([-value for value in x], low=-1, high=0)
    assert (down, up) == pytest.approx((-above, -below), abs=ROUNDING)


@given(numbers, st.floats(-50, 50), st.floats(0.01, 100))
def test_bounds_move_with_the_range(x, low, width):
    y = np.clip(low + width * np.array(x), low, low + width)
    found = betting_bounds(y, low=low, high=low + width)
    wanted = low + width * np.array(betting_bounds(x, low=0, high=1))
    assert found == pytest.approx(wanted, abs=1e-6 * (width + abs(low)))


@given(numbers, st.randoms(use_true_random=False))
def test_order_does_not_matter(x, random):
    shuffled = random.sample(x, len(x))
    assert betting_bounds(shuffled, low=0, high=1) == betting_bounds(x, low=0, high=1)


@given(numbers, alphas, alphas)
def test_a_smaller_error_never_narrows(x, one, other):
    wide = betting_bounds(x, low=0, high=1, alpha=min(one, other))
    narrow = betting_bounds(x, low=0, high=1, alpha=max(one, other))
    assert wide[0] <= narrow[0] + ROUNDING
    assert wide[1] >= narrow[1] - ROUNDING


@given(numbers, st.integers(0, 39), st.floats(0, 1))
def test_a_higher_value_never_lowers_a_bound(x, place, share):
    higher = list(x)
    higher[place % len(x)] += share * (1 - higher[place % len(x)])
    before, after = (betting_bounds(y, low=0, high=1) for y in (x, higher))
    assert after[0] >= before[0] - ROUNDING and after[1] >= before[1] - ROUNDING


@pytest.mark.parametrize("n", [9, 24, 59, 500])
def test_without_any_bad_family_it_is_clopper_pearson(n):
    exact = clopper_pearson_interval(0, n, confidence=0.9)[1]
    assert betting_bounds(np.zeros(n), low=0, high=1)[1] == pytest.approx(exact, rel=1e-6)


def test_few_bad_families_cost_at_most_four_tenths_more_than_clopper_pearson():
    for n, bad in product([24, 65, 240], [1, 2, 5, 10]):
        upper = betting_bounds([1] * bad + [0] * (n - bad), low=0, high=1)[1]
        assert 1 < upper / clopper_pearson_interval(bad, n, confidence=0.9)[1] < 1.4


def test_the_fewest_values_that_show_a_margin_of_five_hundredths():
    def fewest(low):
        return next(n for n in range(1, 200) if betting_bounds(np.zeros(n), low=low, high=1)[1] < 0.05)

    assert fewest(low=0) == 59
    assert fewest(low=-1) == 79


def test_values_that_differ_less_are_known_better():
    few_turn = betting_bounds([1, -1] * 5 + [0] * 190, low=-1, high=1)
    most_turn = betting_bounds([1, -1] * 90 + [0] * 20, low=-1, high=1)
    assert few_turn[1] < 0.45 * most_turn[1]


@pytest.mark.parametrize("n", [3, 20, 60, 150])
def test_error_of_binary_values_is_exactly_below_nominal(n):
    uppers = np.array([betting_bounds([1] * k + [0] * (n - k), low=0, high=1)[1] for k in range(n + 1)])
    for p in np.unique(np.concatenate([np.linspace(0.001, 0.999, 300), uppers[uppers < 1] + 1e-9])):
        assert binom.pmf(np.arange(n + 1), n, p)[uppers < p].sum() <= 0.05 + ROUNDING


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_values_need_not_be_drawn_alike(share):
    n = 60
    risky = round(share * n)  # the others are never bad
    uppers = np.array([betting_bounds([1] * k + [0] * (n - k), low=0, high=1)[1] for k in range(risky + 1)])
    for p in np.linspace(0.01, 1, 100):
        assert binom.pmf(np.arange(risky + 1), risky, p)[uppers < p * risky / n].sum() <= 0.05 + ROUNDING


def test_error_with_families_of_rare_events():
    rng = np.random.default_rng(11)
    p, reps = 0.01, 600
    of_family = rng.beta(p, 1 - p, size=(reps, 100))  # an intraclass correlation of 0.5
    limits = np.array([betting_bounds(run / 5, low=0, high=1) for run in rng.binomial(5, of_family)])
    allowed = 0.05 + 3 * sqrt(0.05 * 0.95 / reps)
    assert np.mean(limits[:, 1] < p) <= allowed
    assert np.mean(limits[:, 0] > p) <= allowed


def test_the_running_bound_follows_capital_by_hand():
    x = [0.0, 0.2, 0.0, 0.0, 1.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0]
    least = 1.0
    for n in range(1, len(x) + 1):
        _, upper = running_bounds(x[:n], low=0, high=1)
        kept = [
            m
            for m in (place / 500 for place in range(1, 500))
            if capital_by_hand(x[:n], m, betting.SEQUENCE_LEVELS, betting.SEQUENCE_SHARES) < 20
        ]
        least = min(least, max(kept))
        assert least - ROUNDING <= upper <= least + 1 / 500 + ROUNDING


def test_the_shares_of_a_sequence_are_one_capital():
    assert betting.SEQUENCE_SHARES.sum() == pytest.approx(1)
    assert len(betting.SEQUENCE_SHARES) == len(betting.SEQUENCE_LEVELS)


@settings(max_examples=50)
@given(numbers, st.integers(1, 40), st.floats(0, 1))
def test_looking_again_never_takes_back_what_was_shown(x, n, mean):
    first, last = (running_bounds(seen, low=0, high=1) for seen in (x[:n], x))
    assert 0 <= first[0] <= last[0] <= 1 and 0 <= last[1] <= first[1] <= 1
    assert running_p(x, mean, low=0, high=1) <= running_p(x[:n], mean, low=0, high=1)


@settings(max_examples=50)
@given(numbers, alphas, st.floats(-0.2, 1.2))
def test_the_running_bounds_are_what_their_p_values_do_not_refute(x, alpha, mean):
    lower, upper = running_bounds(x, low=0, high=1, alpha=alpha)
    below, above = running_p(x, mean, low=0, high=1), running_p([-one for one in x], -mean, low=-1, high=0)
    if abs(mean - upper) > ROUNDING and 0 < mean < 1:
        assert (below <= alpha) is (upper < mean)
    if abs(mean - lower) > ROUNDING and 0 < mean < 1:
        assert (above <= alpha) is (lower > mean)


@given(numbers, st.floats(-0.2, 1.2), st.floats(0, 1))
def test_it_is_easier_to_be_below_a_greater_mean(x, mean, more):
    assert running_p(x, mean + more, low=0, high=1) <= running_p(x, mean, low=0, high=1) + ROUNDING


@pytest.mark.parametrize(
    "low, values, shares", [(0, [0.0, 1.0], [0.9, 0.1]), (-1, [-1.0, 0.0, 1.0], [0.1, 0.75, 0.15])]
)
def test_a_mean_is_seldom_ever_refuted_at_any_look(low, values, shares):
    rng = np.random.default_rng(2)
    mean, reps = float(np.dot(values, shares)), 2_000
    runs = rng.choice(values, (reps, 300), p=shares)
    allowed = 0.05 + 3 * sqrt(0.05 * 0.95 / reps)
    assert np.mean([running_p(run, mean, low=low, high=1) <= 0.05 for run in runs]) <= allowed
    assert np.mean([running_p(-run, -mean, low=-1, high=-low) <= 0.05 for run in runs]) <= allowed


def test_running_bounds_close_in_on_the_mean():
    lower, upper = running_bounds(np.random.default_rng(3).beta(2, 6, size=3_000), low=0, high=1)
    assert lower < 0.25 < upper
    assert upper - lower < 0.025


def test_values_that_drift_make_the_bounds_pass_each_other():
    lower, upper = running_bounds([0.0] * 200 + [1.0] * 2_000, low=0, high=1)
    assert upper < 0.05 < 0.5 < lower


def test_a_thousand_values_are_quick():
    x = np.random.default_rng(4).random(1_000)
    began = time.process_time()
    for _ in range(5):
        betting_bounds(x, low=0, high=1)
        running_bounds(x, low=0, high=1)
    assert (time.process_time() - began) / 5 < 0.2


@pytest.mark.parametrize("bounds", [betting_bounds, running_bounds])
def test_what_has_no_bound_is_refused(bounds):
    with pytest.raises(ValueError, match=r"in \[0, 1\], found -1.0 to 0.5"):
        bounds([-1, 0.5], low=0, high=1)
    with pytest.raises(ValueError, match="found nan to nan"):
        bounds([float("nan"), 0.5], low=0, high=1)
    with pytest.raises(ValueError, match="at least 1 value, found none"):
        bounds([], low=0, high=1)
    with pytest.raises(ValueError, match="low < high, found 1 to 1"):
        bounds([1], low=1, high=1)
    with pytest.raises(ValueError, match="low < high, found 0 to inf"):
        bounds([1], low=0, high=float("inf"))


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(betting).failed == 0
