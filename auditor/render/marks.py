"""The few marks that all charts are made of: SVG by presentation attributes only.

No style is needed to read a mark, so that charts stay whole where a host strips styles and scripts. Text and
lines take the page's own ink (`currentColor`); colours are Okabe and Ito's, each with a shape beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from .catalogue import gettext as _
from .versions import Role
from .visible import plain

BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
INK = "currentColor"
FONT = "system-ui, sans-serif"
COLOURS: dict[Role, str] = {"candidate": BLUE, "baseline": GREEN, "earlier": INK}
Shape = Literal["circle", "square", "diamond", "triangle"]
SHAPES: dict[Role, Shape] = {"candidate": "circle", "baseline": "square", "earlier": "diamond"}
GLYPHS: dict[Role, str] = {"candidate": "●", "baseline": "■", "earlier": "◆"}


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; what lies outside is drawn at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Return round values inside the scale, at most so many steps apart."""
        step = round_up((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 10) for place in range(first, last + 1)]


def round_up(value: float) -> float:
    """Return the next of 1, 2, 2.5, 5, 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))


def round_steps(value: float, steps: int) -> float:
    """Return the next multiple of a round step that is reached in at most `steps` steps."""
    step = round_up(value / steps)
    return math.ceil(value / step - 1e-9) * step


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """Return an SVG element; children that are not markup are escaped, `_` in attribute names becomes `-`."""
    said = Markup("").join(
        Markup(' {}="{}"').format(key.replace("_", "-"), plain(amount) if isinstance(amount, str) else _short(amount))
        for key, amount in attributes.items()
    )
    if not children:
        return Markup("<{0}{1}/>").format(Markup(name), said)
    inside = Markup("").join(child if isinstance(child, Markup) else escape(plain(child)) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), said, inside)


def _short(amount: float) -> str:
    return f"{amount:.1f}".removesuffix(".0")


def drawing(width: float, height: float, title: str, description: str, *children: str, lettered: bool = True) -> Markup:
    """Return a picture with its name and description for those who do not see it; `lettered`: it holds text."""
    letters: dict[str, str | float] = {"font_family": FONT, "font_size": 12, "fill": INK} if lettered else {}
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *children,
        role="img",
        width=width,
        height=height,
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        **letters,
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", size: float = 12, bold: bool = False) -> Markup:
    """Return a line of text."""
    weight = {"font_weight": "600"} if bold else {}
    return element("text", words, x=x, y=y, text_anchor=anchor, font_size=size, **weight)


def upright(x: float, y: float, words: str) -> Markup:
    """Return a line of text that reads upwards, centred on a point."""
    turned = f"translate({_short(x)} {_short(y)}) rotate(-90)"
    return element("text", words, transform=turned, text_anchor="middle", font_weight="600")


def rule(x1: float, y1: float, x2: float, y2: float, *, opacity: float = 1, dashes: str = "") -> Markup:
    """Return a thin straight line."""
    unusual = {"stroke_opacity": f"{opacity:g}" if opacity != 1 else "", "stroke_dasharray": dashes}
    told = {name: said for name, said in unusual.items() if said}
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=INK, **told)


def grid(lines: Iterable[tuple[float, float, float, float]], opacity: float = 0.12) -> Markup:
    """Return faint lines, each from (x, y) to (x, y), as one mark."""
    drawn = "".join(f"M{_short(x1)},{_short(y1)}L{_short(x2)},{_short(y2)}" for x1, y1, x2, y2 in lines)
    return element("path", d=drawn, stroke=INK, stroke_opacity=f"{opacity:g}")


def join(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """Return the line between two measurements that compare."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=INK, stroke_width=1.5, stroke_opacity="0.45")


def steps(points: Sequence[tuple[float, float]]) -> Markup:
    """Return the dashed line of a frontier."""
    path = " L".join(f"{_short(x)},{_short(y)}" for x, y in points)
    return element(
        "path",
        element("title", _("frontier")),
        d=f"M{path}",
        fill="none",
        stroke=INK,
        stroke_width=1.5,
        stroke_opacity="0.7",
        stroke_dasharray="2 3",
    )


def whisker(x1: float, y1: float, x2: float, y2: float, role: Role) -> Markup:
    """Return the line of a version's interval."""
    return reach(x1, y1, x2, y2, COLOURS[role])


def reach(x1: float, y1: float, x2: float, y2: float, colour: str) -> Markup:
    """Return the line of an interval."""
    return element(
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        stroke=colour,
        stroke_width=2.5,
        stroke_opacity="0.7",
        stroke_linecap="round",
    )


def dot(x: float, y: float, role: Role, title: str, *, radius: float = 5) -> Markup:
    """Return a point, its shape and colour told by the version's role; the title is shown when hovered."""
    return shape(SHAPES[role], x, y, COLOURS[role], title, radius=radius)


def shape(kind: Shape, x: float, y: float, colour: str, title: str, *, radius: float = 5) -> Markup:
    """Return a point; the title is shown when hovered."""
    name = element("title", title)
    if kind == "circle":
        return element("circle", name, cx=x, cy=y, r=radius, fill=colour)
    if kind == "square":
        side = 1.7 * radius
        return element("rect", name, x=x - side / 2, y=y - side / 2, width=side, height=side, fill=colour)
    points = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
    if kind == "triangle":
        points = [(x, y + radius), (x + radius, y - 0.8 * radius), (x - radius, y - 0.8 * radius)]
    return element("polygon", name, points=" ".join(f"{_short(a)},{_short(b)}" for a, b in points), fill=colour)


def arrow(x1: float, y1: float, x2: float, y2: float, *, gap: float = 9) -> Markup:
    """Return an arrow that stops short of both ends; nothing where there is no room for one."""
    length = math.hypot(x2 - x1, y2 - y1)
    if length < 3 * gap:
        return Markup("")
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    tip_x, tip_y = x2 - gap * dx, y2 - gap * dy
    back_x, back_y = tip_x - 7 * dx, tip_y - 7 * dy
    head = [(tip_x, tip_y), (back_x - 3.5 * dy, back_y + 3.5 * dx), (back_x + 3.5 * dy, back_y - 3.5 * dx)]
    return join(x1 + gap * dx, y1 + gap * dy, back_x, back_y) + element(
        "polygon", points=" ".join(f"{_short(x)},{_short(y)}" for x, y in head), fill=INK, fill_opacity="0.6"
    )


def cell(strength: float | None, *, thin: bool, bare: bool = False) -> Markup:
    """Return the ground of a heatmap cell, hatched where there is little behind it; nothing where that is no ground.

    `strength` is from 0 to 1; None leaves the ground empty, for a number that knows no worst. A bare number, which
    has no interval, is paler than the others.
    """
    opacity = (0.18 if bare else 0.56) * (strength or 0)
    grounds = []
    if opacity:
        told = f"{0.04 + opacity:.2f}"
        grounds.append(element("rect", width="100%", height="100%", fill=VERMILION, fill_opacity=told))
    if thin:
        grounds.append(element("rect", width="100%", height="100%", fill="url(#hatch)"))
    return element("svg", *grounds, width=14, height=14, aria_hidden="true") if grounds else Markup("")


def hatching() -> Markup:
    """Return the pattern that thin cells refer to; it stands once in the page."""
    line = element("path", d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2", stroke=INK, stroke_width=1, stroke_opacity="0.28")
    pattern = element("pattern", line, id="hatch", patternUnits="userSpaceOnUse", width=6, height=6)
    return element("svg", element("defs", pattern), width=0, height=0, aria_hidden="true", focusable="false")
