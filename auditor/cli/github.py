"""The summary page of a GitHub Actions step: what is written to the file that the runner names."""

from __future__ import annotations

import os
from pathlib import Path

import click


def append_step_summary(markdown: str) -> None:
    """Append to the page of this step where there is one; only a warning where that cannot be written."""
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        return
    try:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(markdown.rstrip("\n") + "\n")
    except OSError as problem:
        click.echo(f"Warning: {page}: the step's summary cannot be written: {problem.strerror}", err=True)
