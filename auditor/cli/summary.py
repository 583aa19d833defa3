"""Prints a run's summary."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

from rich.console import Console, RenderableType

from auditor.cli.options import write
from auditor.render.quoted import Harmless
from auditor.render.terminal import summary
from auditor.runs.record import Run

WIDTH = 80


class Page(Console):
    """A terminal that takes all text as it is, and leaves it to the command line what a reader's leaving means."""

    def __init__(self, width: int | None, file: IO[str] | None = None) -> None:
        super().__init__(file=file, width=width, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """See `rich.console.Console.on_broken_pipe`, which exits with 1; called while the error is handled."""
        raise


def print_rich(renderable: RenderableType, output: Path | None = None, *, width: int | None = WIDTH) -> None:
    """Print to stdout, in colour where it is a terminal, or write plain text to a file."""
    if output is None or str(output) == "-":
        Page(width).print(Harmless(renderable))
        return
    text = io.StringIO()
    Page(width, text).print(Harmless(renderable))
    write(text.getvalue(), output)


def print_summary(run: Run, output: Path | None = None) -> None:
    """Print what a run found."""
    print_rich(summary(run), output)
