"""`auditor history`: one model over its versions."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, write

NARROWEST, WIDEST = 80, 160


@click.command("history")
@click.argument("name", type=TEXT, required=False)
@click.option("--against", type=TEXT, help="RUN that drift is measured from [default: baseline.yaml, else the oldest]")
@store_option
@output_options("terminal", "json")
def command(name: str | None, against: str | None, store: str | None, form: str, output: Path | None) -> None:
    """Follow one model over its versions

    NAME is the model's name without a version, with #layer behind it to look through another grading. Tells every
    number of the suite at every version, whether it moved since the version before, which items were never bad before,
    and what has drifted from the baseline. Each version takes some seconds.

    Example:

    \b
        auditor history my-model
        auditor history my-model --against my-model@1.0 -f json
    """
    from rich.console import Console

    from auditor.cli.summary import print_rich
    from auditor.errors import DataError
    from auditor.history import history, model_name, versions_of
    from auditor.render.history import history_json, history_page
    from auditor.render.visible import plain
    from auditor.runs.baseline import open_against

    where = open_workspace(store).store
    asked, _, layer = (name or "").partition("#")
    model = model_name(where, asked or None)
    runs, notes = versions_of(where, model, layer or None)
    if not runs:
        raise DataError(f"no run of {model} is as it was sealed:\n" + "\n".join(f"  {note}" for note in notes))
    base = open_against(against, where) or runs[0]
    found = history(
        model, runs, base, notes=notes, tell=lambda text: click.echo(f"{model}: {plain(text)} ...", err=True)
    )
    if form == "json":
        write(history_json(found), output)
    else:
        width = min(max(Console().width, NARROWEST), WIDEST)
        print_rich(history_page(found, width), output, width=width)
