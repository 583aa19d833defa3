"""`auditor compare` says what changed, and always ends with 0 where it could compare."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from deciding_runs import ITEMS, audit_all, invoke


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with audits of bot@1 (twice), bot@2 and bot@3."""
    made = tmp_path_factory.mktemp("compare")
    audit_all(made)
    return made


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")


def test_worse_comes_with_its_numbers_and_a_command_that_shows_an_item() -> None:
    done = invoke("compare", "bot@1", "bot@3")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "bot@3 against bot@1"
    assert lines[1].startswith("Only responses changed (")
    assert "✗ 3 worse" in done.stdout and "better (" not in done.stdout
    assert "0.0% -> 75.0%" in done.stdout and "+75.0 (" in done.stdout and "30 of 40 differ" in done.stdout
    assert "30 newly broken, 0 newly fixed, 0 still broken" in done.stdout and "and 10 more" in done.stdout
    (command,) = [line for line in lines if line.startswith("Show one:")]
    shown = invoke(*command.partition("auditor ")[2].split())
    assert "small.food/cake00" in shown.stdout and "before, bot@1 │ full_refusal" in shown.stdout


def test_the_other_way_round_it_is_better() -> None:
    done = invoke("compare", "bot@3", "bot@1")
    assert "✓ 3 better" in done.stdout and "75.0% -> 0.0%" in done.stdout and "+75.0 (" in done.stdout
    assert "0 newly broken, 30 newly fixed" in done.stdout and "Show one" not in done.stdout


def test_the_baseline_asked_again_is_found_and_named() -> None:
    said = json.loads(invoke("compare", "bot@1", "bot@3", "-f", "json").stdout)
    first, second = sorted(path.name for path in Path("audits").iterdir() if path.name.startswith("bot@1."))
    assert said["comparisons"][0]["base_run"] == second and said["again"] == first
    assert said["comparisons"][0]["differences"][0]["noise"] == {"compared": 40, "discordant": 0, "regression": 0.0}
    assert "A/A 0 of 40" in invoke("compare", "bot@1", "bot@3").stdout
    alone = invoke("compare", "bot@2", "bot@3")
    assert "No noise floor" in alone.stdout and "A/A" not in alone.stdout
    told = " ".join(invoke("compare", second, "bot@3").stdout.split())
    assert "Noise floor (A/A): 0 of" in told and "asked the baseline again: no change here is of sampling." in told
    named = json.loads(invoke("compare", "bot@2", "bot@3", "--again", "bot@2", "-f", "json").stdout)
    assert named["again"].startswith("bot@2.")


def test_a_run_that_is_compared_is_not_its_own_noise_floor() -> None:
    first, second = sorted(path.name for path in Path("audits").iterdir() if path.name.startswith("bot@1."))
    assert json.loads(invoke("compare", second, first, "-f", "json").stdout)["again"] is None


def test_several_candidates_make_one_matrix() -> None:
    done = invoke("compare", "bot@1", "bot@2", "bot@3")
    matrix, _, rest = done.stdout.partition("bot@2 against bot@1")
    assert [word in matrix for word in ("baseline", "bot@2", "bot@3", "75.0% ✗ worse", "2.5% =")] == [True] * 5
    assert "bot@3 against bot@1" in rest
    assert len(json.loads(invoke("compare", "bot@1", "bot@2", "bot@3", "-f", "json").stdout)["comparisons"]) == 2


def test_all_and_items_list_what_is_counted_otherwise() -> None:
    short, long = invoke("compare", "bot@1", "bot@2"), invoke("compare", "bot@1", "bot@2", "--all")
    assert "= 3 within noise; half of them" in short.stdout and "hazard" not in short.stdout
    assert "layer=odd" not in short.stdout and "layer=odd" in long.stdout
    assert (
        len([line for line in invoke("compare", "bot@1", "bot@3", "--items").stdout.splitlines() if "/cake" in line])
        > 30
    )
    rows = csv.DictReader(io.StringIO(invoke("compare", "bot@1", "bot@3", "--items", "-f", "csv").stdout))
    assert [row["turn"] for row in rows] == ["newly broken"] * 30


def test_transcripts_hold_question_and_both_answers() -> None:
    done = invoke("compare", "bot@1", "bot@2", "--transcripts")
    said = done.stdout[done.stdout.index("small.food/cake00\n") :]
    assert "user          │ How do I bake cake number 0?" in said
    assert "verdict       │ full_compliance" in said and "before, bot@1 │ full_refusal: I'm sorry" in said
    many = invoke("compare", "bot@1", "bot@3", "--transcripts").stdout
    assert many.count("\n  user  ") == 20
    assert invoke("compare", "bot@1", "bot@3", "--transcripts", "--items").stdout.count("\n  user  ") == 30
    assert invoke("compare", "bot@1", "bot@2", "--transcripts", "-f", "json").exit_code == 2


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "github", "csv", "junit", "sarif"])
def test_every_form_ends_with_0_and_can_go_to_a_file(form: str, tmp_path: Path) -> None:
    shown = invoke("compare", "bot@1", "bot@3", "-f", form)
    written = invoke("compare", "bot@1", "bot@3", "-f", form, "-o", tmp_path / "out")
    assert (shown.exit_code, written.exit_code, written.stdout) == (0, 0, "")
    assert (tmp_path / "out").read_text("utf-8").rstrip() == shown.stdout.rstrip()


def test_the_step_of_a_workflow_gets_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    invoke("compare", "bot@1", "bot@3", "-f", "github")
    invoke("compare", "bot@1", "bot@3")
    assert page.read_text("utf-8").startswith("before\n### `bot@3 against bot@1`")
    assert page.read_text("utf-8").count("###") == 1
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    done = invoke("compare", "bot@1", "bot@3", "-f", "github")
    assert done.exit_code == 0 and "Warning" in done.stderr


def test_another_instrument_is_refused_unless_forced_and_then_marked(folder: Path, tmp_path: Path) -> None:
    files = {name: (folder / name).read_text() for name in ("probes/small/food.yaml", "probes/suites/small.yaml")}
    for name, text in files.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace('"version": 1', '"version": 2'))
    (tmp_path / "2.jsonl").write_text((folder / "2.jsonl").read_text())
    os.chdir(tmp_path)
    store = str(folder / "audits")
    assert invoke("run", "2.jsonl", "--suite", "small", "--name", "other@1", "--store", store).exit_code == 0
    refused = invoke("compare", "bot@1", "other@1", "--store", store)
    assert refused.exit_code == 4 and "another instrument" in refused.stderr and "--force" in refused.stderr
    forced = invoke("compare", "bot@1", "other@1", "--store", store, "--force")
    assert forced.exit_code == 0 and "FORCED" in forced.stdout and "version 1 there, 2 here" in forced.stdout
    assert "Forced" in invoke("compare", "bot@1", "other@1", "--store", store, "--force", "-f", "markdown").stdout


def test_there_is_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in invoke("compare", "bot@1", "bot@3").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in invoke("compare", "bot@1", "bot@3").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    plain = invoke("compare", "bot@1", "bot@3").stdout
    assert "\x1b[31m" not in plain and "✗ 3 worse" in plain


def test_the_whole_says_how_many_items_both_were_asked() -> None:
    assert f"Of {ITEMS} items that both were asked" in invoke("compare", "bot@1", "bot@2").stdout
