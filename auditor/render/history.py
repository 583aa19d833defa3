"""A model's history for the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from auditor import amounts
from auditor.compare import Standing
from auditor.drift import Drift, Look
from auditor.first_seen import FirstSeen
from auditor.history import History, Point, Trend, Version
from auditor.render.visible import plain
from auditor.runs.codec import to_row
from auditor.types import Better

BARS = "▁▂▃▄▅▆▇█"
ABSENT = "·"
BREAK = "|"
NAME_WIDTH, CELL_WIDTH = 30, 15
MOST_BARS = 24
MOST_ROWS = 12
MOST_NAMED = 6
ARROWS = {Better.LOWER: "v", Better.HIGHER: "^", Better.TARGET: "="}
TOLD = {
    Standing.WORSE: ("worse", "bold red"),
    Standing.BETTER: ("better", "green"),
    Standing.NOISE: ("~", "dim"),
    Standing.OPEN: ("?", "yellow"),
}
LEGEND = (
    "v lower is better, ^ higher, = near its ideal. worse, better: against the version before, item by item; "
    f"~ within noise, ? cannot tell, {BREAK} measured otherwise than before, {ABSENT} not asked."
)


def history_json(found: History) -> str:
    """Return a history for programs."""
    return json.dumps({"schema_version": 1, **to_row(found)}, indent=2) + "\n"


def history_page(found: History, width: int) -> RenderableType:
    """Return a history for a terminal of `width` columns; where not all versions fit, the newest are told."""
    bars = min(len(found.versions), MOST_BARS)
    columns = max(1, (width - NAME_WIDTH - max(bars, 5) - 4) // (CELL_WIDTH + 2))
    shown = found.versions[-columns:]
    parts: list[RenderableType] = [Text(_head(found), style="bold"), _versions(found.versions)]
    for battery in dict.fromkeys(trend.battery for trend in found.trends):
        trends = [trend for trend in found.trends if trend.battery == battery]
        parts += [Text(""), _trends(battery, trends, shown)]
    left = len(found.versions) - len(shown)
    if left:
        oldest = ", ".join(plain(version.model_id.rpartition("@")[2]) for version in found.versions[:left][:MOST_NAMED])
        more = ", ..." if left > MOST_NAMED else ""
        parts.append(Text(f"No room for the values of {oldest}{more}: a wider terminal shows more, -f json all."))
    parts.append(Text(LEGEND, style="dim"))
    parts += [
        Text(""),
        *_first_seen(found.first_seen, found.versions[-1]),
        Text(""),
        *_drift(found.drift, found.versions),
    ]
    parts += [Text(f"Note: {plain(note)}") for note in found.notes]
    return Group(*parts)


def _head(found: History) -> str:
    count = len(found.versions)
    return f"{plain(found.name)}  {count} {'version' if count == 1 else 'versions'}, oldest first"


def _table(*columns: tuple[str, JustifyMethod, int | None], whole: Sequence[str] = ()) -> Table:
    """Return a table; the `whole` columns hold short words that are never broken."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name, justify, width in columns:
        table.add_column(name, justify=justify, width=width, overflow="fold", no_wrap=name in whole)
    return table


def _versions(versions: Sequence[Version]) -> RenderableType:
    table = _table(
        ("version", "left", None),
        ("audited", "left", None),
        ("suite", "left", None),
        ("what", "left", None),
        whole=("audited",),
    )
    for version in versions:
        changed = f"changed: {', '.join(version.changed)}" if version.changed else ""
        facts = [changed, *(f"{BREAK} {change}" for change in version.instrument)]
        table.add_row(
            plain(version.model_id),
            plain(version.created[:10]),
            plain(version.suite),
            plain("\n".join(fact for fact in facts if fact)),
        )
    return table


def _trends(battery: str, trends: Sequence[Trend], shown: Sequence[Version]) -> RenderableType:
    names = (plain(version.model_id.rpartition("@")[2]) for version in shown)
    table = _table(
        (battery, "left", NAME_WIDTH), ("trend", "left", None), *((name, "left", CELL_WIDTH) for name in names)
    )
    for trend in trends:
        probe = "" if trend.source == battery else plain(trend.source.partition(".")[2]) + " "
        name = f"{ARROWS[trend.better]} {probe}{plain(trend.metric)}"
        table.add_row(name, sparkline(trend), *(_cell(point, trend) for point in trend.points[-len(shown) :]))
    return table


