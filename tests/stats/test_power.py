from functools import partial
from math import comb
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, multinomial, skew
from scipy.stats import t as student

from auditor.stats.betting import betting_bounds
from auditor.stats.deciding import FamilySum, Units
from auditor.stats.power import families_needed, joint_power, paired_power, rate_power

shares = st.floats(0, 0.2)


def differences(worse, better, n):
    return np.repeat([1.0, -1.0, 0.0], [worse, better, n - worse - better])


def upper_of_difference(d, alpha=0.05):
    """Follow METHODS: betting where fewer than 15 families are not as the others, else t, widened for skewness."""
    if len(d) - max(np.unique(d, return_counts=True)[1]) < 15:
        return betting_bounds(d, low=-1, high=1, alpha=alpha)[1]
    t = student.ppf(1 - alpha, len(d) - 1)
    t += max(0, skew(d)) / np.sqrt(len(d)) * (2 * t * t + 1) / 6
    return d.mean() + t * d.std(ddof=1) / np.sqrt(len(d))


def upper_of_rate(bad, n, alpha=0.05):
    if min(bad, n - bad) < 15:
        return betting_bounds(np.repeat([1.0, 0.0], [bad, n - bad]), low=0, high=1, alpha=alpha)[1]
    k = bad / n * (n - 1)
    return beta.ppf(1 - alpha, k + 1, n - 1 - k)


@pytest.mark.parametrize(
    "n, margin, discordance, change",
    [(20, 0.3, 0.1, 0.0), (45, 0.15, 0.2, -0.1), (45, 0.3, 0.1, 0.15), (30, 0.9, 0.05, 0.8), (24, -0.1, 0.02, -0.6)],
)
def test_power_is_the_sum_over_all_outcomes(n, margin, discordance, change):
    up, down = discordance + max(change, 0), discordance + max(-change, 0)
    outcomes = [(worse, better) for worse in range(n + 1) for better in range(n + 1 - worse)]
    chances = multinomial(n, [up, down, 1 - up - down]).pmf([(w, b, n - w - b) for w, b in outcomes])
    passes = [
        chance > 1e-12 and upper_of_difference(differences(*outcome, n)) < margin
        for outcome, chance in zip(outcomes, chances, strict=True)
    ]
    found = paired_power(n, margin=margin, discordance=discordance, change=change)
    assert found == pytest.approx(chances[passes].sum(), abs=1e-6)


@pytest.mark.parametrize("n, limit, rate", [(40, 0.2, 0.1), (200, 0.1, 0.06), (300, 0.1, 0.05), (60, 0.9, 0.7)])
def test_power_of_a_limit_is_the_sum_over_all_outcomes(n, limit, rate):
    passes = np.array([upper_of_rate(bad, n) < limit for bad in range(n + 1)])
    expected = binom.pmf(np.arange(n + 1), n, rate)[passes].sum()
    assert rate_power(n, limit=limit, rate=rate) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("bad, n", [(3, 60), (14, 60), (15, 60), (40, 60), (46, 60)])
def test_an_outcome_passes_when_its_bound_is_below_the_limit(bad, n):
    limit = upper_of_rate(bad, n)
    gained = rate_power(n, limit=limit + 1e-9, rate=0.4) - rate_power(n, limit=limit - 1e-9, rate=0.4)
    assert gained == pytest.approx(binom.pmf(bad, n, 0.4), abs=1e-8)


@pytest.mark.parametrize("worse, better", [(3, 2), (14, 0), (9, 6), (30, 1)])
def test_an_outcome_passes_when_its_bound_is_below_the_margin(worse, better):
    ask = partial(paired_power, 60, discordance=0.1, change=0.1)
    margin = upper_of_difference(differences(worse, better, 60))
    gained = ask(margin=margin + 1e-9) - ask(margin=margin - 1e-9)
    assert gained == pytest.approx(multinomial(60, [0.2, 0.1, 0.7]).pmf([worse, better, 60 - worse - better]), abs=1e-8)


def bound_that_decides(values, low, share):
    one_each = Units(values, np.ones(len(values)), np.arange(len(values)), np.zeros(len(values), dtype=int))
    return FamilySum.of_units(one_each, low=low, high=1.0, share=share).bounds(0.05).high


def test_simulated_comparisons_pass_as_often():
    rng, n, draws = np.random.default_rng(1), 120, 600
    runs = rng.choice([1.0, -1.0, 0.0], p=[0.07, 0.05, 0.88], size=(draws, n))
    passed = np.mean([bound_that_decides(run, -1.0, False) < 0.1 for run in runs])
    power = paired_power(n, margin=0.1, discordance=0.05, change=0.02)
    assert 0.3 < power < 0.9
    assert passed == pytest.approx(power, abs=4 * np.sqrt(power * (1 - power) / draws))


