"""The expected calibration error of known confidences, and rates corrected for a known grader."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.stats.calibration import calibration
from auditor.stats.misclassified import corrected_rate


def test_the_error_is_that_of_equal_parts_of_the_sorted_answers() -> None:
    """Computed the plain way: sort, cut into fifteen equal parts, compare means."""
    chance = np.random.default_rng(5)
    said = chance.permutation(np.linspace(0.4, 0.99, 300))
    right = chance.random(300) < said - 0.2
    order = np.argsort(said)
    parts = np.array_split(order, 15)
    expected = sum(abs(right[part].mean() - said[part].mean()) * len(part) / 300 for part in parts)
    found = calibration(said, right, np.arange(300))
    assert found.raw == pytest.approx(expected)
    assert [one.n for one in found.bins] == [20] * 15
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.2 < found.high


def test_the_error_of_the_calibrated_holds_nothing() -> None:
    chance = np.random.default_rng(6)
    said = chance.uniform(0.4, 1.0, 400)
    found = calibration(said, chance.random(400) < said, np.arange(400))
    assert found.low == 0
    assert found.value < found.raw < 0.1


@given(st.lists(st.tuples(st.sampled_from((0.25, 0.5, 1.0)), st.booleans()), min_size=1, max_size=30))
def test_every_answer_is_in_one_bin_whatever_the_order(rows: list[tuple[float, bool]]) -> None:
    said, right = zip(*rows, strict=True)
    found = calibration(said, right, range(len(rows)))
    turned = calibration(said[::-1], right[::-1], range(len(rows)))
    assert sum(one.n for one in found.bins) == len(rows)
    assert found.raw == pytest.approx(turned.raw)
    assert 0 <= found.value <= 1
    assert len(found.bins) <= 3, "equal confidences share a bin"


def test_a_single_family_has_no_interval() -> None:
    found = calibration([0.5, 0.9], [1, 0], ["f", "f"])
    assert (found.low, found.high, found.families) == (None, None, 1)


@pytest.mark.parametrize(("rate", "sensitivity", "specificity"), [(0.1, 0.95, 0.95), (0.4, 0.8, 0.98)])
def test_the_corrected_rate_covers_the_true_one(rate: float, sensitivity: float, specificity: float) -> None:
    chance, held, times = np.random.default_rng(1), 0, 1000
    for _ in range(times):
        seen = chance.binomial(100, rate * sensitivity + (1 - rate) * (1 - specificity)) / 100
        hits, passes = chance.binomial(20, sensitivity) / 20, chance.binomial(20, specificity) / 20
        found = corrected_rate(seen, 100, hits, 20, passes, 20)
        held += found is not None and found[1] <= rate <= found[2]
    assert held / times >= 0.94


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(1, 200))
def test_a_corrected_rate_is_a_rate(rate: float, sensitivity: float, specificity: float, n: int) -> None:
    found = corrected_rate(rate, n, sensitivity, n, specificity, n)
    if sensitivity + specificity <= 1:
        assert found is None
    if found is not None:
        value, low, high = found
        assert 0 <= low <= value <= high <= 1


def test_a_perfect_grader_is_not_corrected() -> None:
    found = corrected_rate(0.3, 100, 1.0, 50, 1.0, 50)
    assert found is not None
    assert found[0] == pytest.approx(0.3)