def sparkline(trend: Trend) -> str:
    """Return a bar for each of the newest versions, on a scale that holds all intervals and, where it can be, 0."""
    points = trend.points[-MOST_BARS:]
    ends = [end for point in points if point for end in (point.low, point.value, point.high) if end is not None]
    if not ends:
        return ABSENT * len(points)
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0
    drawn = []
    for point in points:
        if point is None or point.value is None:
            drawn.append(ABSENT)
            continue
        bar = BARS[min(int((point.value - low) / span * len(BARS)), len(BARS) - 1)]
        drawn.append(f"{BREAK}{bar}" if point.gap else bar)
    return "".join(drawn)


def _cell(point: Point | None, trend: Trend) -> Text:
    if point is None:
        return Text(ABSENT)
    unit = (trend.low_bound, trend.high_bound)
    cell = Text("n/a" if point.value is None else amounts.amount(point.value, *unit))
    if point.gap:
        cell.append(f" {BREAK}")
    if point.standing is not None:
        word, style = TOLD[point.standing]
        cell.append(f" {word}", style=style)
    if point.low is not None and point.high is not None:
        low, high = (amounts.amount(end, *unit).removesuffix("%") for end in (point.low, point.high))
        cell.append(f"\n{low} to {high}", style="dim")
    return cell


def _first_seen(found: Sequence[FirstSeen], newest: Version) -> Iterable[RenderableType]:
    if not found:
        yield Text("No item turned bad that was not bad before.")
        return
    table = _table(
        ("bad for the first time", "left", None),
        ("severity", "left", None),
        ("at", "left", None),
        ("items", "right", None),
        ("still bad", "right", None),
        whole=("severity", "items", "still bad"),
    )
    for one in found[:MOST_ROWS]:
        count = f"{len(one.items)} of {one.asked}"
        table.add_row(plain(one.probe_id), one.severity, plain(one.model_id), count, str(one.bad_now))
    yield table
    if len(found) > MOST_ROWS:
        yield Text(f"{len(found) - MOST_ROWS} more rows; -f json has all, with the items.")
    yield Text(f"Still bad: at {plain(newest.model_id)}. A few items turn by chance at every version.", style="dim")


def _drift(found: Drift, versions: Sequence[Version]) -> Iterable[RenderableType]:
    base = plain(found.base_model)
    newest = versions[-1].model_id
    now = {(look.source, look.metric): look for look in found.looks if look.model_id == newest}
    alarms = [look for version in reversed(versions) for look in found.looks if look.model_id == version.model_id]
    alarms = [look for look in alarms if look.alarm]
    if not found.looks:
        yield Text(f"Drift: nothing can be held against {base}.")
    elif not alarms:
        yield Text(f"Drift: no number of any version is surely worse than at {base}.")
    elif now and not any(look.alarm for look in now.values()):
        yield Text(f"Drift: nothing at {plain(newest)} is surely worse than at {base}; what was before:", style="bold")
    else:
        yield Text(f"Drift: surely worse than at {base}, the newest version first", style="bold red")
    for look in alarms:
        yield Text(f"  {plain(look.model_id)}  {plain(look.source)}/{plain(look.metric)}")
        yield Text(f"    {_told(look)}{_recovered(now.get((look.source, look.metric)))}")
    if found.looks:
        looked_at = len({look.model_id for look in found.looks})
        yield Text(
            f"{len(found.looks)} looks ({_many(looked_at, 'version')}), each bound at "
            f"{100 * found.level:.2g}% one-sided: together they raise a false alarm in at most "
            f"{100 * found.alarm_rate:g}% of histories in which nothing became worse.",
            style="dim",
        )
    for fact in found.left_out[:MOST_ROWS]:
        yield Text(f"Not looked at: {plain(fact)}", style="dim")
    if len(found.left_out) > MOST_ROWS:
        yield Text(f"Not looked at: {len(found.left_out) - MOST_ROWS} more; -f json has all.", style="dim")


def _told(look: Look) -> str:
    unit = (look.low_bound, look.high_bound)
    before, after = ("n/a" if end is None else amounts.amount(end, *unit) for end in (look.before, look.after))
    worse = "n/a" if look.regression is None else amounts.change(look.regression, *unit)
    least = "" if look.low is None else f" (at least {amounts.change(look.low, *unit).removesuffix(' points')})"
    return f"{before} to {after}, worse by {worse}{least}"


def _recovered(now: Look | None) -> str:
    """Return what a number that was worse is at the newest version, where it is not surely worse any more."""
    if now is None or now.alarm or now.after is None:
        return ""
    return f"; {amounts.amount(now.after, now.low_bound, now.high_bound)} at {plain(now.model_id)}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
