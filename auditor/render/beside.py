"""Files beside the page: the chunks of a report whose transcripts are more than one file should hold.

A page that is opened from a disk may read no file, but it may be styled by one. So a chunk stands in a style sheet
that styles nothing: its letters are the values of custom properties. A style sheet is never run, and the page takes
nothing but those values from it (docs/decisions).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from .site_files import write_whole

PIECE = 1_000_000
"""Letters of a value: browsers drop one that is too long (Chromium 156: between 1 and 4 million)."""
NAME = re.compile(r"[0-9a-f]{32}\.css")


@dataclass(frozen=True, slots=True)
class Beside:
    """Where chunks go that are too much for the page."""

    folder: str
    """Name of a folder beside the page."""
    above: int
    """Letters of all chunks that the page still takes."""

    def address(self, name: str) -> str:
        """Return the address of one of its files as the page names it."""
        return f"./{quote(os.fsencode(self.folder))}/{name}"


def folder_of(page: Path) -> Path:
    """Return the folder that belongs to a page."""
    return page.with_name(f"{page.name}.data")


def sheet(letters: str) -> tuple[str, str]:
    """Return name and text of the style sheet for a chunk; the name changes with the text."""
    pieces = [letters[start : start + PIECE] for start in range(0, len(letters), PIECE)]
    text = ":host{" + "".join(f'--{place}:"{piece}";' for place, piece in enumerate(pieces)) + "}\n"
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.css", text


def write_beside(page: Path, files: Mapping[str, str]) -> None:
    """Write a page's files into its folder; raises `DataError` where one cannot be written."""
    for name, text in files.items():
        write_whole(folder_of(page) / name, text)


def remove_others(page: Path, files: Mapping[str, str]) -> None:
    """Remove what earlier builds of a page left in its folder, for it is no longer what the page shows."""
    folder = folder_of(page)
    if not folder.is_dir() or folder.is_symlink():
        return
    for old in folder.iterdir():
        if NAME.fullmatch(old.name) and old.name not in files:
            old.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
