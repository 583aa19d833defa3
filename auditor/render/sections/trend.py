"""Section 4, where is it going: every headline number over versions, the price beside it, and all numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from auditor.polarity import Row
from auditor.render.address import number_link
from auditor.render.catalogue import gettext as _
from auditor.render.charts import Point, domain, series, trend
from auditor.render.material import Material
from auditor.render.tiles import headlines
from auditor.render.transcripts import Transcript
from auditor.render.versions import Version, side_by_side
from auditor.render.wording import Number, direction, energy, metric_name, metric_sentence, number, seconds
from auditor.types import Estimate


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart."""

    sentence: str
    metric: str
    direction: str
    chart: Markup
    breaks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Group:
    """The charts of one battery."""

    name: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of one probe, or of a whole battery, in all versions."""

    source: str
    metric: str
    numbers: Sequence[Number | None]


@dataclass(frozen=True, slots=True)
class Trend:
    """The charts and the tables beside them."""

    groups: Sequence[Group]
    prices: Mapping[str, Sequence[str]]
    versions: Sequence[Version]
    """Those of the tables."""
    earlier: int
    """Versions that are in the charts alone."""
    rows: Sequence[Line]


def build(material: Material) -> Trend:
    """Return the charts of all versions, and the tables of those that fit side by side."""
    columns = side_by_side(material.versions)
    return Trend(
        groups=[_group(material, battery) for battery in material.batteries],
        prices=_prices(material, columns),
        versions=columns,
        earlier=len(material.versions) - len(columns),
        rows=_rows(columns),
    )


def _group(material: Material, battery: str) -> Group:
    """Draw a battery's charts; those in one unit share one scale."""
    estimates = headlines(material.candidate, battery)
    drawn = {_unit(estimate): list[tuple[Estimate, list[Point]]]() for estimate in estimates}
    for estimate in estimates:
        points = series(material.versions, estimate.probe_id, estimate.metric)
        drawn[_unit(estimate)].append((estimate, points))
    panels = {}
    for alike in drawn.values():
        limits = domain(point for _found, points in alike for point in points)
        for estimate, points in alike:
            panels[estimate.metric] = _panel(material, estimate, points, limits)
    return Group(battery, [panels[estimate.metric] for estimate in estimates])


def _unit(estimate: Estimate) -> object:
    bounds = (estimate.low_bound, estimate.high_bound)
    return estimate.metric if None in bounds else bounds


def _panel(material: Material, estimate: Estimate, points: Sequence[Point], limits: tuple[float, float]) -> Panel:
    sentence, metric = metric_sentence(material.candidate, estimate), metric_name(estimate.metric)
    return Panel(
        sentence=sentence,
        metric="" if metric == sentence else metric,
        direction=direction(estimate),
        chart=trend(points, limits, _("{sentence}: {metric}, over versions").format(sentence=sentence, metric=metric)),
        breaks=[
            _("{before} and {after} are not joined: {why}.").format(
                before=before.label, after=after.label, why=_(" and ").join(after.breaks)
            )
            for before, after in pairwise(points)
            if after.breaks
        ],
    )


def _prices(material: Material, versions: Sequence[Version]) -> dict[str, list[str]]:
    """Return what each version's audit took; a line that no version knows is left out."""
    waits = [waited(material.transcripts, material.versions.index(version)) for version in versions]
    lines: dict[str, Callable[[Row], str]] = {
        _("Requests answered"): lambda manifest: f"{manifest['counts']['answered']:,}",
        _("Tokens read"): lambda manifest: _tokens(manifest, "prompt"),
        _("Tokens written"): lambda manifest: _tokens(manifest, "completion"),
        _("Time to answer"): _generating,
        _("Tokens written a second"): _speed,
        _("Energy"): lambda manifest: _energy(manifest["energy"]),
        _("Cost"): lambda manifest: _cost(manifest["cost"]),
        _("Same answer when asked again"): _noise,
    }
    said = {name: [line(version.manifest) for version in versions] for name, line in lines.items()}
    name = _("Seconds from request to answer, waiting included: median, 95 of 100")
    told = {**said, name: [f"{one.median:,.2f}, {one.most:,.2f}" if one else "" for one in waits]}
    return {name: cells for name, cells in told.items() if any(cells)}


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds from a request to its answer, the time in a queue included."""

    median: float
    most: float
    """95 of 100 took no longer."""


def waited(transcripts: Sequence[Transcript], place: int) -> Waited | None:
    """Return how long a version took, as measured at each request; None where it asked nothing itself."""
    rows = (row for found in transcripts for row in found.replies[place].responses)
    taken = [row["seconds"] for row in rows if row["seconds"] > 0 and not row["cached"] and not row["repeat"]]
    return Waited(*np.quantile(taken, (0.5, 0.95)).tolist()) if taken else None


def _tokens(manifest: Row, kind: str) -> str:
    """Return how many tokens there were; nothing where they were not counted."""
    return f"{manifest['tokens'][kind]:,}" if any(manifest["tokens"].values()) else ""


def _generating(manifest: Row) -> str:
    taken = manifest["seconds"].get("generate")
    return seconds(taken) if taken else ""


def _speed(manifest: Row) -> str:
    taken = manifest["seconds"].get("generate")
    return f"{manifest['tokens']['completion'] / taken:,.0f}" if taken and manifest["tokens"]["completion"] else ""


def _energy(used: Row | None) -> str:
    return energy(used["joules"]) if used and used.get("joules") is not None else ""


def _cost(cost: Row | None) -> str:
    return f"{cost['amount']:,.2f} {cost['currency']}" if cost else ""


def _noise(manifest: Row) -> str:
    floor = manifest.get("noise_floor")
    return _("{agreed:,} of {asked:,}").format(**floor) if floor and floor["asked"] else ""


def _rows(versions: Sequence[Version]) -> list[Line]:
    """Return every number that is not of a cell, pooled ones first within their battery."""
    keys = dict.fromkeys(key[:2] for version in reversed(versions) for key in version.estimates if key[2] == "all")
    return [
        Line(
            source,
            metric_name(metric),
            [_number(version, version.estimates.get((source, metric, "all"))) for version in versions],
        )
        for source, metric in keys
    ]


def _number(version: Version, estimate: Estimate | None) -> Number | None:
    return number(estimate, number_link(version, estimate)) if estimate else None
