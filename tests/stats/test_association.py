"""The shuffling test and the ratio of shares against known truth."""

from __future__ import annotations

from itertools import permutations
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from auditor.stats.association import MOST_SHUFFLED, association_p, ratio_interval
from auditor.stats.means import weighted_mean
from auditor.stats.proportions import rate_interval


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_items_that_are_their_own_families_get_fishers_exact_test(items: list[tuple[bool, bool]]) -> None:
    failed, marked = np.array(items).T
    table = [[(a & b).sum() for b in (marked, ~marked)] for a in (failed, ~failed)]
    found = association_p(failed, marked[:, np.newaxis], np.zeros(len(items)), np.arange(len(items)))
    assert found[0] == pytest.approx(fisher_exact(table, "greater").pvalue)


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.lists(st.booleans(), min_size=1, max_size=20))
def test_strata_are_added_up_and_not_mixed(one: list[bool], other: list[bool]) -> None:
    """A mark that all of a stratum have, or none, says nothing, however often it fails."""
    failed = np.array(one + other)
    marked = np.array([True] * len(one) + [False] * len(other))
    strata = (~marked).astype(int)
    assert association_p(failed, marked[:, np.newaxis], strata, np.arange(len(failed)))[0] == pytest.approx(1.0)


def test_families_are_shuffled_as_a_whole() -> None:
    """Six families of three: the exact share of the 720 orders in which the marked two fail as much."""
    counts = [3, 3, 1, 0, 0, 0]
    failed = np.array([place < count for count in counts for place in range(3)])
    families = np.repeat(range(6), 3)
    as_much = sum(order[0] + order[1] >= 6 for order in permutations(counts)) / 720
    found = association_p(failed, (families < 2)[:, np.newaxis], np.zeros(18), families)
    assert found[0] == pytest.approx(as_much, abs=4 * (as_much / 2000) ** 0.5)


def test_within_families_items_are_shuffled_among_those_of_their_stratum() -> None:
    """Ten pairs, each with a marked item that fails: one order in 1,024."""
    failed = np.array([True, False] * 10)
    families = np.repeat(range(10), 2)
    found = association_p(failed, failed[:, np.newaxis], np.zeros(20), families)
    assert 1 / 2001 <= found[0] <= 0.005
    apart = association_p(failed, failed[:, np.newaxis], np.array([0, 1] * 10), families)
    assert apart[0] == 1.0


@pytest.mark.parametrize("size", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_the_level_is_kept_where_families_fail_together(size: int) -> None:
    rng = np.random.default_rng(7)
    families = np.repeat(np.arange(60), size)
    marks = np.stack([families < 20, np.arange(60 * size) % 4 == 0], axis=1)
    found = []
    for _ in range(150):
        chance = np.repeat(rng.beta(0.3, 0.9, 60), size)
        found.append(association_p(rng.random(60 * size) < chance, marks, np.zeros(60 * size), families))
    for alpha in (0.05, 0.2):
        assert (np.array(found) <= alpha).mean() <= alpha + 3 * (alpha * (1 - alpha) / 150) ** 0.5


def test_many_families_are_drawn_and_still_tell() -> None:
    families = np.repeat(np.arange(3 * MOST_SHUFFLED), 2)
    marked = families < 200
    rng = np.random.default_rng(1)
    failed = rng.random(len(families)) < np.where(marked, 0.5, 0.02)
    other = rng.random(len(families)) < 0.5
    found = association_p(failed, np.stack([marked, other], axis=1), np.zeros(len(families)), families)
    assert found[0] < 0.001
    assert found[1] > 0.01


shares = st.tuples(*[st.integers(0, 1000)] * 3).map(lambda found: [one / 1000 for one in sorted(found)])
shares = shares.map(lambda ends: (ends[1], ends[0], ends[2]))


@given(shares, shares)
@settings(max_examples=100)
def test_a_ratio_lies_in_its_interval(one: tuple[float, float, float], other: tuple[float, float, float]) -> None:
    low, high = ratio_interval(one, other)
    assert 0 <= low <= high
    if other[0] > 0:
        assert low <= one[0] / other[0] * (1 + 1e-9)
        assert one[0] / other[0] <= high * (1 + 1e-9)
    if other[1] == 0:
        assert high == inf


@pytest.mark.parametrize("rates", [(0.5, 0.1), (0.3, 0.3), (0.8, 0.02)])
@pytest.mark.parametrize("size", [1, 5])
def test_the_interval_covers(rates: tuple[float, float], size: int) -> None:
    """Families of one item, and of five that fail together; the true ratio is inside nearly as often as it says."""
    rng = np.random.default_rng(11)
    truth, covered, rounds, strength = rates[0] / rates[1], 0, 300, 3.0
    for _ in range(rounds):
        sides = []
        for rate, families in zip(rates, (30, 90), strict=True):
            chance = rng.beta(rate * strength, (1 - rate) * strength, families)
            failed = (rng.random((families, size)) < chance[:, np.newaxis]).ravel().astype(float)
            ends = rate_interval(failed, np.repeat(np.arange(families), size))
            assert ends is not None
            sides.append((weighted_mean(failed), ends[0], ends[1]))
        low, high = ratio_interval(*sides)
        covered += low <= truth <= high
    assert covered / rounds >= 0.92
