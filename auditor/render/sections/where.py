"""Section 5, where is it bad: every metric by category, as tables whose cells are warmer the worse they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.render import marks
from auditor.render.address import number_link
from auditor.render.catalogue import gettext as _
from auditor.render.material import Material
from auditor.render.versions import Version
from auditor.render.wording import (
    THIN_FAMILIES,
    Move,
    Number,
    badness,
    heat,
    metric_means,
    metric_name,
    move,
    number,
)
from auditor.types import Estimate

Column = tuple[str, str]
"""A probe (or battery) and a metric."""
Table = dict[Column, dict[str, Estimate]]
"""Column -> category -> estimate."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a heatmap."""

    number: Number
    ground: Markup
    thin: bool
    bare: bool
    """Whether there is a value and no interval."""
    move: Move | None


@dataclass(frozen=True, slots=True)
class Heatmap:
    """One table: categories down, probes or metrics across."""

    battery: str
    title: str
    columns: Sequence[str]
    legend: Mapping[str, str]
    """What the columns and the metric mean."""
    rows: Mapping[str, Sequence[Cell | None]]


@dataclass(frozen=True, slots=True)
class Where:
    """All heatmaps."""

    heatmaps: Sequence[Heatmap]
    baseline: str | None
    thin_families: int = THIN_FAMILIES


def build(material: Material) -> Where | None:
    """Return the heatmaps, or None where no metric is told by category."""
    cells: dict[tuple[str, str, str], Table] = {}
    for (source, metric, cell), estimate in material.candidate.estimates.items():
        if cell != "all":
            tag, _told, category = cell.partition("=")
            battery = material.candidate.battery_of(source)
            if source == battery and len(material.candidate.behind(source, metric)) == 1:
                continue
            table = cells.setdefault((battery, tag, metric), {})
            table.setdefault((source, metric), {})[category] = estimate
    heatmaps = [
        *(
            _heatmap(material, battery, tag, columns)
            for (battery, tag), tables in _by_tag(cells).items()
            for columns in _merged(battery, tables)
        ),
        *_whole(material),
    ]
    if not heatmaps:
        return None
    return Where(heatmaps, material.baseline.label if material.baseline else None)


def _whole(material: Material) -> Iterator[Heatmap]:
    """Yield a table of each probe that no metric tells by category, so that its numbers are in sight as well."""
    for probe in material.candidate.probes.values():
        found = {
            metric_name(spec["name"]): material.candidate.estimates.get((probe["id"], spec["name"], "all"))
            for spec in probe["metrics"]
        }
        if len(found) > 1 and not any(spec["breakdown"] for spec in probe["metrics"]):
            yield Heatmap(
                battery=probe["battery"],
                title=_short(probe["id"], probe["battery"]),
                columns=[_("in all")],
                legend=_legend(material.candidate, {}, [spec["name"] for spec in probe["metrics"]]),
                rows={name: [_cell(material, estimate)] for name, estimate in found.items()},
            )


def _by_tag(cells: Mapping[tuple[str, str, str], Table]) -> dict[tuple[str, str], list[Table]]:
    grouped = defaultdict(list)
    for (battery, tag, _metric), table in cells.items():
        grouped[battery, tag].append(table)
    return grouped


def _merged(battery: str, tables: Sequence[Table]) -> Iterator[Table]:
    """Put metrics side by side in one table where each category has one probe only; others keep their own table.

    A pooled column says nothing new where it has one probe to pool.
    """
    together: Table = {}
    for table in tables:
        probes = {column: cells for column, cells in table.items() if column[0] != battery} or table
        categories = [category for cells in probes.values() for category in cells]
        if len(set(categories)) == len(categories):
            metric = next(iter(probes))[1]
            together["", metric] = {name: found for cells in probes.values() for name, found in cells.items()}
        else:
            yield table
    if together:
        yield together


def _heatmap(material: Material, battery: str, tag: str, columns: Table) -> Heatmap:
    sources = [source for source, _metric in columns]
    metrics = list(dict.fromkeys(metric for _source, metric in columns))
    names = [_short(source, battery) if sources[0] else metric_name(metric) for source, metric in columns]
    shares = {category: _share(columns, category) for column in columns.values() for category in column}
    worst_first = sorted(shares, key=lambda category: (-shares[category], category))
    return Heatmap(
        battery=battery,
        title=_by(tag, metrics),
        columns=names,
        legend=_legend(material.candidate, dict(zip(names, sources, strict=True)), metrics),
        rows={
            _words(category): [_cell(material, column.get(category)) for column in columns.values()]
            for category in worst_first
        },
    )


def _by(tag: str, metrics: Sequence[str]) -> str:
    if len(metrics) > 1:
        return _("by {tag}").format(tag=_words(tag))
    return _("{metric} by {tag}").format(metric=metric_name(metrics[0]), tag=_words(tag))


def _legend(version: Version, columns: Mapping[str, str], metrics: Sequence[str]) -> dict[str, str]:
    probes = {name: version.probes[source]["title"] for name, source in columns.items() if source in version.probes}
    return probes | {metric_name(metric): metric_means(metric) for metric in metrics if metric_means(metric)}


def _share(columns: Table, category: str) -> float:
    """Return how bad a category is over its columns."""
    found = [column[category] for column in columns.values() if category in column]
    heats = [heat(estimate) for estimate in found]
    return sum(
        badness(estimate) if share is None else share for estimate, share in zip(found, heats, strict=True)
    ) / len(found)


def _cell(material: Material, estimate: Estimate | None) -> Cell | None:
    if estimate is None:
        return None
    key = (estimate.probe_id, estimate.metric, estimate.cell)
    bare = estimate.value is not None and estimate.low is None
    return Cell(
        number=number(estimate, number_link(material.candidate, estimate)),
        ground=marks.cell(heat(estimate), thin=estimate.families < THIN_FAMILIES, bare=bare),
        thin=estimate.families < THIN_FAMILIES,
        bare=bare,
        move=move(material.differences.get(key)),
    )


def _short(source: str, battery: str) -> str:
    return _("pooled") if source == battery else _words(source.removeprefix(f"{battery}."))


def _words(name: str) -> str:
    return name.replace("_", " ")
