"""The charts: measurements on scales, drawn with the marks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from auditor.types import Estimate

from . import marks
from .catalogue import gettext as _
from .marks import Scale
from .versions import Role, Version, instrument_changes
from .visible import plain
from .wording import interval, is_share, number, value

LABEL_WIDTH, SCATTER_LABEL_WIDTH = 9, 14
"""Characters of a version's label that fit under a point, and beside one."""
LETTER = 6.4
"""Average width of a letter at 12 px."""
TICKS = 4
SPARK_WIDTH = 130.0
SMALLEST_DOT = 2.0
SMALLEST_REACH = 0.02
"""No scale ends nearer to 0, so that noise does not fill a chart."""
GRID_LINE, ZERO_LINE = 0.12, 0.45
"""Opacity."""


@dataclass(frozen=True, slots=True)
class Point:
    """One version's estimate in a chart."""

    label: str
    role: Role
    estimate: Estimate | None
    breaks: Sequence[str] = ()
    """Why it does not compare with the point before."""

    @property
    def drawn(self) -> bool:
        """Whether there is a value to draw."""
        return self.estimate is not None and self.estimate.value is not None

    @property
    def amount(self) -> float:
        """The value; ask `drawn` first."""
        assert self.estimate is not None and self.estimate.value is not None
        return self.estimate.value

    @property
    def ends(self) -> tuple[float, float]:
        """The interval, of no length where there is none."""
        assert self.estimate is not None
        low, high = self.estimate.low, self.estimate.high
        return (self.amount if low is None else low, self.amount if high is None else high)

    @property
    def title(self) -> str:
        """The number in full, for hovering and for those who do not see the chart."""
        if self.estimate is None:
            return _("{label}: not measured").format(label=self.label)
        said = number(self.estimate)
        return f"{self.label}: {said.value} ({interval(self.estimate)}), {said.size}"


def series(versions: Sequence[Version], measured: str, metric: str, cell: str = "all") -> list[Point]:
    """Return one metric's points over all versions."""
    points = []
    for place, version in enumerate(versions):
        breaks = instrument_changes(versions[place - 1], version, measured) if place else []
        estimate = version.estimates.get((measured, metric, cell))
        points.append(Point(version.label, version.role, estimate, breaks))
    return points


