"""Section 8, show me: the answers that went from good to bad, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.polarity import Row, State
from auditor.render.material import Material
from auditor.render.transcripts import Change, Reply, Transcript, discordant
from auditor.render.versions import Role
from auditor.render.visible import badged

SHOWN = 20
PREVIEW = 120
LONGEST = 4_000
"""Characters of one text that are shown here; the item table and `auditor show` have the rest."""
HARMFUL = "harm"
"""The battery whose answers stay folded until they are asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """One text of a conversation."""

    who: str
    text: Markup
    cut: int
    """Characters left out."""


@dataclass(frozen=True, slots=True)
class Side:
    """One version's answer and its grade."""

    label: str
    role: Role
    state: str
    verdict: str
    reasons: Sequence[Said]
    answers: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Case:
    """One item, shown in full."""

    change: str
    severity: str
    title: str
    item_id: str
    preview: str
    """The beginning of the last user turn."""
    tags: Sequence[str]
    prompt: Sequence[Said]
    sides: Sequence[Side]
    harmful: bool


@dataclass(frozen=True, slots=True)
class Show:
    """The cases, and how many there are of each kind."""

    cases: Sequence[Case]
    counts: Mapping[str, int]
    unjudged: int
    """Items of which no single answer is good or bad; they are among the not comparable."""
    baseline: str
    candidate: str


def build(material: Material) -> Show | None:
    """Return the severest cases, or None where there is no baseline to compare with."""
    if material.baseline is None:
        return None
    changes = [transcript.change for transcript in material.transcripts]
    return Show(
        cases=[_case(transcript) for transcript in discordant(material.transcripts, SHOWN)],
        counts={change: changes.count(change) for change in Change},
        unjudged=sum(
            transcript.change is Change.NONE and transcript.replies[-1].state is State.OPEN
            for transcript in material.transcripts
        ),
        baseline=material.baseline.label,
        candidate=material.candidate.label,
    )


def _case(transcript: Transcript) -> Case:
    item, probe = transcript.item, transcript.probe
    return Case(
        change=transcript.change,
        severity=probe["severity"],
        title=probe["failure_title"],
        item_id=item["item_id"],
        preview=" ".join(item["turns"][-1][:PREVIEW].split()),
        tags=[f"{name}: {value}" for name, value in item["tags"].items()],
        prompt=_prompt(item),
        sides=[_side(reply) for reply in transcript.sides],
        harmful=probe["battery"] == HARMFUL,
    )


def _prompt(item: Row) -> list[Said]:
    turns = item["turns"]
    shots = [_said(f"Example, {shot['role']}", shot["content"]) for shot in item["few_shot"] or ()]
    asked = [_said("User" if len(turns) == 1 else f"User, turn {place}", turn) for place, turn in enumerate(turns, 1)]
    return [*([_said("System", item["system"])] if item["system"] else []), *shots, *asked]


def _side(reply: Reply) -> Side:
    evidence = [row["evidence"] for row in reply.verdicts if row["repeat"] == 0 and row["evidence"]]
    elsewhere = [text for text in evidence if not any(text in row["text"][:LONGEST] for row in reply.responses)]
    return Side(
        label=reply.version.label,
        role=reply.version.role,
        state=reply.state,
        verdict=reply.label,
        reasons=[_said("Decided by", text) for text in dict.fromkeys(elsewhere)],
        answers=[_answer(row, evidence) for row in reply.responses if row["repeat"] == 0],
    )


def _answer(row: Row, evidence: Sequence[str]) -> Said:
    who = ", ".join(part for part in (f"turn {row['turn'] + 1}" if row["turn"] else "", row["part"]) if part)
    if row["text"]:
        return _said(who, row["text"], evidence)
    if row["score"] is not None:
        return _said(
            who, f"log-probability {row['score']:.2f} over {row['score_tokens']} tokens: {row['continuation']}"
        )
    return _said(who, f"no text: {row['status']}" + (f", {row['reason']}" if row["reason"] else ""))


def _said(who: str, text: str, evidence: Sequence[str] = ()) -> Said:
    kept = text[:LONGEST]
    return Said(who, _marked(kept, evidence), len(text) - len(kept))


def _marked(text: str, evidence: Sequence[str]) -> Markup:
    """Return the text with the span that decided its grade marked, where it is found."""
    span = next((found for found in evidence if found in text and found != text), "")
    if not span:
        return badged(text)
    before, _, after = text.partition(span)
    return Markup("{}<mark>{}</mark>{}").format(badged(before), badged(span), badged(after))
