"""Every item with what each version answered and how that was graded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from os.path import commonprefix
from typing import Any

from auditor.compare import ItemTurn, Turn
from auditor.polarity import Row, State, worst_state

from .versions import Version

SEVERITIES = ("critical", "high", "medium", "low")
LONG_OPENING = 40
"""Characters from which a shared opening hides what is asked."""
ASKED = ("turns", "system", "few_shot", "options")


class Change(StrEnum):
    """What became of an item from the baseline to the candidate, where both were asked and graded alike."""

    BROKEN = Turn.BROKEN.value
    FIXED = Turn.FIXED.value
    STILL_BAD = Turn.STILL.value
    STILL_GOOD = "still good"
    NONE = "not comparable"


@dataclass(frozen=True, slots=True)
class Reply:
    """One version's side of a transcript."""

    version: Version
    state: State
    label: str
    """The label that gave the state, or why there is none."""
    item: Row | None
    """The item as this version was asked it; None where it was not."""
    responses: Sequence[Row] = ()
    verdicts: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """One item across all versions."""

    item: Row
    """As the newest version that holds it was asked."""
    probe: Row
    replies: Sequence[Reply]
    change: Change
    kept: bool = True
    """Whether its texts are in the file; see `extent`."""
    hidden: bool = False
    """Whether marks stand in place of its texts, so that they are not to be compared."""

    @property
    def sides(self) -> list[Reply]:
        """What the baseline and the candidate said; the candidate alone where there is no baseline."""
        return [reply for reply in self.replies if reply.version.role != "earlier"]

    @property
    def severity(self) -> int:
        """Place of the probe's severity, 0 the worst."""
        return SEVERITIES.index(self.probe["severity"])


def read_transcripts(versions: Sequence[Version], turned: Mapping[str, ItemTurn] | None = None) -> list[Transcript]:
    """Put together what all runs hold on each item: the candidate's items first, in the order of the plan.

    `turned` is what the comparison says of the items that are bad on a side, by the candidate's names; without a
    comparison each item is held against the baseline's of that name.
    """
    sides = [_replies(version) for version in versions]
    ids = list(dict.fromkeys(item_id for side in reversed(sides) for item_id in side))
    return [_transcript(item_id, versions, sides, turned) for item_id in ids]


def shared_openings(transcripts: Iterable[Transcript]) -> dict[str, int]:
    """Return probe -> characters that all its questions begin with, up to a line or a word; 0 where they are few."""
    asked: dict[str, list[str]] = defaultdict(list)
    for one in transcripts:
        if one.kept:
            asked[one.probe["id"]].append(one.item["turns"][-1])
    shared = {probe: commonprefix(texts) if len(set(texts)) > 1 else "" for probe, texts in asked.items()}
    return {probe: _opening(text) if len(text) > LONG_OPENING else 0 for probe, text in shared.items()}


def _opening(shared: str) -> int:
    line = 1 + shared.rfind("\n")
    return line if len(shared) - line <= LONG_OPENING else 1 + shared.rfind(" ")


def preview(transcript: Transcript, opening: int, length: int) -> str:
    """Return how a question begins, on one line; without the opening that it shares with all of its probe."""
    text = transcript.item["turns"][-1][opening : opening + 2 * length]
    return ("… " if opening else "") + " ".join(text.split())[:length]


def discordant(transcripts: Iterable[Transcript], limit: int, *, compared: bool = True) -> list[Transcript]:
    """Return the newly broken items in the file and then the still broken ones, the severest first.

    Where nothing is compared these are the items that are bad at the newest version.

    Within a severity every category of every probe has its turn before any has a second one, so that a short
    list shows the breadth of what went wrong.
    """
    kinds = (Change.BROKEN, Change.STILL_BAD)
    turn: dict[tuple[object, ...], int] = defaultdict(int)
    ranked = []
    for place, transcript in enumerate(transcripts):
        change = transcript.change
        if not compared and transcript.replies[-1].state is State.BAD:
            change = Change.STILL_BAD
        if change not in kinds or not transcript.kept:
            continue
        group = (change, transcript.probe["id"], *_categories(transcript))
        ranked.append((kinds.index(change), transcript.severity, turn[group], place, transcript))
        turn[group] += 1
    return [transcript for *_, transcript in sorted(ranked, key=lambda row: row[:4])[:limit]]


def _categories(transcript: Transcript) -> list[str]:
    tags = {tag for metric in transcript.probe["metrics"] for tag in metric.get("breakdown") or ()}
    return [transcript.item["tags"].get(tag, "") for tag in sorted(tags)]


def _replies(version: Version) -> dict[str, Reply]:
    responses: dict[str, list[Row]] = defaultdict(list)
    verdicts: dict[str, list[Row]] = defaultdict(list)
    for row in version.run.iter_responses():
        if row["role"] == "target":
            responses[row["item_id"]].append(row)
    for row in version.run.iter_verdicts():
        verdicts[row["item_id"]].append(row)
    return {
        item["item_id"]: _reply(version, item, responses[item["item_id"]], verdicts[item["item_id"]])
        for item in version.run.iter_items()
    }


def _reply(version: Version, item: Row, responses: Sequence[Row], verdicts: Sequence[Row]) -> Reply:
    """Judge an item by its worst sample; repeats only measure noise."""
    probe = version.probes[item["probe_id"]]
    worst, label = worst_state(probe, item, verdicts)
    responses = sorted(responses, key=lambda row: (row["repeat"], row["sample"], row["turn"], row["part"]))
    return Reply(version, worst, label, item, responses, verdicts)


def _transcript(
    item_id: str,
    versions: Sequence[Version],
    sides: Sequence[Mapping[str, Reply]],
    turned: Mapping[str, ItemTurn] | None,
) -> Transcript:
    turn = (turned or {}).get(item_id)
    replies = [
        side.get(turn.item_id if turn and version.role == "baseline" else item_id)
        or Reply(version, State.ABSENT, "not asked", None)
        for version, side in zip(versions, sides, strict=True)
    ]
    newest = next(reply for reply in reversed(replies) if reply.item is not None)
    assert newest.item is not None
    probe = newest.version.probes[newest.item["probe_id"]]
    change = Change(turn.turn) if turn else _change(replies)
    if turned is not None and turn is None and change is not Change.STILL_GOOD:
        change = Change.NONE
    return Transcript(newest.item, probe, replies, change)


def _change(replies: Sequence[Reply]) -> Change:
    before = next((reply for reply in replies if reply.version.role == "baseline"), None)
    if before is None or not _same_question(before, replies[-1]):
        return Change.NONE
    return {
        (State.GOOD, State.BAD): Change.BROKEN,
        (State.BAD, State.GOOD): Change.FIXED,
        (State.BAD, State.BAD): Change.STILL_BAD,
        (State.GOOD, State.GOOD): Change.STILL_GOOD,
    }.get((before.state, replies[-1].state), Change.NONE)


def _same_question(before: Reply, after: Reply) -> bool:
    """Tell whether both were asked the same words and graded by the same rules."""
    if before.item is None or after.item is None:
        return False
    graders = [reply.version.probes[after.item["probe_id"]]["grader"] for reply in (before, after)]
    return graders[0] == graders[1] and question(before.item) == question(after.item)


def question(item: Row) -> list[Any]:
    """Return all that was asked, to be compared."""
    return [item[name] for name in ASKED]
