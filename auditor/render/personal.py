"""Finds personal data that has a known form: what has a check digit is checked, so that few other numbers are hidden.

Names, addresses and what is spelled out have no form and are not found: detection is no proof.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from .visible import HIDDEN

ODD_LETTERS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
"""Values of 0-9 and A-Z (digits as A-J) at odd places of an Italian tax code (Decreto Ministeriale of 23.12.1976)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data: how it looks, and how much of what looks so is it."""

    name: str
    pattern: re.Pattern[str]
    check: Callable[[str], int] = len
    """Returns how many characters from the start are to be hidden; 0 for none."""


def luhn(digits: str) -> bool:
    """Return whether the last digit fits the others (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(amount - 9 * (amount > 9) for amount in doubled) % 10 == 0


def _card(found: str) -> int:
    digits = re.sub(r"[ -]", "", found)
    return len(found) if luhn(digits) else 0


def _iban(found: str) -> int:
    """Return the length of the longest beginning whose remainder by 97 is 1 (ISO 13616)."""
    for end in range(len(found), 14, -1):
        letters = found[:end].replace(" ", "").upper()
        whole = end == len(found) or found[end] == " "
        if whole and 15 <= len(letters) <= 34 and _remainder(letters[4:] + letters[:4]) == 1:
            return end
    return 0


def _remainder(letters: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in letters)) % 97


def _address(found: str) -> int:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return 0
    return 0 if address.is_loopback or address.is_unspecified else len(found)


def _cpf(found: str) -> int:
    """Check both digits of a Brazilian taxpayer's number."""
    digits = [int(digit) for digit in found if digit.isdigit()]
    for end in (9, 10):
        total = sum(digit * weight for digit, weight in zip(digits[:end], range(end + 1, 1, -1), strict=True))
        if digits[end] != total * 10 % 11 % 10:
            return 0
    return len(found) if len(set(digits)) > 1 else 0


def _nir(found: str) -> int:
    """Check the key of a French social security number."""
    letters = found.replace(" ", "").upper().replace("2A", "19").replace("2B", "18")
    return len(found) if 97 - int(letters[:13]) % 97 == int(letters[13:]) else 0


def _tax_code(found: str) -> int:
    """Check the last letter of an Italian tax code."""
    values = [int(letter, 36) - (10 if letter.isalpha() else 0) for letter in found.upper()]
    total = sum(ODD_LETTERS[value] if place % 2 == 0 else value for place, value in enumerate(values[:-1]))
    return len(found) if total % 26 == values[-1] else 0


def _kind(name: str, pattern: str, check: Callable[[str], int] = len) -> Kind:
    return Kind(name, re.compile(pattern, re.ASCII | re.IGNORECASE), check)


_NATIONAL = "national id number"
KINDS = (
    # Letters of every script, and possessive, so that a long word is read once.
    Kind("e-mail address", re.compile(r"(?<![\w.+%-])(?:[\w.+%-]|(?<=\w)'(?=\w))++@(?:[\w-]++\.)+[^\W\d_]{2,}")),
    _kind("bank account number", r"(?<!\w)[a-z]{2}\d{2}(?: ?[a-z\d]){11,30}(?!\w)", _iban),
    _kind(
        "card number",
        r"(?<!\w)(?<!\d[.,-])(?:[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?"
        r"|3\d{3}([ -])\d{6}\2\d{4,5}|[2-6]\d{12,18})(?!\w|[.,-]\d)",
        _card,
    ),
    _kind(_NATIONAL, r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)", _cpf),
    _kind(
        _NATIONAL,
        r"(?<!\w)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[ab]) ?\d{3} ?\d{3} ?\d{2}(?!\w)",
        _nir,
    ),
    _kind(_NATIONAL, r"(?<!\w)[a-z]{6}\d{2}[abcdehlmprst]\d{2}[a-z]\d{3}[a-z](?!\w)", _tax_code),
    _kind(
        "IP address", r"(?<![\w.:])(?=[a-f\d:]*\d)(?=[a-f\d:]*[a-f\d]{3})(?:[a-f\d]*:){2,}[a-f\d]*(?![\w:])", _address
    ),
    _kind("IP address", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)", _address),
    # With its country's code, in the American way, or with the 0 of a trunk line.
    _kind("phone number", r"(?<![\w+])(?:\+|00)[1-9](?:[ ().\-/]{0,2}\d){7,14}(?!\d)"),
    _kind("phone number", r"(?<![\w])(?<!\d[.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.-])[2-9]\d{2}[.-]\d{4}(?!\w)"),
    _kind("phone number", r"(?<!\w)(?<!\d[.,-])\(?0[1-9]\d{1,3}\)?[ \-/](?:\d[ \-/]?){4,8}\d(?!\w)"),
)


@lru_cache(maxsize=1024)  # a prompt is read again for every version
def find(text: str) -> list[tuple[int, int, str]]:
    """Return start, end and kind of what is found first, of the first kind of which there is any.

    Where nothing is found, the text is read once more without its hidden characters, which could split it.
    """
    found = _find(text)
    if found or not HIDDEN.search(text):
        return found
    places = [place for place, letter in enumerate(text) if not HIDDEN.match(letter)]
    bare = _find("".join(text[place] for place in places))
    return [(places[start], places[end - 1] + 1, kind) for start, end, kind in bare]


def _find(text: str) -> list[tuple[int, int, str]]:
    for kind in KINDS:
        found, place = [], 0
        while match := kind.pattern.search(text, place):
            length = kind.check(match[0])
            if length:
                found.append((match.start(), match.start() + length, kind.name))
            place = match.start() + (length or 1)
        if found:
            return found
    return []


def hide(text: str, mark: Callable[[str, str], str]) -> str:
    """Return a text in which nothing is found any more; `mark` says what stands there, by kind and what it was."""
    while found := find(text):
        pieces, end = [], 0
        for start, stop, kind in found:
            pieces += [text[end:start], mark(kind, text[start:stop])]
            end = stop
        text = "".join([*pieces, text[end:]])
    return text
