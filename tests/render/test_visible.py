"""No hidden character reaches a reader's eye unnamed, and nothing else is changed."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from auditor.render.visible import HIDDEN, badged, plain, visible

HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_every_control_format_and_surrogate_character_is_hidden_and_tab_and_line_feed_are_not() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in HIDDEN_CATEGORIES:
            assert bool(HIDDEN.fullmatch(character)) is (character not in "\n\t"), f"U+{code:04X}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\x1b[31mb", "a[␛][31mb"),
        ("a\x00b\x7f", "a[␀]b[␡]"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\ud800b", "a[\ufffd U+D800]b"),
        ("a\U000e0041b", "a[U+E0041]b"),
        ("a\u034fb\u2800c\ufe00d", "a[U+034F]b[U+2800]c[U+FE00]d"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a ##[error]b", "a #[U+0023][error]b"),
        ("##VSO[task.complete]", "#[U+0023]VSO[task.complete]"),
        ("####[x]", "#[U+0023][U+0023][U+0023][x]"),
        ("##\u200b[x]", "#[U+0023][U+200B][x]"),
        ("## heading\n#[x] ##vs[", "## heading\n#[x] ##vs["),
    ],
)
def test_hidden_characters_are_named(text: str, told: str) -> None:
    assert plain(text) == told


def test_badges_tell_the_unicode_name_and_isolate_the_text() -> None:
    assert visible("a\u202e<b") == Markup(
        '<bdi>a<code class="hidden-char" title="U+202E RIGHT-TO-LEFT OVERRIDE">U+202E</code>&lt;b</bdi>'
    )


@given(st.text("#[vso\u200b"))
def test_nothing_commands_a_build_server(text: str) -> None:
    assert not re.search(r"##(vso)?\[", plain(text), re.IGNORECASE)


@given(ANY_TEXT)
def test_what_is_shown_is_valid_utf8_without_hidden_characters_or_markup_of_the_text(text: str) -> None:
    for shown in (plain(text), str(badged(text))):
        shown.encode("utf-8")
        assert not HIDDEN.search(shown)
    without_badges = re.sub(r'<code class="hidden-char" title="[^"<>]*">[^<>]*</code>', "", str(badged(text)))
    assert "<" not in without_badges
    assert Markup(without_badges).unescape() == HIDDEN.sub("", text)


def test_very_many_hidden_characters_are_named_without_an_element_each() -> None:
    for amount, elements in ((500, 500), (501, 0)):
        told = badged("<b>" + "\u200b" * amount)
        assert told.count("<code") == elements
        assert told.count("U+200B") >= amount
        assert told.startswith("&lt;b&gt;")
