"""`auditor graders`: list graders, and test them against known labels."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, write


@click.group("graders")
def command() -> None:
    """List graders, and test them against known labels

    Example:

    \b
        auditor graders list
    """


@command.command("list")
def list_graders() -> None:
    """List all graders with their labels

    Example:

    \b
        auditor graders list
    """
    from rich import box
    from rich.table import Table

    from auditor.cli.summary import print_rich
    from auditor.graders.registry import grader_class, grader_names

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("grader", "version", "labels", "judges"):
        table.add_column(name, overflow="fold")
    for name in grader_names():
        grader = grader_class(name)
        labels = ", ".join(grader.labels) or "the options' roles"
        table.add_row(name, str(grader.version), labels, (grader.__doc__ or "").strip().splitlines()[0])
    print_rich(table)


@command.command("test")
@click.argument("runs", type=TEXT, nargs=-1, required=True)
@click.option(
    "--labels",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON lines: item_id, label, and optionally model (name@version) and answer",
)
@store_option
@output_options("terminal", "json")
def test(runs: tuple[str, ...], labels: Path, store: str | None, form: str, output: Path | None) -> None:
    """Compare a run's verdicts with what the answers really are

    A line of the labels file says what one answer is: {"item_id": ..., "label": ...}, with "model" where it holds
    for one model version only, and "answer" where it holds for that exact text only; with neither it is about the
    answer of the last run. Answers that differ are counted apart.

    Example:

    \b
        auditor graders test my-model@1.0 --labels labels.jsonl
    """
    import json

    from auditor.agreement import compare_labels, read_labels, unmatched
    from auditor.cli.summary import print_rich
    from auditor.render.agreement import agreement_tables
    from auditor.runs.record import open_run

    workspace = open_workspace(store)
    known = read_labels(labels)
    opened = [open_run(run, workspace.store) for run in runs]
    found = compare_labels(opened, known)
    if lost := unmatched(opened, known):
        click.echo(f"{lost} of {len(known)} labels are about no item of these runs", err=True)
    if form == "json":
        write(json.dumps(found, indent=2), output)
    else:
        print_rich(agreement_tables(found), output)
