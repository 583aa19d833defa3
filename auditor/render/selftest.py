"""A selftest on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor import __version__
from auditor.selftest.rows import Outcomes, Row, Selftest

PROMISES = ("bound", "seen", "+-", "runs")
OUTCOMES = ("increase", "pass", "fail", "open", "asked", "+-")
READING = (
    "+-: Monte Carlo error, in percentage points; a promise that is just kept alarms once in 10,000 times, all its "
    "cells together."
)
LARGE = "A large cell expects 5 bad items or more, in 50 families or more."
UNPROMISED = (
    "What one rule comes to, of which nothing is promised: a fail at up to 1 margin is a false alarm, a pass at 1 "
    "margin or more a miss, open inconclusive; +- is two standard errors at most."
)


def terminal(found: Selftest) -> RenderableType:
    """Return one line for each promise, a second one for the worst cell of a broken one, then what rules come to."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True, width=8)
    table.add_column(ratio=1)
    for _ in PROMISES:
        table.add_column(justify="right", no_wrap=True)
    for heading, rows in _sections(found):
        table.add_row("", Text(heading, style="bold"), *(Text(name, style="dim") for name in PROMISES))
        for row in rows:
            mark = Text("kept", "green") if row.kept else Text("NOT KEPT", "bold red")
            table.add_row(mark, row.name if row.kept else f"{row.name}\n{_where(row)}", *_numbers(row))
    told = (Text(_title(found), style="bold"), table, Text(f"{READING} {LARGE}", style="dim"))
    return Group(*told, *_outcomes(found.outcomes), Text(verdict(found), style="bold"))


def _outcomes(outcomes: Sequence[Outcomes]) -> list[RenderableType]:
    if not outcomes:
        return []
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("one rule")
    for heading in OUTCOMES:
        table.add_column(heading, justify="right", no_wrap=True)
    for design, of in groupby(outcomes, key=lambda one: one.design):
        for place, one in enumerate(of):
            table.add_row("" if place else design, *_shares(one))
    return [Text(), table, Text(UNPROMISED, style="dim")]


def markdown(found: Selftest) -> str:
    """Return two tables."""
    lines = [f"# {_title(found)}", "", verdict(found), ""]
    lines += [f"| | promise | {' | '.join(PROMISES[:-2])} | Monte Carlo error | runs | worst cell |"]
    lines += ["|---|---|---:|---:|---:|---:|---|"]
    for heading, rows in _sections(found):
        lines.append(f"| | **{heading}** | | | | | |")
        for row in rows:
            mark = "kept" if row.kept else "**not kept**"
            lines.append(f"| {mark} | {row.name} | {' | '.join(_numbers(row))} | {_where(row)} |")
    lines += ["", f"{READING} {LARGE}"]
    if found.outcomes:
        lines += ["", f"| one rule | {' | '.join(OUTCOMES)} |", f"|---|{'---:|' * len(OUTCOMES)}"]
        lines += [f"| {one.design} | {' | '.join(_shares(one))} |" for one in found.outcomes]
        lines += ["", UNPROMISED]
    return "\n".join([*lines, ""])


def as_json(found: Selftest) -> str:
    """Return everything."""
    said = {
        "schema_version": 1,
        "auditor": __version__,
        "size": found.size,
        "seed": found.seed,
        "kept": found.kept,
        "rows": [{**asdict(row), "kept": row.kept} for row in found.rows],
        "outcomes": [asdict(one) for one in found.outcomes],
    }
    return json.dumps(said, indent=2, ensure_ascii=True) + "\n"


def verdict(found: Selftest) -> str:
    """Return in one sentence what it came to."""
    broken = sum(not row.kept for row in found.rows)
    if broken:
        return f"{broken} of {len(found.rows)} promises are not kept."
    return f"All {len(found.rows)} promises are kept."


def _title(found: Selftest) -> str:
    return f"auditor {__version__}, selftest, {found.size}, seed {found.seed}"


def _sections(found: Selftest) -> list[tuple[str, list[Row]]]:
    return [(heading, list(rows)) for heading, rows in groupby(found.rows, key=lambda row: row.about)]


def _where(row: Row) -> str:
    if not row.where:
        return f"over {row.cells} cells"
    return row.where if row.cells == 1 else f"{row.where} (worst of {row.cells})"


def _numbers(row: Row) -> tuple[str, str, str, str]:
    sign = "<=" if row.side == "at most" else ">="
    error = f"{100 * row.error:.2f}" if row.error else "exact"
    return f"{sign} {100 * row.bound:g}%", f"{100 * row.seen:.2f}%", error, f"{row.replicates:,}"


def _shares(one: Outcomes) -> tuple[str, ...]:
    shares = (one.passed, one.failed, one.left_open, one.asked)
    increase = f"{one.margins:g} margin{'s' * (one.margins != 1)}"
    return increase, *(f"{100 * share:.1f}%" for share in shares), f"{100 * one.error:.1f}"
