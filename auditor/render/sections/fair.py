"""Section 6, fair across groups: the two groups that are farthest apart, by every number that tells groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from pydantic import ValidationError

from auditor import amounts
from auditor.compare import Difference
from auditor.render import paired
from auditor.render.address import cell_link, items_link
from auditor.render.catalogue import counted
from auditor.render.catalogue import gettext as _
from auditor.render.charts_groups import End, dumbbell
from auditor.render.material import Material
from auditor.render.shares import rests_on
from auditor.render.wording import Move, Number, interval, metric_means, metric_name, move, number, value
from auditor.stats.extremes import farthest_apart
from auditor.types import Better, Estimate

if TYPE_CHECKING:
    import pandas as pd

FEWEST_FAMILIES = 15
"""A group with fewer is not drawn beside another."""
NAMED = 6
"""Groups named that are too small; the others are counted."""
COLUMNS = ("item_id", "family_id", "pair_id", "sample", "repeat", "outcome", "label", "value", "reason")


@dataclass(frozen=True, slots=True)
class Group:
    """One group's number in words."""

    of: str
    """What it is a group of, `probe/metric/cell`."""
    name: str
    value: str
    interval: str
    size: str
    n: int
    families: int
    link: str
    ends: tuple[float, float, float] | None
    """Value, low, high; None where there is no interval."""
    raw: float | None
    """The value itself; None where nothing was graded."""

    @property
    def drawn(self) -> bool:
        """Whether it is large enough to be held against another."""
        return self.families >= FEWEST_FAMILIES and self.ends is not None


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a number since the baseline."""

    of: str
    text: str
    move: Move | None
    said: str
    """What can be said of it where it is neither worse nor better."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One number that tells groups."""

    source: str
    title: str
    means: str
    number: Number | None
    """The number that the audit estimated over all groups, where there is one."""
    link: str
    chart: Markup | None
    apart: str
    """How far the two in the chart are apart; empty where the number says it."""
    groups: Sequence[Group]
    smallest: str
    small: str
    """Which groups are too small to be drawn."""
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Fair:
    """All panels."""

    panels: Sequence[Panel]
    baseline: str
    fewest: int = FEWEST_FAMILIES

    @property
    def drawn(self) -> bool:
        """Whether there is a picture."""
        return any(panel.chart for panel in self.panels)


def build(material: Material) -> Fair | None:
    """Return the panels, or None where no number tells groups."""
    panels = [*_pairs(material), *_cells(material)]
    if not panels:
        return None
    return Fair(panels, material.baseline.label if material.baseline else "")


def _pairs(material: Material) -> Iterator[Panel]:
    """Yield the numbers of counterfactual pairs: one text, of which only the group changes."""
    for probe in material.candidate.probes.values():
        specs = [spec for spec in probe["metrics"] if spec.get("kind") in ("group_gap", "flip_share")]
        for spec in specs:
            found = material.candidate.estimates.get((probe["id"], spec["name"], "all"))
            if found is not None:
                yield _pair_panel(material, probe["id"], spec, found)


def _pair_panel(material: Material, probe: str, spec: Mapping[str, Any], found: Estimate) -> Panel:
    key = (found.probe_id, found.metric, found.cell)
    groups = _group_means(material, probe, spec) if spec["kind"] == "group_gap" else []
    told = [group for group in groups if group.drawn]
    chart = None
    if len(told) > 1:
        high, low = max(told, key=_value), min(told, key=_value)
        title = _("{metric}: {high} against {low}").format(
            metric=metric_name(found.metric), high=high.name, low=low.name
        )
        chart = dumbbell(_end(_("highest"), high), _end(_("lowest"), low), title, _signed)
    return Panel(
        source=_words(probe),
        title=metric_name(found.metric),
        means=metric_means(found.metric),
        number=number(found),
        link=cell_link(material.candidate, *key),
        chart=chart,
        apart="",
        groups=groups,
        smallest=_smallest(groups),
        small=_small(groups),
        changes=_changes(material, {"": material.differences.get(key)}),
    )


