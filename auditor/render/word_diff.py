"""Two texts as one, word by word: what only the first has is struck out, what only the second has is underlined."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup

from .visible import badged

MOST_WORDS = 400
"""Of each text; what comes behind is not compared."""
LONGEST_WORD = 200
NEXT = 8
"""Words that are told where the texts part."""
WORD = re.compile(rf"\S{{1,{LONGEST_WORD}}}\s*")


@dataclass(frozen=True, slots=True)
class WordDiff:
    """How a text became another."""

    same: int
    """Words that both begin with."""
    before: str
    """How the first goes on where they part."""
    after: str
    text: Markup
    """Both, with `<del>` and `<ins>`."""
    cut: bool
    """Whether one goes on beyond what was compared."""


def word_diff(before: str, after: str) -> WordDiff | None:
    """Compare two texts word by word; None where they have the same words."""
    texts = [WORD.findall(text[: MOST_WORDS * LONGEST_WORD]) for text in (before, after)]
    one, other = (words[:MOST_WORDS] for words in texts)
    bare = [[word.rstrip() for word in words] for words in (one, other)]
    if bare[0] == bare[1]:
        return None
    matcher = SequenceMatcher(None, bare[0], bare[1], autojunk=False)
    same = next(
        (place for place, pair in enumerate(zip(*bare, strict=False)) if pair[0] != pair[1]), min(map(len, bare))
    )
    pieces = []
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(_spaced("".join(other[other_start:other_end]), "{}{}"))
            continue
        pieces.append(_spaced("".join(one[start:end]), "<del>{}</del>{}"))
        pieces.append(_spaced("".join(other[other_start:other_end]), "<ins>{}</ins>{}"))
    return WordDiff(
        same=same,
        before=" ".join(bare[0][same : same + NEXT]),
        after=" ".join(bare[1][same : same + NEXT]),
        text=Markup("").join(pieces),
        cut=max(map(len, texts)) > MOST_WORDS,
    )


def _spaced(text: str, form: str) -> Markup:
    """Put words into an element, and the space behind them outside, so that no mark runs on into what follows."""
    bare = text.rstrip()
    return Markup(form).format(badged(bare), text[len(bare) :] or " ") if bare else Markup("")
