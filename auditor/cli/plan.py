"""`auditor plan`: what a run would ask."""

from __future__ import annotations

import json
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


@click.command("plan")
@click.argument("model", type=TEXT)
@selection_options
@store_option
@policy_option
@output_options("terminal", "json")
def command(
    model: str,
    name: str | None,
    served_model: str | None,
    suite: str | None,
    batteries: tuple[str, ...],
    probes: tuple[str, ...],
    limit: int | None,
    store: str | None,
    policy: Path | None,
    form: str,
    output: Path | None,
) -> None:
    """Show what a run would ask, without asking

    Counts requests and tokens, what earlier runs have answered already, prompts that cannot fit the context, and
    the time that the last run of this model suggests. With --policy also what each rule can come to with so many
    families: pass, only fail, or nothing.

    Example:

    \b
        auditor plan ./my-model --suite standard
        auditor plan ./my-model --suite standard --policy policy.yaml
    """
    from auditor.cli.auditing import prepare
    from auditor.cli.summary import print_rich
    from auditor.forecast import forecast, policy_outlook
    from auditor.plan import Selection
    from auditor.render.forecast import forecast_table

    workspace = open_workspace(store)
    selection = Selection(suite, batteries, probes, limit)
    plan, engine = prepare(workspace, model, selection, name=name, flags={"served_model": served_model})
    said = forecast(plan, workspace.store)
    if policy is not None:
        said["policy"] = policy_outlook(plan, policy)
    if form == "json":
        write(json.dumps(said, indent=2), output)
    else:
        print_rich(forecast_table(said), output)
