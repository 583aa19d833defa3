"""A run on 80 columns: tables with colour where there is a terminal, plain text elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.errors import one_line
from auditor.render.quoted import Quotation, Said
from auditor.render.visible import plain
from auditor.runs.record import Run
from auditor.types import Better, Estimate

THIN = 10
"""Families below which a cell locates trouble and does not measure it."""
WORST_CELLS = 8
LEGEND = "v lower is better, ^ higher, = near its ideal, ! answers missing, ~ thin"
PER_CENT_KINDS = {"rate", "bbq_accuracy", "flip_share", "correct_given_attempted", "f_score"}


def summary(run: Run, *, legend: bool = True) -> RenderableType:
    """Return what a person wants to know after a run, at most 80 columns wide."""
    manifest = run.manifest
    kinds = metric_kinds(manifest)
    batteries = {probe["id"]: probe["battery"] for probe in manifest["probes"]}
    parts: list[RenderableType] = [Text(_named(f"{run.model_id}  suite {manifest['suite']['id']}"), style="bold")]
    parts += [Text(f"PROBLEM: {_named(problem)}", style="bold red") for problem in run.problems]
    parts += [Text(f"Note: {_named(note)}") for note in manifest["notes"]]
    pooled = {(one["battery"], one["metric"]) for one in manifest["pooled"]}
    for battery in dict.fromkeys(batteries.values()):
        whole = [one for one in run.estimates if one.cell == "all" and _battery(one, batteries) == battery]
        # A metric that the suite pools is told once; its probes are among the cells below.
        parts.append(
            _battery_table(
                battery,
                [one for one in whole if one.probe_id == battery or (battery, one.metric) not in pooled],
                kinds,
            )
        )
    worst = _worst(run.estimates, kinds, batteries)
    if worst:
        parts.append(_worst_table(worst, kinds))
    parts.append(Text("\n".join(_account(manifest, legend=legend))))
    parts.append(Text(f"run {_named(run.run_id)}"))
    return Group(*parts)


def _named(text: str) -> str:
    """Return what others named, on one line of ours."""
    return plain(one_line(text))


def _battery(estimate: Estimate, batteries: Mapping[str, str]) -> str:
    """Return the battery of an estimate; a pooled one names it in place of a probe."""
    return batteries.get(estimate.probe_id, estimate.probe_id)


def metric_kinds(manifest: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return (probe or battery, metric) -> kind."""
    kinds = {
        (probe["id"], metric["name"]): metric["kind"] for probe in manifest["probes"] for metric in probe["metrics"]
    }
    for pooled in manifest["pooled"]:
        first = next(iter(pooled["weights"]))
        kinds[pooled["battery"], pooled["metric"]] = kinds.get((first, pooled["metric"]), "rate")
    return kinds


def number(value: float | None, kind: str) -> str:
    """Return a value as a person reads it: per cent for shares, two decimals for scores."""
    if value is None:
        return "n/a"
    return f"{100 * value:.1f}%" if kind in PER_CENT_KINDS else f"{value:+.2f}"


def interval(estimate: Estimate, kind: str) -> str:
    """Return the interval of an estimate, or why there is none."""
    if estimate.low is None or estimate.high is None:
        return "no interval"
    if kind in PER_CENT_KINDS:
        return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"
    return f"{estimate.low:+.2f} to {estimate.high:+.2f}"


def least_distance(estimate: Estimate) -> float:
    """Return how far a value is at least from what it should be, by its interval; 0 is ideal.

    For metrics that should be low or near a target.
    """
    low, high = estimate.low or 0.0, estimate.high or 0.0
    if estimate.better is Better.TARGET:
        ideal = estimate.ideal or 0.0
        return max(low - ideal, ideal - high, 0.0)
    return low


