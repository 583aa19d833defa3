"""Whether a verdict is bad for its item; labels have no polarity, the probe's metrics give it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

Row = Mapping[str, Any]


class State(StrEnum):
    """What a run has to say about one item."""

    BAD = "bad"
    GOOD = "good"
    OPEN = "open"
    """Graded, and no metric calls any label bad: only the number over many items says something."""
    UNDETERMINED = "undetermined"
    MISSING = "missing"
    """Asked or planned, and there is no verdict."""
    ABSENT = "absent"
    """Not in this run."""


WORST_FIRST = (State.BAD, State.UNDETERMINED, State.OPEN, State.GOOD)


def worst_state(probe: Row, item: Row, verdicts: Iterable[Row]) -> tuple[State, str]:
    """Return the state of an item's worst sample, and the label that gave it or why there is none.

    Questions asked again only measure noise.
    """
    found = [(state(probe, item, row), row) for row in verdicts if row["repeat"] == 0]
    if not found:
        return State.MISSING, "no verdict"
    worst, row = min(found, key=lambda pair: WORST_FIRST.index(pair[0]))
    return worst, (row["label"] if row["outcome"] == "graded" else row["reason"]) or ""


def state(probe: Row, item: Row, verdict: Row) -> State:
    """Return the state of one verdict.

    Labels that some metric counts and wants fewer of are bad. Where no metric counts bad labels, those that a
    metric does not count but wants more of are bad. A choice is bad when it is not what the text supports.
    """
    if verdict["outcome"] != "graded":
        return State.UNDETERMINED
    label = verdict["label"]
    if probe["grader"]["name"] == "choice":
        right = _right_choice(item)
        if right is not None:
            return State.GOOD if label == right else State.BAD
    for direction, means_bad in (("lower", True), ("higher", False)):
        chosen = [metric for metric in _rates(probe, item) if metric["better"] == direction]
        if chosen:
            return State.BAD if any((label in metric["of"]) == means_bad for metric in chosen) else State.GOOD
    return State.OPEN


def can_be_bad(probe: Row, item: Row) -> bool:
    """Tell whether any answer to an item would be bad, or good, by itself."""
    if probe["grader"]["name"] == "choice" and _right_choice(item) is not None:
        return True
    return any(metric["better"] in ("lower", "higher") for metric in _rates(probe, item))


def _rates(probe: Row, item: Row) -> list[Row]:
    return [metric for metric in probe["metrics"] if _is_rate(metric) and applies(metric, item)]


def _right_choice(item: Row) -> str | None:
    if item["tags"].get("context") == "ambiguous":
        return "unknown"
    right = item["reference"].get("correct")
    return right if isinstance(right, str) else None


def _is_rate(metric: Row) -> bool:
    return bool(metric.get("kind", "rate") == "rate")


def applies(metric: Row, item: Row) -> bool:
    """Tell whether a metric is about an item."""
    for tag, wanted in (metric.get("where") or {}).items():
        allowed = [wanted] if isinstance(wanted, str) else wanted
        if item["tags"].get(tag) not in allowed:
            return False
    return True
