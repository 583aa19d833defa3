"""`auditor runs` and `auditor baseline`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli

Auditor = Callable[..., Result]


def ids(auditor: Auditor, *arguments: str) -> list[str]:
    return [run["run_id"] for run in json.loads(auditor("runs", "list", *arguments, "-f", "json").stdout)["runs"]]


def test_the_list_has_the_newest_first(audited: Auditor) -> None:
    done = audited("runs", "list", "-f", "json")
    newest, oldest = json.loads(done.stdout)["runs"]
    assert (newest["model_id"], oldest["model_id"]) == ("bot@2", "bot@1")
    size = sum(path.stat().st_size for path in Path("audits", newest["run_id"]).rglob("*"))
    assert newest | {"run_id": "", "created": ""} == {
        "run_id": "",
        "model_id": "bot@2",
        "created": "",
        "suite": "small",
        "state": "sealed",
        "answered": 3,
        "failed": 0,
        "layers": ["base"],
        "size": size,
        "baseline": False,
        "problem": None,
    }
    lines = audited("runs", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [newest["run_id"], oldest["run_id"]]
    rows = list(csv.DictReader(io.StringIO(audited("runs", "list", "-f", "csv").stdout)))
    assert [row["run_id"] for row in rows] == [newest["run_id"], oldest["run_id"]]
    assert rows[0]["layers"] == "base"


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("bot", ["bot@2", "bot@1"]),
        ("bot@1", ["bot@1"]),
        ("bot@*", ["bot@2", "bot@1"]),
        ("*.20*", ["bot@2", "bot@1"]),
        ("bo", []),
        ("bot@1*", ["bot@1"]),
    ],
)
def test_the_list_can_be_narrowed(audited: Auditor, name: str, models: list[str]) -> None:
    assert [run.rsplit(".", 2)[0] for run in ids(audited, name)] == models
    done = audited("runs", "list", name)
    assert (done.exit_code, "No run of" in done.stderr) == (0, not models)


def test_what_is_damaged_is_listed_and_shown_harmlessly(audited: Auditor) -> None:
    (newest, _) = ids(audited)
    hostile = Path("audits", "=cmd|' x'!A1\x1b[31m")
    hostile.mkdir()
    Path("audits", newest, "manifest.json").write_text('{"schema_version": 1, "run_id": "\x1b[2J"}')
    shown = {form: audited("runs", "list", "-f", form).stdout for form in ("terminal", "json", "csv")}
    assert all("\x1b" not in text for text in shown.values())
    assert "damaged" in shown["terminal"] and f"{newest}: " in shown["terminal"]
    rows = {row["run_id"] for row in csv.DictReader(io.StringIO(shown["csv"]))}
    assert "'=cmd|' x'!A1[\u241b][31m" in rows
    states = [run["state"] for run in json.loads(shown["json"])["runs"]]
    assert sorted(states) == ["damaged", "damaged", "sealed"]


def test_an_empty_store_is_said_to_be_empty(auditor: Auditor) -> None:
    done = auditor("runs", "list")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "No run in audits\n")
    assert json.loads(auditor("runs", "list", "-f", "json").stdout) == {"schema_version": 1, "runs": []}


def test_a_run_goes_to_another_store_and_is_the_baseline_there(audited: Auditor, tmp_path: Path) -> None:
    assert audited("baseline", "set", "bot@1").exit_code == 0
    done = audited("runs", "export", "bot@1", "bot@2", "bot@1", "-o", "out/two.tar.gz")
    assert (done.exit_code, done.stdout) == (0, "")
    away = audited("baseline", "show", "--store", "there")
    run = json.loads(audited("baseline", "show", "-f", "json").stdout)["run"]
    assert away.exit_code == 2
    assert f"names the run {run}, which the store there does not hold" in away.stderr
    assert "`auditor runs import FILE.tar.gz`" in away.stderr
    brought = audited("runs", "import", "out/two.tar.gz", "--store", "there")
    assert brought.stdout.splitlines() == [f"{one}: imported" for one in reversed(ids(audited))]
    again = audited("runs", "import", "out/two.tar.gz", "--store", "there")
    assert again.stdout.count("was here already, nothing to do") == 2
    assert audited("verify", "bot@1", "--store", "there").exit_code == 0
    assert audited("baseline", "show", "--store", "there").exit_code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["two.tar.gz"]


def test_the_archive_goes_through_a_pipe(audited: Auditor) -> None:
    sent = audited("runs", "export", "bot@1", "-o", "-").stdout_bytes
    done = CliRunner().invoke(cli, ["runs", "import", "-", "--store", "there"], input=sent)
    assert (done.exit_code, done.output.endswith(": imported\n")) == (0, True)
    bad = CliRunner().invoke(cli, ["runs", "import", "-", "--store", "there"], input=sent[:-900])
    assert bad.exit_code != 0 and "Error: stdin: " in bad.output


def test_an_export_that_fails_leaves_no_file(audited: Auditor) -> None:
    (newest, _) = ids(audited)
    Path("audits", newest, "estimates.json").write_text("{}")
    done = audited("runs", "export", "bot@1", "bot@2", "-o", "two.tar.gz")
    assert (done.exit_code, "estimates.json has changed" in done.stderr) == (1, True)
    assert not [path for path in Path().iterdir() if "two" in path.name]
    Path("a-file").write_text("x")
    assert audited("runs", "export", "bot@1", "-o", "a-file/two.tar.gz").exit_code == 4


def test_rm_removes_what_is_named_and_nothing_else(audited: Auditor) -> None:
    newest, oldest = ids(audited)
    done = audited("runs", "rm", "bot@2", newest, "--yes")
    assert (done.exit_code, done.stderr) == (0, f"{newest}: removed\n")
    assert ids(audited) == [oldest]
    assert audited("runs", "rm", "bot@2", "bot@1", "--yes").exit_code == 2
    assert ids(audited) == [oldest], "one that is not there keeps the others"


def test_the_baseline_stays_unless_forced(audited: Auditor) -> None:
    newest, oldest = ids(audited)
    audited("baseline", "set", "bot@1")
    assert "*" in audited("runs", "list").stdout
    done = audited("runs", "rm", "bot@1", "bot@2", "--yes")
    assert (done.exit_code, ids(audited)) == (2, [newest, oldest])
    assert "is the run to beat (baseline.yaml)" in done.stderr
    assert audited("runs", "rm", "bot@1", "--yes", "--force").exit_code == 0
    assert ids(audited) == [newest]


def test_where_nobody_can_be_asked_nothing_is_removed(audited: Auditor) -> None:
    done = audited("runs", "rm", "bot@1")
    assert (done.exit_code, len(ids(audited))) == (2, 2)
    assert "there is no terminal to ask at" in done.stderr and "Hint: --yes" in done.stderr


@pytest.mark.parametrize(("said", "code", "left"), [("n", 2, 2), ("y", 0, 1), ("", 2, 2)])
def test_a_person_is_asked(audited: Auditor, said: str, code: int, left: int) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, f"{said}\n".encode())
    command = [sys.executable, "-c", "from auditor.cli import main; main()", "runs", "rm", "bot@1"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command, stdin=theirs, capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, len(ids(audited))) == (code, left), done.stderr
    assert "Remove 1 run for good? [y/N]" in done.stderr


def test_baseline_show_without_one_says_how_to_set_it(auditor: Auditor) -> None:
    done = auditor("baseline", "show")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "`auditor baseline set RUN` writes it" in done.stderr
    assert auditor("baseline", "set", "bot@1").exit_code == 2
    assert not Path("baseline.yaml").exists()
