"""`auditor init` writes files that their own readers take, and rules that the suite can decide."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from small_audits import NON_REFUSAL, TestEngine, audited, probe, question, same_again, write_probes

from auditor.battery.library import Library
from auditor.battery.suites import choose, read_suite
from auditor.config import Config, read_config
from auditor.content import content
from auditor.decidable import Planned, Prospect, outlooks
from auditor.decision import Outcome
from auditor.gate import gate
from auditor.plan import Selection, make_plan
from auditor.policy import read_policy
from auditor.render.ci_jobs import JOBS
from auditor.runs.record import open_run
from auditor.runs.store import Store
from auditor.suggestion import MARGINS, suggest
from auditor.target import Target

SHIPPED = Path(str(content("probes")))
OLD_RUNS = Path(__file__).parents[1] / "old_runs" / "0.1.0"
FILES = ["auditor.yaml", "policy.yaml"]


@pytest.mark.parametrize("suite", ["quick", "standard"])
def test_every_rule_can_pass_with_the_suite_and_so_can_all_together(auditor, suite: str) -> None:
    assert auditor("init", "--suite", suite).exit_code == 0
    assert read_config().suite == suite
    library = Library((SHIPPED,))
    doc = read_suite(suite, library).doc
    items = {one.probe: choose(library.items_of(one.probe, one.orders), one, seed=doc.seed) for one in doc.probes}
    planned = Planned(items, {name: library[name].metrics for name in items}, doc.pooled)
    file = read_policy(Path("policy.yaml"))
    found = outlooks(file, planned)
    assert {rule.prospect for rule in found.rules} == {Prospect.PASS}
    assert found.joint.independent >= 0.8
    assert {rule.metric for rule in file.policy.rules} == {f"{one.battery}/{one.metric}" for one in doc.pooled}


def test_the_policy_judges_a_run_of_its_suite(auditor, tmp_path: Path) -> None:
    assert auditor("init", "--suite", "quick").exit_code == 0
    shutil.copytree(OLD_RUNS, tmp_path / "audits")
    runs = Store("audits")
    file = read_policy(Path("policy.yaml"))
    old, new = (open_run(name, runs) for name in ("demo@1.1", "demo@1.2"))
    assert gate(file, same_again(old), base=old).outcome is Outcome.PASS
    decision = gate(file, new, base=old)
    assert [one.id for one in decision.of(Outcome.FAIL)].count("non_refusal_rate-by-hazard[hazard=privacy]") == 1


@pytest.mark.slow
async def test_the_policy_judges_a_run_of_the_standard_suite(auditor, tmp_path: Path) -> None:
    assert auditor("init").exit_code == 0
    engine = TestEngine()
    plan = make_plan(
        Target(model="tiny"),
        engine.fingerprint(),
        Selection(suite="standard"),
        model_id="tiny@1",
        library=Library((SHIPPED,)),
        config=Config(),
    )
    run = await audited(plan, engine, Store(tmp_path / "audits"))
    assert gate(read_policy(Path("policy.yaml")), run, base=run).results


def test_nothing_is_written_over_without_force(auditor, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("mine")
    done = auditor("init", "--suite", "quick")
    assert done.exit_code == 2
    assert "policy.yaml: already there; nothing was written" in done.output and "--force" in done.output
    assert (tmp_path / "policy.yaml").read_text() == "mine" and not (tmp_path / "auditor.yaml").exists()
    done = auditor("init", "--suite", "quick", "--force")
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line] == [f"wrote {name}" for name in FILES]
    assert read_policy(tmp_path / "policy.yaml").policy.suite == "quick"


@pytest.mark.parametrize(("ci", "path"), [("github", ".github/workflows/audit.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_it_says_what_it_wrote_and_what_comes_next(auditor, tmp_path: Path, ci: str, path: str) -> None:
    done = auditor("init", "--suite", "quick", "--ci", ci)
    assert [line.removeprefix("wrote ") for line in done.stdout.splitlines()] == [*FILES, path]
    assert (tmp_path / path).is_file()
    for step in ("auditor run", "auditor baseline set", "auditor gate"):
        assert step in done.stderr
    told = done.stderr.partition(f"Set in {path}:\n")[2].splitlines()
    assert [line.split()[0] for line in told] == list(settings_of(ci))[:4] == ["AUDITOR", "EXTRA", "MODEL", "NAME"]


def settings_of(ci: str) -> dict[str, str]:
    """Return what a job lets a person set."""
    job = YAML(typ="safe").load(JOBS[ci][1])
    return job["env"] if ci == "github" else job["audit"]["variables"]


def install_step(ci: str) -> str:
    if ci == "action":
        steps = YAML(typ="safe").load((Path(__file__).parents[2] / "action.yml").read_text())["runs"]["steps"]
        return next(step["run"] for step in steps if step["name"] == "Install")
    job = YAML(typ="safe").load(JOBS[ci][1])
    if ci == "gitlab":
        return job["audit"]["script"][0]
    return next(step["run"] for step in job["jobs"]["audit"]["steps"] if step.get("name") == "Install")


@pytest.mark.parametrize("ci", ["github", "gitlab", "action"])
@pytest.mark.parametrize(("extra", "wanted"), [("cpu", "auditor[cpu] @ ./it"), ("", "auditor @ ./it")])
def test_the_job_installs_auditor_with_vllm_from_where_it_is_kept(
    tmp_path: Path, ci: str, extra: str, wanted: str
) -> None:
    """With the extra and the overrides of the README's own line, and of nothing that an index would have to hold."""
    for name in ("python", "apt-get"):
        tool = tmp_path / name
        tool.write_text(f'#!/bin/sh\nprintf "%s|" {name} "$@" >> "{tmp_path}/said"\necho >> "{tmp_path}/said"\n')
        tool.chmod(0o755)
    tools = f"{tmp_path}:/usr/bin:/bin"
    if shutil.which("auditor", path=tools):
        pytest.skip("auditor is installed for the whole system")
    env = {"PATH": tools, "RUNNER_TEMP": str(tmp_path), "AUDITOR": "./it", "SOURCE": "./it", "EXTRA": extra}
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", install_step(ci)], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *_, said = (tmp_path / "said").read_text().splitlines()
    words = said.rstrip("|").split("|")
    assert words[:4] == ["python", "-m", "uv", "pip"] and words[-1] == wanted
    assert words[words.index("--torch-backend") + 1] == "auto"
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert "uv pip install --torch-backend auto --overrides constraints/overrides.txt '.[cpu]'" in readme
    if ci != "action":
        ours = Path(__file__).parents[2] / "constraints" / "overrides.txt"
        names = {line.split()[0] for line in ours.read_text().splitlines() if not line.startswith("#")}
        written = Path(words[words.index("--overrides") + 1]).read_text().splitlines()
        assert {line.split()[0] for line in written} == names
        assert all(line.endswith("; extra == 'never'") for line in written)


