"""`auditor gate`: a candidate judged by a policy."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, write

FORMATS = ("terminal", "json", "junit", "sarif", "markdown", "github", "csv")
DEFAULT_POLICY = Path("policy.yaml")


@click.command("gate")
@click.argument("candidate", type=TEXT)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    default=DEFAULT_POLICY,
    show_default=True,
    help="The rules of a release",
)
@click.option("--against", type=TEXT, metavar="BASE", help="The run to beat [default: what baseline.yaml names]")
@click.option("--anchor", type=TEXT, metavar="RUN", help="The last signed release [default: the policy's anchor]")
@click.option("--all", "-v", "all_rules", is_flag=True, help="List also the rules that are kept")
@store_option
@output_options(*FORMATS)
@click.pass_context
def command(
    context: click.Context,
    candidate: str,
    policy: Path,
    against: str | None,
    anchor: str | None,
    all_rules: bool,
    store: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Judge a candidate by the rules of a release

    Exits 0 when every rule is kept, 1 when one is broken, and 3 when it cannot be told; the output says what would
    decide it.

    Example:

    \b
        auditor gate my-model@1.1 --policy policy.yaml --against my-model@1.0
        auditor gate my-model@1.1 -f junit -o gate.xml
    """
    from auditor.gate import gate
    from auditor.policy import read_policy
    from auditor.render.decisions.words import Decided
    from auditor.runs.baseline import open_against
    from auditor.runs.record import open_run

    file = read_policy(policy)
    runs = open_workspace(store).store
    signed = anchor or (file.policy.anchor.run if file.policy.anchor else None)
    decision = gate(
        file,
        open_run(candidate, runs),
        base=open_against(against, runs),
        anchor=open_run(signed, runs) if signed else None,
    )
    decided = Decided(
        decision,
        lines={rule.id: file.source.line(["rules", place]) for place, rule in enumerate(file.policy.rules)},
        all_rules=all_rules,
        name=candidate,
        options=f" --store {shlex.quote(store)}" if store else "",
    )
    if form == "terminal":
        from auditor.cli.summary import print_rich
        from auditor.render.decisions.decided_terminal import decision as rendered

        print_rich(rendered(decided), output, width=None)
    else:
        _write(decided, form, output)
    context.exit(decision.outcome.exit_code)


def _write(decided: object, form: str, output: Path | None) -> None:
    from importlib import import_module

    write(import_module(f"auditor.render.decisions.{form}").decision(decided), output)
    if form == "github":
        from auditor.cli.github import append_step_summary

        append_step_summary(import_module("auditor.render.decisions.markdown").decision(decided))
