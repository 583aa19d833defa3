"""`auditor report`: what runs found, as a page, on the terminal or for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, warn_of, write

if TYPE_CHECKING:
    from auditor.render.decisions.words import Decided
    from auditor.runs.record import Run


@click.command("report")
@click.argument("runs", type=TEXT, nargs=-1, required=True)
@click.option(
    "--policy", type=click.Path(path_type=Path), metavar="FILE", help="Policy that the candidate is judged by"
)
@click.option("--against", type=TEXT, metavar="RUN", help="Baseline [default: the run before the candidate]")
@store_option
@output_options("html", "terminal", "json")
def command(
    runs: tuple[str, ...],
    policy: Path | None,
    against: str | None,
    store: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Write the HTML report over versions

    RUNS are ordered from the oldest version to the newest; the last one is the candidate, and the one before it the
    baseline unless --against names another. The page is one offline file, report.html unless -o names another. With
    a policy it says whether the candidate may ship; the exit code is 0 all the same (`auditor gate` ends with the
    verdict). The other formats tell each run by itself, on stdout; json adds the decision to the candidate.

    Example:

    \b
        auditor report my-model@1.0 my-model@1.1 -o report.html
        auditor report my-model@1.0 my-model@1.1 --policy policy.yaml
        auditor report my-model@1.1 -f terminal
    """
    from auditor.cli.deciding import decide
    from auditor.policy import read_policy
    from auditor.runs.baseline import open_against
    from auditor.runs.record import open_run

    workspace = open_workspace(store)
    opened = [open_run(run, workspace.store) for run in runs]
    named = open_against(against, workspace.store) if against else None
    for one in [*opened, *([named] if named else [])]:
        warn_of(one)
    base = named or (opened[-2] if len(opened) > 1 else None)
    decided = decide(read_policy(policy), opened[-1], base, workspace.store) if policy else None
    if form == "html":
        from auditor.compare import asked_again
        from auditor.render.html import render_report

        page = output or Path("report.html")
        again = asked_again(workspace.store, base) if base else None
        redo = _redo(opened, {"--policy": policy, "--against": named.run_id if named else None})
        decision = decided.decision if decided else None
        write(render_report(opened, against=named, again=again, decision=decision, command=redo), page)
        if str(page) != "-":
            click.echo(f"report: {page}", err=True)
    elif form == "json":
        write(_json(opened, decided), output)
    else:
        from rich.console import Group

        from auditor.cli.summary import print_rich
        from auditor.render import terminal

        print_rich(Group(*(terminal.summary(run) for run in opened)), output)


def _redo(runs: Sequence[Run], options: dict[str, object]) -> str:
    import shlex

    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return shlex.join(["auditor", "report", *(run.run_id for run in runs), *given])


def _json(runs: Sequence[Run], decided: Decided | None) -> str:
    import json

    from auditor.render.decisions.json import decision_rows
    from auditor.render.json import summary

    told = [summary(run) for run in runs]
    if decided is not None:
        told[-1]["decision"] = decision_rows(decided)
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"
