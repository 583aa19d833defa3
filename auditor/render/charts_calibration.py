"""The reliability diagram: how often answers are right against how sure the model was."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from auditor.stats.calibration import Bin

from . import marks
from .catalogue import gettext as _
from .catalogue import ngettext
from .marks import Scale

SIZE, LEFT, RIGHT, TOP, BOTTOM = 320.0, 52.0, 300.0, 20.0, 268.0
TICKS = 4


def reliability(bins: Sequence[Bin], title: str) -> Markup:
    """Return a dot and interval for each bin, and the line on which confidence is worth what it says."""
    x, y = Scale(0, 1, LEFT, RIGHT), Scale(0, 1, BOTTOM, TOP)
    ticks = x.ticks(TICKS)
    grid = [
        marks.grid((x(tick), TOP, x(tick), BOTTOM) for tick in ticks),
        marks.grid((LEFT, y(tick), RIGHT, y(tick)) for tick in ticks),
    ]
    grid += [
        part
        for tick in ticks
        for part in (
            marks.text(x(tick), BOTTOM + 18, f"{100 * tick:g}%", anchor="middle", size=11),
            marks.text(LEFT - 8, y(tick) + 4, f"{100 * tick:g}%", anchor="end", size=11),
        )
    ]
    drawn = []
    for one in bins:
        place = x(one.confidence)
        if one.low is not None and one.high is not None:
            drawn.append(marks.reach(place, y(one.low), place, y(one.high), marks.BLUE))
        drawn.append(marks.shape("circle", place, y(one.right), marks.BLUE, bin_words(one), radius=4))
    return marks.drawing(
        SIZE,
        SIZE,
        title,
        " ".join(bin_words(one) for one in bins),
        *grid,
        marks.rule(x(0), y(0), x(1), y(1), opacity=0.6, dashes="5 3"),
        *drawn,
        marks.text((LEFT + RIGHT) / 2, SIZE - 10, _("how sure it was") + " →", anchor="middle", bold=True),
        marks.upright(12, (TOP + BOTTOM) / 2, _("how often it was right") + " →"),
    )


def bin_words(one: Bin) -> str:
    """Return a bin in words."""
    interval = _("no interval")
    if one.low is not None and one.high is not None:
        interval = _("{low:.0f} to {high:.0f}%").format(low=100 * one.low, high=100 * one.high)
    said = ngettext(
        "{sure:.0f}% sure: {right:.0f}% right ({interval}), n {n} in {families} family.",
        "{sure:.0f}% sure: {right:.0f}% right ({interval}), n {n} in {families} families.",
        one.families,
    )
    amounts = {"sure": 100 * one.confidence, "right": 100 * one.right}
    return said.format(**amounts, interval=interval, n=one.n, families=one.families)
