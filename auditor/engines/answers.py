"""Tells the answer from the thinking before it, and an answer from nothing visible."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from math import exp, isfinite, log

from auditor.types import Status

THINKING_TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
)
"""Opening and closing tags that models put around their thinking."""

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters without ink that Unicode files among letters, marks and symbols (Hangul fillers and such)."""

LOGPROB_LIMIT = 1e6
"""A log-probability farther from 0 is none; a reply may hold any number."""


def split_reasoning(text: str, *, opened: bool | None = None) -> tuple[str | None, str]:
    """Return the thinking, if there is any, and the answer after it.

    Only the closing tag may be there, because many templates open the thinking in the prompt; `opened` says
    whether this one did, None that nobody knows. Thinking that was cut before its closing tag leaves an empty answer.
    What is said before an opening tag is said to the reader, and so is a closing tag that closes nothing.
    """
    start = text.lstrip()
    for opening, closing in THINKING_TAGS:
        before, found, after = text.partition(closing)
        if found and (start.startswith(opening) or (opened is not False and opening not in before)):
            return _thought(before, opening), after.lstrip()
    for opening, _ in THINKING_TAGS:
        if start.startswith(opening):
            return _thought(start, opening), ""
    return (_thought(text, ""), "") if opened else (None, text)


def opens_thinking(prompt: str) -> bool:
    """Return whether a rendered prompt ends inside the thinking."""
    return prompt.rstrip().endswith(tuple(opening for opening, _ in THINKING_TAGS))


def is_blank(text: str) -> bool:
    """Return whether no character of the text can be seen."""
    return not any(_is_visible(character) for character in text)


def status_of(finish_reason: str | None, text: str) -> Status:
    """Return how an answer ended; one that was cut is `length` even where nothing of it can be seen."""
    if finish_reason == "length":
        return Status.LENGTH
    return Status.EMPTY if is_blank(text) else Status.STOP


def label_logprobs(candidates: Mapping[str, Sequence[str]], logprob_of: Mapping[str, float]) -> dict[str, float]:
    """Return label -> log of the summed probability of its spellings; labels without any are left out."""
    totals = {
        label: sum_logprobs(logprob_of[spelling] for spelling in set(spellings) if spelling in logprob_of)
        for label, spellings in candidates.items()
    }
    return {label: total for label, total in totals.items() if total is not None}


def sum_logprobs(values: Iterable[float]) -> float | None:
    """Return log(sum(exp(values))), or None where no value is finite."""
    finite = [value for value in values if isfinite(value)]
    if not finite:
        return None
    top = max(finite)
    return min(0.0, top + log(sum(exp(value - top) for value in finite)))


def _thought(text: str, opening: str) -> str | None:
    return text.strip().removeprefix(opening).strip() or None


def _is_visible(character: str) -> bool:
    if "!" <= character <= "~":
        return True
    if character in INVISIBLE or "\ufe00" <= character <= "\ufe0f":
        return False
    return unicodedata.category(character) not in ("Zs", "Zl", "Zp", "Cc", "Cf")
