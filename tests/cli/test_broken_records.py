"""A changed byte of a sealed run is found, named, and never passed over in silence."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Auditor = Callable[..., Result]
FILES = ["estimates.json", "items.jsonl.gz", "responses.jsonl.gz", "verdicts.jsonl.gz"]
RUN = ("run", "said.jsonl", "--suite", "small", "--name", "bot@1")


@pytest.fixture
def run(audited: Auditor) -> Path:
    """The folder of bot@1."""
    (path,) = Path("audits").glob("bot@1.*")
    return path


def change(path: Path, before: bytes, after: bytes) -> None:
    """Replace what a file says by something as long that can be read as well."""
    compressed = path.suffix == ".gz"
    content = gzip.decompress(path.read_bytes()) if compressed else path.read_bytes()
    assert before in content and len(before) == len(after)
    changed = content.replace(before, after)
    path.write_bytes(gzip.compress(changed) if compressed else changed)


def test_an_untouched_run_is_what_was_sealed(audited: Auditor, run: Path) -> None:
    for reference in ("bot@1", run.name, run):
        done = audited("verify", reference)
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout == f"{run.name}: every file is what was sealed\n"


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_verify_names_a_file_with_one_changed_byte(audited: Auditor, run: Path, name: str) -> None:
    content = bytearray((run / name).read_bytes())
    content[len(content) // 2] ^= 1
    (run / name).write_bytes(content)
    done = audited("verify", run)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"Error: {run.name}: the seal is broken",
        f"  {name} has changed since it was sealed",
    ]


def test_a_manifest_that_cannot_be_read_does_not_hide_its_run(audited: Auditor, run: Path) -> None:
    (run / "manifest.json").write_text("nonsense")
    done = audited("show", "bot@1")
    assert (done.exit_code, done.stdout) == (4, "")
    fact, hint = done.stderr.splitlines()
    assert fact.startswith(f"Error: run '{run.name}' cannot be read: {run}/manifest.json: not JSON: ")
    assert hint == f"Hint: `auditor verify {run}` names what has changed"
    assert audited("verify", run).exit_code == 1


def test_verify_names_a_missing_an_added_file_and_a_changed_seal(audited: Auditor, run: Path) -> None:
    (run / "estimates.json").unlink()
    (run / "notes.txt").touch()
    done = audited("verify", "bot@1")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[1:] == ["  estimates.json is missing", "  notes.txt is not in the seal"]
    change(run / "seal.json", b'"files"', b'"filez"')
    done = audited("verify", "bot@1")
    assert done.exit_code == 1
    assert "seal.json" in done.stderr


def test_reports_and_transcripts_of_a_changed_run_say_so(audited: Auditor, run: Path) -> None:
    change(run / "responses.jsonl.gz", b"bake it for an hour", b"bake it for a night")
    warning = f"Warning: {run.name}: responses.jsonl.gz has changed since it was sealed\n"
    shown = audited("show", "bot@1", "--item", "*/bake")
    assert (shown.exit_code, shown.stderr) == (0, warning)
    assert "for a night" in shown.stdout
    report = audited("report", "bot@1", "bot@2", "-o", "report.html")
    assert (report.exit_code, report.stderr) == (0, f"{warning}report: report.html\n")
    assert "responses.jsonl.gz has changed since it was sealed" in Path("report.html").read_text()


def test_a_changed_run_is_no_audit_of_its_plan(audited: Auditor, run: Path) -> None:
    """The same plan again would be shown the record; a broken one must not pass."""
    change(run / "estimates.json", b'"n":3', b'"n":9')
    done = audited(*RUN)
    assert done.exit_code == 1
    assert "PROBLEM: estimates.json has changed since it was sealed" in done.stdout
    assert done.stderr.splitlines()[-2:] == [
        f"Error: {run.name}: the seal is broken: estimates.json has changed since it was sealed",
        "Hint: --again asks all anew",
    ]
    again = audited(*RUN, "--again")
    assert again.exit_code == 0
    assert "PROBLEM" not in again.stdout


def test_changed_answers_are_not_graded_again(audited: Auditor, run: Path) -> None:
    change(run / "responses.jsonl.gz", b"bake it for an hour", b"bake it for a night")
    done = audited("grade", "bot@1", "--layer", "later")
    assert done.exit_code == 1
    assert "responses.jsonl.gz has changed since it was sealed" in done.stderr
    assert not (run / "layers").exists()


def test_a_layer_can_be_shown_and_verified(audited: Auditor, run: Path) -> None:
    assert audited("grade", "bot@1", "--layer", "later").exit_code == 0
    shown = audited("show", "bot@1#later", "--item", "*/boil")
    assert "verdict       │ full_refusal" in shown.stdout
    assert audited("verify", "bot@1").exit_code == 0
    change(run / "layers" / "later" / "verdicts.jsonl.gz", b"full_refusal", b"full_refusol")
    done = audited("verify", "bot@1")
    assert done.exit_code == 1
    assert "layers/later: verdicts.jsonl.gz has changed since it was sealed" in done.stderr
    twice = audited("grade", "bot@1", "--layer", "later")
    assert twice.exit_code in (1, 2)


@pytest.mark.parametrize("command", [("show", "bot@1"), ("report", "bot@1", "-o", "r.html")])
def test_a_file_that_cannot_be_read_is_named(audited: Auditor, run: Path, command: tuple[str, ...]) -> None:
    (run / "responses.jsonl.gz").write_bytes(b"nonsense")
    done = audited(*command)
    assert done.exit_code == 4
    assert f"Error: {run}/responses.jsonl.gz:1: cannot be read: " in done.stderr
    assert not Path("r.html").exists()


def test_a_layer_that_is_not_there_is_not_verified(audited: Auditor) -> None:
    done = audited("verify", "bot@1#nolayer")
    assert done.exit_code == 2
    assert "has no layer 'nolayer'" in done.stderr
