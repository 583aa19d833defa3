"""`auditor show`: transcripts in the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import TEXT, open_workspace, output_options, store_option, warn_of, write

if TYPE_CHECKING:
    from auditor.runs.record import Run

Key = tuple[str, int, int]
TURNS = {"broken": "newly broken", "fixed": "newly fixed", "still": "still broken"}
"""What a person calls a turn -> what `auditor compare` calls it."""
ELSE = "answered otherwise"


@click.command("show")
@click.argument("run", type=TEXT)
@click.option("-p", "--probe", type=TEXT, help="Probe id or glob")
@click.option("-l", "--label", type=TEXT, help="Label of the verdict, e.g. full_compliance or undetermined")
@click.option("-i", "--item", type=TEXT, help="Item id or glob")
@click.option("--flipped-from", type=TEXT, metavar="BASE", help="Only items whose verdict differs from this run's")
@click.option("--turn", type=click.Choice(tuple(TURNS)), help="Only items that are so since --flipped-from")
@click.option("-n", "--most", type=click.IntRange(1, 10**9), default=20, show_default=True, help="Show at most so many")
@store_option
@output_options("terminal", "json")
def command(
    run: str,
    probe: str | None,
    label: str | None,
    item: str | None,
    flipped_from: str | None,
    turn: str | None,
    most: int,
    store: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Show transcripts

    What was asked, what came back, and what the grader made of it; hidden characters are made visible. With
    --flipped-from also what it was before, the newly broken first and the severest first of these.

    Example:

    \b
        auditor show my-model@1.2 --probe harm.direct --label full_compliance
        auditor show my-model@1.2 --flipped-from my-model@1.1 --turn broken
    """
    from rich.console import Group

    from auditor.cli.summary import print_rich
    from auditor.render.terminal import transcript
    from auditor.runs.record import open_run

    if turn and not flipped_from:
        raise click.UsageError("--turn needs to know since when: name the run with --flipped-from")
    workspace = open_workspace(store)
    opened = open_run(run, workspace.store)
    warn_of(opened)
    _must_name(opened, probe=probe, item=item)
    found: Iterable[Shown] = _matching(opened, probe=probe, label=label, item=item)
    if flipped_from:
        found = _flipped(found, opened, open_run(flipped_from, workspace.store), TURNS.get(turn or ""))
    shown = list(found)
    if form == "json":
        rows = [
            {"exchange": one.row, "verdict": one.verdict, "before": one.before, "turn": one.turn or None}
            for one in shown[:most]
        ]
        write(json.dumps(rows, indent=2, ensure_ascii=True), output)
        return
    print_rich(Group(*(transcript(one.row, one.verdict, one.before) for one in shown[:most])), output, width=None)
    if not shown:
        click.echo("No transcript matches", err=True)
        _explain(opened, label)
    elif flipped_from:
        click.echo(_counts(shown, flipped_from), err=True)
    if len(shown) > most:
        click.echo(f"{most} of {len(shown)} shown; --most {len(shown)} shows all", err=True)


@dataclass(frozen=True)
class Shown:
    """One exchange, its verdict, and what it was before."""

    row: Mapping[str, Any]
    verdict: dict[str, Any] | None
    before: dict[str, Any] | None = None
    turn: str = ""
    """What became of its item since before; empty where nothing was before."""


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

    def of(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return {model_id, label, text} of the same question, or None where it was not asked."""
        key = (row["item_id"], row["sample"], row["repeat"])
        text = self._texts.get((*key, row["part"], row["turn"]))
        if text is None or key not in self._verdicts:
            return None
        return {"model_id": self.model_id, "label": _label(self._verdicts[key]), "text": text}


def _matching(run: Run, *, probe: str | None, label: str | None, item: str | None) -> Iterator[Shown]:
    """Yield what the filters choose; what was asked again only where an item is named."""
    verdicts = verdicts_of(run)
    for row in run.iter_responses():
        verdict = verdicts.get((row["item_id"], row["sample"], row["repeat"]))
        if (row["repeat"] and not item) or (item and not fnmatchcase(row["item_id"], item)):
            continue
        if (probe and not fnmatchcase(row["probe_id"], probe)) or (label and _label(verdict) != label):
            continue
        yield Shown(row, verdict)


def _flipped(found: Iterable[Shown], run: Run, base: Run, wanted: str | None) -> list[Shown]:
    """Return those of this turn, or all whose label changed: newly broken first, the severest first of these."""
    from auditor.compare import SEVERITIES, Turn, pair_runs, turned_items

    pair, before = pair_runs(base, run, force=True), Before(base)
    turns = {item.candidate_id: item.turn for item in turned_items(pair)}
    chosen = []
    for one in found:
        item_id = one.row["item_id"]
        was = before.of({**one.row, "item_id": pair.renamed[item_id]}) if item_id in pair.renamed else None
        turn = turns.get(item_id)
        if was is not None and (turn == wanted if wanted else was["label"] != _label(one.verdict)):
            chosen.append(Shown(one.row, one.verdict, was, turn or ELSE))
    order = [*Turn, ELSE]
    severity = {entry["id"]: SEVERITIES.index(entry["severity"]) for entry in run.manifest["probes"]}
    return sorted(chosen, key=lambda one: (order.index(one.turn), severity[one.row["probe_id"]]))


def _counts(shown: Iterable[Shown], base: str) -> str:
    """Return how many items took which turn."""
    turns = {one.row["item_id"]: one.turn for one in shown}
    counts = Counter(turns.values())
    told = ", ".join(f"{counts[turn]} {turn}" for turn in (*TURNS.values(), ELSE) if counts[turn])
    return f"Since {base}: {told}"


def _must_name(run: Run, *, probe: str | None, item: str | None) -> None:
    """Refuse a probe or an item that the run does not have."""
    from auditor.errors import ConfigError, nearest

    probes = {entry["id"] for entry in run.manifest["probes"]}
    if probe and not any(fnmatchcase(name, probe) for name in probes):
        raise ConfigError(f"{run.run_id} has no probe '{probe}'", hint=nearest(probe, probes))
    if item:
        items = {row["item_id"] for row in run.iter_items()}
        if not any(fnmatchcase(name, item) for name in items):
            raise ConfigError(f"{run.run_id} has no item '{item}'", hint=nearest(item, items))


def _explain(run: Run, label: str | None) -> None:
    """Say which labels there are, where none is the one that was asked for."""
    from auditor.errors import nearest

    labels = {_label(row) or "" for row in run.iter_verdicts()}
    if label and label not in labels:
        click.echo(f"Hint: the run has no label '{label}'; {nearest(label, labels) or ''}", err=True)
