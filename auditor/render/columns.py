"""The index of all items as columns of small numbers, so that the page can filter and sort without any transcript.

A value that repeats is written once, and the column holds its place: `probes`, `tags` and `sets` of tags, `labels`,
and the fixed lists of states, changes and severities.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from auditor.polarity import Row, State

from .decisions.words import reference
from .transcripts import SEVERITIES, Change, Transcript
from .versions import Version

STATES = (State.BAD, State.UNDETERMINED, State.OPEN, State.GOOD, State.MISSING, State.ABSENT)
"""As a column of states is sorted: what asks for a look comes first."""


class Places:
    """The values of a column, in the order of their first time."""

    def __init__(self, values: Sequence[Hashable] = ()) -> None:
        self._places: dict[Hashable, int] = {value: place for place, value in enumerate(values)}

    def of(self, value: Hashable) -> int:
        """Return the place of a value, the next free one where it is new."""
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> list[Any]:
        """All values, each once."""
        return list(self._places)


def columns(transcripts: Sequence[Transcript], versions: Sequence[Version], previews: Sequence[str | None]) -> Row:
    """Return the index; a preview is the beginning of an item's question, None where its text was left out."""
    probes = {found.probe["id"]: _probe(found.probe) for found in reversed(transcripts)}
    places, tags, sets, labels = Places(list(probes)), Places(), Places(), Places()
    states, changes = Places(STATES), Places(tuple(Change))
    rows = {
        "id": [found.item["item_id"] for found in transcripts],
        "probe": [places.of(found.probe["id"]) for found in transcripts],
        "tags": [sets.of(tuple(tags.of(f"{key}: {value}") for key, value in _tags(found))) for found in transcripts],
        "family": _first_of_family(transcripts),
        "change": [changes.of(found.change) for found in transcripts],
        "states": [[states.of(found.replies[side].state) for found in transcripts] for side in range(len(versions))],
        "labels": [[labels.of(found.replies[side].label) for found in transcripts] for side in range(len(versions))],
        "preview": previews,
    }
    return {
        "versions": [_version(version) for version in versions],
        "probes": list(probes.values()),
        "tags": tags.values,
        "sets": sets.values,
        "labels": labels.values,
        "states": states.values,
        "changes": changes.values,
        "severities": SEVERITIES,
        "families": _families(transcripts, rows["family"]),
        "rows": rows,
    }


def _tags(found: Transcript) -> list[tuple[str, str]]:
    return list(found.item["tags"].items())


def _version(version: Version) -> Row:
    return {"label": version.label, "role": version.role, "run": reference(version.run.run_id, version.run.layer)}


def _probe(probe: Row) -> Row:
    told = {name: probe[name] for name in ("id", "battery", "title", "severity")}
    return {**told, "grader": probe["grader"]["name"]}


def _first_of_family(transcripts: Sequence[Transcript]) -> list[int]:
    """Return for each item the row of the first item of its family."""
    first: dict[tuple[str, str], int] = {}
    keys = [(found.probe["id"], found.item["family_id"]) for found in transcripts]
    return [first.setdefault(key, row) for row, key in enumerate(keys)]


def _families(transcripts: Sequence[Transcript], first: Sequence[int]) -> dict[int, str]:
    """Return row of the first item -> name of the family, where it is not that item's own."""
    names = {row: transcripts[row].item["family_id"] for row in sorted(set(first))}
    return {row: name for row, name in names.items() if name != transcripts[row].item["item_id"]}
