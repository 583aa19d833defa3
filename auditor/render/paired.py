"""The paired changes as a reader meets them: each once, the ones to look at first, in words."""

from __future__ import annotations

from collections.abc import Sequence

from auditor import amounts
from auditor.compare import Difference, Standing
from auditor.types import Better

from . import shares
from .catalogue import gettext as _
from .distinct import distinct
from .material import Material
from .wording import metric_name, within


def largest_first(material: Material) -> list[Difference]:
    """Return every change that has a number, largest first; what has two names is told once."""
    found = material.comparison.differences if material.comparison else ()
    return sorted((one for one in distinct(found) if one.regression is not None), key=size, reverse=True)


def size(difference: Difference) -> float:
    """Return how far a number moved, as a share of the furthest that it could; 1 at most where it has no bounds."""
    moved = abs(difference.regression or 0.0)
    low, high = difference.low_bound, difference.high_bound
    if low is None or high is None:
        return min(moved, 1.0)
    if difference.better is Better.TARGET:
        ideal = difference.ideal or 0.0
        return moved / max(high - ideal, ideal - low)
    return moved / (high - low)


def broadest(differences: Sequence[Difference]) -> list[Difference]:
    """Return them with each source's cell once before any a second time, so that a short list shows the breadth."""
    turns: dict[tuple[str, str], int] = {}
    ranked = []
    for difference in differences:
        kind = (difference.source, difference.cell)
        turns[kind] = turns.get(kind, -1) + 1
        ranked.append((turns[kind], difference))
    return [difference for _turn, difference in sorted(ranked, key=lambda pair: pair[0])]


def standing(differences: Sequence[Difference], *wanted: Standing) -> list[Difference]:
    """Return those of which so much can be said."""
    return [difference for difference in differences if difference.standing in wanted]


def name(difference: Difference) -> str:
    """Return the battery, the probe, the category and the metric in words, a name that follows itself once."""
    tag, told, category = difference.cell.partition("=")
    battery, _dot, probe = difference.source.partition(".")
    cell = "" if not told or category == probe else f"{tag} {category}"
    source = ", ".join(part.replace("_", " ") for part in (battery.capitalize(), probe, cell) if part)
    return _("{source}: {metric}").format(source=source, metric=within(metric_name(difference.metric)))


def values(difference: Difference) -> str:
    """Return the values on both sides, over the items that both answered."""
    bounds = (difference.low_bound, difference.high_bound)
    sides = (difference.before, difference.after)
    return " → ".join(_("undefined") if found is None else amounts.amount(found, *bounds) for found in sides)


def moved(difference: Difference, *, unit: bool = True) -> str:
    """Return how much worse or better it is."""
    assert difference.regression is not None
    if _amount(difference, difference.regression) == _amount(difference, 0.0):
        return _("no change")
    said = _("worse by {amount}") if difference.regression > 0 else _("better by {amount}")
    amount = _amount(difference, difference.regression)
    return said.format(amount=amount if unit else amount.removesuffix(" points"))


def interval(difference: Difference) -> str:
    """Return the interval that decides, told the way that the number went, or that there is none.

    Each end says its own way where they differ.
    """
    if difference.low is None or difference.high is None or difference.regression is None:
        return _("no interval")
    ends = (difference.low, difference.high)
    told = [_amount(difference, end).removesuffix(" points") for end in ends]
    if difference.regression > 0 and difference.low >= 0:
        return _("{low} to {high}").format(low=told[0], high=told[1])
    if difference.regression < 0 and difference.high <= 0:
        return _("{low} to {high}").format(low=told[1], high=told[0])
    ways = [
        (_("{amount} worse") if end > 0 else _("{amount} better")).format(amount=amount)
        for amount, end in zip(told, ends, strict=True)
    ]
    return _("{low} to {high}").format(low=ways[0], high=ways[1])


def _amount(difference: Difference, change: float) -> str:
    return amounts.change(abs(change), difference.low_bound, difference.high_bound).removeprefix("+")


def rests_on(difference: Difference) -> str:
    """Return the items and families that are compared."""
    return shares.rests_on(difference.compared, difference.families)
