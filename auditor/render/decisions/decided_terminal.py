"""A gate's decision on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from auditor.decision import Outcome, Result

from . import words
from .words import Decided

STYLES = {Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "yellow", Outcome.PASS: "green"}
VERDICTS = {Outcome.FAIL: "FAIL", Outcome.INCONCLUSIVE: "INCONCLUSIVE", Outcome.PASS: "PASS"}


def decision(decided: Decided) -> RenderableType:
    """Return a decision: the verdict in words, then rule by rule, what is broken first."""
    found = decided.decision
    style = STYLES[found.outcome]
    head = Text.assemble((VERDICTS[found.outcome], f"bold {style}"), (f"  {words.decision_title(found)}", "bold"))
    parts: list[RenderableType] = [head, Text(words.tame(found.text, 1000))]
    parts += [Text(note, style="yellow") for note in words.notes(found)]
    if found.base_run is not None:
        parts.append(Text("\n".join(words.treatment(found.changed))))
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        parts += _group(found.of(outcome), f"{words.OUTCOME_WORDS[outcome]}", decided)
    parts += _group(words.ranked(found.waived), "waived", decided)
    kept = found.of(Outcome.PASS)
    if decided.all_rules:
        parts += _group(kept, words.OUTCOME_WORDS[Outcome.PASS], decided)
    elif kept:
        parts += [Text(""), Text(f"{words.OUTCOME_SIGNS[Outcome.PASS]} {len(kept)} kept; --all lists them", "green")]
    parts += [Text(f"Warning: {words.tame(line)}", style="yellow") for line in found.unmatched_waivers]
    parts += [Text(""), Text(_footer(decided), style="dim")]
    return Group(*parts)


def _footer(decided: Decided) -> str:
    found = decided.decision
    judged = f"{words.tame(found.policy)}, bounds of one-sided {100 * found.confidence:g}%"
    return "\n".join([judged, *words.runs(found)])


def _group(results: Iterable[Result], heading: str, decided: Decided) -> list[RenderableType]:
    found = list(results)
    if not found:
        return []
    parts: list[RenderableType] = [Text(""), Text(f"{len(found)} {heading}", style="bold")]
    for result in found:
        style = "dim" if result.waiver else STYLES[result.outcome]
        sign = "~" if result.waiver else words.OUTCOME_SIGNS[result.outcome]
        parts.append(
            Text.assemble((f"{sign} {words.tame(result.id)}", f"bold {style}"), f"  {words.tame(result.limit)}")
        )
        told = [words.tame(result.text, 1000), *words.advice(result, decided)]
        if result.waiver is not None:
            told.append(words.waived_words(result))
        parts += [
            Padding(
                Text(words.continued(line)) if line.startswith("auditor ") else Text(line), (0, 0, 0, 4), expand=False
            )
            for line in told
        ]
    return parts
