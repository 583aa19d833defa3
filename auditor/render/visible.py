"""Makes hostile text harmless to look at: what cannot be seen is named, what would break a file is replaced."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup, escape

# Unicode's categories Cc (without tab and line feed), Cf, Cs, Zl and Zp, then its Default_Ignorable_Code_Points
# (without U+FE0F, which only colours an emoji) and the blank of Braille. reports/scripts/text.js says the same.
HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0\U000e0000-\U000e0fff"
    "]"
)

COMMAND = re.compile(r"##+(?=(?:vso)?\[)", re.IGNORECASE)
"""With `[` behind it, a command to the machines of GitHub (`##[...]`) and Azure (`##vso[...]`), anywhere in a line."""

MOST_BADGES = 500
"""Of a text; more make a browser slow, and are named in brackets. reports/scripts/text.js says the same."""


def plain(text: str) -> str:
    """Return text that is fit for a terminal, an attribute, a title or a chart.

    Hidden characters are named in brackets, and so is what would make a build server take the text for a command.
    """
    named = HIDDEN.sub(lambda found: f"[{_name(found[0])}]", text)
    # After the names, whose brackets are such as well; every # but the first, lest those that stay make another one.
    return COMMAND.sub(lambda found: "#" + f"[{_name('#')}]" * (len(found[0]) - 1), named)


def visible(text: str) -> Markup:
    """Return escaped text in a `<bdi>`, each hidden character as a badge with its Unicode name."""
    return Markup("<bdi>{}</bdi>").format(badged(text))


def badged(text: str) -> Markup:
    """Return escaped text with badges, to be put into an element that isolates its direction.

    More than `MOST_BADGES` hidden characters are named in brackets instead.
    """
    hidden = list(HIDDEN.finditer(text))
    if len(hidden) > MOST_BADGES:
        return escape(plain(text))
    pieces, end = [], 0
    for found in hidden:
        pieces += [escape(text[end : found.start()]), _badge(found[0])]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _badge(character: str) -> Markup:
    title = f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
    return Markup('<code class="hidden-char" title="{}">{}</code>').format(title, _name(character))


def _name(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    lost = "\ufffd " if 0xD800 <= code <= 0xDFFF else ""
    return f"{lost}U+{code:04X}"
