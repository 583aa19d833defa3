"""The read side of a sealed run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import DataError
from auditor.runs.codec import Row, check, estimate_from_row
from auditor.runs.files import read_json, read_rows
from auditor.runs.frames import ITEM_COLUMNS, RESPONSE_COLUMNS, VERDICT_COLUMNS, frame
from auditor.runs.layers import layer_folder, layers
from auditor.runs.layout import BASE, ESTIMATES, ITEMS, LAYER, MANIFEST, RESPONSES, VERDICTS
from auditor.runs.lift import lift
from auditor.runs.references import RESUME
from auditor.runs.schema import ITEM_ROW, RESPONSE_ROW, VERDICT_ROW, Layer, Manifest
from auditor.runs.seal import verify
from auditor.runs.store import Store
from auditor.runs.stored import State, read_manifest
from auditor.types import Estimate

if TYPE_CHECKING:
    import pandas as pd


class Run:
    """A sealed run as seen through one layer. Everything is read when it is first asked for.

    The DataFrames `items`, `responses` and `verdicts` have the columns of `frames`, whatever a run holds;
    `iter_items`, `iter_responses` and `iter_verdicts` give the same rows one by one and without pandas.
    """

    def __init__(self, path: Path, layer: str | None = None) -> None:
        self.path = path
        self.layer = layer or BASE
        """Which grading `verdicts` and `estimates` are of."""
        self.manifest: dict[str, Any] = {**read_manifest(path / MANIFEST, Manifest)}
        """As it was sealed, with the graders and metrics of the layer."""
        self._graded = layer_folder(path, self.layer)
        if self.layer != BASE:
            self.manifest = {**self.manifest, "probes": _regraded(self.manifest["probes"], self._graded / LAYER)}

    def __repr__(self) -> str:
        """Return the reference that opens it."""
        return f"<Run {self.run_id}#{self.layer}>"

    @property
    def run_id(self) -> str:
        """`name@version.YYYYMMDD-HHMMSS.plan8`."""
        return str(self.manifest["run_id"])

    @property
    def model_id(self) -> str:
        """`name@version`."""
        return str(self.manifest["model"]["model_id"])

    @property
    def layers(self) -> list[str]:
        """The names of all gradings, `base` first."""
        return layers(self.path)

    @property
    def reference(self) -> str:
        """What opens it as it is seen here: the run's id, with `#layer` behind it where that is not its own."""
        return self.run_id if self.layer == BASE else f"{self.run_id}#{self.layer}"

    @property
    def graders(self) -> dict[str, dict[str, Any]]:
        """Probe id -> the {name, version, settings} of the grader of this layer."""
        return {probe["id"]: probe["grader"] for probe in self.manifest["probes"]}

    @cached_property
    def problems(self) -> list[str]:
        """What is not as it was sealed; empty where all is well."""
        return verify(self.path)

    @cached_property
    def estimates(self) -> list[Estimate]:
        """The numbers of this layer."""
        path = self._graded / ESTIMATES
        rows = lift(read_json(path), str(path)).get("estimates")
        if not isinstance(rows, list):
            raise DataError(f"{path}: estimates is a {type(rows).__name__}, expected a list")
        estimates = []
        for place, row in enumerate(rows):
            try:
                estimates.append(estimate_from_row(row))
            except DataError as problem:
                raise DataError(f"{path}: estimates[{place}]: {problem}") from None
        return estimates

    @cached_property
    def items(self) -> pd.DataFrame:
        """What was asked about."""
        return frame(self.iter_items(), ITEM_COLUMNS, self.path / ITEMS)

    @cached_property
    def responses(self) -> pd.DataFrame:
        """One request and what came back a row."""
        return frame(self.iter_responses(), RESPONSE_COLUMNS, self.path / RESPONSES)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The verdicts of this layer."""
        return frame(self.iter_verdicts(), VERDICT_COLUMNS, self._graded / VERDICTS)

    def iter_items(self) -> Iterator[Row]:
        """Yield the rows of the items."""
        return self._rows(self.path / ITEMS, ITEM_ROW)

    def iter_responses(self) -> Iterator[Row]:
        """Yield the rows of the responses."""
        return self._rows(self.path / RESPONSES, RESPONSE_ROW)

    def iter_verdicts(self) -> Iterator[Row]:
        """Yield the rows of this layer's verdicts."""
        return self._rows(self._graded / VERDICTS, VERDICT_ROW)

    def _rows(self, path: Path, kind: Any) -> Iterator[Row]:
        probes = {probe["id"] for probe in self.manifest["probes"]}
        for number, row in enumerate(read_rows(path, kind), 1):
            if row["probe_id"] not in probes:
                raise DataError(f"{path}:{number}: probe_id is {row['probe_id']!r:.60}, which {MANIFEST} does not name")
            yield row


def _regraded(probes: Sequence[Row], path: Path) -> list[Row]:
    """Return the manifest's probes with the graders and metrics of a layer."""
    layer = lift(read_json(path), str(path))
    try:
        check(layer, Layer)
    except DataError as problem:
        raise DataError(f"{path}: {problem}") from None
    found = []
    for probe in probes:
        name, graders, metrics = probe["id"], layer["graders"], layer.get("metrics", {})
        if name not in graders:
            raise DataError(f"{path}: graders does not name {name}")
        if name not in metrics and graders[name]["name"] != probe["grader"]["name"]:
            raise DataError(
                f"{path}: does not say which numbers its verdicts on {name} make",
                hint="an older auditor wrote it: grade the run again under another name",
            )
        found.append({**probe, "grader": graders[name], "metrics": metrics.get(name, probe["metrics"])})
    return found


def open_run(reference: str | Path, store: Store | None = None) -> Run:
    """Open a sealed run by `name@version`, `name@latest`, run id or path, with `#layer` behind it or not."""
    store = store or Store()
    found = store.resolve(f"{reference}/" if isinstance(reference, Path) else reference)
    if found.state is State.UNFINISHED:
        raise DataError(f"{found.run_id} is not finished", hint=RESUME)
    return Run(store.fetch(found), found.layer)
