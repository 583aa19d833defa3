"""A run as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from auditor.runs.codec import to_row
from auditor.runs.record import Run

MANIFEST_KEYS = (
    "run_id",
    "model",
    "suite",
    "engine",
    "counts",
    "tokens",
    "seconds",
    "energy",
    "cost",
    "noise_floor",
    "notes",
    "created",
    "finished",
)


def summary(run: Run) -> dict[str, Any]:
    """Return what a run found: who, how much, every estimate, and problems of the seal."""
    said = {key: run.manifest[key] for key in MANIFEST_KEYS if key in run.manifest}
    return {
        "schema_version": 1,
        **said,
        "path": str(run.path),
        "layer": run.layer,
        "problems": list(run.problems),
        "estimates": [to_row(estimate) for estimate in run.estimates],
    }


def summary_json(run: Run, **more: Any) -> str:
    """Return `summary` and `more` as text."""
    return json.dumps(summary(run) | more, indent=2, ensure_ascii=True) + "\n"
