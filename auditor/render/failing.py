"""What the failed items of a report have in common: those that newly broke, and all of the candidate's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.patterns import Case, Pattern, Patterns, find_patterns, like_texts
from auditor.polarity import State

from .transcripts import Change, Transcript


@dataclass(frozen=True, slots=True)
class Failing:
    """One kind of failure, and what those items have in common."""

    newly: bool
    """Whether they are those that turned bad since the baseline, or all that are bad."""
    found: Patterns
    patterns: Mapping[int, Pattern]
    """By the number that addresses them."""


def find_failing(transcripts: Sequence[Transcript], compared: bool) -> list[Failing]:
    """Return what newly broken items have in common, where there is a baseline, and what all failed items have."""
    judged = [one for one in transcripts if one.replies[-1].state in (State.BAD, State.GOOD)]
    cases = {one.item["item_id"]: _case(one, one.replies[-1].state is State.BAD) for one in judged}
    groups = like_texts(list(cases.values()))
    kinds = [(False, list(cases.values()))]
    if compared:
        both = [one for one in judged if one.change is not Change.NONE]
        kinds.insert(0, (True, [_case(one, one.change is Change.BROKEN) for one in both]))
    told: list[Failing] = []
    for newly, mine in kinds:
        found = find_patterns(mine, groups)
        first = 1 + sum(len(one.patterns) for one in told)
        told.append(Failing(newly, found, dict(enumerate(found.patterns, first))))
    return told


def wordless(failing: Failing) -> Failing:
    """Return the same without words out of texts, for a report that may not show every text."""
    told = {number: replace(pattern, terms=()) for number, pattern in failing.patterns.items()}
    return Failing(failing.newly, replace(failing.found, patterns=list(told.values())), told)


def _case(transcript: Transcript, failed: bool) -> Case:
    item = transcript.item
    answers = [row["text"] or "" for row in transcript.replies[-1].responses if row["repeat"] == 0]
    return Case(
        item_id=item["item_id"],
        probe=transcript.probe["id"],
        family=item["family_id"],
        tags=item["tags"],
        failed=failed,
        asked="\n".join(item["turns"]),
        answered="\n".join(answers),
    )
