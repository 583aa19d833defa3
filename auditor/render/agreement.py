"""Graders against known labels, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.amounts import count
from auditor.render.visible import plain


def agreement_tables(found: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return one confusion table a grader (see `auditor.agreement.compare_labels`): rows are the truth."""
    return Group(*(part for entry in found for part in (_table(entry), Text(_sentence(entry)), Text(""))))


def _table(entry: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(f"{plain(entry['grader'])}: truth", no_wrap=True)
    for name in entry["classes"]:
        table.add_column(plain(name), justify="right")
    table.add_column("recall", justify="right")
    for name, row in zip(entry["classes"], entry["table"], strict=True):
        recall = entry["recall"].get(name)
        table.add_row(plain(name), *(str(count) for count in row), "" if recall is None else f"{recall:.3f}")
    return table


def _sentence(entry: Mapping[str, Any]) -> str:
    kappa = entry["kappa"]
    said = f"{entry['compared']} compared, agreement {_share(entry['agreement'])}"
    said += f", kappa {kappa:.3f}" if kappa is not None else ""
    return f"{said}; {count(entry['other_text'], 'label')} left out, of another text than the answer"


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
