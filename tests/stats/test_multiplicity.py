import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.stats.multiplicity import benjamini_hochberg, holm

BOTH = [holm, benjamini_hochberg]
p_values = arrays(float, st.integers(0, 20), elements=st.one_of(st.floats(0, 1), st.just(float("nan"))))


def holm_by_steps(p, alpha):
    """Follow Holm's own words: reject the smallest while it is at most alpha over those that are left."""
    rejected, left = set(), sorted(range(len(p)), key=lambda place: p[place])
    while left and p[left[0]] * len(left) <= alpha:
        rejected.add(left.pop(0))
    return rejected


def bh_by_steps(p, q):
    order = sorted(range(len(p)), key=lambda place: p[place])
    last = max((rank for rank, place in enumerate(order, 1) if p[place] * len(p) / rank <= q), default=0)
    return set(order[:last])


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=15), st.integers(1, 999))
def test_claims_are_those_of_the_step_procedures(thousandths, level):
    p, alpha = np.array(thousandths) / 1000, level / 1000 + 1e-7  # never at a boundary
    assert set(np.flatnonzero(holm(p) <= alpha)) == holm_by_steps(p, alpha)
    assert set(np.flatnonzero(benjamini_hochberg(p) <= alpha)) == bh_by_steps(p, alpha)


@given(p_values)
def test_holm_is_at_least_benjamini_hochberg_is_at_least_the_p_value(p):
    strict, lenient = holm(p), benjamini_hochberg(p)
    made = ~np.isnan(p)
    assert (np.isnan(strict) == ~made).all() and (np.isnan(lenient) == ~made).all()
    assert (strict[made] >= lenient[made] - 1e-12).all()
    assert (lenient[made] >= p[made] - 1e-12).all()
    assert (strict[made] <= 1).all()


@pytest.mark.parametrize("adjust", BOTH)
@given(p=p_values, random=st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nan_does_not_count(adjust, p, random):
    order = random.sample(range(len(p)), len(p))
    assert adjust(p[order]) == pytest.approx(adjust(p)[order], nan_ok=True)
    made = ~np.isnan(p)
    assert adjust(p)[made] == pytest.approx(adjust(p[made]))


@pytest.mark.parametrize("adjust", BOTH)
def test_what_was_given_is_not_changed(adjust):
    p = np.array([0.04, np.nan, 0.01])
    adjust(p)
    assert p == pytest.approx([0.04, np.nan, 0.01], nan_ok=True)
    assert adjust([0.03]).tolist() == [0.03]
    assert adjust([]).tolist() == []
    assert np.isnan(adjust([np.nan])).all()


@pytest.mark.parametrize("adjust", BOTH)
def test_what_is_no_p_value_is_refused(adjust):
    with pytest.raises(ValueError, match=r"in \[0, 1\], found 0.5 to 1.5"):
        adjust([0.5, 1.5, np.nan])
