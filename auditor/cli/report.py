"""`auditor report`: what runs found, as a page, on the terminal or for programs."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, warn_of, write


@click.command("report")
@click.argument("runs", type=TEXT, nargs=-1, required=True)
@store_option
@output_options("html", "terminal", "json")
def command(runs: tuple[str, ...], store: str | None, form: str, output: Path | None) -> None:
    """Write the HTML report over versions

    RUNS are ordered from the oldest version to the newest; the last one is the candidate, the one before it what it
    is held against. The page is one offline file, report.html unless -o names another. The other formats tell each
    run by itself, on stdout.

    Example:

    \b
        auditor report my-model@1.0 my-model@1.1 -o report.html
        auditor report my-model@1.1 -f terminal
    """
    from auditor.runs.record import open_run

    workspace = open_workspace(store)
    opened = [open_run(run, workspace.store) for run in runs]
    for one in opened:
        warn_of(one)
    if form == "html":
        from auditor.render.html import render_report

        page = output or Path("report.html")
        redo = " ".join(["auditor", "report", *(run.run_id for run in opened)])
        write(render_report(opened, command=redo), page)
        if str(page) != "-":
            click.echo(f"report: {page}", err=True)
    elif form == "json":
        import json

        from auditor.render.json import summary

        write(json.dumps([summary(run) for run in opened], indent=2, ensure_ascii=True) + "\n", output)
    else:
        from rich.console import Group

        from auditor.cli.summary import print_rich
        from auditor.render import terminal

        print_rich(Group(*(terminal.summary(run) for run in opened)), output)
