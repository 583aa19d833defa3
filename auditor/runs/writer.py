"""Writes one run: begins or resumes it, keeps every answer, seals it."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from auditor.errors import ConfigError, DataError
from auditor.runs import journal
from auditor.runs.codec import to_row
from auditor.runs.files import (
    FILE_MODE,
    FOLDER_MODE,
    read_json,
    require_regular,
    sync_folder,
    writable,
    write_json,
    write_rows,
)
from auditor.runs.journal import Journal
from auditor.runs.layers import write_estimates
from auditor.runs.layout import (
    ESTIMATES,
    ITEMS,
    JOURNAL,
    LOCK,
    MANIFEST,
    PLAN,
    RESPONSES,
    SCHEMA_VERSION,
    SEAL,
    SESSION,
    VERDICTS,
    WORKING,
)
from auditor.runs.seal import seal
from auditor.runs.store import Store
from auditor.runs.stored import State, Stored
from auditor.types import Estimate, Item, Response

SAVE_SECONDS = 10.0
"""How much of the time spent a killed process may forget."""


class RunWriter:
    """The one writer of an unfinished run; a context manager that lets go of it, finished or not."""

    def __init__(self, store: Store, path: Path, lock: FileLock) -> None:
        self.path = path
        self.run_id = path.name
        self._store = store
        self._lock = lock
        self._plan = read_json(path / PLAN)
        self._earlier = _spent_before(path, "seconds")
        self._earlier_joules = _spent_before(path, "energy").get("joules", 0.0)
        self.energy: dict[str, Any] = {"joules": 0.0, "method": "not measured"}
        """What this session has used so far; the caller keeps it up to date."""
        self._spent: dict[str, float] = {}
        self._opened = self._saved = time.monotonic()
        self._journal = Journal(path / JOURNAL)
        self.answered: dict[str, Response] = {answer.key: answer for answer in journal.read(path / JOURNAL)}
        """Key -> answer, of earlier sessions and this one; of two to one key the later."""
        self._save()

    @classmethod
    def open(
        cls,
        store: Store,
        *,
        model_id: str,
        plan_hash: str,
        manifest_draft: Mapping[str, Any],
        again: bool = False,
    ) -> RunWriter:
        """Resume the unfinished run of a plan, or begin one; `again` allows it although one is sealed."""
        with store.locked():
            found = store.find_plan(plan_hash, model_id)
            sealed = [run.run_id for run in found if run.state is State.SEALED]
            if sealed and not again:
                raise ConfigError(f"this plan is done already: {sealed[0]}", hint="--again repeats it")
            with writable(store.folder):
                path = _unfinished(found) or _begin(store.folder, model_id, plan_hash, manifest_draft)
                lock = _take(path)
                try:
                    return cls(store, path, lock)
                except BaseException:
                    lock.release()
                    raise

    def add(self, response: Response) -> None:
        """Keep an answer; see `Journal.append`."""
        self._journal.append(response)
        self.answered[response.key] = response
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self._save()

    def spend(self, stage: str, seconds: float) -> None:
        """Count time for a stage (engine_start, generate, grade)."""
        self._spent[stage] = self._spent.get(stage, 0.0) + seconds

    @property
    def seconds(self) -> dict[str, float]:
        """Stage -> seconds over all sessions so far; `wall` is counted by itself."""
        now = self._spent | {"wall": time.monotonic() - self._opened}
        stages = self._earlier | now
        return {stage: round(self._earlier.get(stage, 0.0) + now.get(stage, 0.0), 3) for stage in stages}

    def finish(
        self,
        *,
        items: Iterable[Item],
        rows: Iterable[Mapping[str, Any]],
        verdicts: Iterable[Mapping[str, Any]],
        estimates: Iterable[Estimate],
        manifest: Mapping[str, Any],
    ) -> Path:
        """Write the record, seal it and return its folder; until the seal is there, the run can be resumed.

        `codec.response_row` makes `rows`, `codec.verdict_row` those of `verdicts`.
        The manifest's run id, plan hash, start, end, seconds and energy are filled in.
        """
        with writable(self.path, kept="the answers are kept in its journal"):
            write_rows(self.path / ITEMS, (to_row(item) for item in items))
            write_rows(self.path / RESPONSES, rows)
            write_rows(self.path / VERDICTS, verdicts)
            write_estimates(self.path / ESTIMATES, estimates)
            own = {name: self._plan[name] for name in ("schema_version", "run_id", "plan_hash", "created")}
            done = {"finished": _iso(datetime.now(UTC)), "seconds": self.seconds, "energy": self._energy()}
            write_json(self.path / MANIFEST, own | dict(manifest) | own | done)
            seal(self.path, (MANIFEST, ITEMS, RESPONSES, VERDICTS, ESTIMATES))
        self._journal.close()
        self._store.settle(self.path)
        self._lock.release()
        return self.path

    def close(self) -> None:
        """Let go of the run; what is not finished can be resumed. May be called twice."""
        try:
            self._journal.close()
            if (self.path / PLAN).exists():
                self._save()
        finally:
            self._lock.release()

    def __enter__(self) -> RunWriter:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the run; see `close`."""
        self.close()

    def _energy(self) -> dict[str, Any]:
        return {**self.energy, "joules": round(self._earlier_joules + self.energy["joules"], 1)}

    def _save(self) -> None:
        self._saved = time.monotonic()
        spent = {"seconds": self.seconds, "energy": self._energy()}
        session = {"pid": os.getpid(), "host": platform.node(), **spent}
        with writable(self.path):
            write_json(self.path / SESSION, session, durable=False)


def _unfinished(found: Iterable[Stored]) -> Path | None:
    return next((run.path for run in found if run.state is State.UNFINISHED), None)


def _begin(folder: Path, model_id: str, plan_hash: str, draft: Mapping[str, Any]) -> Path:
    """Make the folder of a new run; it gets its name only when its plan is in it."""
    created = datetime.now(UTC).replace(microsecond=0)
    while (path := folder / f"{model_id}.{created:%Y%m%d-%H%M%S}.{plan_hash[:8]}").exists():
        created += timedelta(seconds=1)
    plan = dict(draft) | {
        "schema_version": SCHEMA_VERSION,
        "run_id": path.name,
        "plan_hash": plan_hash,
        "created": _iso(created),
        "model": {**draft.get("model", {}), "model_id": model_id},
    }
    coming = folder / f".{path.name}.tmp"
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(mode=FOLDER_MODE)
    write_json(coming / PLAN, plan)
    os.rename(coming, path)
    sync_folder(folder)
    return path


def _take(path: Path) -> FileLock:
    for name in WORKING:
        require_regular(path / name)
    lock = FileLock(path / LOCK, timeout=0, mode=FILE_MODE, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise DataError(
            f"{path.name} is being written by {_owner(path)}",
            hint="wait until it has ended, or end it; the same command then goes on from there",
        ) from None
    if (path / SEAL).exists():
        lock.release()
        raise DataError(f"{path.name} was just finished by another process", hint=f"auditor show {path.name}")
    return lock


def _owner(path: Path) -> str:
    try:
        session = read_json(path / SESSION)
        return f"process {session['pid']} on {session['host']}"
    except (DataError, KeyError):
        return "another process"


def _spent_before(path: Path, what: str) -> dict[str, float]:
    """Return what earlier sessions counted; lost counts are no reason to lose a run."""
    try:
        counts = read_json(path / SESSION)[what]
        found = {str(name): float(count) for name, count in counts.items() if name != "method"}
        return {name: count for name, count in found.items() if isfinite(count)}
    except (DataError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
