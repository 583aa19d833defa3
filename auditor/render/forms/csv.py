"""The report as CSV, one row a number, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import Any

from auditor.render.decisions.csv import several, table
from auditor.render.material import Material

from .numbers import Told, numbers

VERSION = ("run_id", "version", "role")
ESTIMATE = (
    "value",
    "low",
    "high",
    "confidence",
    "method",
    "n",
    "families",
    "planned",
    "worst_low",
    "worst_high",
    "better",
)
DIFFERENCE = ("before", "after", "regression", "low", "high", "q", "compared", "standing")
RENAMED = {"low": "regression_low", "high": "regression_high"}
"""Columns of a change whose names the estimate has taken."""
NAMES = (
    *VERSION,
    *("battery", "probe", "metric", "cell"),
    *ESTIMATE,
    "missing",
    *(RENAMED.get(name, name) for name in DIFFERENCE),
    *("verdict", "rules"),
)


def report(material: Material) -> str:
    """Return one row a number and version; `probe` is empty where the suite pools several."""
    return table(NAMES, [_row(told) for told in numbers(material)])


def _row(told: Told) -> dict[str, Any]:
    version, estimate, difference = told.version, told.estimate, told.difference
    source, metric, cell = told.key
    battery = version.battery_of(source)
    return {
        "run_id": version.run.reference,
        "version": version.label,
        "role": version.role,
        "battery": battery,
        "probe": "" if source == battery else source,
        "metric": metric,
        "cell": cell,
        **({name: getattr(estimate, name) for name in ESTIMATE} if estimate else {}),
        "missing": estimate.planned - estimate.n if estimate else None,
        **({RENAMED.get(name, name): getattr(difference, name) for name in DIFFERENCE} if difference else {}),
        "verdict": told.verdict,
        "rules": several([f"{result.id}: {result.text}" for result in told.results]),
    }
