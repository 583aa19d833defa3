"""How large a page may be: a large one is warned of, a very large one is not written by accident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from auditor.cli import report

Auditor = Callable[..., Result]


def test_a_large_page_is_warned_of_and_a_very_large_one_wants_force(
    audited: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LARGE", 1_000)
    done = audited("report", "bot@1", "bot@2")
    assert done.exit_code == 0
    assert "which mail and some hosts refuse; --transcripts sample makes it smaller" in done.stderr
    monkeypatch.setattr(report, "LARGEST", 2_000)
    Path("report.html").unlink()
    done = audited("report", "bot@1", "bot@2", "--transcripts", "none")
    assert done.exit_code == 2
    assert "fewer versions make it smaller; or --force" in done.stderr
    assert not Path("report.html").exists()
    done = audited("report", "bot@1", "bot@2", "--force")
    assert (done.exit_code, Path("report.html").exists()) == (0, True)


def test_a_very_large_page_gets_a_folder_and_a_smaller_one_removes_it(
    audited: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("report.html.data")
    assert audited("report", "bot@1", "bot@2", "--beside").exit_code == 0
    monkeypatch.setattr(report, "LARGEST", Path("report.html").stat().st_size + 1)
    done = audited("report", "bot@1", "bot@2")
    assert done.exit_code == 0
    assert f"prompts and answers: {folder} (1 files, " in done.stderr
    assert [one.suffix for one in folder.iterdir()] == [".css"]
    assert audited("report", "bot@1", "bot@2", "--force").exit_code == 0
    assert not folder.exists()


@pytest.mark.parametrize("place", [".", "/", "out"])
@pytest.mark.parametrize("options", [(), ("--beside",), ("-f", "json")])
def test_a_page_that_would_be_a_folder_is_refused(audited: Auditor, place: str, options: tuple[str, ...]) -> None:
    Path("out").mkdir(exist_ok=True)
    done = audited("report", "bot@1", "bot@2", "-o", place, *options)
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.splitlines()[0] == f"Error: {place}: cannot be written: it is a folder"


def test_a_page_that_only_its_size_makes_too_large_says_how_it_gets_smaller(
    audited: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LARGE", 1_000)
    assert ", --beside puts its texts into a folder" in audited("report", "bot@1", "bot@2").stderr
    assert "--beside puts" not in audited("report", "bot@1", "bot@2", "--beside").stderr
    assert audited("report", "bot@1", "-f", "json", "--force").exit_code == 2
    audited("report", "bot@1", "bot@2", "--force")
    assert "--force" in Path("report.html").read_text("utf-8").partition('id="redo"')[2]


def test_a_run_that_is_named_twice_is_refused(audited: Auditor) -> None:
    done = audited("report", "bot@1", "bot@2", "bot@1")
    assert done.exit_code == 2 and "is named 2 times" in done.stderr
    assert not Path("report.html").exists()


def test_a_folder_may_be_asked_for(audited: Auditor) -> None:
    done = audited("report", "bot@1", "bot@2", "--beside", "-o", "out/page.html")
    assert done.exit_code == 0
    (file,) = Path("out/page.html.data").iterdir()
    page = Path("out/page.html").read_text("utf-8")
    assert "--beside" in page
    assert 'id="data-0"' not in page
    Path("out/page.html.data", file.name).unlink()
    Path("out/page.html.data").rmdir()
    Path("out/page.html.data").write_text("in the way")
    done = audited("report", "bot@1", "bot@2", "--beside", "-o", "out/page.html")
    assert (done.exit_code, "cannot be written" in done.stderr) == (4, True)
    assert Path("out/page.html").read_text("utf-8") == page


@pytest.mark.parametrize("more", [("-o", "-"), ("--force",), ("-f", "json"), ("--site", "public")])
def test_a_folder_goes_with_a_page_in_a_file_only(audited: Auditor, more: tuple[str, ...]) -> None:
    done = audited("report", *(() if "--site" in more else ("bot@1", "bot@2")), "--beside", *more)
    assert done.exit_code == 2
    assert "--beside" in done.stderr or "--site goes with" in done.stderr
