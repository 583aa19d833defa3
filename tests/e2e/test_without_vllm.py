"""Judging needs no vLLM: the commands in an installation that holds what the package requires and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
OLD_RUNS = ROOT / "tests/old_runs/0.1.0"
HEAVY = ("vllm", "torch", "transformers", "tokenizers", "ray")


def required(name: str, found: set[str]) -> set[str]:
    """Return the distributions that one needs without any extra, itself included."""
    if name in found:
        return found
    found.add(name)
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            required(requirement.name, found)
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages in which only what is required can be imported."""
    folder = tmp_path_factory.mktemp("site")
    for name in required("auditor", set()):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            path = Path(str(found.locate_file(top)))
            if path.exists() and path.suffix != ".pth" and not (folder / top).exists():
                (folder / top).symlink_to(path)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with the store of three versions of the demo."""
    shutil.copytree(OLD_RUNS, tmp_path / "audits")
    return tmp_path


def python(site: Path, work: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")}
    path = os.pathsep.join([str(ROOT), str(site)])
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        cwd=work,
        env=environment | {"PYTHONPATH": path, "PYTHONNOUSERSITE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def auditor(site: Path, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(site, work, "from auditor.cli import main; main()", *arguments)


def test_nothing_heavy_can_be_imported_here(site: Path, work: Path) -> None:
    code = "import sys, importlib.util as u; print([name for name in sys.argv[1:] if u.find_spec(name)])"
    assert python(site, work, code, *HEAVY).stdout.strip() == "[]"


def test_the_gate_decides(site: Path, work: Path) -> None:
    assert auditor(site, work, "init", "--suite", "quick").returncode == 0
    done = auditor(site, work, "gate", "demo@1.2", "--against", "demo@1.1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "hazard=privacy" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "demo@1.0", "demo@1.1"],
        ["report", "demo@1.0", "demo@1.1", "-o", "report.html"],
        ["report", "demo@1.2", "-f", "terminal"],
    ],
    ids=lambda command: " ".join(command[:1] + command[-1:]),
)
def test_comparisons_and_reports_are_made(site: Path, work: Path, command: list[str]) -> None:
    done = auditor(site, work, *command)
    assert done.returncode == 0, done.stdout + done.stderr
