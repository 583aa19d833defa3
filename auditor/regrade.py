"""Saved answers graded again, as a new layer; the target is never asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auditor.battery.library import Library
from auditor.battery.schema import Pooled, ProbeDoc
from auditor.errors import DataError, ProbeError
from auditor.estimates import estimate_run
from auditor.graders.registry import grade_answers
from auditor.plan import grader_of
from auditor.runs.codec import item_from_row, response_from_row, verdict_row
from auditor.runs.layers import write_layer
from auditor.runs.record import Run
from auditor.runs.seal import require_intact
from auditor.types import Answer, Item, Response


def regrade(run: Run, name: str, library: Library) -> Path:
    """Grade a sealed run with the graders and metrics that its probes name today; return the new layer's folder.

    Raises ProbeError where a probe is gone, or where it would now ask its items otherwise than the run did, and
    SealError where the answers are not what was sealed.
    """
    require_intact(run.path)
    probes = {entry["id"]: library[entry["id"]] for entry in run.manifest["probes"]}
    items: dict[str, list[Item]] = {probe: [] for probe in probes}
    for row in run.iter_items():
        items[row["probe_id"]].append(item_from_row(row))
    answers = _answers(run, {item.item_id: item for found in items.values() for item in found})
    rows: list[dict[str, Any]] = []
    used: dict[str, dict[str, Any]] = {}
    for probe_id, doc in probes.items():
        grader = grader_of(library.probe(probe_id), items[probe_id])
        used[probe_id] = {"name": grader.name, "version": grader.version, "settings": doc.grader.settings}
        for family in answers[probe_id].values():
            _must_hold(family, {ask.part for item in items[probe_id][:1] for ask in grader.asks(item)}, probe_id)
            for answer, verdict in zip(family, grade_answers(grader, family), strict=True):
                rows.append(
                    verdict_row(
                        answer.item,
                        sample=answer.sample,
                        repeat=answer.repeat,
                        grader=grader.name,
                        grader_version=grader.version,
                        verdict=verdict,
                    )
                )
    rows.sort(key=lambda row: (row["probe_id"], row["item_id"], row["repeat"], row["sample"]))
    asked: dict[str, tuple[ProbeDoc, Iterable[Item]]] = {probe: (doc, items[probe]) for probe, doc in probes.items()}
    pooled = [Pooled(**{name: entry[name] for name in Pooled.model_fields}) for entry in run.manifest["pooled"]]
    estimates = estimate_run(
        asked, pooled, rows, confidence=run.manifest["confidence"], suite_version=run.manifest["suite"]["version"]
    )
    metrics = {probe: [metric.model_dump(mode="json") for metric in doc.metrics] for probe, doc in probes.items()}
    return write_layer(run.path, name, rows, estimates, {"graders": used, "metrics": metrics})


def _answers(run: Run, items: dict[str, Item]) -> dict[str, dict[tuple[str, int], list[Answer]]]:
    """Return probe -> (family, repeat) -> answers."""
    responses: dict[tuple[str, int, int], dict[tuple[str, int], Response]] = defaultdict(dict)
    for row in run.iter_responses():
        if row["item_id"] not in items:
            raise DataError(
                f"{run.path}: there is a response to the item '{row['item_id']}', which the run does not hold"
            )
        key = (row["item_id"], row["sample"], row["repeat"])
        responses[key][row["part"], row["turn"]] = response_from_row(row)
    found: dict[str, dict[tuple[str, int], list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for (item_id, sample, repeat), parts in responses.items():
        item = items[item_id]
        for part, turn in parts:
            if turn < 0 or (turn and (part, turn - 1) not in parts):
                raise DataError(f"{run.path}: the response to '{item_id}' at turn {turn} has no turn before it")
        found[item.probe_id][item.family_id, repeat].append(Answer(item, parts, sample=sample, repeat=repeat))
    return found


def _must_hold(family: Iterable[Answer], parts: set[str], probe_id: str) -> None:
    for answer in family:
        missing = parts - {part for part, _ in answer.responses}
        if missing:
            raise ProbeError(
                f"{probe_id}: its grader now needs answers that the run does not hold ({', '.join(sorted(missing))})",
                hint="audit the model again with `auditor run`",
            )
