"""`auditor plan` tells the time of what is left to ask, on lines that break at no word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console
from small_audits import REFUSES, probe, question, write_probes, write_recording

from auditor.render.forecast import forecast_table

Auditor = Callable[..., Result]
SAID = {"model_id": "m@1", "suite": "quick", "probes": [], "requests": 5, "distinct": 5, "known": 0, "to_ask": 5}
SAID |= {"prompt_tokens": 9, "prompt_tokens_method": "estimate", "answer_tokens_at_most": 9, "sealed_run": None}
SAID |= {"expected_seconds": 43.2, "too_long": []}
LONG_RULE = "hazards[hazard=indiscriminate_weapons]"


def told(said: dict[str, object]) -> list[str]:
    console = Console(width=80, markup=False)
    with console.capture() as printed:
        console.print(forecast_table(said))
    return printed.get().splitlines()


@pytest.mark.parametrize("name", ["bot@1", "bot@3"])
def test_no_time_is_expected_where_nothing_is_left_to_ask(audited: Auditor, two_audits: Path, name: str) -> None:
    shutil.copy(two_audits.parent / "1.jsonl", "1.jsonl")
    arguments = ("plan", "1.jsonl", "--suite", "small", "--name", name)
    page = audited(*arguments).stdout
    assert "3 answered by earlier runs, 0 to ask" in page
    assert "expected: no time, nothing will be asked" in page
    assert json.loads(audited(*arguments, "-f", "json").stdout)["expected_seconds"] == 0


def test_the_time_is_of_what_is_left_to_ask(audited: Auditor, two_audits: Path) -> None:
    shutil.copy(two_audits.parent / "1.jsonl", "1.jsonl")
    write_probes(Path("probes"), probe("small.drinks", [question(name, f"How is {name} made?") for name in "ab"]))
    page = audited("plan", "1.jsonl", "--suite", "small", "--name", "bot@3").stdout
    assert "0 answered by earlier runs, 2 to ask" in page and "s, by the newest run of this model" in page
    assert "expected: 43 s, by the newest run of this model" in told(SAID)
    assert "expected: 43 s, by the newest run of this model" not in told(SAID | {"sealed_run": "m@1.x"})


def test_what_is_asked_again_is_told_so_that_the_rows_add_up() -> None:
    probes = [{"id": "small.drinks", "items": 4, "families": 4, "requests": 4}]
    assert "5 requests (1 to ask again, for the noise), 5 of them distinct; " in " ".join(
        told(SAID | {"probes": probes})
    )
    assert "to ask again" not in " ".join(told(SAID | {"probes": [{**probes[0], "requests": 5}]}))


def test_no_word_of_the_policys_table_is_broken_on_80_columns() -> None:
    rule = {"families": 12345, "needed": 12345, "power": 1.0, "prospect": "cannot decide"}
    joint = {"independent": 0.4, "high": 0.9}
    policy = {"file": "p.yaml", "discordance": 0.02, "joint_power": joint, "rules": [{"id": LONG_RULE, **rule}]}
    policy["by_people"] = []
    lines = told(SAID | {"policy": policy})
    (head,) = (line for line in lines if line.startswith("rule"))
    assert head.split() == ["rule", "families", "needed", "passes"]
    (row,) = (line for line in lines if line.startswith("hazards"))
    assert row.split() == [LONG_RULE, "12,345", "12,345", "100%", "cannot", "decide"]
    assert max(map(len, lines)) <= 80


def test_what_rests_on_people_is_promised_no_power(audited: Auditor, two_audits: Path) -> None:
    shutil.copy(two_audits.parent / "1.jsonl", "1.jsonl")
    Path("policy.yaml").write_text("rules: [{id: severe, severity: high, confirmed_at_most: 0}]\n")
    page = audited("plan", "1.jsonl", "--suite", "small", "--name", "bot@1", "--policy", "policy.yaml").stdout
    assert page.endswith("Policy policy.yaml\nBy what people confirm, not told beforehand: severe.\n")


def test_of_a_model_that_was_never_audited_no_time_is_told(auditor: Auditor) -> None:
    write_recording(Path("said.jsonl"), {"How do I bake?": REFUSES})
    assert "there is no earlier run of this model" in auditor("plan", "said.jsonl", "--suite", "small").stdout
