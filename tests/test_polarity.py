"""Which verdicts are bad."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.polarity import State, state


def probe(*metrics: dict[str, Any], grader: str = "facts") -> dict[str, Any]:
    return {"grader": {"name": grader}, "metrics": metrics}


def item(reference: dict[str, Any] | None = None, **tags: str) -> dict[str, Any]:
    return {"tags": tags, "reference": reference or {}}


def graded(label: str) -> dict[str, Any]:
    return {"outcome": "graded", "label": label}


WRONG = {"name": "hallucination_rate", "kind": "rate", "of": ["incorrect"], "better": "lower"}
RIGHT = {"name": "correct_rate", "kind": "rate", "of": ["correct"], "better": "higher"}
BBQ = {"name": "accuracy", "kind": "bbq_accuracy", "of": [], "better": "higher"}


@pytest.mark.parametrize(
    ("label", "metrics", "expected"),
    [
        ("incorrect", (WRONG,), State.BAD),
        ("correct", (WRONG,), State.GOOD),
        ("correct", (RIGHT,), State.GOOD),
        ("not_attempted", (RIGHT,), State.BAD),
        ("not_attempted", (WRONG, RIGHT), State.GOOD),
        ("yes", ({"name": "flip_share", "kind": "flip_share", "of": [], "better": "lower"},), State.OPEN),
    ],
)
def test_a_rate_gives_its_labels_a_polarity(label: str, metrics: tuple[Any, ...], expected: State) -> None:
    assert state(probe(*metrics), item(), graded(label)) is expected


def test_a_rate_speaks_only_of_the_items_it_is_about() -> None:
    invented = WRONG | {"of": ["asserted"], "where": {"entity": ["invented", "misheard"]}}
    real = WRONG | {"of": ["abstained"], "where": {"entity": "real"}}
    assert state(probe(invented, real), item(entity="misheard"), graded("asserted")) is State.BAD
    assert state(probe(invented, real), item(entity="real"), graded("asserted")) is State.GOOD
    assert state(probe(invented, real), item(entity="real"), graded("abstained")) is State.BAD
    assert state(probe(invented), item(entity="real"), graded("asserted")) is State.OPEN


def test_a_choice_is_bad_where_the_text_does_not_support_it() -> None:
    bbq = probe(BBQ, grader="choice")
    ambiguous = item({"correct": "unknown"}, context="ambiguous")
    clear = item({"correct": "other"}, context="clear")
    assert state(bbq, ambiguous, graded("other")) is State.BAD
    assert state(bbq, ambiguous, graded("unknown")) is State.GOOD
    assert state(bbq, clear, graded("unknown")) is State.BAD
    assert state(bbq, clear, graded("other")) is State.GOOD


def test_undetermined_is_neither_good_nor_bad() -> None:
    verdict = {"outcome": "undetermined", "label": None, "reason": "cut"}
    assert state(probe(WRONG), item(), verdict) is State.UNDETERMINED
