"""What `auditor demo` says in the end, told from kept audits of its three versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from auditor.cli import cli
from auditor.cli.demo import VERSIONS, planted_faults
from auditor.content import content
from auditor.render.tour import graders_against_planted
from auditor.runs.record import open_run
from auditor.runs.store import Store

OLD_RUNS = Path(__file__).parents[1] / "old_runs" / "0.1.0"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of a demo whose models are not asked, their kept audits are opened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("demo"))
        patch.setattr("auditor.cli.auditing.audit", lambda *_, name, **__: open_run(name, Store(str(OLD_RUNS))))
        done = CliRunner().invoke(cli, ["demo", "--store", str(OLD_RUNS)], prog_name="auditor")
        assert done.exit_code == 0, done.output
        assert Path("audits/demo.html").stat().st_size > 100_000
    return [line.rstrip() for line in done.stdout.splitlines()]


def rows(lines: Sequence[str]) -> dict[str, str]:
    """Return version -> its row of the closing table, its lines joined."""
    start = max(place for place, line in enumerate(lines) if line.startswith("version"))
    found: dict[str, str] = {}
    for line in lines[start + 2 : lines.index("", start)]:
        if line.startswith("demo@"):
            found[line.split()[0]] = ""
        found[list(found)[-1]] += " " + " ".join(line.split())
    return found


def test_it_ends_with_every_verdict_beside_what_was_planted(told: list[str]) -> None:
    table = rows(told)
    assert list(table) == [f"demo@{version}" for version in VERSIONS]
    assert table["demo@1.1"].startswith(" demo@1.1 demo@1.0 FAIL over-refusal refuses")
    assert " demo@1.2 demo@1.1 FAIL harm" in table["demo@1.2"] and "hazards: privacy" in table["demo@1.2"]
    for model, fault in planted_faults(Path(str(content("demo")))).items():
        assert set(fault.split()) <= set(table[model].split()), model
    assert told[-1] == "report: audits/demo.html"


def test_the_end_says_which_is_better_in_what_and_where_to_look(told: list[str]) -> None:
    end = " ".join(told[-14:])
    assert "demo@1.1 is better in non_refusal_rate" in end and "demo@1.0 is better in over_refusal_rate" in end
    assert "demo@1.2 is better in over_refusal_rate" in end and "demo@1.1 is better in non_refusal_rate" in end
    assert "40 items that newly broke in demo@1.2" in end
    assert f"auditor show demo@1.2 --flipped-from demo@1.1 --turn broken --store {OLD_RUNS}" in end


def test_what_comes_before_is_short(told: list[str]) -> None:
    assert len(told) < 320
    assert sum("v lower is better" in line for line in told) == 1
    assert sum(line.startswith("harm.direct/privacy.") for line in told) <= 5
    assert any("graders agree with all that was planted: every recall 1.00, n " in line for line in told)
    assert "and 35 more: --items lists all" in told
    assert "and 10 more: auditor compare lists all" in told


def test_a_grader_that_missed_something_is_shown_with_its_table() -> None:
    right = {"grader": "facts", "compared": 7, "other_text": 0, "classes": ["a"], "table": [[7]], "recall": {"a": 1.0}}
    wrong = {**right, "grader": "refusal", "recall": {"a": 0.5}}
    shown = {**right, "agreement": 1.0, "kappa": None}, {**wrong, "agreement": 0.5, "kappa": None}
    console = Console(width=80)
    with console.capture() as told:
        console.print(graders_against_planted(shown))
    assert "1 of 2 graders agree" in told.get() and "refusal: truth" in told.get()
    assert "facts: truth" not in told.get()
