"""`auditor grade`: saved answers graded again."""

from __future__ import annotations

import click

from auditor.cli.options import TEXT, open_workspace, store_option


@click.command("grade")
@click.argument("run", type=TEXT)
@click.option("--layer", type=TEXT, required=True, help="Name of the new grading")
@store_option
def command(run: str, layer: str, store: str | None) -> None:
    """Grade saved answers again, as a new layer

    Uses the graders and metrics that the probe files name now; never asks the model. The run itself does not change:
    RUN#LAYER chooses the new grading wherever a run is expected.

    Example:

    \b
        auditor grade my-model@1.0 --layer stricter
    """
    from auditor.cli.summary import print_summary
    from auditor.regrade import regrade
    from auditor.runs.record import open_run

    workspace = open_workspace(store)
    opened = open_run(run, workspace.store)
    regrade(opened, layer, workspace.library)
    workspace.store.settle(opened.path)
    print_summary(open_run(f"{opened.run_id}#{layer}", workspace.store))
