"""The dumbbell: two groups of people on one scale, each with its interval, and the way between them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from . import marks
from .catalogue import gettext as _
from .marks import Scale
from .visible import plain

WIDTH, HEIGHT, EDGE = 340.0, 104.0, 20.0
LANES = (28.0, 52.0)
LABELS = (14.0, 75.0)
"""Where the two labels stand: above the first lane and below the second, so that no line crosses a word."""
NAME_WIDTH = 170.0
LETTER, CAPITAL, WIDE = 7.2, 10.0, 14.0
"""Pixels of a group's name, and about those of a bold letter at 12 px."""
TICKS = 4
SMALLEST_REACH = 0.02
"""No scale is shorter, so that noise does not fill a chart."""


@dataclass(frozen=True, slots=True)
class End:
    """One of the two groups."""

    word: str
    """Which of the two it is: worst, best, highest, lowest."""
    name: str
    value: float
    low: float
    high: float
    said: str
    """The value in words."""
    full: str
    """The value with its interval and what it rests on."""


def dumbbell(far: End, near: End, title: str, tick: Callable[[float], str]) -> Markup:
    """Return two groups, the one that fares worse (or has the higher number) first; `tick` writes an amount."""
    low, high = min(0.0, far.low, near.low), max(0.0, far.high, near.high)
    step = marks.round_up(max(high - low, SMALLEST_REACH) / TICKS)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    x = Scale(low, max(high, low + step), EDGE, WIDTH - EDGE)
    grid = [
        part
        for place in x.ticks(TICKS)
        for part in (
            marks.rule(x(place), LANES[0] - 8, x(place), LANES[1] + 8, opacity=0.45 if place == 0 else 0.12),
            marks.text(x(place), HEIGHT - 8, tick(place), anchor="middle", size=11),
        )
    ]
    drawn = []
    kinds: tuple[tuple[End, marks.Shape, str], ...] = ((far, "triangle", marks.VERMILION), (near, "circle", marks.BLUE))
    for (end, shape, colour), lane, label in zip(kinds, LANES, LABELS, strict=True):
        drawn.append(marks.reach(x(end.low), lane, x(end.high), lane, colour))
        drawn.append(marks.shape(shape, x(end.value), lane, colour, end.full, radius=6))
        drawn.append(marks.text(0, label, f"{end.word}: {_fit(end.name)} {end.said}", bold=True))
    return marks.drawing(
        WIDTH,
        HEIGHT,
        title,
        _("{far}; {near}.").format(far=f"{far.word}: {far.full}", near=f"{near.word}: {near.full}"),
        *grid,
        marks.join(x(far.value), LANES[0], x(near.value), LANES[1]),
        *drawn,
    )


def _fit(name: str) -> str:
    """Return as much of a name as has room."""
    room, kept = NAME_WIDTH, ""
    for character in plain(name):
        wide = unicodedata.east_asian_width(character) in "WFA" or character in "MW@%"
        room -= WIDE if wide else CAPITAL if character.isupper() else LETTER
        if room < 0:
            return kept + "…"
        kept += character
    return kept
