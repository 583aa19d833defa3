from hypothesis import given
from hypothesis import strategies as st

from auditor.stats.missing import tipping_point


@given(st.integers(0, 200), st.integers(1, 250))
def test_it_is_the_first_that_changes_the_decision(missing, first):
    found = tipping_point(lambda bad: bad >= first, missing)
    assert found == (first if first <= missing else None)


def test_a_second_change_does_not_hide_the_first():
    stages = ["pass"] * 3 + ["inconclusive"] * 4 + ["fail"] * 10
    assert tipping_point(stages.__getitem__, 16) == 3


def test_few_decisions_are_made():
    asked = []
    tipping_point(lambda bad: asked.append(bad) or bad > 70_000, 100_000)
    assert len(asked) <= 19
    assert max(asked) <= 100_000


def test_nothing_missing_changes_nothing():
    assert tipping_point(lambda bad: bad, 0) is None