def _group_means(material: Material, probe: str, spec: Mapping[str, Any]) -> list[Group]:
    """Return each group's mean beside its pair's, with the tag's values as names."""
    from auditor.metrics.groups import group_means_of
    from auditor.metrics.interface import MetricSpec

    try:
        wanted = MetricSpec.model_validate(spec)
    except ValidationError:  # no audit of ours writes it: the number is shown, its groups are not known
        return []
    rows = _rows(material, probe)
    if rows.empty:
        return []
    found = group_means_of(wanted, rows, confidence=material.candidate.manifest["confidence"])
    groups = []
    for name, mean in found.items():
        told = _("no interval: too few families")
        ends = None
        if mean.low is not None and mean.high is not None:
            told = _("{low} to {high}").format(low=_signed(mean.low), high=_signed(mean.high))
            ends = (mean.value, mean.low, mean.high)
        groups.append(
            Group(
                of=f"{probe}/{wanted.name}/all",
                name=_words(name),
                value=amounts.amount(mean.value, None, None),
                interval=told,
                size=rests_on(mean.n, mean.families),
                n=mean.n,
                families=mean.families,
                link=items_link([probe], [f"{wanted.by}: {name}"]),
                ends=ends,
                raw=mean.value,
            )
        )
    return groups


def _rows(material: Material, probe: str) -> pd.DataFrame:
    """Return the candidate's verdicts on a probe as the metrics read them."""
    import pandas as pd

    rows: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "tags", "reference")}
    for transcript in material.transcripts:
        reply = transcript.replies[-1]
        if reply.item is None or reply.item["probe_id"] != probe:
            continue
        for verdict in reply.verdicts:
            if verdict["repeat"] == 0:
                row = {**verdict, **{name: reply.item[name] for name in ("pair_id", "tags", "reference")}}
                for name, column in rows.items():
                    column.append(row.get(name))
    return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in rows.items()})


def _cells(material: Material) -> Iterator[Panel]:
    """Yield the numbers of the bias battery that are told by category."""
    found: dict[tuple[str, str], list[tuple[str, Estimate]]] = defaultdict(list)
    for (source, metric, cell), estimate in material.candidate.estimates.items():
        tag, told, category = cell.partition("=")
        if told and source in material.candidate.probes and material.candidate.battery_of(source) == "bias":
            found[metric, tag].append((category, estimate))
    for (metric, tag), named in found.items():
        sources = {estimate.probe_id for _name, estimate in named}
        together = len({category for category, _estimate in named}) == len(named)
        for some in (
            [named] if together else [[one for one in named if one[1].probe_id == of] for of in sorted(sources)]
        ):
            if len(some) > 1:
                yield _cell_panel(material, metric, tag, some)


def _cell_panel(material: Material, metric: str, tag: str, named: Sequence[tuple[str, Estimate]]) -> Panel:
    groups = [_cell_group(material, category, estimate) for category, estimate in named]
    told = {group.name: estimate for group, (_category, estimate) in zip(groups, named, strict=True) if group.drawn}
    drawn = [group for group in groups if group.drawn]
    sources = {estimate.probe_id for _category, estimate in named}
    chart, apart, ends = None, "", []
    if len(drawn) > 1:
        high, low = max(drawn, key=_value), min(drawn, key=_value)
        ends, sample = [high, low], told[high.name]
        words = {Better.LOWER: (_("worst"), _("best")), Better.HIGHER: (_("best"), _("worst"))}
        of_high, of_low = words.get(sample.better, (_("highest"), _("lowest")))
        first, second = _end(of_high, high), _end(of_low, low)
        if sample.better is Better.HIGHER:
            first, second = second, first
        title = _("{metric}: {one} against {other}").format(
            metric=metric_name(metric), one=first.name, other=second.name
        )
        chart = dumbbell(first, second, title, lambda amount: _tick(sample, amount))
        apart = _apart([group.ends for group in drawn if group.ends], sample)
    return Panel(
        source=_words(sources.pop()) if len(sources) == 1 else "bias",
        title=_("{metric} by {tag}").format(metric=metric_name(metric), tag=_words(tag)),
        means=metric_means(metric),
        number=None,
        link="",
        chart=chart,
        apart=apart,
        groups=groups,
        smallest=_smallest(groups),
        small=_small(groups),
        changes=_changes(
            material,
            {
                end.name: material.differences.get((told[end.name].probe_id, metric, told[end.name].cell))
                for end in ends
            },
        ),
    )


