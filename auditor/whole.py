"""Files for people that are there whole or not at all: whoever reads meanwhile gets the old one or the new one."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from auditor.errors import DataError

TEMPORARY = re.compile(r"\.auditor-[0-9a-f]{16}\.tmp")
"""Names of files that a build which was killed may leave."""


def followed(path: Path) -> Path:
    """Return the file that a user's link leads to, so that the link stays; anything else as it is named."""
    return Path(os.path.realpath(path)) if path.is_symlink() and path.is_file() else path


def expect_file(path: Path) -> None:
    """Raise `DataError` where a path can be no file's."""
    if not path.name or path.is_dir():
        raise DataError(f"{path}: cannot be written: it is a folder", hint="name a file in it")


def write_whole(path: Path, text: str) -> None:
    """Write a file with the rights of the one before it, or those that the user's mask allows; replace a link.

    What is no file, such as a pipe, is written to. Raises `DataError` where that cannot be done; what was there
    before is still there then.
    """
    expect_file(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path, text.encode("utf-8"))
    except OSError as problem:
        elsewhere = f" ({problem.filename})" if str(problem.filename) in map(str, path.parents) else ""
        raise DataError(f"{path}: cannot be written: {problem.strerror}{elsewhere}") from None


def remove_leftovers(folder: Path) -> None:
    """Remove what builds that were killed left in a folder."""
    for left in folder.glob(".auditor-*.tmp"):
        if TEMPORARY.fullmatch(left.name):
            left.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".auditor-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:  # new, so that no link that lies there is written through
            file.write(content)
        if path.is_file() and not path.is_symlink():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()
