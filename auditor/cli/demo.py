"""`auditor demo`: the tour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import open_workspace, store_option, write

if TYPE_CHECKING:
    from auditor.agreement import Label
    from auditor.runs.record import Run

VERSIONS = ("1.0", "1.1", "1.2")
SHOWN_NUMBERS, SHOWN_ITEMS = 3, 5
"""So many of the worse numbers, of the better ones, and of the newly broken items are listed of each version."""


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

    from auditor.cli.auditing import audit
    from auditor.cli.summary import print_rich
    from auditor.plan import Selection
    from auditor.render.terminal import summary

    workspace = open_workspace(store)
    runs = []
    for version in VERSIONS:
        model = folder / "models" / version
        runs.append(audit(workspace, str(model), Selection(suite="quick"), name=f"demo@{version}", command=["demo"]))
        print_rich(summary(runs[-1], legend=version == VERSIONS[0]))
        click.echo("")
    _tell(runs, folder, store, output)


def _tell(runs: Sequence[Run], folder: Path, store: str | None, output: Path) -> None:
    """Print graders, comparisons and verdicts, write the report, and end with what it comes to."""
    from auditor.agreement import compare_labels
    from auditor.cli.deciding import decide, print_change, set_against, store_words
    from auditor.cli.summary import print_rich
    from auditor.policy import read_policy
    from auditor.render.html import render_report
    from auditor.render.tour import closing, graders_against_planted

    labels = planted_labels(folder)
    print_rich(graders_against_planted(compare_labels(runs, labels)))
    file = read_policy(folder / "policy.yaml")
    runs_of, options = open_workspace(store).store, store_words(store)
    judged = []
    for base, candidate in pairwise(runs):
        decided = decide(file, candidate, base, runs_of, name=candidate.model_id, options=options)
        compared = set_against(base, [candidate], runs_of, options=options)
        compared = replace(compared, most_numbers=SHOWN_NUMBERS, most_items=SHOWN_ITEMS)
        print_change(compared, decided)
        click.echo("")
        judged.append((compared, decided))
    redo = ("auditor", "report", *(run.run_id for run in runs), "--policy", str(folder / "policy.yaml"))
    write(render_report(runs, decision=judged[-1][1].decision, command=redo), output)
    print_rich(closing(runs[0].model_id, judged, planted_faults(folder)))
    click.echo(f"report: {output}")


def planted_faults(folder: Path) -> dict[str, str]:
    """Return what was planted in each version, in a few words."""
    faults = json.loads((folder / "faults.json").read_text(encoding="utf-8"))
    return {f"demo@{version}": said for version, said in faults.items()}


def planted_labels(folder: Path) -> list[Label]:
    """Return what each version was trained to say, and what that deserves."""
    from auditor.agreement import Label

    planted = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    return [
        Label(item_id, known["label"], model=f"demo@{version}", answer=known["answer"])
        for version, items in planted.items()
        for item_id, known in items.items()
    ]
