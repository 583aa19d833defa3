from itertools import product
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest, norm

from auditor.stats import permutation
from auditor.stats.paired import mcnemar_p
from auditor.stats.permutation import sign_flip_p

SIDES = ["two", "greater", "less"]
few = arrays(float, st.integers(0, 9), elements=st.one_of(st.integers(-3, 3), st.sampled_from([0.1, 0.2, 0.3, -0.7])))


def by_enumeration(sums, side):
    far = {"two": lambda t: abs(t) >= abs(total) - 1e-9, "greater": lambda t: t >= total - 1e-9}
    far["less"] = lambda t: t <= total + 1e-9
    total = sum(sums)
    totals = [sum(sign * size for sign, size in zip(signs, sums, strict=True)) for signs in flips(len(sums))]
    return sum(far[side](t) for t in totals) / len(totals)


def flips(count):
    return list(product([-1, 1], repeat=count))


@settings(max_examples=60, deadline=None)
@given(few, st.sampled_from(SIDES))
def test_few_families_are_enumerated(sums, side):
    assert sign_flip_p(sums, side=side) == pytest.approx(by_enumeration(sums, side) if sums.any() else 1.0)


def test_ties_that_rounding_parts_are_ties():
    # 0.1 + 0.2 is not 0.3 in floats, and as far from 0
    for sums in ([0.1, 0.2, -0.3], [0.3, -0.2, -0.1]):
        assert sign_flip_p(sums) == 1
        assert sign_flip_p(sums, side="greater") == pytest.approx(5 / 8)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 5), st.floats(0.01, 100))
def test_sums_of_one_size_are_mcnemar_on_families(better, worse, same, size):
    sums = size * np.repeat([-1.0, 1.0, 0.0], [better, worse, same])
    assert sign_flip_p(sums) == pytest.approx(mcnemar_p(better, worse)[0], rel=1e-9)
    if better + worse:
        above = binomtest(worse, better + worse, alternative="greater").pvalue
        assert sign_flip_p(sums, side="greater") == pytest.approx(above, rel=1e-9)


def test_several_sizes_in_many_families_are_exact():
    rng = np.random.default_rng(1)
    sums = rng.integers(-3, 4, size=300).astype(float)
    assert sign_flip_p(sums, seed=1) == sign_flip_p(sums, seed=2)
    pmf = np.array([1.0])
    for size in np.abs(sums[sums != 0]).astype(int):
        pmf = np.convolve(pmf, np.concatenate([[0.5], np.zeros(2 * size - 1), [0.5]]))
    totals = np.arange(len(pmf)) - (len(pmf) - 1) // 2
    assert sign_flip_p(sums) == pytest.approx(pmf[np.abs(totals) >= abs(sums.sum())].sum(), rel=1e-9)


@pytest.mark.parametrize("side", SIDES)
def test_drawn_flips_come_near_to_listed_ones(side, monkeypatch):
    sums = np.random.default_rng(2).normal(0.3, 1, size=14)
    exact = sign_flip_p(sums, side=side)
    monkeypatch.setattr(permutation, "MOST_OUTCOMES", 1)
    drawn = sign_flip_p(sums, side=side, draws=40_000)
    assert exact == pytest.approx(by_enumeration(sums.tolist(), side))
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 40_000))
    assert drawn != exact


def test_many_families_come_near_to_the_normal():
    sums = np.random.default_rng(3).normal(0.03, 1, size=3001)
    z = sums.sum() / np.sqrt((sums**2).sum())
    assert sign_flip_p(sums, side="greater") == pytest.approx(norm.sf(z), abs=0.02)


def test_blocks_change_nothing_but_the_memory(monkeypatch):
    sums = np.random.default_rng(4).normal(0.03, 1, size=2003)
    whole = sign_flip_p(sums)
    monkeypatch.setattr(permutation, "LARGEST_BLOCK", 30_000)
    assert sign_flip_p(sums) == pytest.approx(whole, abs=0.02)


def test_a_drawn_p_is_never_0():
    assert sign_flip_p(np.random.default_rng(5).uniform(1, 2, size=60), draws=999) == 1 / 1000


@settings(max_examples=40, deadline=None)
@given(arrays(float, st.integers(1, 40), elements=st.floats(-5, 5)), st.randoms(use_true_random=False))
def test_laws(sums, random):
    found = {side: sign_flip_p(sums, side=side, draws=500) for side in SIDES}
    assert all(0 < p <= 1 for p in found.values())
    assert found["greater"] == sign_flip_p(-sums, side="less", draws=500)
    shuffled = np.array(random.sample(sums.tolist(), len(sums)))
    assert found == {side: sign_flip_p(shuffled, side=side, draws=500) for side in SIDES}
    again = sign_flip_p(np.concatenate([sums, np.zeros(7)]), draws=500)
    assert again == found["two"]
    assert sign_flip_p(4 * sums, draws=500) == found["two"]


def test_it_keeps_its_level_where_families_differ_in_size():
    rng = np.random.default_rng(6)
    runs = rng.normal(size=(600, 30)) * rng.choice([1, 10], size=30)
    found = np.array([sign_flip_p(run, draws=199) for run in runs])
    assert np.mean(found <= 0.05) == pytest.approx(0.05, abs=0.027)


def test_nothing_that_differs_says_nothing():
    assert sign_flip_p([]) == sign_flip_p([0.0, 0.0], side="greater") == 1


def test_it_is_quick():
    rng = np.random.default_rng(7)
    for sums in (rng.integers(-5, 6, size=500), rng.integers(-1, 2, size=100_000), rng.normal(size=1000)):
        start = perf_counter()
        sign_flip_p(sums)
        assert perf_counter() - start < 0.5  # some 5 to 20 ms on a machine with nothing else to do


def test_100_000_families_fit():
    assert 0 < sign_flip_p(np.random.default_rng(8).normal(size=100_000), draws=200) <= 1
