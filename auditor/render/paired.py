"""The paired changes as a reader meets them: each once, the ones to look at first, in words."""

from __future__ import annotations

from collections.abc import Sequence

from auditor import amounts
from auditor.compare import Difference, Standing
from auditor.types import Better

from .material import Material
from .wording import count, metric_name


def distinct(material: Material) -> list[Difference]:
    """Return every change that has a number, largest first; what has two names is told once."""
    found: dict[tuple[object, ...], Difference] = {}
    for difference in material.differences.values():
        if difference.regression is not None:
            found.setdefault(identity(material, difference.source, difference.metric, difference.cell), difference)
    return sorted(found.values(), key=size, reverse=True)


def identity(material: Material, source: str, metric: str, cell: str) -> tuple[object, ...]:
    """Return what two names of one number have in common: its probes, and its cell unless that is all of one probe."""
    known = material.candidate.estimates
    probes = [probe for probe in material.candidate.behind(source, metric) if (probe, metric, cell) in known]
    whole = len(probes) == 1 and known[probes[0], metric, cell].planned == known[probes[0], metric, "all"].planned
    return tuple(probes), metric, "all" if whole else cell


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
    return [difference for _, difference in sorted(ranked, key=lambda pair: pair[0])]


def standing(differences: Sequence[Difference], *wanted: Standing) -> list[Difference]:
    """Return those of which so much can be said."""
    return [difference for difference in differences if difference.standing in wanted]


def name(difference: Difference) -> str:
    """Return the battery, the probe, the category and the metric in words, a name that follows itself once."""
    tag, told, category = difference.cell.partition("=")
    battery, _, probe = difference.source.partition(".")
    cell = "" if not told or category == probe else f"{tag} {category}"
    source = ", ".join(part.replace("_", " ") for part in (battery.capitalize(), probe, cell) if part)
    metric = metric_name(difference.metric)
    return f"{source}: {metric[:1].lower()}{metric[1:]}"


def values(difference: Difference) -> str:
    """Return the values on both sides, over the items that both answered."""
    bounds = (difference.low_bound, difference.high_bound)
    sides = (difference.before, difference.after)
    return " → ".join("undefined" if found is None else amounts.amount(found, *bounds) for found in sides)


def moved(difference: Difference) -> str:
    """Return how much worse it is, signed."""
    assert difference.regression is not None
    return amounts.change(difference.regression, difference.low_bound, difference.high_bound)


def interval(difference: Difference) -> str:
    """Return the interval that decides, or that there is none."""
    if difference.low is None or difference.high is None:
        return "no interval"
    bounds = (difference.low_bound, difference.high_bound)
    low, high = (amounts.change(end, *bounds).removesuffix(" points") for end in (difference.low, difference.high))
    return f"{low} to {high}"


def rests_on(difference: Difference) -> str:
    """Return the items and families that are compared."""
    if difference.compared == difference.families:
        return f"n {difference.compared:,}"
    return f"n {difference.compared:,} in {count(difference.families, 'family')}"
