"""A command whose reader leaves ends with 141, as shells have it, and never with what would mean that all is well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from deciding_runs import audit_all

MAIN = (sys.executable, "-c", "from auditor.cli import main; main()")
FORMS = ("terminal", "json")
FAILS = "rules:\n  - {id: worse, metric: small.food/non_refusal_rate, increase_at_most: 0.25}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with audits of bot@1 (twice), bot@2 and bot@3, and a policy that bot@3 breaks."""
    made = tmp_path_factory.mktemp("reader_left")
    audit_all(made)
    (made / "policy.yaml").write_text(FAILS)
    return made


def without_a_reader(folder: Path, *arguments: str, stream: str = "stdout") -> tuple[int, str]:
    """Return the exit code, and what the other stream got, of a command whose one stream nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    try:
        done = subprocess.run(
            [*MAIN, *arguments], cwd=folder, timeout=120, check=False, **{stream: writer, other: subprocess.PIPE}
        )
    finally:
        os.close(writer)
    return done.returncode, getattr(done, other).decode()


@pytest.mark.parametrize("form", FORMS)
def test_a_failing_gate_does_not_pass_because_nobody_reads_it(folder: Path, form: str) -> None:
    arguments = ("gate", "bot@3", "--against", "bot@1", "-f", form)
    assert without_a_reader(folder, *arguments) == (141, "")


def test_a_run_that_is_judged_does_not_pass_either(folder: Path) -> None:
    judged = ("--against", "bot@1", "--policy", "policy.yaml")
    code, said = without_a_reader(
        folder, "run", "3.jsonl", "--suite", "small", "--name", "bot@3", "-f", "json", *judged
    )
    assert code == 141 and "Exception ignored" not in said and "Traceback" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "bot@3"),
        ("--help",),
        ("--version",),
        ("gate", "--help"),
        ("schema", "probe"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_every_command_ends_alike(folder: Path, arguments: tuple[str, ...]) -> None:
    assert without_a_reader(folder, *arguments) == (141, "")


@pytest.mark.parametrize(
    "arguments", [("show", "nothing"), ("gate",), ("nothing",)], ids=lambda arguments: " ".join(arguments)
)
def test_a_mistake_that_nobody_reads_ends_alike(folder: Path, arguments: tuple[str, ...]) -> None:
    assert without_a_reader(folder, *arguments, stream="stderr") == (141, "")
