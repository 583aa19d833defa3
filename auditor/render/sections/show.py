"""Section 8, show me: the answers that went from good to bad, side by side; without a baseline the worst answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.polarity import Row, State
from auditor.render.address import item_link
from auditor.render.catalogue import N_, ngettext
from auditor.render.catalogue import gettext as _
from auditor.render.extent import Extent
from auditor.render.material import Material
from auditor.render.transcripts import Change, Reply, Transcript, discordant, preview, shared_openings
from auditor.render.versions import Role
from auditor.render.visible import badged
from auditor.render.word_diff import WordDiff, word_diff
from auditor.render.wording import failure_words

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
class Parted:
    """Both answers as one, and where they part."""

    where: str
    text: Markup
    cut: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One version's answer and its grade."""

    label: str
    role: Role
    state: str
    verdict: str
    grader: str
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
    parted: Parted | None
    harmful: bool
    link: str


@dataclass(frozen=True, slots=True)
class Show:
    """The cases, and how many there are of each kind."""

    cases: Sequence[Case]
    counts: Mapping[str, int]
    unjudged: int
    """Items of which no single answer is good or bad."""
    incomparable: int
    """The other ones that cannot be compared."""
    total: int
    failed: int
    """Items that are bad at the candidate."""
    baseline: str | None
    """None where there is nothing to compare with: the cases are then the candidate's worst items."""
    candidate: str


def build(material: Material) -> Show | None:
    """Return the severest cases, or None where there is neither a baseline nor a failure, or no text to show."""
    transcripts = material.transcripts
    failed = sum(transcript.replies[-1].state is State.BAD for transcript in transcripts)
    if (material.baseline is None and not failed) or material.sharing.transcripts is Extent.NONE:
        return None
    changes = [transcript.change for transcript in transcripts]
    cases = discordant(transcripts, SHOWN, compared=material.baseline is not None)
    opening = shared_openings(transcripts)
    unjudged = sum(
        transcript.change is Change.NONE and transcript.replies[-1].state is State.OPEN for transcript in transcripts
    )
    return Show(
        cases=[_case(transcript, opening[transcript.probe["id"]]) for transcript in cases],
        counts={change: changes.count(change) for change in Change},
        unjudged=unjudged,
        incomparable=changes.count(Change.NONE) - unjudged,
        total=len(changes),
        failed=failed,
        baseline=material.baseline.label if material.baseline else None,
        candidate=material.candidate.label,
    )


def _case(transcript: Transcript, opening: int) -> Case:
    item, probe = transcript.item, transcript.probe
    return Case(
        change=N_("bad") if len(transcript.sides) == 1 else transcript.change,
        severity=probe["severity"],
        title=failure_words(probe, item, transcript.replies[-1].label),
        item_id=item["item_id"],
        preview=preview(transcript, opening, PREVIEW),
        tags=[f"{name}: {value}" for name, value in item["tags"].items()],
        prompt=_prompt(item),
        sides=[_side(reply) for reply in transcript.sides],
        parted=None if transcript.hidden else _parted(transcript.sides),
        harmful=probe["battery"] == HARMFUL,
        link=item_link(item["item_id"]),
    )


def _parted(sides: Sequence[Reply]) -> Parted | None:
    """Compare the first answers of two sides that differ; None where all are the same words, or there is one side."""
    if len(sides) < 2:
        return None
    before, after = ([row["text"] or "" for row in _ordered(side.responses)] for side in sides)
    for one, other in zip(before, after, strict=False):
        found = word_diff(one, other) if one and other else None
        if found is not None:
            return Parted(_where(found, sides), found.text, found.cut)
    return None


def _ordered(responses: Sequence[Row]) -> list[Row]:
    """Return the answers that are judged, in their order; questions asked again only measure noise."""
    return [row for row in responses if row["repeat"] == 0]


def _where(found: WordDiff, sides: Sequence[Reply]) -> str:
    said = {
        "same": f"{found.same:,}",
        "baseline": sides[0].version.label,
        "candidate": sides[1].version.label,
        "before": found.before or _("ends"),
        "after": found.after or _("ends"),
    }
    if not found.same:
        return _("They part at the first word: %(baseline)s “%(before)s”, %(candidate)s “%(after)s”.") % said
    return (
        ngettext(
            "They part after %(same)s word: %(baseline)s “%(before)s”, %(candidate)s “%(after)s”.",
            "They part after %(same)s words: %(baseline)s “%(before)s”, %(candidate)s “%(after)s”.",
            found.same,
        )
        % said
    )


def _prompt(item: Row) -> list[Said]:
    turns = item["turns"]
    shots = [_said(_("Example, {role}").format(role=shot["role"]), shot["content"]) for shot in item["few_shot"] or ()]
    name = _("User") if len(turns) == 1 else _("User, turn {number}")
    asked = [_said(name.format(number=place), turn) for place, turn in enumerate(turns, 1)]
    return [*([_said(_("System"), item["system"])] if item["system"] else []), *shots, *asked]


def _side(reply: Reply) -> Side:
    evidence = [row["evidence"] for row in reply.verdicts if row["repeat"] == 0 and row["evidence"]]
    elsewhere = [text for text in evidence if not any(text in row["text"][:LONGEST] for row in reply.responses)]
    return Side(
        label=reply.version.label,
        role=reply.version.role,
        state=reply.state,
        verdict=reply.label,
        grader=_grader(reply),
        reasons=[_said(_("Decided by"), text) for text in dict.fromkeys(elsewhere)],
        answers=[_answer(row, evidence) for row in _ordered(reply.responses)],
    )


def _grader(reply: Reply) -> str:
    grader = reply.version.probes[reply.item["probe_id"]]["grader"] if reply.item is not None else None
    return _("Grader %(name)s, version %(version)s") % grader if grader else ""


def _answer(row: Row, evidence: Sequence[str]) -> Said:
    turn = _("turn {number}").format(number=row["turn"] + 1) if row["turn"] else ""
    who = ", ".join(part for part in (turn, row["part"]) if part)
    if row["text"]:
        return _said(who, row["text"], evidence)
    if row["score"] is not None:
        said = _("log-probability {score} over {count} tokens: {text}")
        return _said(who, said.format(score=f"{row['score']:.2f}", count=row["score_tokens"], text=row["continuation"]))
    why = ", ".join(part for part in (row["status"], row["reason"]) if part)
    return _said(who, _("no text: {why}").format(why=why))


def _said(who: str, text: str, evidence: Sequence[str] = ()) -> Said:
    kept = text[:LONGEST]
    return Said(who, _marked(kept, evidence), len(text) - len(kept))


def _marked(text: str, evidence: Sequence[str]) -> Markup:
    """Return the text with the span that decided its grade marked, where it is found."""
    span = next((found for found in evidence if found in text and found != text), "")
    if not span:
        return badged(text)
    before, _span, after = text.partition(span)
    return Markup("{}<mark>{}</mark>{}").format(badged(before), badged(span), badged(after))
