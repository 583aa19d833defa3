"""A run as a listing shows it: what its manifest says, without reading an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from auditor.errors import DataError
from auditor.runs import journal
from auditor.runs.codec import check
from auditor.runs.files import read_json
from auditor.runs.layout import JOURNAL, MANIFEST, PLAN, SEAL
from auditor.runs.lift import lift
from auditor.runs.schema import Manifest, Plan


class State(StrEnum):
    """How far a run has come."""

    SEALED = "sealed"
    UNFINISHED = "unfinished"
    """Under way or interrupted; the same plan goes on with it."""
    DAMAGED = "damaged"
    """It cannot be read; `Stored.problem` says why."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A run in a store."""

    run_id: str
    path: Path
    """Its local folder; `Store.fetch` fills it where the store is elsewhere."""
    state: State
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """`manifest.json`, or what is known of it while the run is unfinished."""
    problem: str | None = None
    hint: str | None = None
    """What helps against the problem, where that is known."""
    layer: str | None = None
    """The layer that the reference asked for."""

    @property
    def model_id(self) -> str:
        """`name@version`, empty where damaged."""
        return str(self.manifest["model"]["model_id"]) if self.manifest else ""

    @property
    def plan_hash(self) -> str:
        """The hash of what was asked, empty where damaged."""
        return str(self.manifest.get("plan_hash", ""))

    @property
    def created(self) -> str:
        """The start in ISO 8601, UTC; empty where damaged."""
        return str(self.manifest.get("created", ""))

    @property
    def digest(self) -> str | None:
        """The fingerprint's digest, None where damaged."""
        return self.fingerprint.get("digest")

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """The manifest's {digest, pieces, claimed}, empty where damaged."""
        return self.manifest["model"]["fingerprint"] if self.manifest else {}

    @property
    def is_answered(self) -> bool:
        """Whether the run holds an answer; only an unfinished one can be without."""
        return self.state is not State.UNFINISHED or journal.is_answered(self.path / JOURNAL)


def look(path: Path) -> Stored:
    """Return what a run's folder holds; a damaged one has its problem, and never raises."""
    sealed = (path / SEAL).exists()
    if not sealed and (path / MANIFEST).exists() and not (path / PLAN).exists():
        return Stored(path.name, path, State.DAMAGED, problem=f"{path / SEAL}: there is no such file")
    try:
        manifest = read_manifest(path / MANIFEST, Manifest) if sealed else read_manifest(path / PLAN, Plan)
    except DataError as problem:
        return Stored(path.name, path, State.DAMAGED, problem=str(problem), hint=problem.hint)
    return Stored(manifest["run_id"], path, State.SEALED if sealed else State.UNFINISHED, manifest)


def read_manifest(path: Path, kind: type[Plan]) -> dict[str, Any]:
    """Return a manifest or a plan in the present form; raises `DataError` that names the field."""
    manifest = lift(read_json(path), str(path))
    try:
        check(manifest, kind)
    except DataError as problem:
        raise DataError(f"{path}: {problem}") from None
    return manifest
