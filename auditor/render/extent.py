"""How much a report holds: which transcripts are in the file, decided once for all sections and data blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from auditor.polarity import State

from .transcripts import Transcript

FAMILIES = 20
"""Families of each probe in a sample."""
SEED = 0
FAILED = (State.BAD, State.UNDETERMINED, State.MISSING)


class Extent(StrEnum):
    """Whose texts are in the file; numbers, names and states are there for every item."""

    ALL = "all"
    FAILURES = "failures"
    """What failed or could not be judged in any version shown, and a sample of the rest."""
    SAMPLE = "sample"
    """A sample of everything, failures not favoured."""
    NONE = "none"
    """No text of a model or a prompt, anywhere."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a report holds and what it hides."""

    transcripts: Extent = Extent.FAILURES
    redact: bool = False
    """Hide the texts of severe items, and personal data everywhere."""


DEFAULT = Sharing()


def keep(transcripts: Sequence[Transcript], extent: Extent) -> list[Transcript]:
    """Return all transcripts, each knowing whether its texts are in the file."""
    match extent:
        case Extent.ALL:
            kept = {id(one) for one in transcripts}
        case Extent.NONE:
            kept = set()
        case Extent.SAMPLE:
            kept = _sample(transcripts)
        case Extent.FAILURES:
            failed = {id(one) for one in transcripts if has_failed(one)}
            kept = failed | _sample([one for one in transcripts if id(one) not in failed])
    return [one if id(one) in kept else replace(one, kept=False) for one in transcripts]


def has_failed(transcript: Transcript) -> bool:
    """Return whether any version shown answered badly, could not be judged, or has no verdict."""
    return any(reply.state in FAILED for reply in transcript.replies)


def _sample(transcripts: Sequence[Transcript]) -> set[int]:
    """Draw families of each probe, with all of their items that are given."""
    families: dict[str, set[str]] = {}
    for one in transcripts:
        families.setdefault(one.probe["id"], set()).add(one.item["family_id"])
    drawn = {
        (probe, family)
        for probe, found in families.items()
        for family in sorted(found, key=lambda name: _draw(probe, name))[:FAMILIES]
    }
    return {id(one) for one in transcripts if (one.probe["id"], one.item["family_id"]) in drawn}


def _draw(probe: str, family: str) -> tuple[str, str]:
    """Return a family's place in the draw: by chance, and the same on every machine."""
    name = f"{SEED}\n{probe}\n{family}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(name).hexdigest(), family
