"""`auditor plan`: what a run would ask."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, selection_options, store_option, write


@click.command("plan")
@click.argument("model", type=TEXT)
@selection_options
@store_option
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
    form: str,
    output: Path | None,
) -> None:
    """Show what a run would ask, without asking

    Counts requests and tokens, what earlier runs have answered already, prompts that cannot fit the context, and
    the time that the last run of this model suggests.

    Example:

    \b
        auditor plan ./my-model --suite standard
    """
    from auditor.cli.auditing import prepare
    from auditor.cli.summary import print_rich
    from auditor.forecast import forecast
    from auditor.plan import Selection
    from auditor.render.forecast import forecast_table

    workspace = open_workspace(store)
    selection = Selection(suite, batteries, probes, limit)
    plan, engine = prepare(workspace, model, selection, name=name, flags={"served_model": served_model})
    said = forecast(plan, workspace.store)
    if form == "json":
        write(json.dumps(said, indent=2), output)
    else:
        print_rich(forecast_table(said), output)
