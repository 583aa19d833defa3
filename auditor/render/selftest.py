"""A selftest on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.selftest.rows import Row, Selftest

HEADINGS = ("promise", "bound", "seen", "Monte Carlo", "runs")


def terminal(found: Selftest) -> RenderableType:
    """Return one line for each promise, and one for its worst cell."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("")
    table.add_column(HEADINGS[0])
    for heading in HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.rows:
        mark = Text("kept", "green") if row.kept else Text("NOT KEPT", "bold red")
        told = Text(row.name)
        told.append(f"\n{_where(row)}", style="dim")
        table.add_row(mark, told, *_numbers(row))
    return Group(Text(_title(found), style="bold"), table, Text(verdict(found)), Text(_reading(), style="dim"))


def markdown(found: Selftest) -> str:
    """Return a table."""
    lines = [f"{_title(found)}. {verdict(found)}", ""]
    lines += [f"| | {' | '.join(HEADINGS)} | worst cell |", "|---|---|---:|---:|---:|---:|---|"]
    for row in found.rows:
        mark = "kept" if row.kept else "**not kept**"
        lines.append(f"| {mark} | {row.name} | {' | '.join(_numbers(row))} | {_where(row)} |")
    return "\n".join([*lines, "", _reading(), ""])


def as_json(found: Selftest) -> str:
    """Return all rows."""
    rows = [{**asdict(row), "kept": row.kept} for row in found.rows]
    said = {"schema_version": 1, "size": found.size, "seed": found.seed, "kept": found.kept, "rows": rows}
    return json.dumps(said, indent=2, ensure_ascii=True) + "\n"


def verdict(found: Selftest) -> str:
    """Return in one sentence what it came to."""
    broken = sum(not row.kept for row in found.rows)
    if broken:
        return f"{broken} of {len(found.rows)} promises are not kept."
    return f"All {len(found.rows)} promises are kept."


def _title(found: Selftest) -> str:
    return f"selftest, {found.size}, seed {found.seed}"


def _where(row: Row) -> str:
    if not row.where:
        return f"over {row.cells} cells"
    return row.where if row.cells == 1 else f"{row.where} (worst of {row.cells})"


def _numbers(row: Row) -> tuple[str, str, str, str]:
    sign = "<=" if row.side == "at most" else ">="
    error = f"{100 * row.error:.2f} (z {row.z:.1f})" if row.error else "exact"
    return f"{sign} {100 * row.bound:g}%", f"{100 * row.seen:.2f}%", error, f"{row.replicates:,}"


def _reading() -> str:
    return (
        "Monte Carlo: binomial standard errors in percentage points, z of them; where a promise is just kept, its row "
        "alarms falsely once in 10,000 times, all its cells together."
    )
