"""The site: a report for every version of a store, and an index over them that grows with each run.

Plain files for any static host. Only what is new or was made of something else is made again, and each file takes
its name when it is whole, the index last: a build that is interrupted leaves a site that can be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import DataError
from auditor.runs.codec import encode
from auditor.runs.files import read_json
from auditor.runs.layers import layer_folder
from auditor.runs.layout import SEAL
from auditor.runs.record import Run
from auditor.whole import write_whole

from .html import render_material
from .material import Material
from .sections import verdict
from .site_files import INDEX, Page, holds, program, read_state, remove_pages, safe_name, write_state
from .site_index import render_index
from .versions import Version, read_versions
from .wording import move


@dataclass(frozen=True)
class Entry:
    """One version of a model, and the one before it."""

    model: str
    version: Version
    before: Version | None
    path: str
    """Of its report, below the site."""

    def open(self) -> list[Run]:
        """Return the runs of its report, opened anew so that what they read can go when it is made."""
        return [Run(one.run.path, one.run.layer) for one in (self.before, self.version) if one is not None]


@dataclass(frozen=True)
class Builder:
    """How the site is made, and who hears of it."""

    material: Callable[[Entry], Material]
    """Reads what a report shows."""
    made_from: Callable[[Entry], Sequence[str]]
    """Names all that goes into a report besides the two runs and the program."""
    policy: str | None
    tell: Callable[[str, int, int], None]
    """Hears which page is next, which one it is and of how many."""
    warn: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did."""

    models: int
    pages: int
    made: int
    removed: int


def entries(models: Mapping[str, Sequence[Run]]) -> list[Entry]:
    """Return every version, of each model the oldest first; models come in the given order."""
    found = []
    for name, runs in models.items():
        versions = read_versions(runs)
        for place, version in enumerate(versions):
            path = f"{safe_name(name)}/{safe_name(version.label)}.html"
            found.append(Entry(name, version, versions[place - 1] if place else None, path))
    return found


def build(folder: Path, models: Mapping[str, Sequence[Run]], left_out: Sequence[str], how: Builder) -> Built:
    """Bring a site up to date.

    Parameters
    ----------
    folder : Path
        Where it is, or will be.
    models : mapping of str to sequence of Run
        A model's name -> one intact run of each version, oldest first.
    left_out : sequence of str
        Names of runs that could not be read, to be named in the index.
    how : Builder
        How pages are made.

    Returns
    -------
    Built

    Raises
    ------
    DataError
        If the folder holds pages of another, or cannot be written.
    """
    state = read_state(folder)
    if state is None:
        how.warn(f"{folder}: what the last build left cannot be read: every page is made again")
    known, fresh, missing = dict(state.pages if state else {}), dict[str, Page](), list(left_out)
    wanted = [(entry, _made_from(entry, how)) for entry in entries(models)]
    stale = [(entry, source) for entry, source in wanted if not _is_fresh(folder, known.get(entry.path), source, entry)]
    for place, (entry, source) in enumerate(stale):
        how.tell(entry.path, place, len(stale))
        try:
            known[entry.path] = fresh[entry.path] = _make(folder, entry, source, how)
        except DataError as problem:
            how.warn(f"{entry.version.run.reference} is left out: {problem}")
            missing.append(entry.version.run.reference)
            known.pop(entry.path, None)
        write_state(folder, known)
    kept = {entry.path: known[entry.path] for entry, _ in wanted if entry.path in known}
    shown = [(entry, kept[entry.path]) for entry, _ in wanted if entry.path in kept]
    index = render_index(
        [(entry.model, entry.version, entry.path, page) for entry, page in shown], sorted(missing), how.policy
    )
    if not _is_same(folder / INDEX, index):
        write_whole(folder / INDEX, index)
    removed = set(state.pages if state else ()) - kept.keys()
    remove_pages(folder, removed, set(kept))
    write_state(folder, kept)
    return Built(len({entry.model for entry, _ in shown}), len(kept), len(fresh), len(removed))


def _made_from(entry: Entry, how: Builder) -> str:
    seals = [_seals(one.run) for one in (entry.version, entry.before) if one is not None]
    return hashlib.sha256(encode([program(), seals, entry.path, *how.made_from(entry)])).hexdigest()


def _seals(run: Run) -> list[str]:
    return [str(read_json(folder / SEAL).get("digest")) for folder in (run.path, layer_folder(run.path, run.layer))]


def _is_fresh(folder: Path, page: Page | None, source: str, entry: Entry) -> bool:
    return page is not None and page.made_from == source and holds(folder / entry.path) == page.holds


def _is_same(path: Path, text: str) -> bool:
    return holds(path) == hashlib.sha256(text.encode("utf-8")).hexdigest()


def _make(folder: Path, entry: Entry, source: str, how: Builder) -> Page:
    material = how.material(entry)
    text = render_material(material)
    write_whole(folder / entry.path, text)
    ruling = verdict.ruling(material)
    moves = {f"{key[0]}/{key[1]}": move(found) for key, found in material.differences.items() if key[2] == "all"}
    return Page(
        made_from=source,
        holds=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        outcome=material.decision.outcome.value if material.decision else None,
        text=ruling.text if ruling else "",
        reason=ruling.reason if ruling else "",
        moves={name: found.tone for name, found in moves.items() if found},
    )
