"""The seal: a hash of every file, so that a change of any byte is found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import DataError, SealError
from auditor.runs.codec import encode
from auditor.runs.files import is_irregular, read_json, write_json
from auditor.runs.layout import LAYERS, SCHEMA_VERSION, SEAL, is_passing
from auditor.runs.lift import lift


def seal(folder: Path, names: Iterable[str], *, run: Path | None = None) -> None:
    """Write `seal.json` with the hash of each named file; a layer's also holds that of its run's seal."""
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "sealed": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {name: _hash(folder / name) for name in sorted(names)},
    }
    if run is not None:
        document["run"] = _hash(run / SEAL)
    document["digest"] = _digest(document)
    write_json(folder / SEAL, document)


def verify(folder: Path) -> list[str]:
    """Return what is not as it was sealed, one sentence each, in the run and all its layers."""
    problems = _verify_files(folder)
    for layer in _children(folder / LAYERS):
        if is_passing(layer.name):
            continue
        found = _verify_files(layer, run=folder) if layer.is_dir() else ["is not in the seal"]
        problems += [f"{LAYERS}/{layer.name}: {fact}" for fact in found]
    return problems


def require_intact(folder: Path) -> None:
    """Raise `SealError` that lists every problem, unless the run is as it was sealed."""
    problems = verify(folder)
    if problems:
        raise SealError(
            f"{folder}: not as it was sealed: {'; '.join(problems)}",
            hint="take it from a backup, or move it aside and audit again",
        )


def _verify_files(folder: Path, *, run: Path | None = None) -> list[str]:
    try:
        document = _read_seal(folder)
    except DataError as problem:
        return [str(problem)]
    problems = []
    files: dict[str, str] = document["files"]
    for name, expected in files.items():
        try:
            if is_irregular(folder / name):
                problems.append(f"{name} is not a regular file")
            elif _hash(folder / name) != expected:
                problems.append(f"{name} has changed since it was sealed")
        except FileNotFoundError:
            problems.append(f"{name} is missing")
        except (OSError, ValueError) as fault:
            problems.append(f"{name} cannot be read: {fault}")
    known = {*files, SEAL} if run is not None else {*files, SEAL, LAYERS}
    names = (path.name for path in _children(folder))
    problems += [f"{name} is not in the seal" for name in names if name not in known and not is_passing(name)]
    if run is not None and (not (run / SEAL).is_file() or document.get("run") != _hash(run / SEAL)):
        problems.append("was made for another seal of the run")
    return problems


def _read_seal(folder: Path) -> dict[str, Any]:
    path = folder / SEAL
    document = lift(read_json(path), SEAL)
    files = document.get("files")
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        raise DataError(f"{SEAL}: files is not a list of names and hashes")
    rest = {key: value for key, value in document.items() if key != "digest"}
    # One spelling only, so that a changed byte cannot hide between the values either.
    if document.get("digest") != _digest(rest) or path.read_bytes() != encode(document) + b"\n":
        raise DataError(f"{SEAL} has changed since it was written")
    return document


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(encode(document)).hexdigest()


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
