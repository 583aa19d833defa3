"""The transcripts as data inside the page: gzip in base64, in script blocks that are never run.

Base64 has no `<`, so that nothing a model wrote can end the block, and the text inside is ASCII JSON, so that
lone surrogates survive. The index of all items (`columns`) is read at once; chunks are opened as they are looked at,
and hold null where a text was left out. Where they are too much for one file they stand in files beside it (`beside`).
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.polarity import Row
from auditor.runs.codec import encode

from .beside import Beside, sheet
from .columns import columns
from .picks import Pick
from .transcripts import Reply, Transcript, preview, question, shared_openings
from .versions import Version

CHUNK = 200
PREVIEW = 100
"""Characters of a question that the table shows."""
ITEM_FIELDS = ("item_id", "probe_id", "family_id", "pair_id", "turns", "system", "few_shot", "options", "tags")
RESPONSE_FIELDS = (
    "turn",
    "sample",
    "repeat",
    "part",
    "status",
    "text",
    "reasoning",
    "reason",
    "logprobs",
    "continuation",
    "score",
    "score_tokens",
    "notes",
)
VERDICT_FIELDS = ("sample", "repeat", "outcome", "label", "probability", "value", "evidence", "reason")


@dataclass(frozen=True, slots=True)
class Embedded:
    """All transcripts, packed."""

    index: str
    chunks: Sequence[str]
    """Those that stand in the page."""
    files: Mapping[str, str]
    """Name of a file beside the page -> its text; empty where the page holds all."""


def embed(
    transcripts: Sequence[Transcript],
    versions: Sequence[Version],
    picks: Sequence[Pick] = (),
    beside: Beside | None = None,
) -> Embedded:
    """Return the index and one chunk for every `CHUNK` items, each item's versions side by side.

    `picks` is what an address picks out by number. An entry that is None says that the item's text
    was left out of this file. `beside` takes the chunks in place of the page.
    """
    chunks = [
        pack([entry(found) for found in transcripts[start : start + CHUNK]])
        for start in range(0, len(transcripts), CHUNK)
    ]
    opening = shared_openings(transcripts)
    previews = [preview(found, opening[found.probe["id"]], PREVIEW) if found.kept else None for found in transcripts]
    rows = {found.item["item_id"]: row for row, found in enumerate(transcripts)}
    picked = {
        pick.number: {"what": pick.what, "rows": sorted(rows[item_id] for item_id in pick.items if item_id in rows)}
        for pick in picks
    }
    index = {"chunk": CHUNK, "picks": picked, **columns(transcripts, versions, previews)}
    if beside is None:
        return Embedded(pack(index), chunks, {})
    files = [sheet(text) for text in chunks]
    index["beside"] = [beside.address(name) for name, _ in files]
    return Embedded(pack(index), [], dict(files))


def pack(value: Any) -> str:
    """Return JSON, gzipped, in base64; equal values are equal bytes."""
    return base64.b64encode(gzip.compress(encode(value), compresslevel=9, mtime=0)).decode("ascii")


def entry(transcript: Transcript) -> dict[str, Any] | None:
    """Return what the file holds of an item; None where its text is left out."""
    if not transcript.kept:
        return None
    item = {name: transcript.item[name] for name in ITEM_FIELDS}
    held: dict[str, Any] = {"item": item, "replies": [_reply(reply, transcript) for reply in transcript.replies]}
    return held | {"hidden": True} if transcript.hidden else held


def _reply(reply: Reply, transcript: Transcript) -> dict[str, Any]:
    side: dict[str, Any] = {
        "responses": [_filled(row, RESPONSE_FIELDS) for row in reply.responses],
        "verdicts": [_filled(row, VERDICT_FIELDS) for row in reply.verdicts],
    }
    if reply.item is not None and question(reply.item) != question(transcript.item):
        side["asked"] = {name: reply.item[name] for name in ITEM_FIELDS}
    return side


def _filled(row: Row, fields: Sequence[str]) -> dict[str, Any]:
    """Leave out what says nothing; 0 says something."""
    return {name: row[name] for name in fields if row.get(name) not in (None, "", [], {}, ())}
