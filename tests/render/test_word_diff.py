"""Two answers as one: nothing is lost, nothing is invented, nothing gets out of its place."""

from __future__ import annotations

import html
import re
import time

from hypothesis import given
from hypothesis import strategies as st

from auditor.render.word_diff import MOST_WORDS, word_diff

words = st.lists(st.sampled_from(["one", "two", "three", "<b>", "&amp;", "\u202e", "</del>"]), max_size=12)


def side(text: str, kept: str, left_out: str) -> list[str]:
    """Return the words of one side of a difference."""
    text = re.sub(rf"<{left_out}>.*?</{left_out}>", " ", text)
    text = re.sub(rf"</?{kept}>", "", text)
    return html.unescape(re.sub(r"<code[^>]*>U\+202E</code>", "\u202e", text)).split()


@given(words, words)
def test_each_side_can_be_read_back(before: list[str], after: list[str]) -> None:
    found = word_diff(" ".join(before), " ".join(after))
    if before == after:
        assert found is None
        return
    assert found is not None
    assert side(found.text, "del", "ins") == before
    assert side(found.text, "ins", "del") == after
    assert before[: found.same] == after[: found.same]
    assert before[found.same : found.same + 1] != after[found.same : found.same + 1]
    assert set(re.findall(r"</?[a-z]+", found.text)) <= {"<del", "</del", "<ins", "</ins", "<code", "</code"}


def test_where_they_part_is_told_in_words() -> None:
    found = word_diff("No, I will not do that for you.", "No, I will gladly do that.")
    assert found is not None
    assert (found.same, found.before, found.after) == (3, "not do that for you.", "gladly do that.")


def test_huge_answers_are_cut_and_soon_compared() -> None:
    start = time.process_time()
    found = word_diff("a b " * 500_000, "b a c " * 300_000 + "x" * 1_000_000)
    assert found is not None
    assert found.cut
    assert len(found.text) < 60 * MOST_WORDS
    assert time.process_time() - start < 2