def test_simulated_limits_hold_as_often():
    rng, n, draws = np.random.default_rng(2), 250, 600
    runs = (rng.random((draws, n)) < 0.06).astype(float)
    passed = np.mean([bound_that_decides(run, 0.0, True) < 0.1 for run in runs])
    power = rate_power(n, limit=0.1, rate=0.06)
    assert 0.3 < power < 0.9
    assert passed == pytest.approx(power, abs=4 * np.sqrt(power * (1 - power) / draws))


@pytest.mark.parametrize("n", [24, 60, 250, 1000])
def test_what_is_at_the_margin_passes_rarely(n):
    for discordance in (0.0, 0.01, 0.05, 0.2):
        assert paired_power(n, margin=0.1, discordance=discordance, change=0.1) <= 0.056
    assert paired_power(n, margin=0.1, discordance=0.2, change=0.1) <= 0.053
    assert rate_power(n, limit=0.1, rate=0.1) <= 0.051


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 150), st.floats(0.01, 0.5), shares, st.floats(-0.2, 0.2), st.floats(0.01, 0.2))
def test_laws_of_a_comparison(families, margin, discordance, change, alpha):
    ask = partial(paired_power, families, margin=margin, discordance=discordance)
    power = ask(change=change, alpha=alpha)
    assert 0 <= power <= 1
    assert ask(change=change, alpha=alpha / 2) <= power + 1e-6
    assert ask(change=change + 0.05, alpha=alpha) <= power + 1e-6
    more_room = paired_power(families, margin=margin + 0.1, discordance=discordance, change=change, alpha=alpha)
    assert more_room >= power - 1e-6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 300), st.floats(0.01, 0.5), shares, st.floats(0.01, 0.2))
def test_laws_of_a_limit(families, limit, rate, alpha):
    power = rate_power(families, limit=limit, rate=rate, alpha=alpha)
    assert 0 <= power <= 1
    assert rate_power(families, limit=limit, rate=rate, alpha=alpha / 2) <= power + 1e-6
    assert rate_power(families, limit=limit, rate=rate / 2, alpha=alpha) >= power - 1e-6
    assert rate_power(families, limit=limit + 0.1, rate=rate, alpha=alpha) >= power - 1e-6


@pytest.mark.parametrize("discordance, change", [(0.0, 0.0), (0.01, 0.0), (0.1, -0.3), (0.4, 0.2), (0.5, 0.0)])
@pytest.mark.parametrize("n", [2, 40, 3000])
def test_the_outcomes_looked_at_are_nearly_all(n, discordance, change):
    assert paired_power(n, margin=1.5, discordance=discordance, change=change) == pytest.approx(1, abs=1e-6)


def test_a_design_effect_takes_families_away():
    ask = partial(paired_power, margin=0.1, discordance=0.03)
    assert ask(300, design=1.5) == ask(200) < ask(300)


def test_too_few_families_show_nothing():
    assert paired_power(1, margin=0.9, discordance=0.0) == 0
    assert paired_power(3, margin=0.9, discordance=0.0, design=2) == 0
    assert rate_power(0, limit=0.9, rate=0.0) == rate_power(1, limit=0.9, rate=0.0) == 0


def test_shares_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="at most 1 in all, found 0.4 and 0.7"):
        paired_power(50, margin=0.1, discordance=0.4, change=0.3)
    with pytest.raises(ValueError, match="at least 0"):
        paired_power(50, margin=0.1, discordance=-0.1, change=0.3)


def test_it_is_quick():
    for discordance in (0.0, 0.003, 0.01, 0.1):
        start = perf_counter()
        paired_power(1000, margin=0.013, discordance=discordance)
        assert perf_counter() - start < 1  # some 0.1 s on a machine with nothing else to do


@given(st.integers(2, 5000), st.integers(2, 5000))
def test_families_needed_is_the_first_that_have_the_power(first, most):
    found = families_needed(lambda families: 0.8 if families >= first else 0.7, most=most)
    assert found == (first if first <= most else None)


def test_families_needed_have_the_power_though_it_wavers():
    ask = partial(rate_power, limit=0.1, rate=0.05)
    needed = families_needed(ask)
    assert ask(needed) >= 0.8 > ask(needed - 1)
    assert families_needed(ask, power=0.9) > needed
    assert families_needed(partial(rate_power, limit=0.05, rate=0.05), most=2000) is None


def test_rules_that_hang_together_pass_between_two_bounds():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(20_000, 3)) + rng.normal(size=(20_000, 1))
    passed = z > [-2, -1, -1.5]
    low, independent, high = joint_power(passed.mean(axis=0))
    assert low <= independent < passed.all(axis=1).mean() < high
    assert joint_power([]) == (1, 1, 1)
    assert joint_power([0.3, 0.4]).low == 0


def test_a_comparison_without_noise_passes_when_no_family_turned():
    # 100 families: the betting bound lets pass only what these counts say
    allowed = [worse for worse in range(15) if upper_of_difference(differences(worse, 0, 100)) < 0.07]
    expected = sum(comb(100, k) * 0.01**k * 0.99 ** (100 - k) for k in allowed)
    assert paired_power(100, margin=0.07, discordance=0.0, change=0.01) == pytest.approx(expected)
