"""`auditor run`: audit one model version."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from auditor.cli.options import (
    TEXT,
    open_workspace,
    output_options,
    policy_option,
    selection_options,
    store_option,
    write,
)


@click.command("run")
@click.argument("model", type=TEXT)
@selection_options
@store_option
@click.option("--concurrency", type=click.IntRange(1, 4096), help="Requests under way at once (servers) [default: 64]")
@click.option("--max-requests", type=click.IntRange(1), help="Ask a server at most so often, retries included")
@click.option("--again", is_flag=True, help="Ask everything again although the same plan was audited")
@click.option("--against", type=TEXT, help="Baseline to be judged against [default: baseline.yaml]")
@policy_option
@click.option("--until-decided", is_flag=True, help="Ask in random order, and only until the policy is decided")
@click.option("--repeat-baseline", "repeat", is_flag=True, help="Ask the baseline again first, for the noise floor")
@output_options("terminal", "json")
@click.pass_context
def command(
    context: click.Context,
    model: str,
    name: str | None,
    served_model: str | None,
    suite: str | None,
    batteries: tuple[str, ...],
    probes: tuple[str, ...],
    limit: int | None,
    store: str | None,
    concurrency: int | None,
    max_requests: int | None,
    again: bool,
    against: str | None,
    policy: Path | None,
    until_decided: bool,
    repeat: bool,
    form: str,
    output: Path | None,
) -> None:
    """Audit one model version

    MODEL is a folder or hub name, a server URL, a .jsonl file of recorded responses, or a target.yaml.
    An interrupted run goes on with the same command. With --policy the candidate is judged in the end, and the exit
    code is that of `auditor gate`.

    Example:

    \b
        auditor run ./my-model --name my-model@1.0 --suite quick
        auditor run ./my-model --name my-model@1.1 --against my-model@1.0 --policy policy.yaml
    """
    from auditor.cli.auditing import audit, repeat_baseline
    from auditor.cli.deciding import decide, print_change, set_against, store_words
    from auditor.cli.summary import print_summary
    from auditor.errors import SealError
    from auditor.plan import Selection
    from auditor.policy import read_policy
    from auditor.render.decisions.json import decision_rows
    from auditor.render.json import summary_json
    from auditor.runs.baseline import open_against

    workspace = open_workspace(store)
    flags = {"served_model": served_model, "concurrency": concurrency, "max_requests": max_requests}
    file = read_policy(policy) if policy is not None else None
    base = open_against(against, workspace.store) if file or against or repeat else None
    if until_decided and (file is None or base is None):
        raise click.UsageError("--until-decided needs the --policy that is to be decided, and a baseline --against")
    if repeat and base is None:
        raise click.UsageError("--repeat-baseline needs to know the baseline: name it with --against")
    if repeat and base is not None:
        repeat_baseline(workspace, base, flags=flags)
    run = audit(
        workspace,
        model,
        Selection(suite, batteries, probes, limit),
        name=name,
        flags=flags,
        again=again,
        policy=file,
        until=base if until_decided else None,
        command=sys.argv[1:],
    )
    decided = decide(file, run, base, workspace.store, name=run.model_id, options=store_words(store)) if file else None
    if form == "json":
        found = {"decision": decision_rows(decided)} if decided else {}
        write(summary_json(run, **found), output)
    else:
        print_summary(run, output)
        if base is not None:
            print_change(set_against(base, [run], workspace.store, options=store_words(store)), decided)
    if run.problems:
        raise SealError(f"{run.run_id}: the seal is broken: {'; '.join(run.problems)}", hint="--again asks all anew")
    if decided is not None:
        context.exit(decided.decision.outcome.exit_code)
