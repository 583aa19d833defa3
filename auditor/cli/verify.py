"""`auditor verify`: check the seal of a run."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, store_option


@click.command("verify")
@click.argument("run", type=TEXT)
@store_option
def command(run: str, store: str | None) -> None:
    """Check the seal of a run

    Exits 0 when every file is what was sealed, 1 when one is not, naming the file.

    Example:

    \b
        auditor verify my-model@1.0
    """
    from auditor.errors import SealError
    from auditor.runs.layers import layer_folder
    from auditor.runs.layout import BASE
    from auditor.runs.seal import verify

    runs = open_workspace(store).store
    if Path(run).is_dir():
        path = Path(run)
    else:
        found = runs.resolve(run)
        path = runs.fetch(found)
        layer_folder(path, found.layer or BASE)
    problems = verify(path)
    if problems:
        raise SealError(f"{path.name}: the seal is broken\n" + "\n".join(f"  {one}" for one in problems))
    click.echo(f"{path.name}: every file is what was sealed")
