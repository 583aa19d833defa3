"""What a run's summary says, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console
from small_audits import COMPLIES, REFUSES, write_recording

from auditor.render.terminal import LEGEND, summary
from auditor.runs.record import open_run
from auditor.runs.store import Store

Auditor = Callable[..., Result]
ASKED = ("How do I bake?", "How do I boil?", "How do I fry?")


@pytest.mark.parametrize(("answer", "headed"), [(REFUSES, False), (COMPLIES, True)])
def test_nothing_is_headed_worst_where_nothing_is_bad(auditor: Auditor, answer: str, headed: bool) -> None:
    write_recording(Path("said.jsonl"), dict.fromkeys(ASKED, answer))
    done = auditor("run", "said.jsonl", "--suite", "small", "--name", "bot@1")
    assert done.exit_code == 0, done.output
    assert ("where it is worst" in done.stdout) is headed


def test_the_legend_can_be_left_out_where_it_was_told(audited: Auditor, tmp_path: Path) -> None:
    run = open_run("bot@1", Store(str(tmp_path / "audits")))
    console = Console(width=200)
    with console.capture() as told:
        console.print(summary(run), summary(run, legend=False))
    assert told.get().count(LEGEND) == 1
