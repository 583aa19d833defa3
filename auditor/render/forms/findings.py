"""What the report's sections find besides the estimates and the comparison, as plain data."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict

from auditor.patterns import Kind, Pattern, Share
from auditor.render.failing import Failing
from auditor.render.material import Material
from auditor.render.sections import appendix, fair, trust
from auditor.render.shares import Counted
from auditor.stats.calibration import Calibration


class Found(BaseModel):
    """A part of what was found."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class FoundPattern(Found):
    """Something that failed items have in common."""

    kind: Kind
    names: list[str]
    probes: list[str]
    items: list[str]
    inside: Share
    outside: Share
    ratio: tuple[float | None, float | None, float | None]
    """How many times as often, and its interval; None where it is infinite."""
    p: float
    q: float
    asked: list[str]
    """Words that its questions have in common, and not the others."""
    answered: list[str]
    tags: dict[str, int]


class Failures(Found):
    """What one kind of failures has in common."""

    newly: bool
    """Whether they are the newly broken items, or all that are bad."""
    items: int
    failed: int
    tested: dict[Kind, int]
    patterns: list[FoundPattern]


class FoundGroup(Found):
    """One group of people in a number."""

    of: str
    """The number, as `probe/metric/cell`."""
    group: str
    value: float
    """In counterfactual pairs: beside the others in its case."""
    low: float | None
    high: float | None
    n: int
    families: int


class FoundLabel(Found):
    """How well a grader gives one label."""

    label: str
    recall: Counted | None
    precision: Counted | None


class FoundGrader(Found):
    """One grader beside people."""

    grader: str
    version: str
    settings: str
    """A hash of them; empty where it takes none."""
    probes: list[str]
    undetermined: Counted | None
    """What it could not decide."""
    again: Counted | None
    """What got the same verdict when it was asked again."""
    agreement: Counted | None
    """None where no label is about its verdicts."""
    confusion: dict[str, dict[str, int]]
    """What people say -> what it says -> how often."""
    labels: list[FoundLabel]
    corrected: dict[str, str]
    """`probe/metric` -> the rate corrected for its error, or what is lacking for that."""


class FoundItems(Found):
    """Items that have something in common."""

    name: str
    count: int
    of: int


class Findings(Found):
    """What the sections find."""

    failures: list[Failures]
    groups: list[FoundGroup]
    graders: list[FoundGrader]
    calibration: dict[str, Calibration]
    """By probe."""
    items: list[FoundItems]


def findings(material: Material) -> dict[str, Any]:
    """Return all of it; JSON has no infinite numbers, so None stands for them."""
    last = appendix.build(material)
    return {
        "failures": [_failures(failing) for failing in material.failing if failing.found.failed],
        "groups": _groups(material),
        "graders": [_grader(grader) for grader in trust.build(material).graders],
        "calibration": {one.probe: asdict(one.found) for one in last.reliability},
        "items": [{"name": kind.name, "count": kind.count, "of": kind.of} for kind in last.kinds],
    }


def _failures(failing: Failing) -> dict[str, Any]:
    found = failing.found
    patterns = [_pattern(one) for one in failing.patterns.values()]
    return {
        "newly": failing.newly,
        "items": found.items,
        "failed": found.failed,
        "tested": {kind.value: count for kind, count in found.tested.items()},
        "patterns": patterns,
    }


def _pattern(pattern: Pattern) -> dict[str, Any]:
    return {
        "kind": pattern.kind.value,
        "names": list(pattern.names),
        "probes": list(pattern.probes),
        "items": list(pattern.items),
        "inside": asdict(pattern.inside),
        "outside": asdict(pattern.outside),
        "ratio": [number if isfinite(number) else None for number in pattern.ratio],
        "p": pattern.p,
        "q": pattern.q,
        "asked": [term.word for term in pattern.terms if term.field == "asked"],
        "answered": [term.word for term in pattern.terms if term.field == "answered"],
        "tags": dict(pattern.tags),
    }


def _groups(material: Material) -> list[dict[str, Any]]:
    view = fair.build(material)
    return [
        {
            "of": group.of,
            "group": group.name,
            "value": group.raw,
            "low": group.ends[1] if group.ends else None,
            "high": group.ends[2] if group.ends else None,
            "n": group.n,
            "families": group.families,
        }
        for panel in (view.panels if view else ())
        for group in panel.groups
        if group.raw is not None
    ]


def _grader(grader: trust.Grader) -> dict[str, Any]:
    found = grader.agreement
    return {
        "grader": grader.name,
        "version": grader.version,
        "settings": grader.settings,
        "probes": list(grader.probes),
        "undetermined": asdict(grader.undecided) if grader.undecided else None,
        "again": asdict(grader.same_again) if grader.same_again else None,
        "agreement": asdict(found.agreed) if found and found.agreed else None,
        "confusion": {
            truth: {given: cell.count for given, cell in zip(found.labels, cells, strict=True)}
            for truth, cells in found.table.items()
        }
        if found
        else {},
        "labels": [_label(one.label, one.recalled, one.precise) for one in (found.by_label if found else ())],
        "corrected": {one.of: one.corrected for one in grader.corrected},
    }


def _label(label: str, recall: Counted | None, precision: Counted | None) -> dict[str, Any]:
    told = [asdict(one) if one else None for one in (recall, precision)]
    return {"label": label, "recall": told[0], "precision": told[1]}
