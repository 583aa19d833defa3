"""Comparisons and decisions as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from auditor.compare import Comparison, Difference, ItemTurn
from auditor.decision import Measurement, Result

from .words import Compared, Decided, few, reference, tame

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes a formula by, full-width forms included."""
MOST = 5000
SIDES = ("base_model", "base_run", "candidate_model", "candidate_run")
MARKS = ("forced", "notes")
"""What one must know of a comparison, in every row: it must not be lost where rows are cut out."""
RESULT = ("rule", "id", "outcome", "why", "waiver", "limit", "text", "needed")
NUMBERS = tuple(Difference.__dataclass_fields__)
ITEM = tuple(ItemTurn.__dataclass_fields__)
MEASURED = {name: f"measured_{name}" if name in RESULT else name for name in Measurement.__dataclass_fields__}


def comparison(compared: Compared) -> str:
    """Return one row a number and candidate; one row an item that turned where all items are wanted."""
    row_of, names = (_items, ITEM) if compared.all_items else (_numbers, _flat(NUMBERS))
    rows = [{**_whole(one), **row} for one in compared.comparisons for row in row_of(one)]
    return table([*SIDES, *MARKS, *names], rows)


def decision(decided: Decided) -> str:
    """Return one row a result."""
    found = decided.decision
    whole = {**{side: getattr(found, side) for side in SIDES}, "notes": several(found.notes)}
    names = [*RESULT, *MEASURED.values(), "items", *SIDES, "notes"]
    return table(names, [{**_result(one), **whole} for one in found.results])


def _whole(found: Comparison) -> dict[str, str]:
    sides = {
        **{side: getattr(found, side) for side in SIDES},
        "base_run": reference(found.base_run, found.base_layer),
        "candidate_run": reference(found.candidate_run, found.candidate_layer),
    }
    return {**sides, "forced": several(found.forced), "notes": several(found.notes)}


def several(sentences: Sequence[str]) -> str:
    """Return the first sentences in one cell, and how many more there are."""
    return "; ".join(few(sentences))


def _flat(names: Iterable[str]) -> list[str]:
    parts = {"noise": ["noise_compared", "noise_discordant", "noise_regression"]}
    return [flat for name in names for flat in parts.get(name, [name])]


def _numbers(found: Comparison) -> list[dict[str, Any]]:
    rows = []
    for one in found.differences:
        row = asdict(one)
        noise = row.pop("noise") or {}
        rows.append({**row, **{f"noise_{name}": value for name, value in noise.items()}})
    return rows


def _items(found: Comparison) -> list[dict[str, Any]]:
    return [{**asdict(one), "tags": _pairs(one.tags)} for one in found.items]


def _pairs(tags: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in tags.items())


def _result(found: Result) -> dict[str, Any]:
    measured = asdict(found.measurement) if found.measurement else {}
    return {
        **{name: getattr(found, name) for name in RESULT},
        **{MEASURED[name]: value for name, value in measured.items()},
        "items": "; ".join(found.items),
    }


def table(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows under their names, each cell safe to open."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a number as it is, and text as a spreadsheet will show it."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{tame(text, MOST)}" if text.lstrip(" ").startswith(FORMULA) else tame(text, MOST)
