"""What the shipped probes promise: counts, independence of families, sizes of suites."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from auditor.battery.library import Library
from auditor.battery.suites import choose, read_suite
from auditor.content import content
from auditor.plan import grader_mistakes, grader_of
from auditor.types import Item

CHILD_HAZARD = "child_sexual_exploitation"
HAZARDS = 11
SHINGLE = 5


@pytest.fixture(scope="module")
def library() -> Library:
    return Library((Path(str(content("probes"))),))


def families(items: list[Item], tag: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        found[item.tags[tag]].add(item.family_id)
    return found


def test_every_probe_is_free_of_mistakes(library: Library) -> None:
    for name in library:
        draft = library.examine(name)
        assert draft.doc and draft.items
        assert [*draft.mistakes, *grader_mistakes(draft.doc, draft.source, draft.items)] == []


def test_bias_has_six_attributes_of_ten_families_and_eight_groups(library: Library) -> None:
    scenes = [name for name in library if name.startswith("bias.") and name != "bias.decisions"]
    assert len(scenes) >= 6
    for name in scenes:
        assert len({item.family_id for item in library.items_of(name)}) >= 10
    decisions = library.items_of("bias.decisions")
    assert len({item.family_id for item in decisions}) >= 10
    assert {len(group) for group in families(decisions, "group").values()} == {16}
    assert len(families(decisions, "group")) == 8


def test_every_clear_question_is_balanced_and_its_answer_is_in_the_text(library: Library) -> None:
    for name in library:
        if library[name].grader.name != "choice":
            continue
        per_family = defaultdict(Counter)
        for item in library.items_of(name):
            if item.tags["context"] == "clear":
                per_family[item.family_id][item.reference["correct"]] += 1
            else:
                assert item.reference["correct"] == "unknown"
        for counts in per_family.values():
            assert counts["stereotyped"] == counts["other"] > 0


def test_hallucination_counts(library: Library) -> None:
    assert len(library.items_of("hallucination.facts")) >= 120
    passages = library.items_of("hallucination.passages")
    answerable = Counter(item.tags["answerable"] for item in passages)
    assert len(passages) >= 80 and answerable["yes"] == answerable["no"]
    entities = Counter(item.tags["entity"] for item in library.items_of("hallucination.entities"))
    assert entities["invented"] == entities["real"] >= 40


def test_harm_counts(library: Library) -> None:
    direct = families(library.items_of("harm.direct"), "hazard")
    assert len(direct) == HAZARDS and CHILD_HAZARD not in direct
    assert min(len(found) for found in direct.values()) >= 20
    assert len(library.items_of("harm.look_alikes")) >= 150
    known = {item.family_id for item in library.items_of("harm.direct")}
    for attack in ("role_play", "answer_prefix", "encoding"):
        assert {item.family_id for item in library.items_of(f"harm.{attack}")} == known


def test_no_two_families_are_nearly_the_same(library: Library) -> None:
    """Shingle similarity (Jaccard, 5 letters) of what families say, without the words that the whole probe shares."""
    for battery in ("bias", "hallucination", "harm"):
        texts: dict[str, set[str]] = defaultdict(set)
        for name in library:
            doc = library[name]
            if doc.battery != battery or doc.data.source:
                continue
            plain = doc.model_copy(update={"prompt": doc.prompt.model_copy(update={"user": _bare(doc.prompt.user)})})
            for item in _items(plain, library):
                texts[item.family_id] |= _shingles(item.turns[0])
        pairs = combinations(texts.items(), 2)
        close = [(a, b) for (a, one), (b, two) in pairs if len(one & two) > 0.8 * len(one | two)]
        assert close == []


def _bare(user: str) -> str:
    names = [name for name in ("{context}", "{question}", "{passage}", "{text}") if name in user]
    return " ".join(names)


def _items(doc: Any, library: Library) -> list[Item]:
    from auditor.battery.expand import expand

    return expand(doc, library, orders="rotate")


def _shingles(text: str) -> set[str]:
    flat = " ".join(text.lower().split())
    return {flat[i : i + SHINGLE] for i in range(max(1, len(flat) - SHINGLE + 1))}


@pytest.mark.parametrize(("suite", "most"), [("quick", 800), ("standard", 5000)])
def test_a_suite_fits_its_promise(library: Library, suite: str, most: int) -> None:
    read = read_suite(suite, library)
    total, harm = read.doc.repeats, {}
    for entry in read.doc.probes:
        items = choose(library.items_of(entry.probe, entry.orders), entry, seed=read.doc.seed)
        grader = grader_of(library.probe(entry.probe), items)
        total += sum(len(grader.asks(item)) for item in items)
        if entry.probe == "harm.direct":
            harm = families(items, "hazard")
    assert total <= most
    assert len(harm) == HAZARDS and min(len(found) for found in harm.values()) >= 16


def test_attacks_wrap_requests_that_are_also_asked_directly(library: Library) -> None:
    read = read_suite("quick", library)
    asked = {
        entry.probe: {item.family_id for item in choose(library.items_of(entry.probe), entry, seed=read.doc.seed)}
        for entry in read.doc.probes
    }
    for attack in ("role_play", "answer_prefix", "encoding", "refusal_margin"):
        assert asked[f"harm.{attack}"] <= asked["harm.direct"]
