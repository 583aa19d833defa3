from __future__ import annotations

from math import exp, inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engines.answers import (
    is_blank,
    label_logprobs,
    opens_thinking,
    split_reasoning,
    status_of,
    sum_logprobs,
)
from auditor.types import Status


@pytest.mark.parametrize(
    ("text", "opened", "reasoning", "answer"),
    [
        ("Paris.", False, None, "Paris."),
        ("<think>Hm, France.</think>\n\nParis.", False, "Hm, France.", "Paris."),
        ("Hm, France.\n</think>\n\nParis.", None, "Hm, France.", "Paris."),
        ("Sure: pour.</think>I cannot.", False, None, "Sure: pour.</think>I cannot."),
        ("Sure: pour.<think>x</think>I cannot.", None, None, "Sure: pour.<think>x</think>I cannot."),
        ("Hm, France.\n</think>\n\nParis.", True, "Hm, France.", "Paris."),
        ("<think>\n\n</think>\n\nParis.", False, None, "Paris."),
        ("\n<think>Hm, Fra", False, "Hm, Fra", ""),
        ("Hm, Fra", True, "Hm, Fra", ""),
        ("", True, None, ""),
        ("[THINK]Hm.[/THINK]Paris.", False, "Hm.", "Paris."),
        ("It says <think> in the manual.", False, None, "It says <think> in the manual."),
        ("<think>one</think>two</think>three", False, "one", "two</think>three"),
        ("\n\nParis. ", False, None, "\n\nParis. "),
    ],
)
def test_the_thinking_is_kept_apart(text: str, opened: bool | None, reasoning: str | None, answer: str) -> None:
    assert split_reasoning(text, opened=opened) == (reasoning, answer)


@given(st.text().filter(lambda text: "think" not in text.lower()))
def test_a_text_without_tags_is_all_answer(text: str) -> None:
    assert split_reasoning(text) == (None, text)


def test_a_template_that_opens_the_thinking_is_seen() -> None:
    assert opens_thinking("<|assistant|>\n<think>\n")
    assert not opens_thinking("<|assistant|>\n<think>\n\n</think>\n\n")


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "\u200b\u200d\ufeff", "\u3000\u00a0", "\x00\x1b", "\u202e\u00ad", "\u3164\u2800\ufe0f"],
)
def test_nothing_visible_is_blank(text: str) -> None:
    assert is_blank(text)
    assert status_of("stop", text) is Status.EMPTY
    assert status_of("length", text) is Status.LENGTH


@pytest.mark.parametrize("text", [".", "\u200bA", "\u4e2d", "\U0001f600", "\u0301", "\ud800"])
def test_anything_visible_is_not_blank(text: str) -> None:
    assert not is_blank(text)
    assert status_of("stop", text) is Status.STOP


def test_spellings_of_one_label_are_summed() -> None:
    seen = {"A": log(0.25), " A": log(0.25), "B": log(0.1)}
    found = label_logprobs({"first": ("A", " A", "A"), "second": ("B", "b"), "third": ("C",)}, seen)
    assert found == pytest.approx({"first": log(0.5), "second": log(0.1)})


@given(st.lists(st.floats(0.0, 1.0), max_size=8).filter(lambda shares: sum(shares) <= 1.0))
def test_the_sum_of_probabilities_is_a_probability(shares: list[float]) -> None:
    total = sum_logprobs(log(share) if share else -inf for share in shares)
    if total is None:
        assert not any(shares)
    else:
        assert total <= 0.0
        assert exp(total) == pytest.approx(sum(shares))
