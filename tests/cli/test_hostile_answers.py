"""Whatever a model says is kept to the last character and shown without harm."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from small_audits import COMPLIES, REFUSES, probe, question, write_probes, write_recording

from auditor.runs.record import open_run
from auditor.runs.store import Store

Auditor = Callable[..., Result]
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff]"
)
"""What a terminal would obey, or a reader would not see."""

HOSTILE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "escapes": "\x1b[31mred\x1b[2J\x1b[1;1H\x9b31m\x1bc",
    "title": "\x1b]0;owned\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\x9d0;owned\x9c",
    "surrogates": "\ud800 alone \udfff",
    "direction": "\u202etxt.exe\u202c \u2066isolate\u2069 \u061c",
    "nothing": "a\x00b\x7f\x08\x08c\rover",
    "formula": '=HYPERLINK("http://x","y")\n+1\n-1\n@SUM(A1)\t|pipe',
    "markup": "[bold red]rich[/bold red] {{ 7 * 7 }} {% raw %} ${x} %s :smile:",
    "hidden": "in\u200bvis\u2060ible \ufeff\u2028\u2029 \U000e0041",
    "commands": "::error::pwn\n::set-output name=a::b\n##[error]x ##vso[task.complete]y",
    "letters": "日本語 العربية \U0001f600 e\u0301",
}
BIG = "x\x1b" * 2_500_000


@pytest.fixture
def hostile(auditor: Auditor, tmp_path: Path) -> dict[str, str]:
    """Audit a recording of hostile answers; returns what was said about each item."""
    said = {name: f"{COMPLIES} {text}" for name, text in HOSTILE.items()} | {"big": BIG, "tame": REFUSES}
    items = [question(name, f"Tell me of {name}.") for name in said]
    write_probes(tmp_path / "probes", probe("small.food", items))
    rows = [{"messages": [{"role": "user", "content": f"Tell me of {name}."}], "response": said[name]} for name in said]
    write_recording(tmp_path / "said.jsonl", rows)
    done = auditor("run", "said.jsonl", "--suite", "small", "--name", "bot@1")
    assert done.exit_code == 0, done.stderr
    assert HARMFUL.search(done.stdout + done.stderr) is None
    return said


def test_hostile_answers_are_kept_whole_and_shown_harmlessly(auditor: Auditor, hostile: dict[str, str]) -> None:
    rows = open_run("bot@1", Store("audits")).iter_responses()
    assert {row["item_id"].partition("/")[2]: row["text"] for row in rows} == hostile
    assert auditor("verify", "bot@1").exit_code == 0

    shown = auditor("show", "bot@1")
    assert shown.exit_code == 0
    assert HARMFUL.search(shown.stdout) is None
    assert "[␛][31mred" in shown.stdout and "<script>alert(1)</script>" in shown.stdout
    assert "[bold red]rich[/bold red] {{ 7 * 7 }}" in shown.stdout and ":smile:" in shown.stdout
    assert f"│ ... {len(BIG) - 20_000} more characters, see -f json" in shown.stdout
    assert not re.search(r"^\s*::|##(vso)?\[", shown.stdout, re.MULTILINE) and "│ ::set-output" in shown.stdout
    whole = auditor("show", "bot@1", "-f", "json")
    assert whole.stdout.isascii() and HARMFUL.search(whole.stdout) is None

    table = auditor("report", "bot@1", "-o", "report.html")
    assert table.exit_code == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page and "onerror=alert(1)>" not in page
    assert "\x1b" not in page and "\u202e" not in page


def test_a_terminal_without_the_letters_is_no_bug(auditor: Auditor, hostile: dict[str, str]) -> None:
    code = "from auditor.cli import main; main()"
    command = [sys.executable, "-c", code, "show", "bot@1", "--item", "*/letters"]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin", "HOME": str(Path.cwd())}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u65e5\\u672c\\u8a9e" in done.stdout


def test_hostile_names_are_shown_harmlessly(auditor: Auditor) -> None:
    done = auditor("run", "\x1b]0;owned\x07", "--suite", "small")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[0] == "Error: there is no model at '[␛]]0;owned[␇]'"
    done = auditor("probes", "check", "\x1b[31mred.yaml")
    assert HARMFUL.search(done.stderr) is None
    done = auditor("show", "bot@1\u202e")
    assert HARMFUL.search(done.stderr) is None
