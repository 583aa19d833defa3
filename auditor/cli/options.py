"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from auditor.battery.library import Library
    from auditor.config import Config
    from auditor.runs.record import Run
    from auditor.runs.store import Store

F = TypeVar("F", bound=Callable[..., Any])


class Text(click.types.StringParamType):
    """Text that names something."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See `click.ParamType.convert`."""
        from auditor.documents import path_text

        try:
            return path_text(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


TEXT = Text()

store_option = click.option("--store", type=TEXT, help="Folder or URL of the runs [default: auditor.yaml, else audits]")

policy_option = click.option(
    "--policy", type=click.Path(path_type=Path), help="Policy whose rules are judged, e.g. policy.yaml"
)


def output_options(*formats: str) -> Callable[[F], F]:
    """Add -f/--format and -o/--output to a command; the first format is the default."""

    def add(function: F) -> F:
        output = click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file; - is stdout")
        form = click.option(
            "-f",
            "--format",
            "form",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="Form of the output",
        )
        return form(output(function))

    return add


def selection_options(function: F) -> F:
    """Add the options that choose what is asked."""
    for option in (
        click.option("--limit", type=click.IntRange(1), help="At most so many families of each probe"),
        click.option(
            "-p",
            "--probe",
            "probes",
            type=TEXT,
            multiple=True,
            help="Probe id, glob or path of a YAML file; repeatable",
        ),
        click.option(
            "-b", "--battery", "batteries", type=TEXT, multiple=True, help="Battery to ask; repeatable [default: all]"
        ),
        click.option("--suite", type=TEXT, help="Suite that is asked [default: auditor.yaml, else standard]"),
        click.option("--served-model", type=TEXT, help="Name of the model at a server that has several"),
        click.option("--name", type=TEXT, help="NAME@VERSION of this model [default: from MODEL]"),
    ):
        function = option(function)
    return function


@dataclass(frozen=True)
class Workspace:
    """What every command works with: settings, runs, probes."""

    config: Config
    store: Store
    library: Library


def open_workspace(store: str | None = None) -> Workspace:
    """Read the settings of this folder and find the runs and probes."""
    from auditor.battery.library import Library
    from auditor.config import read_config
    from auditor.content import content
    from auditor.runs.store import Store

    config = read_config()
    own = [Path(folder) for folder in config.probes]
    shipped = Path(str(content("probes")))
    folders = [shipped, *(folder for folder in own if folder.resolve() != shipped.resolve())]
    return Workspace(config, Store(store or config.store), Library(tuple(folders)))


def warn_of(run: Run) -> None:
    """Say on stderr what is not as it was sealed."""
    from auditor.errors import one_line
    from auditor.render.visible import plain

    for problem in run.problems:
        click.echo(f"Warning: {run.run_id}: {plain(one_line(problem))}", err=True)


def write(text: str, output: Path | None) -> None:
    """Write the product of a command to a file, or to stdout."""
    if output is None or str(output) == "-":
        click.echo(text, nl=not text.endswith("\n"))
        return
    from auditor.whole import followed, write_whole

    write_whole(followed(output), text)
