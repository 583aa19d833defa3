"""The paired-difference plot: one strip for each number, all on one scale, worse to the right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor import amounts
from auditor.compare import Difference, Standing
from auditor.decision import Outcome

from . import marks, paired
from .catalogue import gettext as _
from .marks import Scale

WIDTH, EDGE = 340.0, 20.0
HEIGHT, AXIS_HEIGHT = 30.0, 40.0
TICKS = 4
STRICT_ROOM = 24.0
SMALLEST_REACH = 0.02
"""No scale ends nearer to 0, so that noise does not fill a plot."""
RADIUS = 6.0
COLOURS = {Standing.WORSE: marks.VERMILION, Standing.BETTER: marks.GREEN}
SIGNS = {Standing.WORSE: "M-2.5,-2.5 L2.5,2.5 M2.5,-2.5 L-2.5,2.5", Standing.BETTER: "M-3,0 L-1,2.5 L3,-2.5"}
"""A cross and a tick about their centres."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The margin of a rule on a number."""

    rule: str
    words: str
    """The margin."""
    at: float
    """In the number's own unit."""
    outcome: Outcome
    waived: bool
    strict: bool
    """Whether any worsening that is shown breaks it, so that the limit that decides is 0."""
    within: bool
    """Whether the number itself lies within the margin."""

    @property
    def word(self) -> str:
        """What became of the rule, and whether only its strictness made it so."""
        if self.outcome is Outcome.FAIL and self.strict and self.within:
            return _("broken (strict)")
        return {Outcome.PASS: _("kept"), Outcome.FAIL: _("broken"), Outcome.INCONCLUSIVE: _("undecided")}[self.outcome]


def span(differences: Iterable[Difference], limits: Iterable[Limit]) -> Scale:
    """Return a round scale that holds 0, every interval and every limit."""
    reach = [0.0, *(limit.at for limit in limits)]
    for difference in differences:
        reach += [end for end in _ends(difference) if end is not None]
        if difference.noise and difference.noise.regression is not None:
            reach += [-abs(difference.noise.regression), abs(difference.noise.regression)]
    low, high = min(reach), max(reach)
    step = marks.round_up(max(high - low, SMALLEST_REACH) / TICKS)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Scale(low, high if high > low else low + step, EDGE, WIDTH - EDGE)


def _ends(difference: Difference) -> tuple[float | None, ...]:
    return (difference.regression, difference.low, difference.high, *(_whatever_is_missing(difference) or ()))


def _whatever_is_missing(difference: Difference) -> tuple[float, float] | None:
    """Return the interval that holds whatever the missing answers are, where there are any and it is known."""
    if not difference.missing or difference.worst_low is None or difference.worst_high is None:
        return None
    return difference.worst_low, difference.worst_high


def axis(scale: Scale, example: Difference) -> Markup:
    """Return the ticks, and which way is worse."""
    middle = scale(0.0)
    ways = [
        marks.text(middle + 6, 12, _("worse") + " →", size=11, bold=True) if scale.high > 0 else Markup(""),
        marks.text(middle - 6, 12, "← " + _("better"), anchor="end", size=11, bold=True)
        if scale.low < 0
        else Markup(""),
    ]
    ticks = [
        part
        for tick in scale.ticks(TICKS)
        for part in (
            marks.text(scale(tick), AXIS_HEIGHT - 8, _tick(tick, example), anchor="middle", size=11),
            marks.rule(scale(tick), AXIS_HEIGHT - 4, scale(tick), AXIS_HEIGHT),
        )
    ]
    title = _("Scale: from {low} to {high}, worse to the right").format(
        low=_tick(scale.low, example), high=_tick(scale.high, example)
    )
    return marks.drawing(WIDTH, AXIS_HEIGHT, title, _("0 is no change."), *ways, *ticks)


def _tick(tick: float, example: Difference) -> str:
    if tick == 0:
        return "0"
    share = amounts.is_share(example.low_bound, example.high_bound)
    return f"{100 * tick if share else tick:+g}".replace("-", "\N{MINUS SIGN}")


