"""The store: the folder, or fsspec URL, that holds the runs."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from auditor.errors import ConfigError, DataError
from auditor.runs.answers import Answers
from auditor.runs.files import FILE_MODE, FOLDER_MODE, require_regular, writable
from auditor.runs.layout import LOCK, MANIFEST, PLAN, SEAL, WORKING
from auditor.runs.references import could_be_of_plan, find, with_layer
from auditor.runs.remote import Remote
from auditor.runs.stored import State, Stored, look

DEFAULT_ROOT = "audits"
LOCK_SECONDS = 10.0
"""How long to wait while another process begins a run; it takes milliseconds."""


class Store:
    """Finds runs. One at a URL works in `folder` on this machine; sealed runs are copied to the URL."""

    def __init__(self, root: str | Path = DEFAULT_ROOT, *, folder: Path | None = None) -> None:
        self.root = str(root)
        if not self.root.strip():
            raise ConfigError("the store has no name", hint="--store names the folder or URL of the runs")
        self._remote = Remote(self.root) if "://" in self.root else None
        self.folder = folder or (_working_folder(self.root) if self._remote else Path(root))

    @property
    def is_remote(self) -> bool:
        """Whether the runs are at a URL."""
        return self._remote is not None

    def runs(self) -> list[Stored]:
        """Return every run, damaged ones too, in the order of their start."""
        found = [look(self.folder / name) for name in self._local_names()]
        if self._remote:
            found = [run for run in found if run.state is State.UNFINISHED or (run.path / PLAN).exists()]
            found += self._look_remote(self._remote, {run.path.name for run in found})
        return sorted(found, key=lambda run: (run.created, run.run_id))

    def resolve(self, reference: str) -> Stored:
        """Return the run that RUN means; `#layer` behind it chooses a grading.

        RUN is `name@version` (its newest sealed run), `name@latest`, a run id or the start of one, or a path.
        """
        run, _, layer = reference.partition("#") if not Path(reference).is_dir() else (reference, "", "")
        if not run.strip():
            raise ConfigError(
                f"'{reference}' names no run", hint="a run is name@version, name@latest, its id or a path"
            )
        if "://" in run:
            root, _, name = run.rstrip("/").rpartition("/")
            raise ConfigError(f"'{run}' is not a run but a URL", hint=f"--store {root} and the run as '{name}'")
        path = Path(run)
        if (os.sep in run or run in (".", "..")) or any((path / name).is_file() for name in (MANIFEST, PLAN)):
            return with_layer(_at(path), layer)
        return with_layer(find(run, self.runs()), layer)

    def find_plan(self, plan_hash: str, model_id: str | None = None) -> list[Stored]:
        """Return the sealed and unfinished runs of a plan, newest first.

        A sealed run whose process ended before it was copied and tidied up is brought to its end.
        Raises DataError where a run that cannot be read is of this plan by its name: its answers are worth a look.
        """
        runs = self.runs()
        for run in runs:
            if run.state is State.DAMAGED and could_be_of_plan(run, plan_hash, model_id):
                raise DataError(
                    f"{run.path.name} is of this plan and cannot be read: {run.problem}",
                    hint=f"mend it, or move {run.path} aside to begin anew",
                )
        found = [run for run in reversed(runs) if run.plan_hash == plan_hash]
        found = [run for run in found if model_id in (None, run.model_id)]
        for run in found:
            if run.state is State.SEALED and (run.path / PLAN).exists():
                self.settle(run.path)
        return found

    def find_sealed(self, plan_hash: str, model_id: str) -> Path | None:
        """Return the folder of the newest sealed run of a plan."""
        sealed = (run.path for run in self.find_plan(plan_hash, model_id) if run.state is State.SEALED)
        return next(sealed, None)

    def manifests(self, name: str) -> list[Mapping[str, Any]]:
        """Return the manifests of all sealed runs of a model name, newest first."""
        sealed = [run for run in reversed(self.runs()) if run.state is State.SEALED]
        return [run.manifest for run in sealed if run.model_id.rpartition("@")[0] == name]

    def answers(self, digest: str) -> Answers:
        """Return what was answered under a fingerprint, newest run first; a claimed one has no answers."""
        same = [run for run in reversed(self.runs()) if run.digest == digest]
        return Answers([run for run in same if not run.fingerprint.get("claimed")], self.fetch)

    def fetch(self, run: Stored) -> Path:
        """Return the run's local folder with all files in it."""
        if self._remote and run.path.parent == self.folder and not (run.path / PLAN).exists():
            self._remote.fetch(run.path.name, run.path)
        return run.path

    def settle(self, run: Path) -> None:
        """Copy a sealed run and its new layers to where the store is; remove what only the work needed."""
        if self._remote:
            self._remote.push(run)
        with writable(run, kept="the run is sealed"):
            for name in WORKING:
                (run / name).unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store while a run is begun, so that two processes cannot begin the same one."""
        with writable(self.folder):
            self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            require_regular(self.folder / f".{LOCK}")
            lock = FileLock(self.folder / f".{LOCK}", LOCK_SECONDS, mode=FILE_MODE, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                raise DataError(f"{self.folder}: another process has begun a run and holds the store") from None
        try:
            yield
        finally:
            lock.release()

    def _local_names(self) -> list[str]:
        try:
            entries = list(os.scandir(self.folder))
        except FileNotFoundError:
            return []
        except OSError as problem:
            fact = f"{self.folder}: cannot be read: {problem.strerror}"
            raise DataError(fact, hint="--store names the folder of the runs") from None
        return [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]

    def _look_remote(self, remote: Remote, known: set[str]) -> list[Stored]:
        names = [name for name in remote.names() if name not in known]
        for name in names:
            remote.fetch(name, self.folder / name, only=(MANIFEST, SEAL))
        return [look(self.folder / name) for name in names]


def _at(path: Path) -> Stored:
    if not path.is_dir():
        raise ConfigError(f"{path}: there is no such folder")
    run = look(path)
    if run.state is State.DAMAGED:
        raise DataError(f"{path}: not a run that can be read: {run.problem}")
    return run


def _working_folder(url: str) -> Path:
    """Return where runs of a URL are written: not a cache, which may be swept, for they may be unfinished."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    name = re.sub(r"\W+", "-", url)[-40:].strip("-")
    return Path(home) / "auditor" / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
