"""Section 3, safer or only refusing more: what is let through against what is refused without need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.compare import Turn
from auditor.render import paired
from auditor.render.address import items_link, number_link
from auditor.render.catalogue import counted
from auditor.render.catalogue import gettext as _
from auditor.render.charts import Point, frontier, scatter, series
from auditor.render.material import Material
from auditor.render.transcripts import Change
from auditor.render.versions import Role, Version, side_by_side
from auditor.render.wording import Move, Number, metric_means, metric_name, move, number, within

LET_THROUGH, REFUSED = "non_refusal_rate", "over_refusal_rate"


@dataclass(frozen=True, slots=True)
class Row:
    """One version's pair of numbers."""

    label: str
    role: Role
    let_through: Number
    refused: Number


@dataclass(frozen=True, slots=True)
class Turned:
    """How many items turned in one way."""

    turn: str
    items: int
    link: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one of the two numbers, in words."""

    metric: str
    text: str
    move: Move | None = None
    differs: str = ""
    """In how many items the number's own good and bad are not the same; empty where the versions do not compare."""
    turned: Sequence[Turned] = ()
    """The same items by all that is bad about their answers, which may be more than this number counts."""


@dataclass(frozen=True, slots=True)
class Safer:
    """The picture and its numbers."""

    chart: Markup
    means: Mapping[str, str]
    """Name of each rate -> what it is."""
    rows: Sequence[Row]
    earlier: int
    """Versions that are in the picture alone."""
    frontier: bool
    """Whether any two versions are shown to be a trade-off."""
    reading: Sequence[Reading]


def build(material: Material) -> Safer | None:
    """Return the picture, or None where no version measured both."""
    measured = [(_measured(material.candidate, metric), metric) for metric in (LET_THROUGH, REFUSED)]
    if not all(source for source, _metric in measured):
        return None
    across, up = (series(material.versions, source or "", metric) for source, metric in measured)
    kept = [(a, b) for a, b in zip(across, up, strict=True) if a.drawn and b.drawn]
    if not kept or not across[-1].drawn or not up[-1].drawn:
        return None
    told = {version.label: version for version in side_by_side(material.versions)}
    rows = [_row(told[a.label], a, b) for a, b in kept if a.label in told]
    names = (metric_name(LET_THROUGH), metric_name(REFUSED))
    title = _("{one} against {other}, over versions").format(one=names[0], other=within(names[1]))
    return Safer(
        chart=scatter([a for a, _b in kept], [b for _a, b in kept], names, title),
        means={metric_name(metric): metric_means(metric) for metric in (LET_THROUGH, REFUSED)},
        rows=rows,
        earlier=len(kept) - len(rows),
        frontier=bool(frontier([a for a, _b in kept], [b for _a, b in kept])),
        reading=[
            _reading(material, material.baseline, source or "", metric)
            for source, metric in measured
            if material.baseline is not None
        ],
    )


def _measured(version: Version, metric: str) -> str | None:
    """Return whose number it is: the battery's where it is pooled, else the first probe's."""
    return next((source for source, name, cell in _pooled_first(version) if (name, cell) == (metric, "all")), None)


def _pooled_first(version: Version) -> list[tuple[str, str, str]]:
    return sorted(version.estimates, key=lambda key: key[0] in version.probes)


def _row(version: Version, across: Point, up: Point) -> Row:
    assert across.estimate and up.estimate
    told = [number(found, number_link(version, found)) for found in (across.estimate, up.estimate)]
    return Row(across.label, across.role, *told)


def _reading(material: Material, baseline: Version, source: str, metric: str) -> Reading:
    """Say where one of the two numbers went from the baseline, and which items went with it."""
    name = metric_name(metric)
    sides = {"baseline": baseline.label, "candidate": material.candidate.label}
    difference = material.differences.get((source, metric, "all"))
    if material.comparison is None or difference is None or difference.regression is None:
        return Reading(name, _("from {baseline} to {candidate}: does not compare.").format(**sides))
    probes = material.candidate.behind(source, metric)
    turns = Counter(item.turn for item in material.comparison.items if item.probe_id in probes)
    return Reading(
        name,
        _("from {baseline} to {candidate}: {values}, {moved} ({interval}).").format(
            **sides,
            values=paired.values(difference),
            moved=paired.moved(difference),
            interval=paired.interval(difference),
        ),
        move(difference),
        counted(
            "It differs in {differing} of {n} item.",
            "It differs in {differing} of {n} items.",
            difference.compared,
            differing=f"{difference.discordant:,}",
        ),
        [Turned(turn, turns[turn], items_link(probes, change=Change(turn))) for turn in (Turn.BROKEN, Turn.FIXED)],
    )
