"""The same runs give the same bytes: in another process, folder and time zone, and whatever Python hashes texts to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from whole_runs import POLICY, write_whole

ROOT = Path(__file__).parents[2]
STORE = ROOT / "tests" / "old_runs" / "0.2.0"
SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "COLUMNS": "40"},
)


def made(folder: Path, *arguments: str) -> list[dict[str, bytes]]:
    """Run a command in two surroundings, and return what it wrote there: name -> bytes."""
    found = []
    for place, changes in enumerate(SURROUNDINGS):
        here = folder / ("one" if place else "another folder")
        here.mkdir()
        known = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
        command = [sys.executable, "-c", "from auditor.cli import main; main()", "report", *arguments]
        subprocess.run(command, cwd=here, env=known, check=True, capture_output=True)
        files = [path for path in sorted(here.rglob("*")) if path.is_file()]
        found.append({path.relative_to(here).as_posix(): path.read_bytes() for path in files})
    return found


def test_a_judged_and_labelled_report_is_the_same_anywhere(drafts: list[Any], tmp_path: Path) -> None:
    runs, labels = write_whole(drafts[1:], tmp_path / "audits")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    lines = [json.dumps({"item_id": one.item_id, "label": one.label}) for one in labels]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    options = ["--policy", str(tmp_path / "policy.yaml"), "--labels", str(tmp_path / "labels.jsonl")]
    one, other = made(tmp_path, *(f"{run.path}/" for run in runs), *options)
    assert list(one) == ["report.html"]
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "csv", "md", "model-card", "site"])
def test_every_form_is_the_same_anywhere(tmp_path: Path, form: str) -> None:
    options = ["--store", str(STORE), "--policy", str(ROOT / "demo" / "policy.yaml")]
    if form == "site":
        one, other = made(tmp_path, "--site", "site", *options)
        assert len([name for name in one if name.endswith(".html")]) > 3
    else:
        one, other = made(tmp_path, "demo@1.0", "demo@1.2", *options, "-f", form, "-o", "report")
        assert list(one) == ["report"]
    assert one == other
