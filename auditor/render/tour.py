"""The end of the demo: what the audit says of each version, beside what was planted in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.amounts import count
from auditor.compare import Comparison, Standing, Turn
from auditor.decision import Decision, Outcome
from auditor.render.agreement import agreement_tables
from auditor.render.decisions import words
from auditor.render.decisions.decided_terminal import STYLES, VERDICTS
from auditor.render.decisions.words import Compared, Decided
from auditor.render.visible import plain


def graders_against_planted(found: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return one line where every grader agrees with every label, else the tables of those that do not."""
    right = [entry for entry in found if entry["compared"] and set(entry["recall"].values()) <= {1.0}]
    parts: list[RenderableType] = []
    if right:
        compared, other = (sum(entry[key] for entry in right) for key in ("compared", "other_text"))
        parts.append(
            Text(
                f"{len(right)} of {len(found)} graders agree with all that was planted: every recall 1.00, "
                f"n {compared:,}; {count(other, 'label')} left out, of another text than the answer."
            )
        )
    return Group(*parts, agreement_tables([entry for entry in found if entry not in right]))


def closing(first: str, judged: Sequence[tuple[Compared, Decided]], planted: Mapping[str, str]) -> RenderableType:
    """Return verdict and planted faults of every version, which one is better in what, and where to look next.

    `first` is the version that is held against nothing; `planted` has the faults by `name@version`.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("version", "against", "verdict"):
        table.add_column(name, no_wrap=True)
    table.add_column("broken rules", overflow="fold")
    table.add_column("planted in it", overflow="fold")
    table.add_row(first, "-", "-", "-", planted[first])
    for _, decided in judged:
        found = decided.decision
        verdict = Text(VERDICTS[found.outcome], style=STYLES[found.outcome])
        table.add_row(*_sides(found), verdict, "\n".join(_broken(found)) or "-", planted[found.candidate_model])
    told = [Text(_better(one)) for compared, _ in judged for one in compared.comparisons]
    return Group(table, Text(""), *told, *_next(judged[-1][0]))


def _sides(found: Decision) -> tuple[str, str]:
    return plain(found.candidate_model), plain(found.base_model or "-")


def _broken(found: Decision) -> Iterable[str]:
    """Yield the broken rules, a cell by its value alone."""
    for result in found.of(Outcome.FAIL):
        cell = result.id.removeprefix(result.rule).strip("[]").rpartition("=")[2]
        yield plain(f"{result.rule}: {cell}" if cell else result.id)


def _better(found: Comparison) -> str:
    """Return which side is better in what, of the numbers over whole batteries that surely moved."""
    moved = {
        standing: [
            one.metric for one in words.of_standing(found, standing) if one.cell == "all" and "." not in one.source
        ]
        for standing in (Standing.BETTER, Standing.WORSE)
    }
    sides = ((found.candidate_model, moved[Standing.BETTER]), (found.base_model, moved[Standing.WORSE]))
    told = [f"{plain(model)} is better in {_listed(metrics)}" for model, metrics in sides if metrics]
    pair = f"{plain(found.candidate_model)} against {plain(found.base_model)}"
    return f"{pair}: {'; '.join(told) or 'no number of a whole battery surely moved'}."


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _next(compared: Compared) -> Iterable[RenderableType]:
    """Yield what to look at: what newly broke in the last comparison."""
    (last,) = compared.comparisons
    broken = len(words.of_turn(last, Turn.BROKEN))
    if broken:
        base, candidate = (shlex.quote(name) for name in compared.names)
        yield Text(f"Look next at the {broken} items that newly broke in {plain(last.candidate_model)}:")
        yield Text(f"  auditor show {candidate} --flipped-from {base} --turn broken{compared.options}")
