"""The transcripts as data inside the page: gzip in base64, in script blocks that are never run.

Base64 has no `<`, so that nothing a model wrote can end the block, and the text inside is ASCII JSON, so that
lone surrogates survive. An index of all items is read at once; chunks are opened as they are looked at.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.polarity import Row
from auditor.runs.codec import encode

from .transcripts import Reply, Transcript, question

CHUNK = 200
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
class Block:
    """One inert script block."""

    id: str
    text: str


def embed(transcripts: Sequence[Transcript], labels: Sequence[str]) -> list[Block]:
    """Return the index block and one block for every `CHUNK` items; `labels` names the versions."""
    chunks = [transcripts[start : start + CHUNK] for start in range(0, len(transcripts), CHUNK)]
    return [
        Block("data-index", pack(_index(transcripts, labels))),
        *(Block(f"data-{place}", pack([_item(found) for found in chunk])) for place, chunk in enumerate(chunks)),
    ]


def pack(value: Any) -> str:
    """Return JSON, gzipped, in base64; equal values are equal bytes."""
    return base64.b64encode(gzip.compress(encode(value), compresslevel=9, mtime=0)).decode("ascii")


def _index(transcripts: Sequence[Transcript], labels: Sequence[str]) -> dict[str, Any]:
    """Return one column a field, so that filtering touches no transcript."""
    return {
        "chunk": CHUNK,
        "versions": labels,
        "probes": {found.probe["id"]: _probe(found.probe) for found in transcripts},
        "ids": [found.item["item_id"] for found in transcripts],
        "probe": [found.probe["id"] for found in transcripts],
        "tags": [[f"{key}: {value}" for key, value in found.item["tags"].items()] for found in transcripts],
        "states": [[reply.state for reply in found.replies] for found in transcripts],
        "labels": [[reply.label for reply in found.replies] for found in transcripts],
        "change": [found.change for found in transcripts],
    }


def _probe(probe: Row) -> dict[str, Any]:
    return {"battery": probe["battery"], "title": probe["title"], "grader": probe["grader"]["name"]}


def _item(transcript: Transcript) -> dict[str, Any]:
    item = {name: transcript.item[name] for name in ITEM_FIELDS}
    return {"item": item, "replies": [_reply(reply, transcript) for reply in transcript.replies]}


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