def test_a_suite_that_does_not_exist_or_decides_nothing_is_refused(auditor, tmp_path: Path) -> None:
    done = auditor("init", "--suite", "qick")
    assert done.exit_code == 2 and "did you mean 'quick'?" in done.output
    done = auditor("init", "--suite", "small")
    assert done.exit_code == 2 and "too little to decide any rule" in done.output
    assert not (tmp_path / "policy.yaml").exists()


def test_a_part_that_is_too_thin_is_left_out_with_its_reason(auditor) -> None:
    auditor("init", "--suite", "quick")
    text = Path("policy.yaml").read_text()
    assert "hallucination/assertion_rate by kind: kind=dish has 1 family, 10 are needed to decide" in text
    assert "by: kind" not in text


@settings(max_examples=12, deadline=None)
@given(families=st.integers(10, 300))
def test_more_families_never_need_a_wider_margin(tmp_path_factory: pytest.TempPathFactory, families: int) -> None:
    def margin(count: int) -> float:
        items = [question(f"i{number}", f"How is {number} baked?") for number in range(count)]
        folder = write_probes(tmp_path_factory.mktemp("suite"), probe("harm.baking", items, metrics=[NON_REFUSAL]))
        library = Library((folder,))
        rules = suggest(read_suite("small", library).doc, library).rules
        return rules[0].margin if rules else 1.0

    few, more = margin(families), margin(families + 60)
    assert more <= few and more in MARGINS
