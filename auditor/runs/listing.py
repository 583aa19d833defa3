"""The runs of a store as rows of a table, told without reading an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from auditor.errors import one_line
from auditor.runs.layers import layers
from auditor.runs.layout import JOURNAL, RESPONSES
from auditor.runs.store import Store
from auditor.runs.stored import State, Stored


@dataclass(frozen=True, slots=True)
class Listed:
    """One run of a listing; None is what cannot be known from here."""

    run_id: str
    model_id: str
    created: str
    suite: str
    state: State
    answered: int | None
    """Requests; of an unfinished run those that came back so far."""
    failed: int | None
    layers: tuple[str, ...]
    size: int | None
    """Bytes on this disk; None where the run is at a URL."""
    baseline: bool
    problem: str | None


def list_runs(store: Store, name: str | None = None, baseline: str | None = None) -> list[Listed]:
    """Return the runs, the newest first.

    `name` is a model's name, `name@version`, a run id or a pattern of these with * and ?;
    `baseline` is the id of the run to beat.
    """
    found = [run for run in reversed(store.runs()) if name is None or _is_meant(run, name)]
    return [_listed(run, baseline) for run in found]


def _is_meant(run: Stored, name: str) -> bool:
    model_id = run.model_id or run.path.name.rsplit(".", 2)[0]
    return any(fnmatchcase(told, name) for told in (model_id, model_id.rpartition("@")[0], run.run_id))


def _listed(run: Stored, baseline: str | None) -> Listed:
    answered, failed = _counts(run)
    return Listed(
        run_id=run.run_id,
        model_id=run.model_id,
        created=run.created,
        suite=run.manifest["suite"]["id"] if run.manifest else "",
        state=run.state,
        answered=answered,
        failed=failed,
        layers=tuple(layers(run.path)) if run.state is State.SEALED else (),
        size=_size(run),
        baseline=run.run_id == baseline,
        problem=one_line(run.problem) if run.problem else None,
    )


def _counts(run: Stored) -> tuple[int | None, int | None]:
    if run.state is State.SEALED:
        counts = run.manifest["counts"]
        return counts["answered"], sum(counts["failed"].values())
    if run.state is State.UNFINISHED:
        return _lines(run.path / JOURNAL), None
    return None, None


def _lines(path: Path) -> int | None:
    if not path.is_file():
        return 0
    try:
        with open(path, "rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return None


def _size(run: Stored) -> int | None:
    if run.state is State.SEALED and not (run.path / RESPONSES).exists():
        return None
    return sum(_sizes(run.path))


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path.stat().st_size
