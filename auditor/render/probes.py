"""Probes in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.battery.library import Library, Probe
from auditor.render.visible import plain
from auditor.types import Item


def probe_rows(library: Library) -> list[dict[str, Any]]:
    """Return one row a probe: id, battery, version, grader, items, families, title."""
    rows = []
    for name in library:
        doc, items = library[name], library.items_of(name)
        rows.append(
            {
                "id": name,
                "battery": doc.battery,
                "version": doc.version,
                "grader": doc.grader.name,
                "items": len(items),
                "families": len({item.family_id for item in items}),
                "severity": doc.severity,
                "title": doc.title,
            }
        )
    return rows


def probe_table(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """Return `probe_rows` as a table of 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("probe", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("fam", justify="right", no_wrap=True)
    table.add_column("grader", no_wrap=True)
    table.add_column("a good model ...", overflow="fold")
    for row in rows:
        table.add_row(plain(row["id"]), str(row["items"]), str(row["families"]), row["grader"], plain(row["title"]))
    return table


def probe_page(probe: Probe, items: Sequence[Item], shown: int) -> RenderableType:
    """Return what a probe measures and its first items as they are asked."""
    doc = probe.doc
    lines = [
        Text(f"{doc.id}  version {doc.version}", style="bold"),
        Text(plain(doc.title)),
        Text(plain(doc.description.strip()) + "\n"),
        Text(f"battery {doc.battery}, severity {doc.severity}, grader {doc.grader.name}, {len(items)} items"),
        *(Text(f"  {metric.name}: better {metric.better.value}") for metric in doc.metrics),
        *(Text(f"  {plain(link.title)}: {plain(link.url)}") for link in doc.references),
        Text(""),
    ]
    for item in items[:shown]:
        lines.append(Text(plain(item.item_id), style="bold"))
        lines += [Text("  " + plain(turn).replace("\n", "\n  ")) for turn in item.turns]
    return Group(*lines)
