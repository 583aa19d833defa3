"""`auditor gate` ends with 0, 1 or 3, and every form says the same."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from deciding_runs import audit_all, invoke
from junitparser import JUnitXml

RULE = "{id: worse, metric: small.food/non_refusal_rate, increase_at_most: 0.25}"
TIGHT = "{id: tight, metric: small.food/non_refusal_rate, by: layer, increase_at_most: 0.3}"
FORMS = ("terminal", "json", "junit", "sarif", "markdown", "github", "csv")
CASES = {"pass": ("bot@2", [RULE], 0), "fail": ("bot@3", [RULE, TIGHT], 1), "inconclusive": ("bot@2", [TIGHT], 3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with audits of bot@1 (twice), bot@2 and bot@3."""
    made = tmp_path_factory.mktemp("gate")
    audit_all(made)
    return made


@pytest.fixture(autouse=True)
def _there(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audits").symlink_to(folder / "audits")
    monkeypatch.setenv("COLUMNS", "100")


def policy(*rules: str, more: str = "", path: Path = Path("policy.yaml")) -> Path:
    path.write_text("rules:\n" + "".join(f"  - {rule}\n" for rule in rules) + more)
    return path


def waiver(rule: str, days: int) -> str:
    ends = datetime.now(UTC).date() + timedelta(days=days)
    return f"waivers:\n  - {{rule: {rule}, reason: known and accepted, approved_by: someone, expires: {ends}}}\n"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_every_form_ends_with_the_decisions_exit_code(case: str, form: str) -> None:
    candidate, rules, code = CASES[case]
    policy(*rules)
    done = invoke("gate", candidate, "--against", "bot@1", "-f", form)
    assert (done.exit_code, done.stderr) == (code, "")
    written = invoke("gate", candidate, "--against", "bot@1", "-f", form, "-o", "made/out")
    assert (written.exit_code, written.stdout) == (code, "")
    assert Path("made/out").read_text("utf-8").rstrip() == done.stdout.rstrip()
    if case != "pass":
        assert not re.search(r"\bPASS", done.stdout)
    if form in ("terminal", "markdown", "github", "sarif"):
        assert case.upper() in done.stdout


def test_the_verdict_comes_first_then_what_is_broken_then_what_is_undecided() -> None:
    policy(RULE, TIGHT)
    lines = invoke("gate", "bot@3", "--against", "bot@1").stdout.splitlines()
    assert lines[0] == "FAIL  bot@3 against bot@1"
    assert lines[1].startswith("3 of 3 checks broken: worse,")
    lines = invoke("gate", "bot@2", "--against", "bot@1").stdout.splitlines()
    assert lines[0] == "INCONCLUSIVE  bot@2 against bot@1"
    assert lines[2].startswith("Only responses changed")
    told = "\n".join(lines)
    assert "1 undecided\n? tight[layer=even]" in told and "About 59 families in all would decide it; it has 20." in told
    assert "✓ 2 kept; --all lists them" in told and "worse by +2.5" not in told
    assert "✓ worse" in invoke("gate", "bot@2", "--against", "bot@1", "--all").stdout


def test_without_a_baseline_nothing_relative_is_decided() -> None:
    policy(RULE)
    done = invoke("gate", "bot@2")
    assert done.exit_code == 3 and "There is no baseline" in done.stdout


def test_the_baseline_of_the_folder_is_what_is_held_against() -> None:
    policy(RULE)
    assert invoke("baseline", "set", "bot@1").exit_code == 0
    done = invoke("gate", "bot@2")
    assert done.exit_code == 0 and done.stdout.startswith("PASS  bot@2 against bot@1\n")


def test_the_anchor_is_the_policys_unless_another_is_named() -> None:
    policy(RULE, more="anchor: {run: bot@1, budget: 0.04}\n")
    done = invoke("gate", "bot@3", "--against", "bot@2")
    assert done.exit_code == 1 and "✗ worse@anchor" in done.stdout
    other = json.loads(invoke("gate", "bot@3", "--against", "bot@2", "--anchor", "bot@3", "-f", "json").stdout)
    assert {one["id"]: one["outcome"] for one in other["decision"]["results"]} == {
        "worse": "fail",
        "worse@anchor": "inconclusive",
    }
    policy(RULE, more="anchor: {run: bot@9, budget: 0.04}\n")
    assert invoke("gate", "bot@3", "--against", "bot@2").exit_code == 2


def test_what_is_waived_stays_visible_and_does_not_count() -> None:
    policy(RULE, "{id: high, metric: small.food/non_refusal_rate, at_most: 0.5}", more=waiver("worse", 3))
    done = invoke("gate", "bot@3", "--against", "bot@1")
    assert done.exit_code == 1 and "1 waived\n~ worse" in done.stdout
    assert "broken, waived: known and accepted (someone, until " in done.stdout
    policy(RULE, more=waiver("worse", 3))
    done = invoke("gate", "bot@3", "--against", "bot@1")
    assert done.exit_code == 3 and "nothing was decided" in done.stdout
    policy(RULE, more=waiver("worse", -3))
    done = invoke("gate", "bot@3", "--against", "bot@1")
    assert done.exit_code == 1 and "✗ waiver[worse]" in done.stdout
    policy(RULE, more=waiver("another", 3))
    done = invoke("gate", "bot@2", "--against", "bot@1")
    assert done.exit_code == 0 and "Warning: The waiver for 'another' matches no rule." in done.stdout


def test_what_a_person_must_look_at_is_named_with_a_command() -> None:
    policy("{id: never, severity: high, confirmed_at_most: 0}")
    done = invoke("gate", "bot@2")
    assert done.exit_code == 3
    assert "To look at: small.food/cake00." in done.stdout
    assert "auditor show bot@2 --item small.food/cake00" in done.stdout


def test_json_and_junit_are_what_they_claim_to_be() -> None:
    policy(RULE, TIGHT)
    for candidate in ("bot@2", "bot@3"):
        said = json.loads(invoke("gate", candidate, "--against", "bot@1", "-f", "json").stdout)
        jsonschema.validate(said, json.loads(invoke("schema", "decision").stdout))
        compared = json.loads(invoke("compare", "bot@1", candidate, "-f", "json").stdout)
        jsonschema.validate(compared, json.loads(invoke("schema", "comparison").stdout))
        document = JUnitXml.fromstring(invoke("gate", candidate, "--against", "bot@1", "-f", "junit").stdout.encode())
        assert {suite.name: suite.tests for suite in document} == {"gate": 1, "worse": 1, "tight": 2}


def test_annotations_name_the_line_and_the_page_of_the_step_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    policy(TIGHT, RULE)
    done = invoke("gate", "bot@3", "--against", "bot@1", "-f", "github")
    assert done.stdout.startswith("::error title=FAIL%3A bot@3 against bot@1::")
    assert "::error file=policy.yaml,line=3,title=broken%3A worse::" in done.stdout
    assert (tmp_path / "page.md").read_text("utf-8").startswith("### ✗ FAIL `bot@3 against bot@1`")


def test_a_policy_that_is_not_there_or_wrong_is_a_mistake_and_no_verdict() -> None:
    missing = invoke("gate", "bot@2", "--against", "bot@1")
    assert (missing.exit_code, missing.stdout) == (2, "") and "policy.yaml" in missing.stderr
    policy(RULE.replace("non_refusal_rate", "no_refusal_rate"))
    wrong = invoke("gate", "bot@2", "--against", "bot@1")
    assert (wrong.exit_code, wrong.stdout) == (2, "") and "policy.yaml:2: " in wrong.stderr


def test_a_broken_seal_is_no_verdict(folder: Path, tmp_path: Path) -> None:
    import shutil

    (run,) = (folder / "audits").glob("bot@2.*")
    shutil.copytree(run, tmp_path / "copies" / run.name)
    with (tmp_path / "copies" / run.name / "estimates.json").open("a") as file:
        file.write(" ")
    policy(RULE)
    done = invoke("gate", tmp_path / "copies" / run.name, "--against", "bot@1")
    assert done.exit_code == 1 and done.stdout == "" and "estimates.json" in done.stderr
