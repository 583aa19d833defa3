"""Verdicts of runs against what the answers really are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, DataError, nearest
from auditor.graders.agreement import agreement
from auditor.graders.registry import grader_class, grader_names
from auditor.runs.codec import decode
from auditor.runs.record import Run
from auditor.types import Role


@dataclass(frozen=True, slots=True)
class Label:
    """What one answer really is."""

    item_id: str
    label: str
    model: str | None = None
    """`name@version`; None: any model that gave the answer."""
    answer: str | None = None
    """The text that was labelled; None: what that model answered, or the last of the runs where none is named."""


def read_labels(path: Path) -> list[Label]:
    """Read labels, a JSON object a line; raises ConfigError with file and line for one that is none."""
    labels = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"{path}: cannot be read: {problem}") from None
    for number, line in enumerate(text.split("\n"), start=1):  # an answer may hold other ends of lines
        if not line.strip():
            continue
        try:
            labels.append(_label(path, number, decode(line.encode())))
        except ValueError as problem:
            raise ConfigError(f"{path}:{number}: not valid JSON: {problem}") from None
    return labels


def _label(path: Path, number: int, row: Any) -> Label:
    fields: dict[str, Any] = (
        {name: row.get(name) for name in Label.__dataclass_fields__} if isinstance(row, dict) else {}
    )
    for name in ("item_id", "label"):
        if not isinstance(fields.get(name), str):
            raise ConfigError(f"{path}:{number}: {name} is {fields.get(name)!r:.60}, expected a text")
    for name in ("model", "answer"):
        if not isinstance(fields[name], str | None):
            raise ConfigError(f"{path}:{number}: {name} is {fields[name]!r:.60}, expected a text or nothing")
    return Label(**fields)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A verdict beside what the answer really is."""

    run: str
    """What opens the run, with its layer."""
    item_id: str
    probe_id: str
    family_id: str
    grader: str
    label: Label
    given: str
    """The verdict's label, or `undetermined`."""
    same_text: bool
    """Whether the answer is the one that was labelled; where it is not, the label says nothing about it."""

    @property
    def truth(self) -> str:
        """What people say."""
        return self.label.label


UNDETERMINED = "undetermined"


def labelled_verdicts(runs: Sequence[Run], labels: Sequence[Label]) -> list[Labelled]:
    """Return every verdict on an answer that has a label; questions asked again are left out.

    A label that names neither model nor answer is of the answer that the last of the runs gave, and of every other
    run that answered the same; what was scored and not written is the same in no two runs.
    """
    if not labels:
        return []
    wanted: dict[tuple[str | None, str], Label] = {(label.model, label.item_id): label for label in labels}
    found: list[Labelled] = []
    known: dict[str, Sequence[str]] = {}
    answered = [_texts(run) for run in runs]
    last = {asked: (run, text) for run, texts in zip(runs, answered, strict=True) for asked, text in texts.items()}
    for run, texts in zip(runs, answered, strict=True):
        for row in run.iter_verdicts():
            label = wanted.get((run.model_id, row["item_id"])) or wanted.get((None, row["item_id"]))
            if label is None or row["repeat"]:
                continue
            asked = row["item_id"], row["sample"]
            text = texts.get(asked, "")
            if label.answer is not None:
                same_text = text == label.answer
            elif label.model is None and asked in last:
                newest, newest_text = last[asked]
                same_text = run is newest or text == newest_text != ""
            else:
                same_text = True
            if same_text:
                if row["grader"] not in known:
                    known[row["grader"]] = _known_labels(row["grader"])
                _must_be_a_label(label, row["grader"], known[row["grader"]])
            given = row["label"] if row["outcome"] == "graded" else UNDETERMINED
            found.append(
                Labelled(
                    run=run.reference,
                    item_id=row["item_id"],
                    probe_id=row["probe_id"],
                    family_id=row["family_id"],
                    grader=row["grader"],
                    label=label,
                    given=given,
                    same_text=same_text,
                )
            )
    return found


def compare_labels(runs: Sequence[Run], labels: Sequence[Label]) -> list[dict[str, Any]]:
    """Return one entry a grader: confusion table, recall and precision by class, agreement, and what was left out.

    Labels of a text that no answer has are counted as `other_text`, undetermined verdicts as a class.
    """
    found: dict[str, list[Labelled]] = defaultdict(list)
    for one in labelled_verdicts(runs, labels):
        found[one.grader].append(one)
    if not found:
        raise ConfigError(
            "no label is about an item of these runs", hint="item_id is `probe/item` as `auditor show` prints it"
        )
    return [
        {
            "grader": grader,
            "other_text": of_other_texts(some),
            **_agreement([(one.truth, one.given) for one in some if one.same_text]),
        }
        for grader, some in sorted(found.items())
    ]


def of_other_texts(found: Sequence[Labelled]) -> int:
    """Return how many labels are of a text that none of the answers has."""
    return len({one.label for one in found} - {one.label for one in found if one.same_text})


def unmatched(runs: Sequence[Run], labels: Sequence[Label]) -> int:
    """Return how many labels are about no item of the runs."""
    known = {(run.model_id, row["item_id"]) for run in runs for row in run.iter_items()}
    items = {item for _, item in known}
    there = (
        (label.model, label.item_id) in known if label.model is not None else label.item_id in items for label in labels
    )
    return sum(not one for one in there)


def _known_labels(grader: str) -> Sequence[str]:
    """Return a grader's labels; none where they are the options' roles, or it is not installed here."""
    return tuple(grader_class(grader).labels) if grader in grader_names() else ()


def _must_be_a_label(label: Label, grader: str, known: Sequence[str]) -> None:
    if known and label.label not in known:
        raise ConfigError(
            f"the label of {label.item_id} is '{label.label}', which the grader '{grader}' does not know",
            hint=nearest(label.label, known),
        )


def _agreement(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    if not pairs:
        empty: dict[str, Any] = {"recall": {}, "precision": {}, "agreement": None, "kappa": None}
        return {"compared": 0, "classes": [], "table": [], **empty}
    found = agreement([truth for truth, _ in pairs], [given for _, given in pairs])
    return {
        "compared": found.n,
        "classes": [str(name) for name in found.table.index],
        "table": found.table.to_numpy().tolist(),
        "recall": dict(found.recall),
        "precision": dict(found.precision),
        "agreement": found.raw,
        "kappa": found.kappa,
    }


def _texts(run: Run) -> dict[tuple[str, int], str]:
    """Return (item, sample) -> the last answer of the model."""
    return {
        (row["item_id"], row["sample"]): row["text"]
        for row in run.iter_responses()
        if not row["repeat"] and row["role"] == Role.TARGET
    }
