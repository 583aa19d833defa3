"""Scales and charts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from auditor.render import marks
from auditor.render.charts import Point, domain, frontier, scatter, spark, trend
from auditor.types import Better, Estimate

POSITIVE = st.floats(1e-6, 1e6)
GEOMETRY = ["width", "height", "viewBox", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "points", "transform"]
PAINT = ["fill", "fill-opacity", *(f"stroke{part}" for part in ("", "-width", "-opacity", "-dasharray", "-linecap"))]
TYPE = ["font-family", "font-size", "font-weight", "text-anchor"]
ALLOWED_ATTRIBUTES = {"d", *GEOMETRY, *PAINT, *TYPE, "role"}


def estimate(value: float | None, low: float | None, high: float | None, **more: Any) -> Estimate:
    fields = dict.fromkeys(Estimate.__dataclass_fields__) | {
        "probe_id": "harm.direct",
        "metric": "non_refusal_rate",
        "cell": "all",
        "better": Better.LOWER,
        "low_bound": 0.0,
        "high_bound": 1.0,
        "value": value,
        "low": low,
        "high": high,
        "method": "planted",
        "n": 40,
        "families": 40,
        "planned": 40,
    }
    return Estimate(**(fields | more))


def points(*values: tuple[float | None, float | None, float | None]) -> list[Point]:
    roles = ["earlier"] * (len(values) - 2) + ["baseline"] * (len(values) > 1) + ["candidate"]
    return [
        Point(f"1.{place}", role, estimate(*value))
        for place, (role, value) in enumerate(zip(roles, values, strict=True))
    ]  # type: ignore[arg-type]


@given(POSITIVE)
def test_rounding_up_reaches_the_value_and_not_far_beyond(value: float) -> None:
    assert value * (1 - 1e-6) <= marks.round_up(value) <= 2.6 * value


@given(POSITIVE, st.integers(1, 8))
def test_steps_reach_the_value(value: float, steps: int) -> None:
    assert value * (1 - 1e-6) <= marks.round_steps(value, steps) <= 3.6 * value


@given(st.floats(-100, 100), POSITIVE, st.floats(0, 1))
def test_a_scale_keeps_order_and_stays_inside(low: float, length: float, share: float) -> None:
    scale = marks.Scale(low, low + max(length, 1e-3), 10, 200)
    assert scale(scale.low) == 10
    assert scale(scale.high) == pytest.approx(200)
    assert 10 <= scale(low + share * length) <= 200.0001
    room = 1e-6 * (scale.high - scale.low)
    assert all(scale.low - room <= tick <= scale.high + room for tick in scale.ticks(4))
    assert all(before < after for before, after in pairwise(scale.ticks(4)))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=9))
def test_every_interval_is_inside_the_domain(values: list[tuple[float, float, float]]) -> None:
    drawn = points(*[(middle, low, high) for low, middle, high in map(sorted, values)])
    low, high = domain(drawn)
    assert low == 0
    assert high <= 1
    assert all(low <= end <= high + 1e-9 for point in drawn for end in point.ends)


CLOUDS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=9)


def cloud(found: list[tuple[int, int]], spread: float) -> tuple[list[Point], list[Point]]:
    """Return points whose intervals reach so far to both sides."""
    across, up = ([(value[axis], value[axis] - spread, value[axis] + spread) for value in found] for axis in (0, 1))
    return points(*across), points(*up)


@given(CLOUDS)
def test_with_exact_numbers_the_frontier_is_what_no_version_beats(found: list[tuple[int, int]]) -> None:
    steps = frontier(*cloud(found, 0))
    drawn = {(a.amount, b.amount) for step in steps for a, b in step}
    unbeaten = {
        one for one in found if not any(other != one and other[0] <= one[0] and other[1] <= one[1] for other in found)
    }
    assert drawn == (unbeaten if len(unbeaten) > 1 else set())


@given(CLOUDS, st.floats(0, 12))
def test_neighbours_on_the_frontier_lie_apart_in_both_numbers(found: list[tuple[int, int]], spread: float) -> None:
    for (a, b), (c, d) in frontier(*cloud(found, spread)):
        assert c.amount - a.amount > 2 * spread
        assert b.amount - d.amount > 2 * spread


def test_versions_that_were_measured_otherwise_are_on_no_frontier() -> None:
    across, up = cloud([(0, 10), (5, 5), (10, 0)], 1)
    assert len(frontier(across, up)) == 2
    across[1] = replace(across[1], breaks=("the suite changed",))
    assert [(a.label, c.label) for (a, _), (c, _) in frontier(across, up)] == [("1.1", "1.2")]


def charts() -> dict[str, Markup]:
    many = points(*[(0.1 + 0.02 * place, 0.05, 0.4) for place in range(14)])
    gaps = points((0.2, 0.1, 0.3), (None, None, None), (0.1, None, None))
    return {
        "spark": spark(many, 'a < b & "c"'),
        "trend": trend(gaps, domain(gaps), "</svg><script>x</script>"),
        "one": trend(points((0.2, 0.1, 0.3)), (0.0, 0.4), "one version"),
        "undefined": trend(points((None, None, None)), (0.0, 1.0), "nothing"),
        "scatter": scatter(many, list(reversed(many)), ("across", "up"), "title"),
    }


@pytest.mark.parametrize("name", charts())
def test_a_chart_is_whole_without_a_style(name: str) -> None:
    root = ElementTree.fromstring(charts()[name])
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert root[0].text and root[1].text
    used = {attribute for element in root.iter() for attribute in element.attrib}
    assert used <= ALLOWED_ATTRIBUTES


def test_each_point_tells_its_number_when_hovered() -> None:
    root = ElementTree.fromstring(trend(points((0.2, 0.1, 0.3), (0.25, 0.2, 0.35)), (0.0, 0.4), "two"))
    titles = [shape[0].text for shape in root.iter() if shape.tag in ("circle", "rect", "polygon")]
    assert titles == ["1.0: 20.0% (10.0 to 30.0%), n 40", "1.1: 25.0% (20.0 to 35.0%), n 40"]


def test_versions_that_do_not_compare_are_not_joined() -> None:
    first, second = points((0.2, 0.1, 0.3), (0.25, 0.2, 0.35))
    broken = Point(second.label, second.role, second.estimate, breaks=["the grader changed"])
    joined, apart = (trend([first, last], (0.0, 0.4), "x") for last in (second, broken))
    assert joined.count('stroke-width="1.5"') == 1
    assert apart.count('stroke-width="1.5"') == 0
    assert joined.count('stroke-dasharray="3 3"') == 0
    assert apart.count('stroke-dasharray="3 3"') == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_labels_of_the_scatter_stay_in_the_picture(values: list[tuple[float, float]]) -> None:
    across = points(*[(x, x, x) for x, _ in values])
    up = points(*[(y, y, y) for _, y in values])
    root = ElementTree.fromstring(scatter(across, up, ("across", "up"), "x"))
    for words in root.iter("text"):
        if words.get("x"):
            assert 0 <= float(words.get("x", "")) <= 400
            assert 0 <= float(words.get("y", "")) <= 372
