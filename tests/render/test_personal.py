"""Personal data with a known form is found, other numbers are left, and nothing that is found survives."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.render.personal import find, hide, luhn


def hidden(text: str) -> str:
    return hide(text, lambda kind, _secret: f"<{kind}>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to jo.smith+x@mail.example.co.uk.", "Write to <e-mail address>."),
        ("jörg@bücher.example, o'brien@x.com", "<e-mail address>, <e-mail address>"),
        ("邮箱jo@x.com。", "<e-mail address>。"),
        ("j\u200bo@x.c\u00adom", "<e-mail address>"),
        ("jo@localhost, @jo, a@b", "jo@localhost, @jo, a@b"),
        ("4111 1111 1111 1111", "<card number>"),
        ("4111-1111-1111-1111, 378282246310005", "<card number>, <card number>"),
        ("5500000000000004 3782 822463 10005", "<card number> <card number>"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("0.4111111111111111 and 1.5500000000000004", "0.4111111111111111 and 1.5500000000000004"),
        ("a1b24111111111111111c3d4", "a1b24111111111111111c3d4"),
        ("DE89 3704 0044 0532 0130 00 and more", "<bank account number> and more"),
        ("GB82WEST12345698765432.", "<bank account number>."),
        ("GB82WEST12345698765431", "GB82WEST12345698765431"),
        ("from 8.8.8.8:80", "from <IP address>:80"),
        ("2001:db8::8a2e:370:7334", "<IP address>"),
        ("127.0.0.1, ::1, 999.1.1.1, 1.2.3", "127.0.0.1, ::1, 999.1.1.1, 1.2.3"),
        ("at 12:30:15, std::vector, a::b", "at 12:30:15, std::vector, a::b"),
        ("+49 30 1234567, 0044 20 7946 0958", "<phone number>, <phone number>"),
        ("(212) 555-1234 or 212-555-1234", "<phone number> or <phone number>"),
        ("030 1234567, 0171/2345678", "<phone number>, <phone number>"),
        ("01.02.2024 10:30, 2024-01-02, 200 300 4000", "01.02.2024 10:30, 2024-01-02, 200 300 4000"),
        ("RSSMRA85T10A562S RSSMRA85T10A562T", "<national id number> RSSMRA85T10A562T"),
        ("2 55 08 14 168 025 38", "<national id number>"),
        ("2 55 08 14 168 025 39", "2 55 08 14 168 025 39"),
        ("111.444.777-35 111.444.777-36", "<national id number> 111.444.777-36"),
    ],
)
def test_known_forms(text: str, expected: str) -> None:
    assert hidden(text) == expected


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_one_digit_in_ten_fits(digits: str) -> None:
    assert sum(luhn(digits + last) for last in "0123456789") == 1


PARTS = st.sampled_from(
    ["jo@x.com", "4111111111111111", "4111 1111 1111 1111", "DE89370400440532013000", "8.8.8.8", "2001:db8::1"]
    + ["+49301234567", "(212) 555-1234", "111.444.777-35", "RSSMRA85T10A562S", "\u200b", " ", "-", ".", "1", "a", "\n"]
)


@given(st.lists(PARTS, max_size=8).map("".join) | st.text())
@example("4111111111111111\u200b123 jo@x.com")
def test_nothing_that_is_found_survives(text: str) -> None:
    assert find(hidden(text)) == []


WORDS = ("lorem", "ipsum", "7", "42", "1999", "3.14", "12:30", "(a)", "b-c", "x@y", "#1", "50%", "1,000")


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_text_without_personal_data_is_unchanged(text: str) -> None:
    assert hidden(text) == text


def test_a_long_text_is_read_in_time() -> None:
    for piece in ("a", "a.", "1", "1 ", "a@", "a@b.", "ab12 ", ":", "a:", "+1", "0 ", "\u200b"):
        hidden(piece * (100_000 // len(piece)))
