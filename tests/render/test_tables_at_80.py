"""Tables on 80 columns: no heading and no id is broken while there is room for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from auditor.battery.library import Library
from auditor.content import content
from auditor.render.probes import probe_rows, probe_table
from auditor.render.runs import runs_table
from auditor.runs.listing import Listed
from auditor.runs.stored import State


def lines(table: RenderableType) -> list[str]:
    console = Console(width=80, markup=False)
    with console.capture() as told:
        console.print(table)
    return told.get().splitlines()


@pytest.mark.parametrize("model", ["bot@1", "my-model@1.0-rc"])
def test_a_run_is_one_line(model: str) -> None:
    run_id = f"{model}.20261121-103118.a09065bb"
    run = Listed(
        run_id=run_id,
        model_id=model,
        created="2026-11-21T10:31:18Z",
        suite="standard",
        state=State.SEALED,
        answered=12345,
        failed=0,
        layers=["base"],
        size=297_700,
        baseline=True,
        problem=None,
    )
    head, _, row, below = lines(runs_table([run]))
    assert head.split() == ["run:", "name@version.begun.key", "suite", "answered", "state", "size"]
    assert row.split() == [f"{run_id}*", "standard", "12345", "sealed", "297.7", "kB"]
    assert below.strip() == "* the run to beat"


def test_the_heading_of_the_probes_is_one_line() -> None:
    head, rule, *rows = lines(probe_table(probe_rows(Library((Path(str(content("probes"))),)))))
    assert head.split() == ["probe", "items", "fam", "grader", "a", "good", "model", "..."]
    assert set(rule) == {"─"} and rows
