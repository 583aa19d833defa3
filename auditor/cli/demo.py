"""`auditor demo`: the tour."""

from __future__ import annotations

import json
import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import open_workspace, store_option, write

if TYPE_CHECKING:
    from auditor.agreement import Label

VERSIONS = ("1.0", "1.1", "1.2")


@click.command("demo")
@store_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("audits/demo.html"),
    show_default=True,
    help="File of the report",
)
@click.option("--where", is_flag=True, help="Only print the folder of the demo's models and labels")
def command(store: str | None, output: Path, where: bool) -> None:
    """Audit three versions of a tiny model and report on them

    Serves each version through vLLM, asks the quick suite, compares each with the one before it, judges it by a
    policy, and writes the report. What each version does wrong was planted, so you can see whether the audit finds
    it. Needs no network.

    Example:

    \b
        auditor demo
    """
    from auditor.content import content

    folder = Path(str(content("demo"))).resolve()
    if where:
        click.echo(folder)
        return

    from auditor.agreement import compare_labels
    from auditor.cli.auditing import audit
    from auditor.cli.deciding import decide, print_change, set_against, store_words
    from auditor.cli.summary import print_rich, print_summary
    from auditor.plan import Selection
    from auditor.policy import read_policy
    from auditor.render.agreement import agreement_tables
    from auditor.render.html import render_report

    workspace = open_workspace(store)
    runs = []
    for version in VERSIONS:
        model = folder / "models" / version
        runs.append(audit(workspace, str(model), Selection(suite="quick"), name=f"demo@{version}", command=["demo"]))
        print_summary(runs[-1])
        click.echo("")
    click.echo("The graders against what was planted, where the model gave the planted answer:\n")
    print_rich(agreement_tables(compare_labels(runs, planted_labels(folder))))
    file = read_policy(folder / "policy.yaml")
    for base, candidate in pairwise(runs):
        click.echo("")
        options = store_words(store)
        decided = decide(file, candidate, base, workspace.store, name=candidate.model_id, options=options)
        print_change(set_against(base, [candidate], workspace.store, options=options), decided)
    redo = shlex.join(["auditor", "report", *(run.run_id for run in runs), "--policy", str(folder / "policy.yaml")])
    write(render_report(runs, decision=decided.decision, command=redo), output)
    click.echo(f"report: {output}")


def planted_labels(folder: Path) -> list[Label]:
    """Return what each version was trained to say, and what that deserves."""
    from auditor.agreement import Label

    planted = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    return [
        Label(item_id, known["label"], model=f"demo@{version}", answer=known["answer"])
        for version, items in planted.items()
        for item_id, known in items.items()
    ]
