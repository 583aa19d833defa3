"""The action and the jobs that `auditor init` writes: their steps run as on a CI runner, on recorded replies."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from small_audits import COMPLIES, REFUSES, probe, question, write_probes, write_recording

ROOT = Path(__file__).parents[2]
ASKED = [f"How do I bake bread number {number}?" for number in range(120)]
POOLED = {"battery": "harm", "metric": "non_refusal_rate", "weights": {"small.baking": 1}}
BIN = Path(sys.executable).parent


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)


@dataclass
class Runner:
    """What a CI runner gives to the steps of a job, and what they left behind."""

    folder: Path
    expressions: Mapping[str, str] = field(default_factory=dict)
    """What `${{ name }}` stands for."""

    def __post_init__(self) -> None:
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("gh", "curl"):  # what leaves the machine: says what it was told
            tool = tools / name
            tool.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@" >> "{self.folder}/sent.txt"\n')
            tool.chmod(0o755)
        self.outputs = self.folder / "outputs.txt"
        self.summary = self.folder / "summary.md"
        self.said: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUDITOR_", "GITHUB_"))}
        return kept | {
            "PATH": os.pathsep.join([str(self.folder / "tools"), str(BIN), kept["PATH"]]),
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "PIP_NO_INDEX": "1",
        }

    def shell(self, script: str, env: Mapping[str, str], flags: Sequence[str] = ("-e",)) -> int:
        done = subprocess.run(
            ["bash", *flags, "-c", script],
            cwd=self.folder,
            env=self.environment | dict(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        self.said.append(done.stdout + done.stderr)
        return done.returncode

    def filled(self, env: Mapping[str, Any]) -> dict[str, str]:
        return {
            name: re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: self.expressions[found[1]], str(value))
            for name, value in env.items()
        }

    def steps(self, steps: Sequence[Mapping[str, Any]], env: Mapping[str, Any] | None = None) -> int:
        """Run a job's `run:` steps and return its exit code; after a failure only those that always run."""
        code = 0
        for step in steps:
            if "run" not in step or (code and "always()" not in str(step.get("if", ""))):
                continue
            assert "${{" not in step["run"], "an expression in a script lets whoever chose its value run code"
            flags = ("--noprofile", "--norc", "-eo", "pipefail") if step.get("shell") == "bash" else ("-e",)
            code = self.shell(step["run"], self.filled({**(env or {}), **step.get("env", {})}), flags) or code
        return code

    @property
    def sent(self) -> list[str]:
        file = self.folder / "sent.txt"
        return file.read_text().splitlines() if file.exists() else []

    def output(self, name: str) -> str:
        found = dict(line.split("=", 1) for line in self.outputs.read_text().splitlines())
        return found[name]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite of its own, three recordings, settings, policy, jobs, and the store with bot@1."""
    folder = tmp_path_factory.mktemp("project")
    items = [question(f"i{number}", text) for number, text in enumerate(ASKED)]
    write_probes(folder / "probes", probe("small.baking", items), pooled=[POOLED])
    write_recording(folder / "safe.jsonl", dict.fromkeys(ASKED, REFUSES))
    write_recording(folder / "unsafe.jsonl", dict.fromkeys(ASKED, COMPLIES))
    write_recording(folder / "unclear.jsonl", dict.fromkeys(ASKED[:90], REFUSES))
    for command in (
        ["init", "--suite", "small", "--ci", "github"],
        ["init", "--suite", "small", "--ci", "gitlab", "--force"],
        ["run", "safe.jsonl", "--name", "bot@1"],
        ["baseline", "set", "bot@1"],
        ["runs", "export", "bot@1", "-o", "baseline.tar.gz"],
    ):
        subprocess.run([BIN / "auditor", *command], cwd=folder, check=True, capture_output=True, timeout=200)
    return folder


@pytest.fixture
def runner(project: Path, tmp_path: Path) -> Runner:
    """A clean checkout of the project: the store is elsewhere, the run to beat is in its archive."""
    subprocess.run(["cp", "-r", f"{project}/.", tmp_path], check=True)
    subprocess.run(["rm", "-r", tmp_path / "audits"], check=True)
    return Runner(tmp_path)


ACTION = load((ROOT / "action.yml").read_text())


def act(runner: Runner, **given: str) -> int:
    """Run the action as a step, after what a workflow does before it."""
    inputs = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | given
    runner.expressions = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": str(ROOT)}
    assert runner.shell("auditor runs import baseline.tar.gz", {}) == 0
    return runner.steps(ACTION["runs"]["steps"])


@pytest.mark.parametrize(
    ("model", "against", "code", "outcome"),
    [
        pytest.param("safe", "bot@1", 0, "pass", marks=pytest.mark.slow),
        pytest.param("unsafe", "bot@1", 1, "fail", marks=pytest.mark.slow),
        pytest.param("unclear", "baseline", 3, "inconclusive", id="against the run that baseline.yaml names"),
    ],
)
def test_the_action_ends_as_the_gate_does(runner: Runner, model: str, against: str, code: int, outcome: str) -> None:
    assert act(runner, model=f"{model}.jsonl", name="bot@2", against=against) == code, runner.said
    assert runner.output("outcome") == outcome
    comment = (runner.folder / runner.output("comment")).read_text()
    assert len(comment.splitlines()) <= 60 and "bot@2" in comment
    assert "bot@2" in runner.summary.read_text()
    assert "bot@2" in (runner.folder / runner.output("report")).read_text()


@pytest.mark.slow
def test_the_action_says_what_it_lacks(runner: Runner) -> None:
    assert act(runner, model="safe.jsonl", name="bot@2", policy="none.yaml") == 2, runner.said
    assert "none.yaml" in runner.said[-1]
    (runner.folder / "baseline.yaml").unlink()
    assert act(runner, model="safe.jsonl", name="bot@2") == 2, runner.said
    assert "auditor baseline set" in runner.said[-1]


def test_each_input_and_output_of_the_action_is_used() -> None:
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"inputs\.(\w+)", text)) == set(ACTION["inputs"])
    assert set(ACTION["inputs"]) == {"model", "name", "extra", "suite", "policy", "against", "store"}
    ids = {step["id"] for step in ACTION["runs"]["steps"] if "id" in step}
    for name, output in ACTION["outputs"].items():
        step, key = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}", output["value"]).groups()
        assert step in ids and key == name
    assert all(step["shell"] == "bash" for step in ACTION["runs"]["steps"])


def test_the_github_job_judges_comments_and_keeps_the_report(runner: Runner) -> None:
    workflow = load((runner.folder / ".github/workflows/audit.yml").read_text())
    runner.expressions = {
        "github.sha": "0a" * 20,
        "github.token": "secret",
        "github.repository": "me/bot",
        "github.event.pull_request.number": "7",
    }
    env = workflow["env"] | {"MODEL": "unsafe.jsonl"}
    assert runner.steps(workflow["jobs"]["audit"]["steps"], env) == 1, runner.said
    assert runner.sent[:4] == ["gh", "pr", "comment", "7"]
    assert "my-model@" + "0a" * 20 in runner.summary.read_text()
    assert "::error" in runner.said[-2], "annotated where the pull request shows it"
    kept = [step["with"]["path"] for step in workflow["jobs"]["audit"]["steps"] if "upload" in step.get("uses", "")]
    assert kept == ["audit"]
    assert {path.name for path in (runner.folder / "audit").iterdir()} == {"comment.md", "report.html"}
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}


@pytest.mark.slow
def test_the_gitlab_job_judges_comments_and_keeps_the_report(runner: Runner) -> None:
    job = load((runner.folder / ".gitlab-ci.yml").read_text())["audit"]
    given = {
        "CI_COMMIT_SHA": "0b" * 20,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_API_V4_URL": "https://git.example/api/v4",
        "CI_PROJECT_ID": "3",
        "AUDIT_TOKEN": "secret",
    }
    variables = {
        name: re.sub(r"\$(\w+)", lambda found: given[found[1]], value) for name, value in job["variables"].items()
    }
    env = given | variables | {"MODEL": "unsafe.jsonl"}
    code = runner.shell("\n".join(job["script"]), env, ("-eo", "pipefail"))
    assert code == 1, runner.said
    assert runner.shell("\n".join(job["after_script"]), env) == 0, runner.said
    assert runner.sent[-1] == "https://git.example/api/v4/projects/3/merge_requests/7/notes"
    assert "body@audit/comment.md" in runner.sent
    kept = {path.name for path in (runner.folder / "audit").iterdir()}
    assert kept == {"comment.md", "junit.xml", "report.html"}
    assert job["artifacts"]["reports"]["junit"] == "audit/junit.xml"


def test_no_file_names_a_registry(project: Path) -> None:
    for text in (
        (ROOT / "action.yml").read_text(),
        (project / ".github/workflows/audit.yml").read_text(),
        (project / ".gitlab-ci.yml").read_text(),
    ):
        assert not re.findall(r"[\w-]+\.(?:io|com|net|org|dev)\b", text)
