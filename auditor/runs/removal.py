"""Takes runs out of a store, each whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from auditor.errors import ConfigError, DataError
from auditor.runs.files import FILE_MODE, require_regular, sync_folder, writable
from auditor.runs.layout import LOCK
from auditor.runs.store import Store
from auditor.runs.stored import State, Stored

GONE = ".removed"
"""No run has such a name: what is left of a removal that was killed is no run any more."""


def find_removable(store: Store, reference: str) -> Stored:
    """Return the run that a reference means; a damaged one is found by its folder's name."""
    damaged = [run for run in store.runs() if run.state is State.DAMAGED and run.run_id == reference]
    found = damaged[0] if damaged else store.resolve(reference)
    if found.layer:
        raise ConfigError(f"'{reference}' is a layer, and a run is removed whole", hint=f"name {found.run_id}")
    if store.is_remote:
        raise ConfigError(
            f"the store {store.root} is at a URL, where nothing is removed from here",
            hint=f"remove {store.root.rstrip('/')}/{found.path.name} with that storage's own tools",
        )
    if found.path.is_symlink() or found.path.resolve().parent != store.folder.resolve():
        raise ConfigError(f"{found.path} is not in the store {store.root}", hint="--store names the folder of the runs")
    return found


def remove(store: Store, run: Stored) -> None:
    """Remove a run: it leaves the store at once, and its files after that.

    Raises `DataError` where a process is writing it.
    """
    gone = store.folder / GONE
    with store.locked(), writable(store.folder):
        _delete(gone)  # of a removal that was killed
        with _held(run):
            os.rename(run.path, gone)
            sync_folder(store.folder)
        _delete(gone)


def _delete(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


@contextmanager
def _held(run: Stored) -> Iterator[None]:
    """Hold a run that may be under way, so that nobody writes it while it goes."""
    if run.state is State.SEALED:
        yield
        return
    require_regular(run.path / LOCK)
    lock = FileLock(run.path / LOCK, timeout=0, mode=FILE_MODE, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise DataError(f"{run.run_id} is being written by another process", hint="end that process first") from None
    try:
        yield
    finally:
        lock.release()
