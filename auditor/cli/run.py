"""`auditor run`: audit one model version."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from auditor.cli.options import TEXT, open_workspace, output_options, selection_options, store_option, write


@click.command("run")
@click.argument("model", type=TEXT)
@selection_options
@store_option
@click.option("--concurrency", type=click.IntRange(1, 4096), help="Requests under way at once (servers) [default: 64]")
@click.option("--max-requests", type=click.IntRange(1), help="Ask a server at most so often, retries included")
@click.option("--again", is_flag=True, help="Ask everything again although the same plan was audited")
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
    concurrency: int | None,
    max_requests: int | None,
    again: bool,
    form: str,
    output: Path | None,
) -> None:
    """Audit one model version

    MODEL is a folder or hub name, a server URL, a .jsonl file of recorded responses, or a target.yaml.
    An interrupted run goes on with the same command.

    Example:

    \b
        auditor run ./my-model --name my-model@1.0 --suite quick
    """
    from auditor.cli.auditing import audit
    from auditor.cli.summary import print_summary
    from auditor.errors import SealError
    from auditor.plan import Selection
    from auditor.render.json import summary_json

    workspace = open_workspace(store)
    selection = Selection(suite, batteries, probes, limit)
    flags = {"served_model": served_model, "concurrency": concurrency, "max_requests": max_requests}
    run = audit(workspace, model, selection, name=name, flags=flags, again=again, command=sys.argv[1:])
    if form == "json":
        write(summary_json(run), output)
    else:
        print_summary(run, output)
    if run.problems:
        raise SealError(f"{run.run_id}: the seal is broken: {'; '.join(run.problems)}", hint="--again asks all anew")