def domain(points: Iterable[Point]) -> tuple[float, float]:
    """Return round limits that hold every interval: from 0, or as far below 0 as above."""
    drawn = [point for point in points if point.drawn]
    ends = [end for point in drawn for end in point.ends]
    estimates = [point.estimate for point in drawn if point.estimate]
    if not ends:
        return 0.0, 1.0
    if all(is_share(estimate) for estimate in estimates):
        return 0.0, marks.round_steps(max(*ends, SMALLEST_REACH), TICKS)
    reach = marks.round_steps(max(SMALLEST_REACH, *map(abs, ends)), TICKS // 2)
    return (0.0 if min(ends) >= 0 else -reach), reach


def spark(points: Sequence[Point], title: str) -> Markup:
    """Return a word-sized trend: every version's dot and interval, no axis."""
    step = min(26.0, SPARK_WIDTH / len(points))
    width, height = step * max(len(points), 2), 44.0
    low, high = domain(points)
    y = Scale(low, high, height - 6, 6)
    places = [step * (place + 0.5) for place in range(len(points))]
    return marks.drawing(
        width,
        height,
        title,
        _description(points),
        marks.rule(0, y(max(low, 0)), width, y(max(low, 0)), opacity=0.25),
        *_joins(points, places, y),
        *_dots(points, places, y, radius=min(4.0, max(step / 2, SMALLEST_DOT))),
        lettered=False,
    )


def trend(points: Sequence[Point], limits: tuple[float, float], title: str) -> Markup:
    """Return dots and intervals over versions on a given scale, joined only where they compare."""
    width, height, left, right, top, bottom = 340.0, 190.0, 46.0, 60.0, 10.0, 164.0
    y = Scale(*limits, bottom, top)
    step = (width - left - right) / max(len(points) - 1, 1)
    start = left + 14 if len(points) > 1 else (left + width - right) / 2
    places = [start + (step - 14 / max(len(points) - 1, 1)) * place for place in range(len(points))]
    estimate = next((point.estimate for point in reversed(points) if point.estimate), None)
    breaks = [
        marks.rule((before + after) / 2, top, (before + after) / 2, bottom, opacity=0.6, dashes="3 3")
        for (before, after), point in zip(pairwise(places), points[1:], strict=True)
        if point.breaks
    ]
    last = points[-1]
    said = (
        [marks.text(places[-1] + 10, y(last.amount) + 4, number(last.estimate).value, bold=True)]
        if last.drawn and last.estimate
        else [marks.text(width, (top + bottom) / 2, _absent(last), anchor="end", size=11)]
    )
    return marks.drawing(
        width,
        height,
        title,
        _description(points),
        *_level_grid(y, left, width - right + 10, estimate),
        *breaks,
        *_joins(points, places, y),
        *_dots(points, places, y, radius=min(5.0, max(step / 2, SMALLEST_DOT))),
        *_version_labels(points, places, height - 8),
        *said,
    )


def scatter(across: Sequence[Point], up: Sequence[Point], names: tuple[str, str], title: str) -> Markup:
    """Return two shares against each other, with both intervals and an arrow from version to version."""
    width, height, left, right, top, bottom = 400.0, 372.0, 58.0, 384.0, 14.0, 318.0
    x = Scale(*domain(across), left, right)
    y = Scale(*domain(up), bottom, top)
    centres = [(x(a.amount), y(b.amount)) for a, b in zip(across, up, strict=True)]
    crosses = [
        whisker
        for a, b, (cx, cy) in zip(across, up, centres, strict=True)
        for whisker in (
            marks.whisker(x(a.ends[0]), cy, x(a.ends[1]), cy, a.role),
            marks.whisker(cx, y(b.ends[0]), cx, y(b.ends[1]), b.role),
        )
    ]
    arrows = [
        marks.arrow(*before, *after)
        for (before, after), a, b in zip(pairwise(centres), across[1:], up[1:], strict=True)
        if not a.breaks and not b.breaks
    ]
    steps = [
        marks.steps([(x(a.amount), y(b.amount)), (x(c.amount), y(b.amount)), (x(c.amount), y(d.amount))])
        for (a, b), (c, d) in frontier(across, up)
    ]
    dots = [
        marks.dot(cx, cy, a.role, f"{names[0]}, {a.title}; {names[1]}, {b.title}", radius=6)
        for a, b, (cx, cy) in zip(across, up, centres, strict=True)
    ]
    axis_names = [
        marks.text((left + right) / 2, height - 10, f"{names[0]} →", anchor="middle", bold=True),
        marks.upright(14, (top + bottom) / 2, f"{names[1]} →"),
        marks.text(left + 6, bottom - 8, _("best"), size=11),
    ]
    grid = [*_upright_grid(x, top, bottom), *_level_grid(y, left, right, None)]
    labels = _place_labels(across, centres, (left, right, top, bottom))
    description = _("Across: {across} Up: {up}").format(across=_description(across), up=_description(up))
    return marks.drawing(
        width, height, title, description, *grid, *axis_names, *steps, *crosses, *arrows, *dots, *labels
    )


def frontier(across: Sequence[Point], up: Sequence[Point]) -> list[tuple[tuple[Point, Point], tuple[Point, Point]]]:
    """Return the neighbours on the frontier of two numbers of which less is better, measured as the newest was.

    Two versions are a trade-off only where one is better in each number and neither pair of intervals overlaps.
    """
    last = max((place for place, (a, b) in enumerate(zip(across, up, strict=True)) if a.breaks or b.breaks), default=0)
    alike = list(zip(across[last:], up[last:], strict=True))
    best: list[tuple[Point, Point]] = []
    for one in sorted(alike, key=lambda pair: (pair[0].amount, pair[1].amount)):
        if not best or one[1].amount < best[-1][1].amount:
            best.append(one)
    return [
        (before, after)
        for before, after in pairwise(best)
        if before[0].ends[1] < after[0].ends[0] and after[1].ends[1] < before[1].ends[0]
    ]


def _level_grid(y: Scale, left: float, right: float, estimate: Estimate | None) -> list[Markup]:
    ticks = y.ticks(TICKS)
    return [
        marks.grid(((left, y(tick), right, y(tick)) for tick in ticks if tick), GRID_LINE),
        *(marks.rule(left, y(tick), right, y(tick), opacity=ZERO_LINE) for tick in ticks if not tick),
        *(marks.text(left - 8, y(tick) + 4, _tick(estimate, tick, y.high), anchor="end", size=11) for tick in ticks),
    ]


def _upright_grid(x: Scale, top: float, bottom: float) -> list[Markup]:
    ticks = x.ticks(TICKS)
    return [
        marks.grid(((x(tick), top, x(tick), bottom) for tick in ticks if tick), GRID_LINE),
        *(marks.rule(x(tick), top, x(tick), bottom, opacity=ZERO_LINE) for tick in ticks if not tick),
        *(marks.text(x(tick), bottom + 18, _tick(None, tick, x.high), anchor="middle", size=11) for tick in ticks),
    ]


def _place_labels(
    points: Sequence[Point], centres: Sequence[tuple[float, float]], box: tuple[float, float, float, float]
) -> list[Markup]:
    """Put each label where it hides no point and no other label, trying the corners around its point.

    The newest has the first choice; a label that finds no room is left out, for its point has it as a title.
    """
    left, right, top, bottom = box
    taken = [(cx - 8, cy - 8, cx + 8, cy + 8) for cx, cy in centres]
    placed = []
    for point, (cx, cy) in reversed(list(zip(points, centres, strict=True))):
        label = _fit(point.label, SCATTER_LABEL_WIDTH)
        width = LETTER * len(label) + 4
        corners = [
            (cx + dx if side == "start" else cx - dx, cy + dy, side)
            for dx in (9, 22)
            for dy in (-9, 19)
            for side in ("start", "end")
        ]
        boxes = [
            (px if side == "start" else px - width, py - 11, px + (width if side == "start" else 0), py + 3)
            for px, py, side in corners
        ]
        fits = [
            place
            for place, (x1, y1, x2, y2) in enumerate(boxes)
            if x1 >= left
            and x2 <= right + 12
            and y1 >= top - 8
            and y2 <= bottom
            and not any(x1 < b[2] and b[0] < x2 and y1 < b[3] and b[1] < y2 for b in taken)
        ]
        if not fits:
            continue
        px, py, side = corners[fits[0]]
        taken.append(boxes[fits[0]])
        placed.append(marks.text(px, py, label, anchor=side, bold=True))
    return placed


def _dots(points: Sequence[Point], places: Sequence[float], y: Scale, *, radius: float) -> list[Markup]:
    parts = []
    for point, x in zip(points, places, strict=True):
        if point.drawn:
            low, high = point.ends
            parts.append(marks.whisker(x, y(low), x, y(high), point.role))
            parts.append(marks.dot(x, y(point.amount), point.role, point.title, radius=radius))
    return parts


def _joins(points: Sequence[Point], places: Sequence[float], y: Scale) -> list[Markup]:
    return [
        marks.join(x1, y(before.amount), x2, y(after.amount))
        for (before, after), (x1, x2) in zip(pairwise(points), pairwise(places), strict=True)
        if before.drawn and after.drawn and not after.breaks
    ]


def _version_labels(points: Sequence[Point], places: Sequence[float], y: float) -> list[Markup]:
    """Label as many versions as have room, the last one always."""
    room = abs(places[-1] - places[0]) / max(len(places) - 1, 1) if len(places) > 1 else 100.0
    widest = max(len(_fit(point.label, LABEL_WIDTH)) for point in points) * LETTER
    every = max(1, math.ceil(widest / room))
    return [
        marks.text(x, y, _fit(point.label, LABEL_WIDTH), anchor="middle", size=11, bold=point.role == "candidate")
        for place, (point, x) in enumerate(zip(points, places, strict=True))
        if (len(points) - 1 - place) % every == 0
    ]


def _absent(point: Point) -> str:
    return _("undefined") if point.estimate else _("not measured")


def _fit(label: str, width: int) -> str:
    label = plain(label)
    return label if len(label) <= width else label[: width - 1] + "…"


def _tick(estimate: Estimate | None, tick: float, highest: float) -> str:
    if estimate is None or is_share(estimate):
        return f"{100 * tick:g}%"
    if tick == 0:
        return "0"
    return value(estimate, tick) if highest < 10 else f"{tick:g}"


def _description(points: Sequence[Point]) -> str:
    return "; ".join(point.title for point in points) + "."