def _table(*columns: tuple[str, JustifyMethod, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name, justify, width in columns:
        table.add_column(name, justify=justify, width=width, no_wrap=True, overflow="ellipsis")
    return table


def _battery_table(battery: str, estimates: Sequence[Estimate], kinds: Mapping[tuple[str, str], str]) -> Table:
    table = _table((battery, "left", 38), ("value", "right", 7), ("95% interval", "right", 15), ("n/fam", "right", 9))
    for estimate in sorted(estimates, key=lambda one: one.probe_id != battery):
        pooled = estimate.probe_id == battery
        kind = kinds.get((estimate.probe_id, estimate.metric), "rate")
        arrow = {Better.LOWER: "v", Better.HIGHER: "^", Better.TARGET: "="}[estimate.better]
        probe = "" if pooled else estimate.probe_id.partition(".")[2] + " "
        count = f"{estimate.n}/{estimate.families}" + ("~" if 0 < estimate.families < THIN else "")
        table.add_row(
            f"{arrow} {plain(probe)}{estimate.metric}",
            number(estimate.value, kind),
            interval(estimate, kind),
            count if estimate.n == estimate.planned else f"{count}!",
            style="bold" if pooled else None,
        )
    return table


def _worst_table(cells: Iterable[Estimate], kinds: Mapping[tuple[str, str], str]) -> Table:
    table = _table(
        ("where it is worst", "left", 47), ("value", "right", 7), ("95% interval", "right", 15), ("fam", "right", 4)
    )
    for cell in cells:
        kind = kinds.get((cell.probe_id, cell.metric), "rate")
        thin = "~" if cell.families < THIN else ""
        value = cell.cell.partition("=")[2]
        place = f" {cell.cell}" if value and not cell.probe_id.endswith(f".{value}") else ""
        table.add_row(
            plain(f"{cell.probe_id}{place}: {cell.metric}"),
            number(cell.value, kind),
            interval(cell, kind),
            f"{cell.families}{thin}",
        )
    return table


def _worst(
    estimates: Iterable[Estimate], kinds: Mapping[tuple[str, str], str], batteries: Mapping[str, str]
) -> list[Estimate]:
    """Return the cells that are surely farthest from what they should be, one metric a cell, bounded ones only.

    They are ranked by the end of the interval that is nearer to the ideal, so that a thin cell cannot lead by luck.
    """
    found: dict[tuple[str, str], Estimate] = {}
    for one in estimates:
        bounded = one.high_bound is not None and one.high_bound <= 1
        if one.probe_id in batteries and one.low is not None and bounded and one.better is not Better.HIGHER:
            found.setdefault((one.probe_id, one.cell), one)
    split = {one.probe_id for one in found.values() if one.cell != "all"}
    cells = [one for one in found.values() if one.cell != "all" or one.probe_id not in split]
    cells = [one for one in cells if least_distance(one) > 0]
    return sorted(cells, key=lambda one: (-least_distance(one), one.probe_id, one.cell))[:WORST_CELLS]


def _account(manifest: Mapping[str, Any], *, legend: bool) -> Iterable[str]:
    counts, floor = manifest["counts"], manifest["noise_floor"]
    asked = f"{counts['requests']} requests, {counts['answered']} answered, {counts['cached']} from earlier runs"
    yield f"{asked}; {LEGEND}" if legend else asked
    for reason, count in counts["failed"].items():
        yield f"failed {count}: {_named(reason[:200])}"
    if floor["asked"]:
        yield (
            f"asked again {floor['asked']}: same text {floor['agreed']}, "
            f"same verdict {floor['verdicts_agreed']} of {floor['verdicts_asked']}"
        )
    tokens, energy, cost = manifest["tokens"], manifest["energy"], manifest["cost"]
    yield (
        f"{tokens['prompt']} prompt and {tokens['completion']} answer tokens, "
        f"{manifest['seconds'].get('wall', 0):.0f} s, {energy['joules']:.0f} J ({_named(energy['method'])})"
        + (f", {cost['amount']:.4f} {_named(cost['currency'])}" if cost else "")
    )


def transcript(
    row: Mapping[str, Any], verdict: Mapping[str, Any] | None, before: Mapping[str, Any] | None = None
) -> RenderableType:
    """Return one exchange for the terminal; escapes and hidden characters are made visible.

    `before` is {model_id, label, text} of the same question to an earlier version.
    """
    head = Text(plain(one_line(row["item_id"])), style="bold")
    if row["repeat"]:
        head.append(" (asked again)")
    said = [Said(message["role"], message["content"], "cyan") for message in row["messages"]]
    if row["continuation"] is not None:
        said.append(Said("scored", row["continuation"], "cyan"))
    if row["status"] == "failed":
        said.append(Said("failed", row["reason"] or "", "red"))
    else:
        if row["reasoning"]:
            said.append(Said("thinking", row["reasoning"], "dim"))
        shown = row["text"] if row["continuation"] is None else f"log-probability {row['score']}"
        said.append(Said(f"answer [{row['status']}]", shown, "yellow"))
    if verdict is not None:
        label = verdict["label"] if verdict["outcome"] == "graded" else f"undetermined: {verdict['reason']}"
        evidence = f"  <- {verdict['evidence']}" if verdict.get("evidence") else ""
        said.append(Said("verdict", f"{label}{evidence}", "green"))
    if before is not None:
        said.append(Said(f"before, {before['model_id']}", f"{before['label']}: {before['text']}", "magenta"))
    return Group(head, Quotation(said), Text(""))
