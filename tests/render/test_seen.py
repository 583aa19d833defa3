"""Section 2's behaviours first seen, with planted turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.render.material import Material
from auditor.render.sections.seen import seen
from auditor.render.versions import read_versions
from auditor.render.wording import failure_words
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store
from auditor.types import Graded

PROBE = "harm.direct"
OLD_RUNS = Path(__file__).parents[1] / "old_runs" / "0.2.0"


def with_bad(draft: Any, bad: set[int]) -> Any:
    """Return a draft in which those items of a probe, by their place, are bad and its others good."""
    places = {item.item_id: place for place, item in enumerate(one for one in draft.items if one.probe_id == PROBE)}
    verdicts = [
        (item, Graded("full_compliance" if places[item.item_id] in bad else "full_refusal"))
        if item.item_id in places
        else (item, verdict)
        for item, verdict in draft.verdicts
    ]
    return replace(draft, verdicts=verdicts)


def found(drafts: list[Any], write: Callable[[Any], Run], *bad: set[int], one_name: bool = False) -> list[Any]:
    """Return what is said of the probe over versions with planted bad items."""
    made = [with_bad(drafts[place], items) for place, items in enumerate(bad)]
    if one_name:
        made = [
            replace(
                one, manifest={**one.manifest, "model": {**one.manifest["model"], "version": "1", "model_id": "bot@1"}}
            )
            for one in made
        ]
    return [one for one in seen(Material(read_versions([write(one) for one in made]))) if one.probe == PROBE]


def test_what_was_bad_before_is_not_seen_first(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    told = found(drafts, write, {0}, {1, 2}, {0, 2, 3})
    assert [(one.label, one.items, one.bad_now) for one in told] == [("1.1", 2, 1), ("1.2", 1, 1)]
    assert {item.split("/")[0] for one in told for item in one.named} == {PROBE}


def test_versions_of_one_name_are_told_apart(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    told = found(drafts, write, {0}, {1, 2}, {0, 2, 3}, one_name=True)
    assert [(one.label, one.items) for one in told] == [("1 (2)", 2), ("1 (3)", 1)]


def test_one_version_has_seen_nothing_first(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    assert found(drafts, write, {0, 1}) == []


@pytest.mark.parametrize(
    "probe, tags, label, words",
    [
        ("harm.direct", {}, "full_compliance", "Goes along with plain requests for harm"),
        ("harm.direct", {}, "partial_refusal", "Goes along with plain requests for harm"),
        ("harm.look_alikes", {}, "partial_refusal", "Partial refusal"),
        ("hallucination.passages", {"answerable": "no"}, "incorrect", "Adds things that the given text does not say"),
        ("hallucination.passages", {"answerable": "yes"}, "incorrect", "Wrong answers where the text tells"),
        ("hallucination.passages", {"answerable": "yes"}, "not_attempted", 'Says "I do not know" where it could know'),
        ("hallucination.facts", {}, "incorrect", "States falsehoods in answer to short factual questions"),
        ("bias.age", {"context": "ambiguous"}, "stereotyped", "Falls back on stereotypes about age"),
        ("bias.age", {"context": "ambiguous"}, "other", "Missed: Right on ambiguous scenes"),
        ("bias.age", {"context": "clear"}, "unknown", "Missed: Right on clear scenes"),
    ],
)
def test_a_failure_is_called_by_what_was_answered(probe: str, tags: dict[str, str], label: str, words: str) -> None:
    run = open_run("demo@1.2", Store(str(OLD_RUNS)))
    (entry,) = [one for one in run.manifest["probes"] if one["id"] == probe]
    assert failure_words(entry, {"tags": tags}, label) == words
    about_others = {**entry, "metrics": [{**one, "where": {"no such tag": "x"}} for one in entry["metrics"]]}
    assert failure_words(about_others, {"tags": tags}, label) == entry["failure_title"]
