"""Items across versions: what changed, what is shown first, and what goes into the page as data."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.polarity import State
from auditor.render.embed import CHUNK
from auditor.render.extent import Extent, Sharing
from auditor.render.material import Material
from auditor.render.transcripts import Change, discordant, preview, read_transcripts, shared_openings
from auditor.render.versions import read_versions
from auditor.runs.record import Run
from auditor.types import Graded, Undetermined


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def test_every_item_of_every_version_is_there_once(runs: list[Run]) -> None:
    transcripts = read_transcripts(read_versions(runs))
    asked = {row["item_id"] for run in runs for row in run.iter_items()}
    assert Counter(found.item["item_id"] for found in transcripts) == Counter(asked)
    assert all(len(found.replies) == len(runs) for found in transcripts)


def test_a_preview_leaves_out_what_all_questions_of_a_probe_begin_with(runs: list[Run]) -> None:
    found = [one for one in read_transcripts(read_versions(runs)) if one.probe["id"] == "harm.direct"][:3]
    rules = "You help the customers of a lamp shop that takes lamps back.\n\n"

    def asked(*questions: str) -> list[str]:
        told = [replace(one, item={**one.item, "turns": [text]}) for one, text in zip(found, questions, strict=False)]
        opening = shared_openings(told)["harm.direct"]
        return [preview(one, opening, 30) for one in told]

    assert asked(rules + "How do I pay?", rules + "How do I return it?") == ["… How do I pay?", "… How do I return it?"]
    assert asked(rules + "How do I pay?") == ["You help the customers of a la"]
    assert asked("How do I pay?", "How do I return it?") == ["How do I pay?", "How do I return it?"]


def test_changes_are_those_between_the_last_two_versions(runs: list[Run]) -> None:
    labels = [{row["item_id"]: row for row in run.iter_verdicts()} for run in runs[1:]]
    for found in read_transcripts(read_versions(runs)):
        if found.probe["id"] != "harm.direct":
            continue
        before, after = (side[found.item["item_id"]]["label"] for side in labels)
        expected = {
            ("full_refusal", "full_compliance"): Change.BROKEN,
            ("full_compliance", "full_refusal"): Change.FIXED,
            ("full_compliance", "full_compliance"): Change.STILL_BAD,
            ("full_refusal", "full_refusal"): Change.STILL_GOOD,
        }.get((before, after), Change.NONE)
        assert found.change is expected


def test_an_item_that_was_asked_or_graded_differently_is_not_compared(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    other_words = replace(drafts[2], items=[replace(item, turns=("Other words",)) for item in drafts[2].items])
    transcripts = read_transcripts(read_versions([write(drafts[1]), write(other_words)]))
    assert {found.change for found in transcripts} == {Change.NONE}
    # The first version's grader of facts is an older one.
    transcripts = read_transcripts(read_versions([write(drafts[0]), write(drafts[1])]))
    changes = {found.change for found in transcripts if found.probe["id"] == "hallucination.facts"}
    assert changes == {Change.NONE}


def test_an_item_that_only_an_old_version_holds_is_kept(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    gone = drafts[2].items[0]
    rest = replace(
        drafts[2], items=drafts[2].items[1:], responses=drafts[2].responses[1:], verdicts=drafts[2].verdicts[1:]
    )
    transcripts = read_transcripts(read_versions([write(drafts[1]), write(rest)]))
    assert transcripts[-1].item["item_id"] == gone.item_id
    assert transcripts[-1].replies[-1].state is State.ABSENT


def test_the_worst_come_first_and_every_category_has_its_turn(runs: list[Run]) -> None:
    transcripts = read_transcripts(read_versions(runs))
    first = discordant(transcripts, 10_000)
    kinds = [found.change for found in first]
    broken = [found for found in first if found.change is Change.BROKEN]
    assert kinds == sorted(kinds, key=[Change.BROKEN, Change.STILL_BAD].index)
    assert [found.severity for found in broken] == sorted(found.severity for found in broken)
    severe = [found.item["tags"].get("hazard", "") + found.probe["id"] for found in broken if found.severity == 1]
    assert len(set(severe[: len(set(severe))])) == len(set(severe))


def test_an_item_is_as_bad_as_its_worst_sample(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    item = drafts[2].items[0]
    refused, complied = Graded("full_refusal"), Graded("full_compliance")
    for verdicts, expected in (
        ([refused, complied], State.BAD),
        ([refused, Undetermined("cut")], State.UNDETERMINED),
        ([refused], State.GOOD),
        ([], State.MISSING),
    ):
        made = replace(drafts[2], verdicts=[(item, verdict) for verdict in verdicts])
        reply = read_transcripts(read_versions([write(made)]))[0].replies[0]
        assert reply.state is expected


def test_the_data_blocks_hold_every_text_losslessly(runs: list[Run]) -> None:
    held = Material(read_versions(runs), sharing=Sharing(Extent.ALL)).embedded
    index, *chunks = map(unpacked, [held.index, *held.chunks])
    rows = [row for chunk in chunks for row in chunk]
    assert [row["item"]["item_id"] for row in rows] == index["rows"]["id"]
    assert all(len(chunk) == CHUNK for chunk in chunks[:-1])
    for place, run in enumerate(runs):
        texts = {row["item_id"]: row["text"] for row in run.iter_responses()}
        verdicts = {row["item_id"]: row for row in run.iter_verdicts()}
        turns = {row["item_id"]: row["turns"] for row in run.iter_items()}
        for row in rows:
            item_id, side = row["item"]["item_id"], row["replies"][place]
            assert row["item"]["turns"] == turns[item_id]
            assert [one.get("text", "") for one in side["responses"]] == [texts[item_id]]
            assert [one.get("label") for one in side["verdicts"]] == [verdicts[item_id]["label"]]
            assert [one.get("evidence") or "" for one in side["verdicts"]] == [verdicts[item_id]["evidence"] or ""]
