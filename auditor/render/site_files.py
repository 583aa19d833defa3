"""The files of a site: safe names, and what each page was made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from auditor import __version__
from auditor.content import content
from auditor.errors import DataError
from auditor.whole import remove_leftovers, write_whole

INDEX, STATE = "index.html", "site.json"
SAFE = re.compile(r"[a-z0-9]([a-z0-9._-]{0,58}[a-z0-9])?")
HASHED = re.compile(r".*-[0-9a-f]{16}")
TAKEN = re.compile(r"index\.html|site\.json|(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""Our own names, and those that Windows keeps for devices."""
PAGE = re.compile(rf"{SAFE.pattern}/{SAFE.pattern}\.html")


class Page(BaseModel):
    """What is known of a version's report, so that it need not be made again."""

    model_config = ConfigDict(extra="forbid")

    made_from: str
    """The hash of all that went in."""
    holds: str
    """The hash of the file."""
    outcome: Literal["pass", "fail", "inconclusive"] | None
    """What a policy made of the version, where there is one."""
    text: str
    reason: str
    moves: dict[str, Literal["worse", "better"]]
    """`source/metric` -> where it is shown to have gone since the version before."""


class State(BaseModel):
    """`site.json`."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    pages: dict[str, Page] = {}
    """Path -> its page."""


def safe_name(text: str) -> str:
    """Return a file name for any text, the same on every system and of no other text.

    A plain lower-case name is its own. Any other one ends in a hash of the whole, and a plain name that looks so too.
    """
    if SAFE.fullmatch(text) and not HASHED.fullmatch(text) and not TAKEN.fullmatch(text):
        return text
    told = re.sub(r"[^a-z0-9.]+", "-", text.lower())[:40].strip("-.")
    return f"{told or 'x'}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def read_state(folder: Path) -> State | None:
    """Return what the last build left; None where it cannot be read.

    Raises `DataError` where the folder holds a page that no build has made.
    """
    try:
        if not (folder / STATE).exists():
            if (folder / INDEX).exists():
                raise DataError(
                    f"{folder / INDEX}: is not of a site that auditor made",
                    hint="name an empty folder, or a new one",
                )
            return State()
        return State.model_validate_json((folder / STATE).read_bytes())
    except OSError as problem:
        raise DataError(f"{folder}: cannot be read: {problem.strerror}") from None
    except ValidationError:
        return None


def write_state(folder: Path, pages: dict[str, Page]) -> None:
    """Write what the pages were made of."""
    state = State(pages=dict(sorted(pages.items())))
    write_whole(folder / STATE, state.model_dump_json(indent=1) + "\n")


def holds(path: Path) -> str | None:
    """Return the hash of a file; None where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def remove_pages(folder: Path, names: set[str], kept: set[str]) -> None:
    """Remove pages that an earlier build made, their folders where they are empty, and what a killed build left."""
    for place in {folder, *((folder / name).parent for name in names | kept if PAGE.fullmatch(name))}:
        remove_leftovers(place)
    for name in sorted(names):
        if PAGE.fullmatch(name):
            page = folder / name
            page.unlink(missing_ok=True)
            if page.parent.is_dir() and not any(page.parent.iterdir()):
                page.parent.rmdir()


@cache
def program() -> str:
    """Return a hash of the auditor: of its version, and of its code and templates, which a checkout may change."""
    found = hashlib.sha256(__version__.encode())
    for folder in (files("auditor"), content("reports")):
        for name, file in sorted(_files(folder)):
            found.update(name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _files(folder: Traversable, inside: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{inside}/{entry.name}"
        if entry.is_file() and entry.name.endswith((".py", ".html", ".css", ".js", ".yaml")):
            yield name, entry
        elif entry.is_dir() and entry.name not in ("_content", "__pycache__"):
            yield from _files(entry, name)