def _cell_group(material: Material, category: str, estimate: Estimate) -> Group:
    said = number(estimate)
    ends = None
    if estimate.value is not None and estimate.low is not None and estimate.high is not None:
        ends = (estimate.value, estimate.low, estimate.high)
    return Group(
        of=said.of,
        name=_words(category),
        value=said.value,
        interval=interval(estimate),
        size=said.size,
        n=estimate.n,
        families=estimate.families,
        link=cell_link(material.candidate, estimate.probe_id, estimate.metric, estimate.cell),
        ends=ends,
        raw=estimate.value,
    )


def _apart(ends: Sequence[tuple[float, float, float]], sample: Estimate) -> str:
    """Say how far the two ends are apart, in an interval that allows for having chosen them."""
    gap, low, high = farthest_apart(ends, confidence=sample.confidence)
    bounds = (sample.low_bound, sample.high_bound)
    most = high
    if sample.low_bound is not None and sample.high_bound is not None:
        most = min(high, sample.high_bound - sample.low_bound)
    told = [amounts.change(amount, *bounds).removeprefix("+") for amount in (gap, low, most)]
    said = _("{gap} apart ({low} to {high}, whichever two of {groups} are the farthest apart).").format(
        gap=told[0], low=told[1].removesuffix(" points"), high=told[2], groups=len(ends)
    )
    return f"{said} {_('No more than chance can make.')}" if low == 0 else said


def _end(word: str, group: Group) -> End:
    assert group.ends is not None
    full = f"{group.name}: {group.value} ({group.interval}), {group.size}"
    return End(word, group.name, *group.ends, said=group.value, full=full)


def _value(group: Group) -> float:
    assert group.ends is not None
    return group.ends[0]


def _smallest(groups: Sequence[Group]) -> str:
    if not groups:
        return ""
    if len(groups) > 1 and len({(group.n, group.families) for group in groups}) == 1:
        return _("Every group: {size}.").format(size=groups[0].size)
    least = min(groups, key=lambda group: (group.n, group.families))
    return _("The smallest group: {name}, {size}.").format(name=least.name, size=least.size)


def _small(groups: Sequence[Group]) -> str:
    """Name the groups that are not drawn, with their families."""
    small = [group for group in groups if not group.drawn]
    if not small:
        return ""
    counts = {group.families for group in small}
    if len(small) == len(groups) and len(counts) == 1:
        return _("All {groups:,} groups are too small to be drawn: {size}, and {fewest} are needed.").format(
            groups=len(groups), size=counted("{n} family", "{n} families", counts.pop()), fewest=FEWEST_FAMILIES
        )
    named = [f"{group.name} ({group.families})" for group in small[:NAMED]]
    if len(small) > NAMED:
        named.append(_("and {more:,} more").format(more=len(small) - NAMED))
    return _("Too small to be drawn, with fewer than {fewest} families: {groups}.").format(
        fewest=FEWEST_FAMILIES, groups=", ".join(named)
    )


def _changes(material: Material, found: Mapping[str, Difference | None]) -> list[Change]:
    """Return what became of each number since the baseline, as the comparison says it."""
    if material.baseline is None:
        return []
    return [_change(name, difference) for name, difference in found.items()]


def _change(name: str, difference: Difference | None) -> Change:
    if difference is None or difference.regression is None:
        return Change(name, _("does not compare"), None, "")
    said = f"{paired.values(difference)}, {paired.moved(difference)} ({paired.interval(difference)})"
    told = move(difference)
    open_ = "" if told else f"{_(difference.standing)}{': ' if difference.reason else ''}{difference.reason}"
    return Change(name, f"{said}, {paired.rests_on(difference)}", told, open_)


def _tick(estimate: Estimate, amount: float) -> str:
    return "0" if amount == 0 else value(estimate, amount).replace(".0%", "%")


def _signed(amount: float) -> str:
    return "0" if amount == 0 else amounts.amount(amount, None, None)


def _words(name: str) -> str:
    return name.replace("_", " ")
