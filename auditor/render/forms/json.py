"""The report as JSON, for programs; `auditor schema report` prints the schema."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel

from auditor.compare import Comparison
from auditor.decision import Decision
from auditor.render.decisions.json import decision_rows, json_text
from auditor.render.decisions.words import Decided
from auditor.render.forms.findings import Findings, findings
from auditor.render.json import summary
from auditor.render.material import Material
from auditor.render.sections import trend, untested
from auditor.render.sections.trend import Waited
from auditor.render.versions import Role, Version
from auditor.types import Estimate


class Gap(BaseModel):
    """Answers of one kind that are missing, failed or cut."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    kind: str
    total: int
    reasons: dict[str, int]
    """The most frequent ones, the others counted together."""


class JudgedRun(BaseModel):
    """What a policy made of the candidate."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    exit_code: Literal[0, 1, 3]
    """What `auditor gate` ends with."""
    decision: Decision


class NotTested(BaseModel):
    """What the numbers do not cover."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    short: str
    scope: list[str]


class ReportedRun(BaseModel):
    """One run of a report."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    schema_version: Literal[1] = 1
    run_id: str
    version: str
    """What the report calls it."""
    role: Role
    model: dict[str, Any]
    suite: dict[str, Any]
    engine: dict[str, Any] | None
    counts: dict[str, Any]
    tokens: dict[str, Any]
    seconds: dict[str, Any]
    waited: Waited | None = None
    energy: dict[str, Any] | None = None
    cost: dict[str, Any] | None = None
    noise_floor: dict[str, Any] | None = None
    notes: list[str]
    created: str
    finished: str
    path: str
    layer: str
    problems: list[str]
    """What is not as it was sealed."""
    estimates: list[Estimate]
    gaps: list[Gap]
    again: str | None = None
    """Of the candidate: the run that asked the baseline again; None where there is no noise floor."""
    comparison: Comparison | None = None
    """Of the candidate: every number and item against the baseline; None where they do not compare."""
    not_compared: list[str] = []
    """Of the candidate: why it and the baseline do not compare."""
    decision: JudgedRun | None = None
    """Of the candidate, where a policy was given."""
    not_tested: NotTested | None = None
    """Of the candidate."""
    findings: Findings | None = None
    """Of the candidate: failure patterns, groups of people, graders beside people, calibration."""
    command: str | None = None
    """Of the candidate: what makes this report."""


class ReportFile(RootModel[list[ReportedRun]]):
    """What `auditor report -f json` writes: the runs, oldest first; the last one is the candidate."""


def report(material: Material) -> str:
    """Return the runs, the candidate with the comparison and the decision."""
    told = [_run(material, place, version) for place, version in enumerate(material.versions)]
    return json_text([*told[:-1], told[-1] | _candidate(material)])


def _run(material: Material, place: int, version: Version) -> dict[str, Any]:
    gaps = untested.gaps(material.transcripts, place)
    return {
        **summary(version.run),
        "version": version.label,
        "role": version.role,
        "waited": asdict(found) if (found := trend.waited(material.transcripts, place)) else None,
        "gaps": [{"kind": gap.kind, "total": gap.total, "reasons": dict(gap.reasons)} for gap in gaps],
    }


def _candidate(material: Material) -> dict[str, Any]:
    found = material.comparison
    return {
        "again": material.again.run_id if material.again else None,
        "comparison": asdict(found) if found else None,
        "not_compared": list(material.not_compared),
        **({"decision": decision_rows(Decided(material.decision))} if material.decision else {}),
        "not_tested": {"short": untested.in_short(material), "scope": list(untested.build(material).scope)},
        "findings": findings(material),
        "command": material.command,
    }
