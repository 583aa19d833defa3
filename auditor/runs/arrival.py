"""Lets the runs of an archive into a store, each whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from auditor.errors import ConfigError, DataError
from auditor.runs.archive import unpack
from auditor.runs.files import FOLDER_MODE, sync_folder, writable
from auditor.runs.layers import layers
from auditor.runs.layout import BASE, LAYERS, SEAL
from auditor.runs.seal import require_intact
from auditor.runs.store import Store
from auditor.runs.stored import State, look

PREFIX = ".import-"
STALE_SECONDS = 86_400.0
"""A draft that nobody has touched for so long is of a process that was killed."""


def import_runs(store: Store, file: IO[bytes], source: str) -> list[str]:
    """Put the runs of an archive into a store and return of each what was done.

    All of them are checked before the first is put in place. A run that is there already stays; layers that it lacks
    are added. Raises `DataError` or `SealError` where one is not as it was sealed, or another one has its name.
    """
    with writable(store.folder), _draft(store.folder) as draft:
        coming = unpack(file, source, draft)
        for run in coming:
            _check(run, source)
        with store.locked():
            for run in coming:
                _check_room(store, run)
            return [_place(store, run) for run in coming]


def _check(run: Path, source: str) -> None:
    try:
        require_intact(run)
    except DataError as problem:
        fact = str(problem).replace(f"{run.parent}{os.sep}", "")
        raise type(problem)(f"{source}: {fact}", hint="pack it anew with `auditor runs export`") from None
    found = look(run)
    if found.state is not State.SEALED:
        raise DataError(f"{source}: {run.name} cannot be read: {str(found.problem).replace(str(run), run.name)}")
    if found.run_id != run.name:
        raise DataError(f"{source}: the folder {run.name} holds the run {found.run_id!r:.200}")


def _check_room(store: Store, run: Path) -> None:
    """Raise unless nothing of another content has the run's name, or that of one of its layers."""
    here = _here(store, run.name)
    if here is None:
        return
    found = look(here)
    if found.state is not State.SEALED:
        raise ConfigError(
            f"{run.name} is here already, {found.state}", hint=f"`auditor runs rm {run.name}` makes room for it"
        )
    require_intact(here)
    if not _same_seal(here, run):
        raise DataError(
            f"{run.name} is here already and is another run: their seals differ",
            hint="sealed runs never change: one of the two was not made by this run id",
        )
    for layer in _further(run):
        if layer in _further(here) and not _same_seal(here / LAYERS / layer, run / LAYERS / layer):
            raise DataError(f"{run.name} has another layer '{layer}' here: their seals differ")


def _place(store: Store, run: Path) -> str:
    here = _here(store, run.name)
    if here is None:
        os.rename(run, store.folder / run.name)
        sync_folder(store.folder)
        store.settle(store.folder / run.name)
        return f"{run.name}: imported"
    lacking = [layer for layer in _further(run) if layer not in _further(here)]
    for layer in lacking:
        (here / LAYERS).mkdir(mode=FOLDER_MODE, exist_ok=True)
        os.rename(run / LAYERS / layer, here / LAYERS / layer)
        sync_folder(here / LAYERS)
    store.settle(here)
    if lacking:
        return f"{run.name}: was here already, imported its layers {', '.join(lacking)}"
    return f"{run.name}: was here already, nothing to do"


def _here(store: Store, name: str) -> Path | None:
    """Return the local folder of a run that the store holds, or is about to."""
    for run in store.runs():
        if run.path == store.folder / name:
            return store.fetch(run)
    return store.folder / name if os.path.lexists(store.folder / name) else None


def _further(run: Path) -> list[str]:
    return [layer for layer in layers(run) if layer != BASE]


def _same_seal(first: Path, second: Path) -> bool:
    return (first / SEAL).read_bytes() == (second / SEAL).read_bytes()


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """Make a folder that no listing shows; one that an import left which was killed is removed."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for left in folder.glob(f"{PREFIX}*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
