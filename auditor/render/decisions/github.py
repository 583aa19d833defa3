"""Workflow annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.compare import Comparison, Standing, Turn
from auditor.decision import Outcome, Result

from . import words
from .words import Compared, Decided

MOST_NUMBERS = 9
"""A step shows ten annotations of each kind; the page of the step shows all."""


def comparison(compared: Compared) -> str:
    """Return what got worse as warnings, and the counts as a notice."""
    return "".join(line for one in compared.comparisons for line in _compared(one))


def _compared(found: Comparison) -> Iterable[str]:
    title = words.title(found)
    if found.forced:
        yield _annotation("warning", title, "Forced: measured by another instrument, the numbers say little.")
    yield from (_annotation("notice", title, note) for note in words.notes(found))
    worse = words.of_standing(found, Standing.WORSE)
    for one in worse[:MOST_NUMBERS]:
        text = f"{words.before_after(one)}, worse by {words.interval(one)}, q {words.q_value(one)}"
        yield _annotation("warning", f"{title}: {words.name(one)}", text)
    told = f"{len(worse)} numbers worse, {len(words.of_standing(found, Standing.BETTER))} better; "
    broken = words.of_turn(found, Turn.BROKEN)
    told += f"{len(broken)} items newly broken. {words.treatment(found.changed)[0]}"
    yield _annotation("notice", title, "\n".join([told, *words.runs(found)]))


def decision(decided: Decided) -> str:
    """Return the verdict, then each rule that is not kept, at its line in the policy."""
    found = decided.decision
    # An undecided gate is not passed either: the first line is an error for both.
    kind = "notice" if found.outcome is Outcome.PASS else "error"
    title = f"{found.outcome.upper()}: {words.decision_title(found)}"
    lines = [_annotation(kind, title, "\n".join([words.tame(found.text, 1000), *words.runs(found)]))]
    lines += [_annotation("notice", title, note) for note in words.notes(found)]
    kinds = {Outcome.FAIL: "error", Outcome.INCONCLUSIVE: "warning"}
    for outcome, kind in kinds.items():
        lines += [_rule(kind, result, decided) for result in found.of(outcome)]
    lines += [
        _annotation("notice", f"waived: {one.id}", f"{words.tame(one.text)} {words.waived_words(one)}")
        for one in found.waived
    ]
    lines += [_annotation("warning", "waiver", words.tame(line)) for line in found.unmatched_waivers]
    return "".join(lines)


def _rule(kind: str, result: Result, decided: Decided) -> str:
    place = {}
    if result.rule in decided.lines:
        place = {"file": decided.decision.policy, "line": str(decided.lines[result.rule])}
    said = "\n".join([words.tame(result.text, 1000), *words.advice(result, decided)])
    return _annotation(kind, f"{words.OUTCOME_WORDS[result.outcome]}: {result.id}", said, **place)


def _annotation(kind: str, title: str, text: str, **place: str) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in {**place, "title": title}.items())
    return f"::{kind} {properties}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(words.tame(text)).replace(":", "%3A").replace(",", "%2C")
