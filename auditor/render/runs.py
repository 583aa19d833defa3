"""The runs of a store as a table, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.render.visible import plain
from auditor.runs.codec import to_row
from auditor.runs.listing import Listed
from auditor.runs.stored import State

STYLES = {State.SEALED: "", State.UNFINISHED: "yellow", State.DAMAGED: "red"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


def runs_table(runs: Sequence[Listed]) -> RenderableType:
    """Return the runs for the terminal, with what is wrong with the damaged ones below."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("run: name@version.begun.key", overflow="fold", min_width=27)
    table.add_column("suite", overflow="fold", min_width=5)
    table.add_column("answered", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    layered = any(len(run.layers) > 1 for run in runs)
    if layered:
        table.add_column("layers")
    for run in runs:
        table.add_row(
            plain(run.run_id) + ("*" if run.baseline else ""),
            plain(run.suite),
            _answered(run),
            Text(run.state, style=STYLES[run.state]),
            _size(run.size),
            *([plain(", ".join(run.layers))] if layered else ()),
        )
    below = [Text(f"{plain(run.run_id)}: {plain(run.problem)}", style="red") for run in runs if run.problem]
    if any(run.baseline for run in runs):
        below.append(Text("* the run to beat"))
    return Group(table, *below)


def runs_json(runs: Sequence[Listed]) -> str:
    """Return the runs for programs."""
    return json.dumps({"schema_version": 1, "runs": [to_row(run) for run in runs]}, indent=2) + "\n"


def runs_csv(runs: Sequence[Listed]) -> str:
    """Return the runs for a spreadsheet; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Listed.__dataclass_fields__)
    for run in runs:
        writer.writerow([_cell(value) for value in to_row(run).values()])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = " ".join(value)
    if not isinstance(value, str):
        return value
    shown = plain(value)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def _answered(run: Listed) -> str:
    if run.answered is None:
        return ""
    return f"{run.answered}, {run.failed} failed" if run.failed else str(run.answered)


def _size(size: int | None) -> str:
    if size is None:
        return ""
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
