"""Files beside the page: the chunks of a report whose transcripts are more than one file should hold.

A page that is opened from a disk may read no file, but it may be styled by one. So a chunk stands in a style sheet
that styles nothing: its letters are the values of custom properties. A style sheet is never run, and the page takes
nothing but those values from it, and only where they have the hash that the file is named by (docs/decisions).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from auditor.errors import DataError
from auditor.whole import TEMPORARY, followed, write_whole

PIECE = 1_000_000
"""Letters of a value: browsers drop one that is too long (Chromium 156: between 1 and 4 million)."""
NAME = re.compile(r"[0-9a-f]{64}\.css")
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Beside:
    """Where the chunks go that the page is not to hold."""

    folder: str
    """Name of a folder beside the page."""

    def address(self, name: str) -> str:
        """Return the address of one of its files as the page names it."""
        return f"./{quote(os.fsencode(self.folder))}/{name}"


def folder_of(page: Path) -> Path:
    """Return the folder that belongs to a page."""
    return page.with_name(f"{page.name}.data")


def sheet(letters: str) -> tuple[str, str]:
    """Return name and text of the style sheet for a chunk; the name is the SHA-256 of the chunk."""
    pieces = [letters[start : start + PIECE] for start in range(0, len(letters), PIECE)]
    text = ":host{" + "".join(f'--{place}:"{piece}";' for place, piece in enumerate(pieces)) + "}\n"
    return f"{hashlib.sha256(letters.encode('ascii')).hexdigest()}.css", text


def write_beside(page: Path, text: str, files: Mapping[str, str]) -> None:
    """Write a page and the files in its folder, and remove what earlier builds left there.

    The files come first, so that the page never names one that is not there. Raises `DataError` where something
    cannot be written or removed.
    """
    folder = folder_of(page)
    if folder.is_symlink():
        raise DataError(f"{folder}: is a link", hint="remove it: a page's folder is written and emptied with the page")
    if not files and not folder.is_dir():
        write_whole(followed(page), text)
        return
    with _alone(folder):
        for name, told in files.items():
            write_whole(folder / name, told)
        write_whole(followed(page), text)
        _remove_others(folder, files)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second build of the same page out."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=0):
            yield
        (folder / LOCK).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    except Timeout:
        raise DataError(
            f"{folder}: another report is being written there", hint="wait for it, then try again"
        ) from None
    except OSError as problem:
        raise DataError(f"{folder}: cannot be written: {problem.strerror}") from None


def _remove_others(folder: Path, files: Mapping[str, str]) -> None:
    for old in folder.iterdir():
        ours = NAME.fullmatch(old.name) or TEMPORARY.fullmatch(old.name)
        if ours and old.name not in files and not old.is_dir():
            try:
                old.unlink()
            except OSError as problem:
                fact = f"{old}: holds transcripts of an earlier page and cannot be removed: {problem.strerror}"
                raise DataError(fact, hint="remove the folder before you hand the page on") from None
