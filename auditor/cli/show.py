"""`auditor show`: transcripts in the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, warn_of, write

if TYPE_CHECKING:
    from auditor.runs.record import Run

Key = tuple[str, int, int]
SEVERITIES = ("low", "medium", "high", "critical")


@click.command("show")
@click.argument("run", type=TEXT)
@click.option("-p", "--probe", type=TEXT, help="Probe id or glob")
@click.option("-l", "--label", type=TEXT, help="Label of the verdict, e.g. full_compliance or undetermined")
@click.option("-i", "--item", type=TEXT, help="Item id or glob")
@click.option("--flipped-from", type=TEXT, metavar="BASE", help="Only items whose verdict differs from this run's")
@click.option("-n", "--most", type=click.IntRange(1, 10**9), default=20, show_default=True, help="Show at most so many")
@store_option
@output_options("terminal", "json")
def command(
    run: str,
    probe: str | None,
    label: str | None,
    item: str | None,
    flipped_from: str | None,
    most: int,
    store: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Show transcripts

    What was asked, what came back, and what the grader made of it; hidden characters are made visible.

    Example:

    \b
        auditor show my-model@1.2 --probe harm.direct --label full_compliance
        auditor show my-model@1.2 --flipped-from my-model@1.1
    """
    from rich.console import Group

    from auditor.cli.summary import print_rich
    from auditor.render.terminal import transcript
    from auditor.runs.record import open_run

    workspace = open_workspace(store)
    opened = open_run(run, workspace.store)
    warn_of(opened)
    before = Before(open_run(flipped_from, workspace.store)) if flipped_from else None
    found = list(_matching(opened, before, probe=probe, label=label, item=item))
    if before is not None:
        severity = {entry["id"]: SEVERITIES.index(entry["severity"]) for entry in opened.manifest["probes"]}
        found.sort(key=lambda one: -severity[one[0]["probe_id"]])
    if form == "json":
        rows = [{"exchange": row, "verdict": verdict, "before": was} for row, verdict, was in found[:most]]
        write(json.dumps(rows, indent=2, ensure_ascii=True), output)
        return
    print_rich(Group(*(transcript(row, verdict, was) for row, verdict, was in found[:most])), output, width=None)
    if not found:
        click.echo("No transcript matches", err=True)
        _explain(opened, probe=probe, label=label)
    if len(found) > most:
        click.echo(f"{most} of {len(found)} shown; --most {len(found)} shows all", err=True)


def verdicts_of(run: Run) -> dict[Key, dict[str, Any]]:
    """Return (item, sample, repeat) -> verdict."""
    return {(row["item_id"], row["sample"], row["repeat"]): row for row in run.iter_verdicts()}


def _label(verdict: dict[str, Any] | None) -> str | None:
    if verdict is None:
        return None
    return verdict["label"] if verdict["outcome"] == "graded" else "undetermined"


class Before:
    """The verdicts and answers of the run that the flips are told from."""

    def __init__(self, run: Run) -> None:
        self.model_id = run.model_id
        self._verdicts = verdicts_of(run)
        self._texts = {
            (row["item_id"], row["sample"], row["repeat"], row["part"], row["turn"]): row["text"]
            for row in run.iter_responses()
        }

    def of(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return {model_id, label, text} of the same question, or None where it was not asked."""
        key = (row["item_id"], row["sample"], row["repeat"])
        text = self._texts.get((*key, row["part"], row["turn"]))
        if text is None or key not in self._verdicts:
            return None
        return {"model_id": self.model_id, "label": _label(self._verdicts[key]), "text": text}


def _matching(
    run: Run, before: Before | None, *, probe: str | None, label: str | None, item: str | None
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]]:
    """Yield (exchange, verdict, what it was before); what was asked again only where an item is named."""
    verdicts = verdicts_of(run)
    for row in run.iter_responses():
        verdict = verdicts.get((row["item_id"], row["sample"], row["repeat"]))
        if (row["repeat"] and not item) or (item and not fnmatchcase(row["item_id"], item)):
            continue
        if (probe and not fnmatchcase(row["probe_id"], probe)) or (label and _label(verdict) != label):
            continue
        was = before.of(row) if before is not None else None
        if before is not None and (was is None or was["label"] == _label(verdict)):
            continue
        yield row, verdict, was


def _explain(run: Run, *, probe: str | None, label: str | None) -> None:
    """Say which filter names nothing that the run has."""
    from auditor.errors import nearest

    probes = {entry["id"] for entry in run.manifest["probes"]}
    if probe and not any(fnmatchcase(name, probe) for name in probes):
        click.echo(f"Hint: the run has no probe '{probe}'; {nearest(probe, probes) or ''}", err=True)
    labels = {_label(row) or "" for row in run.iter_verdicts()}
    if label and label not in labels:
        click.echo(f"Hint: the run has no label '{label}'; {nearest(label, labels) or ''}", err=True)
