"""`auditor compare`: candidates against a baseline, item by item."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.deciding import store_words
from auditor.cli.options import TEXT, open_workspace, output_options, store_option, warn_of, write

if TYPE_CHECKING:
    from rich.console import RenderableType

    from auditor.render.decisions.words import Compared
    from auditor.runs.record import Run

FORMATS = ("terminal", "json", "markdown", "github", "csv", "junit", "sarif")


@click.command("compare")
@click.argument("base", type=TEXT)
@click.argument("candidates", type=TEXT, nargs=-1, required=True)
@click.option(
    "--again", type=TEXT, metavar="RUN", help="BASE asked again: the noise floor [default: found in the store]"
)
@click.option("--force", is_flag=True, help="Compare although probes or graders differ; the result is marked")
@click.option("--all", "-v", "all_numbers", is_flag=True, help="List also what is noise and what cannot be told")
@click.option("--items", is_flag=True, help="List every item that turned, not only the worst of the newly broken ones")
@click.option("--transcripts", is_flag=True, help="Show question and both answers of the newly broken items (terminal)")
@store_option
@output_options(*FORMATS)
def command(
    base: str,
    candidates: tuple[str, ...],
    again: str | None,
    force: bool,
    all_numbers: bool,
    items: bool,
    transcripts: bool,
    store: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Compare candidates with a baseline, item by item

    Says what changed in the target, which numbers got worse or better, which are within noise, and which items
    turned. Every number is paired over the items that both were asked. Exits 0 whatever is found: `auditor gate`
    decides.

    Example:

    \b
        auditor compare my-model@1.0 my-model@1.1
        auditor compare my-model@1.0 my-model@1.1 -f markdown -o comment.md
    """
    from auditor.compare import asked_again, compare
    from auditor.render.decisions.words import Compared
    from auditor.runs.record import open_run

    if transcripts and form != "terminal":
        raise click.UsageError("--transcripts goes with -f terminal")
    workspace = open_workspace(store)
    opened = [open_run(run, workspace.store) for run in (base, *candidates)]
    for run in opened:
        warn_of(run)
    baseline, *others = opened
    floor = open_run(again, workspace.store) if again else asked_again(workspace.store, baseline, others=others)
    compared = Compared(
        compare(baseline, others, again=floor, force=force),
        again=floor.run_id if floor else None,
        all_numbers=all_numbers,
        all_items=items,
        names=(base, *candidates),
        options=store_words(store),
    )
    if form == "terminal":
        _print(compared, output, _newly_broken(compared, baseline, others) if transcripts else ())
    else:
        write_comparison(compared, form, output)


def write_comparison(compared: Compared, form: str, output: Path | None) -> None:
    """Write comparisons in a form for programs or pages."""
    from importlib import import_module

    write(import_module(f"auditor.render.decisions.{form}").comparison(compared), output)
    if form == "github":
        from auditor.cli.github import append_step_summary
        from auditor.render.decisions.markdown import comparison

        append_step_summary(comparison(compared))


def _print(compared: Compared, output: Path | None, transcripts: Sequence[RenderableType]) -> None:
    from rich.console import Group

    from auditor.cli.summary import print_rich
    from auditor.render.decisions.compared_terminal import comparison

    print_rich(Group(comparison(compared), *transcripts), output, width=None)


def _newly_broken(compared: Compared, base: Run, candidates: Sequence[Run]) -> list[RenderableType]:
    """Return the transcripts of the newly broken items, with what the baseline answered."""
    from auditor.cli.show import Before, verdicts_of
    from auditor.compare import Turn
    from auditor.render.decisions import words
    from auditor.render.terminal import transcript

    before = Before(base)
    found: list[RenderableType] = []
    for comparison, run in zip(compared.comparisons, candidates, strict=True):
        broken = words.of_turn(comparison, Turn.BROKEN)
        names = {item.candidate_id: item.item_id for item in broken[: None if compared.all_items else words.MOST_ITEMS]}
        verdicts = verdicts_of(run)
        rows = [row for row in run.iter_responses() if row["item_id"] in names and not row["repeat"]]
        for row in sorted(rows, key=lambda row: list(names).index(row["item_id"])):
            was = before.of({**row, "item_id": names[row["item_id"]]})
            found.append(transcript(row, verdicts.get((row["item_id"], row["sample"], row["repeat"])), was))
    return found
