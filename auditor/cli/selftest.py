"""`auditor selftest`: the auditor audited on planted truth."""

from __future__ import annotations

import os
from pathlib import Path

import click

from auditor.cli.options import output_options, write

SEED = 1


@click.command("selftest")
@click.option("--full", is_flag=True, help="The whole grid with ten times the runs, some 25 minutes")
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="Of the planted answers")
@output_options("terminal", "json", "markdown")
@click.pass_context
def command(context: click.Context, full: bool, seed: int, form: str, output: Path | None) -> None:
    """Audit the auditor on planted truth

    Asks the auditor's own intervals, comparisons, gate and early stops about truth that was planted, and holds what
    they say against what is promised: docs/selftest.md. Exits 0 when every promise is kept, 1 when one is not. The
    same seed gives the same rows.

    Example:

    \b
        auditor selftest
        auditor selftest --full -f markdown -o selftest.md
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from auditor.render import selftest as forms
    from auditor.selftest.checks import count_tasks, run_checks
    from auditor.selftest.grid import FULL, QUICK

    size = FULL if full else QUICK
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"selftest, {size.name}", total=count_tasks(size))
        found = run_checks(size, seed, workers=os.cpu_count() or 1, advance=lambda: bar.advance(task))
    if form == "terminal":
        from auditor.cli.summary import print_rich

        print_rich(forms.terminal(found), output, width=None)
    else:
        write(forms.markdown(found) if form == "markdown" else forms.as_json(found), output)
    context.exit(0 if found.kept else 1)
