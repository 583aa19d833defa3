"""Suites: which probes are asked, how much of each, and which numbers are pooled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.battery.library import Library
from auditor.battery.schema import Pooled, SuiteDoc, SuiteEntry
from auditor.documents import parse, read_source
from auditor.errors import ConfigError, ProbeError, nearest
from auditor.types import Item


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite file, read and checked against its probes."""

    doc: SuiteDoc
    digest: str


def suite_paths(folders: Iterable[Path]) -> dict[str, Path]:
    """Return suite id -> file."""
    return {path.stem: path for folder in folders for path in sorted((folder / "suites").glob("*.yaml"))}


def read_suite(name: str, library: Library) -> Suite:
    """Return a suite by its id or path; raises ConfigError or ProbeError that says what does not fit."""
    known = suite_paths(library.folders)
    path = Path(name) if name.endswith((".yaml", ".yml")) else known.get(name)
    if path is None:
        raise ConfigError(f"suite '{name}' is unknown", hint=nearest(name, known))
    source = read_source(path, ProbeError)
    doc = parse(source, SuiteDoc, ProbeError)
    mistakes = []
    for place, entry in enumerate(doc.probes):
        loc: list[str | int] = ["probes", place, "probe"]
        if entry.probe not in library:
            guess = nearest(entry.probe, library)
            mistakes.append(source.at(loc, f"probe '{entry.probe}' is unknown" + (f"; {guess}" if guess else "")))
        elif library[entry.probe].version != entry.version:
            version = library[entry.probe].version
            fact = f"'{entry.probe}' is at version {version}, the suite pins {entry.version}"
            mistakes.append(source.at(["probes", place, "version"], fact))
    asked = {entry.probe for entry in doc.probes}
    for place, pooled in enumerate(doc.pooled):
        for probe in pooled.weights:
            where: list[str | int] = ["pooled", place, "weights", probe]
            if probe not in asked:
                mistakes.append(source.at(where, f"'{probe}' is not among the suite's probes"))
            elif probe in library and pooled.metric not in {metric.name for metric in library[probe].metrics}:
                mistakes.append(source.at(where, f"'{probe}' has no metric '{pooled.metric}'"))
    if mistakes:
        raise ProbeError("\n".join(mistakes))
    text = json.dumps(doc.model_dump(mode="json"), sort_keys=True, ensure_ascii=True)
    return Suite(doc, hashlib.sha256(text.encode()).hexdigest())


def whole(probes: Sequence[str], library: Library) -> SuiteDoc:
    """Return the suite that asks all of some probes and pools nothing."""
    entries = [SuiteEntry(probe=probe, version=library[probe].version) for probe in probes]
    return SuiteDoc(id="all", title="Whole probes", description="Every item.", version=1, probes=entries)


def pooled_of(doc: SuiteDoc, probes: Sequence[str]) -> list[Pooled]:
    """Return the pooled numbers whose probes are all asked."""
    return [pooled for pooled in doc.pooled if set(pooled.weights) <= set(probes)]


def choose(items: Sequence[Item], entry: SuiteEntry, *, seed: int, limit: int | None = None) -> list[Item]:
    """Return the items of the families that a suite entry takes, in their own order.

    Families are ranked by a hash of their id and the seed, so that a family added to a probe displaces at most
    one other, and every probe that wraps the same families takes the same ones first. `limit` bounds the families
    of the whole probe.
    """
    strata: dict[str, dict[str, None]] = {}
    for item in items:
        stratum = item.tags.get(entry.per, "") if entry.per else ""
        strata.setdefault(stratum, {})[item.family_id] = None
    ranked = [sorted(families, key=lambda family: rank(family, seed)) for families in strata.values()]
    taken = [families[: entry.families] for families in ranked]
    if limit is not None:
        turns = (family for row in _transposed(taken) for family in row)
        kept = {family for _, family in zip(range(limit), dict.fromkeys(turns), strict=False)}
    else:
        kept = {family for families in taken for family in families}
    return [item for item in items if item.family_id in kept]


def rank(family: str, seed: int | str) -> str:
    """Return the place of a family in the random order of a seed."""
    return hashlib.sha256(f"{seed}:{family}".encode()).hexdigest()


def _transposed(columns: Sequence[Sequence[str]]) -> list[list[str]]:
    longest = max((len(column) for column in columns), default=0)
    return [[column[row] for column in columns if row < len(column)] for row in range(longest)]
