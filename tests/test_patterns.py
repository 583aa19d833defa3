"""What failures have in common: what is planted is named, and chance is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor import alike, patterns
from auditor.alike import group_texts
from auditor.patterns import Case, Kind, Patterns, find_patterns, like_texts

TOPICS = ("law", "sport", "music", "food")
WORDS = {
    "law": "court judge appeal contract verdict",
    "sport": "goal referee stadium match league",
    "music": "violin melody chorus rhythm concert",
    "food": "oven butter pepper recipe kitchen",
}
HOSTILE = "</script><b>\u202e\x00 {{ 7*7 }} \ud800"


def cases(failing: Callable[[int, str, str], float], *, seed: int = 0, items: int = 240) -> list[Case]:
    """Two probes, one of families of two; `failing` is the chance by place, topic and side."""
    rng, made = random.Random(seed), []
    for place in range(items):
        pairs = place % 3 == 0
        for side in ("left", "right")[: 2 if pairs else 1]:
            topic = TOPICS[place % 4]
            words = WORDS[topic].split()
            made.append(
                Case(
                    item_id=f"item.{place:04}.{side}",
                    probe="bias.pairs" if pairs else "harm.single",
                    family=f"family.{place}",
                    tags={"topic": topic, "side": side} if pairs else {"topic": topic},
                    failed=rng.random() < failing(place, topic, side),
                    asked=f"Tell me of the {rng.choice(words)} and the {rng.choice(words)}",
                    answered=f"Here is the {rng.choice(words)}, with the {rng.choice(words)}",
                )
            )
    return made


def shuffled(given_cases: Sequence[Case], seed: int) -> list[Case]:
    """Shuffle which families of a probe failed."""
    rng, of_family = random.Random(seed), {}
    for case in given_cases:
        of_family.setdefault((case.probe, case.family), []).append(case)
    made: list[Case] = []
    for probe in sorted({probe for probe, _ in of_family}):
        families = [found for (one, _), found in sorted(of_family.items()) if one == probe]
        for family, other in zip(families, rng.sample(families, len(families)), strict=True):
            made += [replace(case, failed=twin.failed) for case, twin in zip(family, other, strict=True)]
    return made


def found_in(given_cases: Sequence[Case]) -> Patterns:
    return find_patterns(given_cases, like_texts(given_cases))


def named(found: Patterns) -> list[tuple[str, ...]]:
    return [tuple(pattern.names) for pattern in found.patterns if pattern.kind is not Kind.TEXT]


def test_the_tag_that_makes_items_fail_is_named_alone_with_its_items() -> None:
    planted = cases(lambda place, topic, side: 0.6 if topic == "law" else 0.04)
    found = found_in(planted)
    assert named(found) == [("topic: law",)]
    pattern = next(one for one in found.patterns if one.kind is Kind.TAG)
    assert set(pattern.items) == {one.item_id for one in planted if one.failed and one.tags["topic"] == "law"}
    assert pattern.inside.failed == len(pattern.items)
    assert pattern.inside.n == sum(one.tags["topic"] == "law" for one in planted)
    assert pattern.inside.families == 60
    assert pattern.probes == ["bias.pairs", "harm.single"]
    assert pattern.ratio[1] > 1


def test_like_texts_that_fail_are_named_by_the_words_that_tell_them_apart() -> None:
    found = found_in([replace(one, tags={}) for one in cases(lambda place, topic, side: 0.6 * (topic == "law") + 0.02)])
    groups = [one for one in found.patterns if one.kind is Kind.TEXT]
    assert groups
    for group in groups:
        assert {term.word for term in group.terms} <= set(WORDS["law"].split())
        assert {term.field for term in group.terms} <= {"asked", "answered"}
        assert group.terms


def test_the_tags_that_most_of_a_group_have_are_told_with_it() -> None:
    found = found_in(cases(lambda place, topic, side: 0.6 * (topic == "law") + 0.02))
    group = next(one for one in found.patterns if one.kind is Kind.TEXT)
    assert group.tags[0][0] == "topic: law"
    assert len(group.items) / 2 < group.tags[0][1] <= len(group.items)


def test_a_probe_and_a_tag_within_families_are_named() -> None:
    probe = found_in(cases(lambda *_: 0.3))
    assert named(probe) == []
    side = found_in(cases(lambda place, topic, side: 0.5 if side == "right" else 0.1))
    assert named(side) == [("side: right",)]
    assert next(one for one in side.patterns if one.kind is Kind.TAG).probes == ["bias.pairs"]


def test_a_probe_that_fails_more_than_the_others_is_named() -> None:
    bad = [replace(one, probe=f"probe.{place % 5}") for place, one in enumerate(cases(lambda *_: 0.05))]
    rng = random.Random(3)
    bad = [replace(one, failed=one.failed or (one.probe == "probe.2" and rng.random() < 0.4)) for one in bad]
    assert named(found_in(bad)) == [("probe.2",)]


def test_tags_that_mark_the_same_items_are_one_test() -> None:
    planted = cases(lambda place, topic, side: 0.6 if topic == "law" else 0.04)
    twice = [replace(one, tags={**one.tags, "field": one.tags["topic"].upper()}) for one in planted]
    assert named(found_in(twice)) == [("field: LAW", "topic: law")]
    assert found_in(twice).tested == found_in(planted).tested


def names_of_shuffled(repetitions: int, items: int) -> int:
    planted = cases(lambda place, topic, side: 0.5 if topic == "law" else 0.1, items=items)
    groups = like_texts(planted)  # they do not depend on what failed
    return sum(bool(find_patterns(shuffled(planted, seed), groups).patterns) for seed in range(repetitions))


def test_shuffled_failures_name_nothing() -> None:
    assert names_of_shuffled(100, items=120) <= 5


@pytest.mark.slow
def test_shuffled_failures_name_nothing_in_many_more() -> None:
    assert names_of_shuffled(600, items=240) <= 0.05 * 600 + 3 * (600 * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize("share", [0, 1])
def test_none_or_all_failed_names_nothing(share: int) -> None:
    found = found_in(cases(lambda *_: share))
    assert found.patterns == []
    assert found.failed == share * found.items
    assert not any(found.tested.values())


def test_one_failure_and_no_item_name_nothing() -> None:
    one = [replace(case, failed=place == 7) for place, case in enumerate(cases(lambda *_: 0))]
    assert found_in(one).patterns == []
    assert found_in([]).patterns == []
    assert found_in(one[:1]).patterns == []


@given(st.randoms(use_true_random=False), st.integers(0, 3))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_neither_the_order_of_items_nor_the_names_of_tags_matter(rng: random.Random, seed: int) -> None:
    planted = cases(lambda place, topic, side: 0.5 if topic == "law" else 0.05, seed=seed, items=100)
    first = found_in(planted)
    mixed = rng.sample(planted, len(planted))
    assert found_in(mixed) == first
    old = ("topic", "side", *TOPICS, "left", "right")
    new = dict(zip(old, rng.sample("abcdefgh", len(old)), strict=True))
    renamed = [replace(one, tags={new[name]: new[value] for name, value in one.tags.items()}) for one in planted]
    told = found_in(renamed)
    assert sorted((one.kind, one.p, one.q, one.ratio, *one.items) for one in told.patterns) == sorted(
        (one.kind, one.p, one.q, one.ratio, *one.items) for one in first.patterns
    )


def test_hostile_and_huge_texts_are_cut_and_grouped() -> None:
    planted = cases(lambda place, topic, side: 0.6 if topic == "law" else 0.04)
    bad = [
        replace(
            one,
            tags={name + HOSTILE: value + HOSTILE for name, value in one.tags.items()},
            asked=one.asked + HOSTILE,
            answered=one.answered + HOSTILE + "z" * (1_000_000 if place < 20 else 10),
        )
        for place, one in enumerate(planted)
    ]
    found = found_in(bad)
    assert named(found) == [(f"topic{HOSTILE}: law{HOSTILE}",)]
    for one in found.patterns:
        assert all(len(term.word) <= alike.LONGEST_TERM for term in one.terms)


@pytest.mark.parametrize("text", ["", "the same words", "\ud800", "日本語"])
def test_texts_without_a_difference_make_no_groups(text: str) -> None:
    assert group_texts([text] * 40, [text] * 40) is None


def test_too_many_texts_are_drawn_by_whole_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_TEXTS", 150)
    planted = cases(lambda place, topic, side: 0.6 if topic == "law" else 0.04)
    found = found_in(planted)
    assert 140 < found.texts <= 150
    assert found.texts_of == len(planted)
    assert named(found) == [("topic: law",)]
    for ids, _ in like_texts(planted).of_probe.values():
        for item_id in ids:
            twin = item_id.replace("left", "right")
            assert twin in ids or twin not in {one.item_id for one in planted}


def test_where_none_fails_outside_the_ratio_has_no_upper_end() -> None:
    found = found_in(cases(lambda place, topic, side: 0.5 if topic == "law" else 0))
    ratio = next(one for one in found.patterns if one.kind is Kind.TAG).ratio
    assert ratio[0] == ratio[2] == inf
    assert 1 < ratio[1] < inf
