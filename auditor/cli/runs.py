"""`auditor runs`: what is in the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, write


@click.group("runs")
def command() -> None:
    """List, remove, export and import runs

    Example:

    \b
        auditor runs list
        auditor runs export my-model@1.0 -o my-model-1.0.tar.gz
    """


@command.command("list")
@click.argument("name", type=TEXT, required=False)
@store_option
@output_options("terminal", "json", "csv")
def list_command(name: str | None, store: str | None, form: str, output: Path | None) -> None:
    """List the runs, the newest first

    NAME is a model's name, name@version, a run id, or a pattern of these with * and ?.

    Example:

    \b
        auditor runs list
        auditor runs list 'my-model@1.*' -f json
    """
    from auditor.cli.summary import print_rich
    from auditor.render.runs import runs_csv, runs_json, runs_table
    from auditor.runs.baseline import read_baseline
    from auditor.runs.listing import list_runs

    where = open_workspace(store).store
    baseline = read_baseline(Path())
    found = list_runs(where, name, baseline.run if baseline else None)
    if form == "json":
        write(runs_json(found), output)
    elif form == "csv":
        write(runs_csv(found), output)
    elif found:
        print_rich(runs_table(found), output, width=None)
    if not found:
        click.echo(f"No run of {name} in {where.root}" if name else f"No run in {where.root}", err=True)


@command.command("rm")
@click.argument("runs", type=TEXT, nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask")
@click.option("--force", is_flag=True, help="Remove the run to beat too")
@store_option
def remove_command(runs: tuple[str, ...], yes: bool, force: bool, store: str | None) -> None:
    """Remove runs for good

    Each is removed whole, with all its layers. The run that baseline.yaml names stays unless --force is given.

    Example:

    \b
        auditor runs rm my-model@0.9 --yes
    """
    from auditor.errors import ConfigError
    from auditor.render.visible import plain
    from auditor.runs.baseline import FILE, read_baseline
    from auditor.runs.removal import find_removable, remove

    where = open_workspace(store).store
    found = list({run.path: run for run in (find_removable(where, run) for run in runs)}.values())
    baseline = read_baseline(Path())
    if baseline and not force and baseline.run in [run.run_id for run in found]:
        raise ConfigError(f"{baseline.run} is the run to beat ({FILE})", hint="--force removes it all the same")
    if not yes:
        for run in found:
            click.echo(f"{plain(run.run_id)}  {run.state}", err=True)
        if not sys.stdin.isatty():
            raise ConfigError("nothing was removed: there is no terminal to ask at", hint="--yes does not ask")
        if not click.confirm(f"Remove {len(found)} {'run' if len(found) == 1 else 'runs'} for good?", err=True):
            raise ConfigError("nothing was removed")
    for run in found:
        remove(where, run)
        click.echo(f"{plain(run.run_id)}: removed", err=True)


@command.command("export")
@click.argument("runs", type=TEXT, nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Write this .tar.gz; - is stdout")
@store_option
def export_command(runs: tuple[str, ...], output: Path, store: str | None) -> None:
    """Pack sealed runs into one file, for another store

    The same runs give the same bytes. `auditor runs import` checks their seals.

    Example:

    \b
        auditor runs export my-model@1.0 -o my-model-1.0.tar.gz
    """
    from auditor.errors import DataError
    from auditor.runs.archive import pack
    from auditor.runs.files import replacing
    from auditor.runs.record import open_run

    where = open_workspace(store).store
    opened = {run.run_id: run for run in (open_run(run, where) for run in runs)}
    if str(output) == "-":
        with click.open_file("-", "wb") as stdout:
            pack(list(opened.values()), stdout)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with replacing(output) as file:
            pack(list(opened.values()), file)
    except OSError as problem:
        raise DataError(f"{output}: cannot be written: {problem.strerror}") from None
    click.echo(f"{output}: {', '.join(opened)}", err=True)


@command.command("import")
@click.argument("files", type=click.Path(path_type=Path, allow_dash=True), nargs=-1, required=True)
@store_option
def import_command(files: tuple[Path, ...], store: str | None) -> None:
    """Bring exported runs into the store, once their seals are checked

    FILES come from `auditor runs export`; - is stdin. A run that is here already stays as it is.

    Example:

    \b
        auditor runs import my-model-1.0.tar.gz
    """
    from auditor.runs.arrival import import_runs

    where = open_workspace(store).store
    for path in files:
        with _opened(path) as file:
            told = import_runs(where, file, "stdin" if str(path) == "-" else str(path))
        for line in told:
            click.echo(line)


def _opened(path: Path) -> IO[bytes]:
    from auditor.errors import DataError

    try:
        return click.open_file(path, "rb")
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from None
