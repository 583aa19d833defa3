"""In section 2: behaviours that were first seen at a version, although an earlier one was asked the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.first_seen import FirstSeen, first_seen
from auditor.pairing import Side
from auditor.render.address import item_link
from auditor.render.material import Material
from auditor.render.transcripts import Transcript
from auditor.render.versions import Version
from auditor.render.wording import failure_words

NAMED = 3
"""Items named for each behaviour."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A probe's failure that is new at a version, on some of its items."""

    label: str
    title: str
    """What the model does there."""
    probe: str
    severity: str
    items: int
    asked: int
    """Of so many items that an earlier version was asked as well."""
    bad_now: int
    """Still bad in the candidate."""
    named: Mapping[str, str]
    """Some of the items -> link."""


def seen(material: Material) -> list[Seen]:
    """Return what was first seen at which version, the severest first; nothing where there is one version."""
    if len(material.versions) < 2:
        return []
    versions = {(version.run.run_id, version.run.layer): version for version in material.versions}
    transcripts = {one.item["item_id"]: one for one in material.transcripts}
    return [
        _seen(found, versions[found.run_id, found.layer], transcripts)
        for found in first_seen([Side(one.run) for one in material.versions])
    ]


def _seen(found: FirstSeen, version: Version, transcripts: Mapping[str, Transcript]) -> Seen:
    replies = [
        (one.probe, reply)
        for one in map(transcripts.get, found.items)
        if one is not None
        for reply in one.replies
        if reply.version is version
    ]
    told = {failure_words(probe, reply.item, reply.label) for probe, reply in replies if reply.item is not None}
    return Seen(
        label=version.label,
        title="; ".join(sorted(told)) or found.failure_title,
        probe=found.probe_id,
        severity=found.severity,
        items=len(found.items),
        asked=found.asked,
        bad_now=found.bad_now,
        named={item_id: item_link(item_id) for item_id in found.items[:NAMED]},
    )
