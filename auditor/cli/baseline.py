"""`auditor baseline`: the run that others are held against."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, write


@click.group("baseline")
def command() -> None:
    """Set and show the run to beat

    It is kept in baseline.yaml, beside auditor.yaml, to be committed: then every machine means the same run.

    Example:

    \b
        auditor baseline set my-model@1.0
        auditor baseline show
    """


@command.command("set")
@click.argument("run", type=TEXT)
@store_option
def set_baseline(run: str, store: str | None) -> None:
    """Make a sealed run the one to beat

    Example:

    \b
        auditor baseline set my-model@1.0
    """
    from auditor.runs.baseline import FILE, write_baseline
    from auditor.runs.record import open_run

    found = write_baseline(Path(), open_run(run, open_workspace(store).store))
    click.echo(f"{FILE}: {found.reference}")
    click.echo(f"Next: commit {FILE}", err=True)


@command.command("show")
@store_option
@output_options("terminal", "json")
def show(store: str | None, form: str, output: Path | None) -> None:
    """Show the run to beat, and whether it is at hand

    Exits 0 when the store holds that very run.

    Example:

    \b
        auditor baseline show
    """
    import json

    from auditor.errors import ConfigError
    from auditor.render.visible import plain
    from auditor.runs.baseline import FILE, open_baseline, read_baseline

    found = read_baseline(Path())
    if found is None:
        raise ConfigError(f"there is no {FILE} here", hint="`auditor baseline set RUN` writes it")
    told = found.model_dump()
    if form == "json":
        write(json.dumps({"schema_version": 1, **told}, indent=2) + "\n", output)
    else:
        write("".join(f"{name.replace('_', ' '):<12} {plain(value)}\n" for name, value in told.items()), output)
    run = open_baseline(found, open_workspace(store).store)
    click.echo(f"The store holds it: {run.path}", err=True)
