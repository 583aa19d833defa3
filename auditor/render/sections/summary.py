"""Section 0, what is this: who was audited, on what, at what price, and the headline numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from auditor.render.charts import series, spark
from auditor.render.material import Material
from auditor.render.versions import Version
from auditor.render.wording import (
    Move,
    Number,
    count,
    direction,
    energy,
    metric_name,
    metric_sentence,
    move,
    number,
    seconds,
)
from auditor.types import Estimate

from . import changed, verdict
from .changed import Changed
from .verdict import Ruling

HEADLINES = 4
"""Numbers shown for each battery."""
DIGEST = 12
"""Digits of a fingerprint that a person compares."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline number."""

    sentence: str
    direction: str
    number: Number
    move: Move | None
    spark: Markup


@dataclass(frozen=True, slots=True)
class Battery:
    """The headline numbers of one concern."""

    name: str
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Problem:
    """A seal problem, and whose."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The first screen."""

    candidate: str
    baseline: str | None
    scope: str
    """How much was asked."""
    date: str
    versions: Sequence[Version]
    facts: Mapping[str, str]
    problems: Sequence[Problem]
    notes: Sequence[Problem]
    ruling: Ruling | None
    """What the policy makes of it, where there is one."""
    changed: Changed | None
    batteries: Sequence[Battery]
    confidence: str


def build(material: Material) -> Summary:
    """Return the first screen."""
    candidate = material.candidate
    return Summary(
        candidate=candidate.run.model_id,
        baseline=material.baseline.run.model_id if material.baseline else None,
        scope=_scope(material),
        date=candidate.manifest["finished"][:10],
        versions=material.versions,
        facts=facts(candidate.manifest, len(material.transcripts)),
        problems=[
            Problem(version.label, str(problem)) for version in material.versions for problem in version.run.problems
        ],
        notes=[Problem(version.label, note) for version in material.versions for note in version.manifest["notes"]],
        ruling=verdict.ruling(material.decision) if material.decision else None,
        changed=changed.build(material),
        batteries=[
            Battery(battery, [_tile(material, estimate) for estimate in headlines(candidate, battery)])
            for battery in material.batteries
        ],
        confidence=", ".join(sorted({f"{100 * found.confidence:g}%" for found in candidate.run.estimates})),
    )


def _scope(material: Material) -> str:
    manifest = material.candidate.manifest
    asked = sum(transcript.replies[-1].item is not None for transcript in material.transcripts)
    probes = count(len(material.candidate.probes), "probe")
    return f"{count(asked, 'item')} of {probes} in the suite {manifest['suite']['id']}"


def headlines(version: Version, battery: str) -> list[Estimate]:
    """Return a battery's most telling numbers: the suite's pooled ones, then each probe's first, no metric twice."""
    ranked = sorted(
        (rank, place, (probe["id"], metric["name"], "all"))
        for place, probe in enumerate(version.battery_probes(battery))
        for rank, metric in enumerate(probe["metrics"])
    )
    pooled = [key for key in version.estimates if key[0] == battery and key[2] == "all"]
    chosen: dict[str, Estimate] = {}
    for key in [*pooled, *(key for *_, key in ranked)]:
        if key in version.estimates and len(chosen) < HEADLINES:
            chosen.setdefault(key[1], version.estimates[key])
    return list(chosen.values())


def _tile(material: Material, estimate: Estimate) -> Tile:
    points = series(material.versions, estimate.probe_id, estimate.metric)
    sentence = metric_sentence(material.candidate, estimate)
    return Tile(
        sentence=sentence,
        direction=direction(estimate),
        number=number(estimate),
        move=move(material.differences.get((estimate.probe_id, estimate.metric, estimate.cell))),
        spark=spark(points, f"{sentence}: {metric_name(estimate.metric)}, over versions"),
    )


def facts(manifest: Mapping[str, Any], items: int) -> dict[str, str]:
    """Return what was done and what it cost, in a few words each."""
    counts, tokens, suite = manifest["counts"], manifest["tokens"], manifest["suite"]
    fingerprint = manifest["model"]["fingerprint"]
    failed = sum(counts["failed"].values())
    asked = f"{counts['requests']:,} asked, {counts['answered']:,} answered"
    said = {
        "Finished": manifest["finished"].replace("T", " ").replace("+00:00", " UTC"),
        "Suite": f"{suite['id']}, version {suite['version']}",
        "Requests": asked + (f", {failed:,} failed" if failed else ""),
        "Items": f"{items:,}, all with their answers in this file",
        "Tokens": f"{tokens['prompt']:,} in, {tokens['completion']:,} out",
        "Time": seconds(manifest["seconds"]["wall"]),
        "Energy": _energy(manifest["energy"]),
        "Cost": _cost(manifest["cost"]),
        "Fingerprint": fingerprint["digest"][:DIGEST]
        + (", only claimed by the server" if fingerprint["claimed"] else ""),
    }
    return {name: text for name, text in said.items() if text}


def _energy(used: Mapping[str, Any] | None) -> str:
    if not used or used.get("joules") is None:
        return ""
    return f"{energy(used['joules'])} ({used['method']})"


def _cost(cost: Mapping[str, Any] | None) -> str:
    return f"{cost['amount']:,.2f} {cost['currency']} ({cost['basis']})" if cost else ""
