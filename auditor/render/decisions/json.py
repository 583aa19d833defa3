"""Comparisons and decisions as JSON, for programs; `auditor schema` prints the schemas."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from auditor.compare import Comparison
from auditor.decision import Decision

from .words import Compared, Decided


class ComparisonFile(BaseModel):
    """What `auditor compare -f json` writes."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    schema_version: Literal[1] = 1
    again: str | None
    """The run that asked the baseline again; None where there is no noise floor."""
    comparisons: list[Comparison]


class DecisionFile(BaseModel):
    """What `auditor gate -f json` writes."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    schema_version: Literal[1] = 1
    exit_code: Literal[0, 1, 3]
    decision: Decision


def comparison(compared: Compared) -> str:
    """Return comparisons as JSON."""
    return json_text(
        {"schema_version": 1, "again": compared.again, "comparisons": [asdict(one) for one in compared.comparisons]}
    )


def decision(decided: Decided) -> str:
    """Return a decision as JSON."""
    return json_text({"schema_version": 1, **decision_rows(decided)})


def decision_rows(decided: Decided) -> dict[str, Any]:
    """Return a decision and the exit code that says it."""
    found = decided.decision
    return {"exit_code": found.outcome.exit_code, "decision": asdict(found)}


def json_text(document: object) -> str:
    """Return plain data as ASCII that a build server may log."""
    # ASCII: a lone surrogate of a model's text cannot be written as UTF-8, and is kept so.
    text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    # "##[" and "##vso[" are commands to a build server wherever they stand in what it logs.
    return text.replace("##", "#\\u0023") + "\n"
