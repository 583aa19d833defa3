"""Section 0, what is this: who was audited, on what, at what price, and the headline numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.render.address import number_link
from auditor.render.catalogue import counted
from auditor.render.catalogue import gettext as _
from auditor.render.material import Material
from auditor.render.tiles import Card, Tile, headlines, tile
from auditor.render.versions import Version, side_by_side
from auditor.render.wording import energy, move, seconds
from auditor.types import Estimate

from . import changed, held, verdict
from .changed import Changed
from .held import Held
from .untested import in_short
from .verdict import Ruling

DIGEST = 12
"""Digits of a fingerprint that a person compares."""


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
    """The newest of them."""
    earlier: int
    """How many there are before these."""
    untested: str
    facts: Mapping[str, str]
    problems: Sequence[Problem]
    notes: Sequence[Problem]
    ruling: Ruling | None
    """What the policy makes of it, where there is one."""
    changed: Changed | None
    batteries: Sequence[Card]
    confidence: str
    held: Held


def build(material: Material) -> Summary:
    """Return the first screen."""
    candidate, versions = material.candidate, side_by_side(material.versions)
    return Summary(
        candidate=candidate.run.model_id,
        baseline=material.baseline.run.model_id if material.baseline else None,
        scope=_scope(material),
        date=candidate.manifest["finished"][:10],
        versions=versions,
        earlier=len(material.versions) - len(versions),
        untested=in_short(material),
        facts=facts(material),
        problems=[
            Problem(version.label, str(problem)) for version in material.versions for problem in version.run.problems
        ],
        notes=[Problem(version.label, note) for version in material.versions for note in version.manifest["notes"]],
        ruling=verdict.ruling(material),
        changed=changed.build(material),
        batteries=[
            Card(battery, [_tile(material, estimate) for estimate in headlines(candidate, battery)])
            for battery in material.batteries
        ],
        held=held.build(material),
        confidence=", ".join(sorted({f"{100 * found.confidence:g}%" for found in candidate.run.estimates})),
    )


def _scope(material: Material) -> str:
    manifest = material.candidate.manifest
    asked = sum(transcript.replies[-1].item is not None for transcript in material.transcripts)
    where = _("{items} of {probes} in the suite {suite}")
    if not manifest["suite"].get("whole", True):
        where = _("{items} of {probes}: a part of the suite {suite}, or beside it")
    return where.format(
        items=counted("{n} item", "{n} items", asked),
        probes=counted("{n} probe", "{n} probes", len(material.candidate.probes)),
        suite=manifest["suite"]["id"],
    )


def _tile(material: Material, estimate: Estimate) -> Tile:
    moved = move(material.differences.get((estimate.probe_id, estimate.metric, estimate.cell)))
    return tile(material.versions, estimate, moved, number_link(material.candidate, estimate))


def facts(material: Material) -> dict[str, str]:
    """Return what was done and what it cost, in a few words each."""
    manifest, baseline = material.candidate.manifest, material.baseline
    counts, tokens, suite = manifest["counts"], manifest["tokens"], manifest["suite"]
    fingerprint = manifest["model"]["fingerprint"]
    graders = {(probe["grader"]["name"], probe["grader"]["version"]) for probe in material.candidate.probes.values()}
    failed = sum(counts["failed"].values())
    asked = _("{requests:,} asked, {answered:,} answered")
    if failed:
        asked = _("{requests:,} asked, {answered:,} answered, {failed:,} failed")
    claimed = _("{digest}, only claimed by the server") if fingerprint["claimed"] else "{digest}"
    said = {
        _("Finished"): _moment(manifest),
        _("Baseline"): f"{baseline.run.model_id}, {_moment(baseline.manifest)}" if baseline else _("none"),
        _("Suite"): _("{id}, version {version}, {hash}").format(**{**suite, "hash": suite["hash"][:DIGEST]}),
        _("Asked"): _("the full suite") if suite.get("whole", True) else _("a part of the suite, or probes beside it"),
        _("Graders"): f"{len(graders):,}, {material.candidate.graders_hash[:DIGEST]}",
        _("Requests"): asked.format(requests=counts["requests"], answered=counts["answered"], failed=failed),
        _("Items"): f"{len(material.transcripts):,}",
        _("Tokens"): _("{prompt:,} in, {completion:,} out").format(**tokens)
        if any(tokens.values())
        else _("not recorded"),
        _("Time"): seconds(manifest["seconds"]["wall"]),
        _("Energy"): _energy(manifest["energy"]),
        _("Cost"): _cost(manifest["cost"]),
        _("Fingerprint"): claimed.format(digest=fingerprint["digest"][:DIGEST]),
    }
    return {name: text for name, text in said.items() if text}


def _energy(used: Mapping[str, Any] | None) -> str:
    if not used or used.get("joules") is None:
        return ""
    return f"{energy(used['joules'])} ({used['method']})"


def _cost(cost: Mapping[str, Any] | None) -> str:
    return f"{cost['amount']:,.2f} {cost['currency']} ({cost['basis']})" if cost else _("not known: no price is set")


def _moment(manifest: Mapping[str, Any]) -> str:
    return str(manifest["finished"])[:16].replace("T", " ")
