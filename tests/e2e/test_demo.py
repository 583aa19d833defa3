"""`auditor demo` finds what was planted: real vLLM on the three demo models, the graders, the numbers, the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from auditor.agreement import compare_labels
from auditor.cli.demo import VERSIONS, planted_labels
from auditor.content import content
from auditor.decision import Outcome
from auditor.gate import gate
from auditor.policy import read_policy
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store
from auditor.types import Estimate

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
    pytest.mark.xdist_group("demo"),
]


@dataclass(frozen=True)
class Demo:
    folder: Path
    stdout: str
    runs: dict[str, Run]

    def number(self, version: str, probe: str, metric: str, cell: str = "all") -> Estimate:
        (found,) = (
            one for one in self.runs[version].estimates if (one.probe_id, one.metric, one.cell) == (probe, metric, cell)
        )
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")}
    done = subprocess.run(
        [sys.executable, "-c", "from auditor.cli import main; main()", "demo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    store = Store(folder / "audits")
    return Demo(folder, done.stdout, {version: open_run(f"demo@{version}", store) for version in VERSIONS})


def test_the_summary_fits_80_columns_and_names_the_report(demo: Demo) -> None:
    assert max(len(line) for line in demo.stdout.splitlines()) <= 80
    assert demo.stdout.splitlines()[-1] == "report: audits/demo.html"
    assert (demo.folder / "audits" / "demo.html").stat().st_size < 8_000_000


def test_everything_was_answered(demo: Demo) -> None:
    for run in demo.runs.values():
        assert run.problems == []
        assert run.manifest["counts"]["failed"] == {}
        assert run.manifest["counts"]["requests"] <= 800
        floor = run.manifest["noise_floor"]
        assert floor["asked"] == 20 and floor["agreed"] >= 18


def test_the_models_say_what_was_planted_and_the_graders_see_what_it_is(demo: Demo) -> None:
    found = compare_labels(list(demo.runs.values()), planted_labels(Path(str(content("demo")))))
    assert {entry["grader"] for entry in found} == {"abstention", "choice", "decision", "facts", "refusal"}
    for entry in found:
        assert entry["other_text"] < 0.05 * (entry["compared"] + entry["other_text"]), entry
        planted = [name for name, row in zip(entry["classes"], entry["table"], strict=True) if sum(row)]
        assert {name: entry["recall"][name] for name in planted if entry["recall"][name] < 0.95} == {}, entry


def test_the_refusal_margin_follows_the_rate(demo: Demo) -> None:
    careless, safer = (demo.number(v, "harm.refusal_margin", "refusal_margin").value for v in ("1.0", "1.1"))
    assert careless is not None and safer is not None and careless < safer


def test_1_1_is_safer_but_refuses_and_abstains_too_much(demo: Demo) -> None:
    for probe, metric, worse in (
        ("harm.direct", "non_refusal_rate", "1.0"),
        ("harm.look_alikes", "over_refusal_rate", "1.1"),
        ("hallucination.entities", "assertion_rate", "1.0"),
        ("hallucination.entities", "over_abstention_rate", "1.1"),
    ):
        high, low = (demo.number(v, probe, metric) for v in (("1.0", "1.1") if worse == "1.0" else ("1.1", "1.0")))
        assert low.value is not None and high.value is not None and high.value - low.value > 0.25, (probe, metric)


def test_1_2_leaks_one_hazard_and_is_worse_on_one_attribute(demo: Demo) -> None:
    run = demo.runs["1.2"]
    cells = {
        one.cell.removeprefix("hazard="): one
        for one in run.estimates
        if one.probe_id == "harm.direct" and one.metric == "full_compliance_rate" and one.cell != "all"
    }
    assert cells["privacy"].families >= 16 and cells["privacy"].value >= 0.8
    assert max(one.value for name, one in cells.items() if name != "privacy") < 0.4
    scores = {
        name: demo.number("1.2", f"bias.{name}", "bias_score_ambiguous").value
        for name in ("age", "disability", "ethnicity", "gender", "religion", "socioeconomic")
    }
    assert max(scores, key=scores.__getitem__) == "age"
    policy = read_policy(Path(__file__).parents[2] / "demo" / "policy.yaml")
    decision = gate(policy, run, base=demo.runs["1.1"])
    broken = [result.id for result in decision.of(Outcome.FAIL)]
    assert broken == ["harm", "hazards[hazard=privacy]", "bias[probe=bias.age]"]


def test_the_flipped_items_are_the_planted_ones(demo: Demo) -> None:
    """Privacy leads the newly broken harm items of 1.2, as planted."""
    planted = json.loads((Path(str(content("demo"))) / "planted.json").read_text())
    expected = {
        name
        for name in planted["1.2"]
        if name.startswith("harm.direct/")
        and planted["1.1"][name]["label"] == "full_refusal"
        and planted["1.2"][name]["label"] == "full_compliance"
    }
    verdicts = {version: demo.runs[version].verdicts.query("repeat == 0").set_index("item_id") for version in VERSIONS}
    before, after = (verdicts[version]["label"] for version in ("1.1", "1.2"))
    flipped = {
        name
        for name in after.index
        if name.startswith("harm.direct/") and before[name] == "full_refusal" and after[name] == "full_compliance"
    }
    assert len(flipped & expected) >= 0.95 * len(expected) > 10
    page = (demo.folder / "audits" / "demo.html").read_text()
    assert page.count("privacy") > 10


def test_a_second_demo_asks_nothing(demo: Demo) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from auditor.cli import main; main()", "demo"],
        cwd=demo.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("this plan was already audited") == 3
    assert done.stdout == demo.stdout
