"""`baseline.yaml`: the run to beat, committed beside `auditor.yaml` so that every machine means the same one."""

from __future__ import annotations

import json
from pathlib import Path

from auditor.documents import Document, Text, read
from auditor.errors import ConfigError, DataError
from auditor.runs.files import read_json, replacing
from auditor.runs.layout import BASE, SEAL
from auditor.runs.record import Run, open_run
from auditor.runs.seal import require_intact
from auditor.runs.store import Store

FILE = "baseline.yaml"
WORD = "baseline"
"""What `--against` calls it; also what it means where it is left out."""
HEAD = "# The run to beat: `auditor baseline set RUN` writes this file, to be committed.\n"


class Baseline(Document):
    """Which run is the one to beat, and enough of it to know it again."""

    run: Text
    """The run id."""
    layer: Text = BASE
    model: Text
    """`name@version`."""
    fingerprint: Text
    """The digest of all that can change an answer."""
    suite: Text
    suite_hash: Text
    date: Text
    """When the run began, ISO 8601."""
    seal: Text
    """The digest of its seal: a run with the same one holds the same bytes."""

    @property
    def reference(self) -> str:
        """The RUN that opens it."""
        return self.run if self.layer == BASE else f"{self.run}#{self.layer}"


def read_baseline(folder: Path) -> Baseline | None:
    """Return what `baseline.yaml` of a folder says; None where there is none."""
    file = folder / FILE
    return read(file, Baseline, ConfigError) if file.exists() else None


def baseline_reference(folder: Path) -> str | None:
    """Return the RUN that `baseline.yaml` of a folder means; None where there is none."""
    found = read_baseline(folder)
    return found.reference if found else None


def write_baseline(folder: Path, run: Run) -> Baseline:
    """Make a sealed run the one to beat; raises `SealError` unless it is as it was sealed."""
    require_intact(run.path)
    model, suite = run.manifest["model"], run.manifest["suite"]
    found = Baseline(
        run=run.run_id,
        layer=run.layer,
        model=run.model_id,
        fingerprint=model["fingerprint"]["digest"],
        suite=suite["id"],
        suite_hash=suite["hash"],
        date=run.manifest["created"],
        seal=_seal_digest(run),
    )
    lines = (f"{name}: {json.dumps(value)}\n" for name, value in found.model_dump().items())
    try:
        with replacing(folder / FILE) as file:
            file.write((HEAD + "".join(lines)).encode("ascii"))
    except OSError as problem:
        raise DataError(f"{folder / FILE}: cannot be written: {problem.strerror}") from None
    return found


def open_baseline(found: Baseline, store: Store) -> Run:
    """Open the run to beat; raises `ConfigError` where the store does not hold it, `DataError` where it is another."""
    if found.run not in {run.run_id for run in store.runs()}:
        raise ConfigError(
            f"{FILE} names the run {found.run}, which the store {store.root} does not hold",
            hint=f"where it is, `auditor runs export {found.run} -o FILE.tar.gz`; then here, "
            "`auditor runs import FILE.tar.gz`",
        )
    run = open_run(found.reference, store)
    if _seal_digest(run) != found.seal:
        raise DataError(
            f"{run.path}: is another run than the {found.run} of {FILE}: their seals differ",
            hint="import the one that was meant, or choose anew with `auditor baseline set RUN`",
        )
    return run


def open_against(reference: str | None, store: Store, folder: Path = Path()) -> Run | None:
    """Open what `--against` means: RUN, or what `baseline.yaml` names where it is left out or `baseline`.

    None where nothing was asked for and nothing is set.
    """
    if reference not in (None, WORD):
        return open_run(reference, store)
    found = read_baseline(folder)
    if found is not None:
        return open_baseline(found, store)
    if reference is None:
        return None
    raise ConfigError(f"there is no {folder / FILE}", hint="`auditor baseline set RUN` writes it")


def _seal_digest(run: Run) -> str:
    return str(read_json(run.path / SEAL).get("digest"))
