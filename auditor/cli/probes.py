"""`auditor probes`: list, show, check, try and start probes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from auditor.cli.options import TEXT, Workspace, open_workspace, output_options, write

SHOWN_ITEMS = 3
TRIED = 5


@click.group("probes")
def command() -> None:
    """List, show, check, try and start probes

    Example:

    \b
        auditor probes list
        auditor probes check probes/mine/refunds.yaml
    """


@command.command("list")
@output_options("terminal", "json")
def list_probes(form: str, output: Path | None) -> None:
    """List all probes

    Example:

    \b
        auditor probes list
    """
    import json

    from auditor.cli.summary import print_rich
    from auditor.render.probes import probe_rows, probe_table

    rows = probe_rows(open_workspace().library)
    if form == "json":
        write(json.dumps(rows, indent=2), output)
    else:
        print_rich(probe_table(rows), output)


@command.command("show")
@click.argument("probe", type=TEXT)
def show(probe: str) -> None:
    """Show what a probe measures and its first items as they are asked

    Example:

    \b
        auditor probes show harm.direct
    """
    from auditor.cli.summary import print_rich
    from auditor.render.probes import probe_page

    library = open_workspace().library
    (name,) = library.select([probe])[:1]
    print_rich(probe_page(library.probe(name), library.items_of(name), SHOWN_ITEMS))


@command.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check probe files, all of them by default

    Names every mistake with file, line and key, and exits 2 when there is one.

    Example:

    \b
        auditor probes check
        auditor probes check probes/mine/refunds.yaml
    """
    from auditor.errors import ProbeError
    from auditor.plan import grader_mistakes

    library = open_workspace().library
    mistakes: list[str] = []
    names = library.select([str(file) for file in files]) if files else list(library)
    for name in names:
        try:
            draft = library.examine(name)
        except ProbeError as problem:
            mistakes.append(str(problem))
            continue
        found = list(draft.mistakes)
        items = draft.items or []
        if draft.doc and draft.has_grader:
            found += grader_mistakes(draft.doc, draft.source, items)
        mistakes += found
        if not found:
            families = len({item.family_id for item in items})
            click.echo(f"{name}: fine, {len(items)} items in {families} families")
    if mistakes:
        raise ProbeError("\n".join(mistakes), hint="the format is in docs/reference/probe-format.md")


@command.command("try")
@click.argument("probe", type=TEXT)
@click.option("-m", "--model", type=TEXT, required=True, help="MODEL as in `auditor run`")
@click.option("--limit", type=click.IntRange(1), default=TRIED, show_default=True, help="Families that are asked")
@click.option("--served-model", type=TEXT, help="Name of the model at a server that has several")
def try_probe(probe: str, model: str, limit: int, served_model: str | None) -> None:
    """Ask a few items and show prompt, answer and verdict; keeps no run

    PROBE is an id or the path of a YAML file.

    Example:

    \b
        auditor probes try probes/mine/refunds.yaml --model ./my-model
    """
    from dataclasses import replace

    from rich.console import Group

    from auditor.cli.auditing import audit
    from auditor.cli.summary import print_rich
    from auditor.plan import Selection
    from auditor.render.terminal import transcript
    from auditor.runs.store import Store

    with tempfile.TemporaryDirectory() as folder:
        workspace: Workspace = replace(open_workspace(), store=Store(folder))
        (name,) = workspace.library.select([probe])[:1]
        run = audit(
            workspace,
            model,
            Selection(probes=(name,), limit=limit, whole=True),
            flags={"served_model": served_model},
            command=sys.argv[1:],
        )
        verdicts = {(row["item_id"], row["sample"], row["repeat"]): row for row in run.iter_verdicts()}
        shown = [
            transcript(row, verdicts.get((row["item_id"], row["sample"], row["repeat"])))
            for row in run.iter_responses()
        ]
    print_rich(Group(*shown), width=None)


@command.command("new")
@click.argument("probe", type=TEXT)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("probes"), show_default=True, help="Folder of own probes"
)
def new(probe: str, folder: Path) -> None:
    """Write a commented probe file that passes `check`, to be filled in

    PROBE is the id, FOLDER.NAME.

    Example:

    \b
        auditor probes new support.refunds
    """
    from auditor.battery.starter import PROBE_ID, starter
    from auditor.errors import ConfigError, DataError

    if not PROBE_ID.fullmatch(probe):
        raise ConfigError(f"'{probe}' is not a probe id", hint="FOLDER.NAME, e.g. support.refunds")
    battery, _, name = probe.partition(".")
    path = folder / battery / f"{name}.yaml"
    if path.exists():
        raise ConfigError(f"{path} is already there", hint="choose another id, or edit that file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(starter(probe), encoding="utf-8")
    except OSError as problem:
        raise DataError(f"{path}: cannot be written: {problem.strerror}") from None
    click.echo(f"{path}")
    click.echo(f"Next: edit it, then `auditor probes check {path}`", err=True)
