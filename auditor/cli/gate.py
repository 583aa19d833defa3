"""`auditor gate`: a candidate judged by a policy."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.deciding import FORMATS, decide, store_words, write_decision
from auditor.cli.options import TEXT, open_workspace, output_options, store_option

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
    from auditor.policy import read_policy
    from auditor.runs.baseline import open_against
    from auditor.runs.record import open_run

    runs = open_workspace(store).store
    decided = decide(
        read_policy(policy),
        open_run(candidate, runs),
        open_against(against, runs),
        runs,
        anchor=anchor,
        all_rules=all_rules,
        name=candidate,
        options=store_words(store),
    )
    context.exit(write_decision(decided, form, output).exit_code)
