"""What `gate`, `compare`, `run` and `demo` share: a comparison or a decision made and written."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.options import write

if TYPE_CHECKING:
    from auditor.decision import Outcome
    from auditor.policy import PolicyFile
    from auditor.render.decisions.words import Compared, Decided
    from auditor.runs.record import Run
    from auditor.runs.store import Store

FORMATS = ("terminal", "json", "junit", "sarif", "markdown", "github", "csv")


def decide(
    file: PolicyFile,
    candidate: Run,
    base: Run | None,
    store: Store,
    *,
    anchor: str | None = None,
    all_rules: bool = False,
    name: str = "",
    options: str = "",
) -> Decided:
    """Judge a candidate; the anchor is the policy's own unless another is named."""
    from auditor.gate import gate
    from auditor.render.decisions.words import Decided
    from auditor.runs.record import open_run

    signed = anchor or (file.policy.anchor.run if file.policy.anchor else None)
    decision = gate(file, candidate, base=base, anchor=open_run(signed, store) if signed else None)
    lines = {rule.id: file.source.line(["rules", place]) for place, rule in enumerate(file.policy.rules)}
    return Decided(decision, lines=lines, all_rules=all_rules, name=name, options=options)


def write_decision(decided: Decided, form: str, output: Path | None) -> Outcome:
    """Write a decision in a form and return its outcome."""
    if form == "terminal":
        from auditor.cli.summary import print_rich
        from auditor.render.decisions.decided_terminal import decision

        print_rich(decision(decided), output, width=None)
    else:
        write(import_module(f"auditor.render.decisions.{form}").decision(decided), output)
    if form == "github":
        from auditor.cli.github import append_step_summary

        append_step_summary(import_module("auditor.render.decisions.markdown").decision(decided))
    return decided.decision.outcome


def set_against(base: Run, candidates: Sequence[Run], store: Store, *, options: str = "") -> Compared:
    """Compare candidates with a baseline, with the noise floor that the store knows."""
    from auditor.compare import asked_again, compare
    from auditor.render.decisions.words import Compared

    again = asked_again(store, base, others=candidates)
    return Compared(
        compare(base, candidates, again=again),
        again=again.run_id if again else None,
        names=(base.model_id, *(run.model_id for run in candidates)),
        options=options,
    )


def print_change(compared: Compared, decided: Decided | None) -> None:
    """Print what changed since the baseline, then whether the candidate may be released."""
    from rich.console import Group

    from auditor.cli.summary import print_rich
    from auditor.render.decisions.compared_terminal import comparison
    from auditor.render.decisions.decided_terminal import decision

    print_rich(Group(comparison(compared), *([decision(decided)] if decided else [])), width=None)


def store_words(store: str | None) -> str:
    """Return what has to stand behind a command so that it finds the same runs."""
    return f" --store {shlex.quote(store)}" if store else ""