def strip(difference: Difference, scale: Scale, limits: Sequence[Limit]) -> Markup:
    """Return a number's change: a mark, the interval that decides, zero, the limits and the noise floor."""
    assert difference.regression is not None
    middle, colour = HEIGHT / 2, COLOURS.get(difference.standing, marks.INK)
    bars = []
    if difference.low is not None and difference.high is not None:
        bars = [_bar(scale(difference.low), scale(difference.high), colour)]
    if wide := _whatever_is_missing(difference):
        bars = [marks.rule(scale(wide[0]), middle, scale(wide[1]), middle), *bars]
    return marks.drawing(
        WIDTH,
        HEIGHT,
        f"{paired.name(difference)}: {paired.moved(difference)}",
        _description(difference, limits),
        *[_beyond(limit, scale) for limit in limits[:1]],
        *_noise(difference, scale),
        marks.grid((scale(tick), 0, scale(tick), HEIGHT) for tick in scale.ticks(TICKS) if tick),
        marks.rule(scale(0.0), 0, scale(0.0), HEIGHT, opacity=0.55),
        *[_line(limit, scale) for limit in limits],
        *(_strict(scale) if any(limit.strict for limit in limits) else ()),
        *bars,
        _mark(scale(difference.regression), middle, difference.standing),
        lettered=any(limit.strict for limit in limits),
    )


def _bar(start: float, end: float, colour: str) -> Markup:
    return marks.element(
        "line",
        x1=start,
        y1=HEIGHT / 2,
        x2=end,
        y2=HEIGHT / 2,
        stroke=colour,
        stroke_width=4,
        stroke_opacity="0.55",
        stroke_linecap="butt",
    )


def _mark(x: float, y: float, standing: Standing) -> Markup:
    """Return a cross where it is worse, a tick where it is better, else an empty circle."""
    if standing not in SIGNS:
        return marks.element("circle", cx=x, cy=y, r=4.5, fill="none", stroke=marks.INK, stroke_width=1.8)
    disc = marks.element("circle", cx=x, cy=y, r=RADIUS, fill=COLOURS[standing])
    sign = marks.element(
        "path",
        d=SIGNS[standing],
        transform=f"translate({x:.1f} {y:.1f})",
        fill="none",
        stroke="#fff",
        stroke_width=1.8,
        stroke_linecap="round",
    )
    return disc + sign


def _line(limit: Limit, scale: Scale) -> Markup:
    return _dashed(scale(limit.at), _("{rule}: limit {words}").format(rule=limit.rule, words=limit.words))


def _strict(scale: Scale) -> list[Markup]:
    """Return the limit of a strict rule: no change, with its word where there is room for it."""
    x = scale(0.0)
    left = x - scale.start > STRICT_ROOM
    word = marks.text(x - 4 if left else x + 4, 8, _("strict"), anchor="end" if left else "start", size=9)
    return [_dashed(x, _("strict: broken by any worsening that is shown")), word]


def _dashed(x: float, title: str) -> Markup:
    return marks.element(
        "path",
        marks.element("title", title),
        d=f"M{x:.1f},0 V{HEIGHT:g}",
        stroke=marks.INK,
        stroke_width=2,
        stroke_dasharray="5 3",
    )


def _beyond(limit: Limit, scale: Scale) -> Markup:
    """Return the ground on which the first limit would be broken."""
    x = scale(limit.at)
    return marks.element(
        "rect", x=x, y=0, width=max(scale.end - x, 0.0), height=HEIGHT, fill=marks.VERMILION, fill_opacity="0.13"
    )


def _noise(difference: Difference, scale: Scale) -> list[Markup]:
    if difference.noise is None or difference.noise.regression is None:
        return []
    reach = abs(difference.noise.regression)
    start, end = scale(-reach), scale(reach)
    return [
        marks.element(
            "rect", x=start, y=3, width=max(end - start, 1.0), height=HEIGHT - 6, fill=marks.INK, fill_opacity="0.16"
        )
    ]


def _description(difference: Difference, limits: Sequence[Limit]) -> str:
    said = _("{values}, {size}; interval {interval}").format(
        values=paired.values(difference), size=paired.rests_on(difference), interval=paired.interval(difference)
    )
    ruled = [
        (_("{rule}: limit {words}, strict") if limit.strict else _("{rule}: limit {words}")).format(
            rule=limit.rule, words=limit.words
        )
        for limit in limits
    ]
    return "; ".join([said, *ruled, _(difference.standing)]) + "."
