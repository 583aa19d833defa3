"""The runs of a report as its reader knows them: model versions, oldest first, the candidate last."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from auditor.errors import DataError
from auditor.runs.layout import BASE
from auditor.types import Estimate

from .catalogue import gettext as _

if TYPE_CHECKING:
    from auditor.runs.record import Run

Role = Literal["candidate", "baseline", "earlier"]


@dataclass(frozen=True)
class Version:
    """One run under the short name that tells it from the others."""

    run: Run
    label: str
    role: Role

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The run's manifest."""
        return self.run.manifest

    @cached_property
    def probes(self) -> dict[str, Mapping[str, Any]]:
        """Probe id -> its entry in the manifest."""
        return {probe["id"]: probe for probe in self.manifest["probes"]}

    @cached_property
    def estimates(self) -> dict[tuple[str, str, str], Estimate]:
        """(probe or battery, metric, cell) -> estimate."""
        return {(found.probe_id, found.metric, found.cell): found for found in self.run.estimates}

    @cached_property
    def graders_hash(self) -> str:
        """A hash of which grader judged each probe, in which version and with which settings."""
        graders = {probe: entry["grader"] for probe, entry in self.probes.items()}
        return hashlib.sha256(json.dumps(graders, sort_keys=True).encode("ascii")).hexdigest()

    def battery_probes(self, battery: str) -> list[Mapping[str, Any]]:
        """Return the probes of a battery, in the order in which they were asked."""
        return [probe for probe in self.probes.values() if probe["battery"] == battery]

    def battery_of(self, source: str) -> str:
        """Return the battery of a probe; a battery is its own."""
        return str(self.probes[source]["battery"]) if source in self.probes else source

    def behind(self, source: str, metric: str) -> list[str]:
        """Return the probes that a number rests on: the one that it is of, or those that the suite pools."""
        if source in self.probes:
            return [source]
        for pooled in self.manifest["pooled"]:
            if (pooled["battery"], pooled["metric"]) == (source, metric):
                return [probe for probe in pooled["weights"] if probe in self.probes]
        return [
            probe["id"]
            for probe in self.battery_probes(source)
            if any(spec["name"] == metric for spec in probe["metrics"])
        ]

    def metrics_of(self, source: str) -> list[Mapping[str, Any]]:
        """Return the metrics of a probe, or of all probes of a battery."""
        probes = [self.probes[source]] if source in self.probes else self.battery_probes(source)
        return [metric for probe in probes for metric in probe["metrics"]]


def read_versions(runs: Sequence[Run], against: Run | None = None) -> list[Version]:
    """Name the runs, which come oldest first: by version where all are one model, else in full.

    The baseline is the run `against`, which comes before the candidate where it is not among `runs`; without it
    the run before the candidate.
    """
    if not runs:
        raise DataError("a report needs at least one run", hint="auditor run MODEL makes one")
    if against is not None and _key(against) not in map(_key, runs):
        runs = [*runs[:-1], against, runs[-1]]
    base = len(runs) - 2 if against is None else [_key(run) for run in runs].index(_key(against))
    if base == len(runs) - 1:
        raise DataError(f"{runs[base].run_id} cannot be held against itself", hint="name another run with --against")
    one_model = len({run.manifest["model"]["name"] for run in runs}) == 1
    names = [run.manifest["model"]["version"] if one_model else run.model_id for run in runs]
    names = [name if run.layer == BASE else f"{name}#{run.layer}" for name, run in zip(names, runs, strict=True)]
    roles: dict[int, Role] = {base: "baseline", len(runs) - 1: "candidate"}
    return [
        Version(run, label, roles.get(place, "earlier"))
        for place, (run, label) in enumerate(zip(runs, _distinct(names), strict=True))
    ]


COLUMNS = 6
"""Versions told side by side in a table; charts draw all of them."""


def side_by_side(versions: Sequence[Version]) -> list[Version]:
    """Return the newest versions, the baseline among them."""
    baseline = [version for version in versions[:-COLUMNS] if version.role == "baseline"]
    return [*baseline, *versions[-COLUMNS + len(baseline) :]]


def _key(run: Run) -> tuple[str, str]:
    return run.run_id, run.layer


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, those that occur more than once with a number."""
    total, seen = Counter(names), Counter[str]()
    labels = []
    for name in names:
        seen[name] += 1
        labels.append(f"{name} ({seen[name]})" if total[name] > 1 else name)
    return labels


def instrument_changes(before: Version, after: Version, measured: str) -> list[str]:
    """Return what differs in how a probe or a battery was measured; two numbers compare only when it is nothing."""
    suites = [(version.manifest["suite"]["id"], version.manifest["suite"]["hash"]) for version in (before, after)]
    changes = [_("the suite changed")] if suites[0] != suites[1] else []
    probes = [_measured_by(version, measured) for version in (before, after)]
    if probes[0].keys() != probes[1].keys():
        changes.append(_("other probes were asked"))
    shared = [probe for probe in probes[1] if probe in probes[0]]
    if any(probes[0][probe]["hash"] != probes[1][probe]["hash"] for probe in shared):
        changes.append(_("the probe changed"))
    if any(probes[0][probe]["grader"] != probes[1][probe]["grader"] for probe in shared):
        changes.append(_("the grader changed"))
    return changes


def _measured_by(version: Version, measured: str) -> dict[str, Mapping[str, Any]]:
    if measured in version.probes:
        return {measured: version.probes[measured]}
    return {probe["id"]: probe for probe in version.battery_probes(measured)}
