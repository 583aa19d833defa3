"""A file is there whole or as it was before, whatever lies in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auditor import whole
from auditor.errors import DataError
from auditor.whole import followed, write_whole


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    write_whole(page, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole.os, "replace", full)
    with pytest.raises(DataError) as problem:
        write_whole(page, "new")
    assert str(problem.value) == f"{page}: cannot be written: No space left on device"
    assert (page.read_text(), [one.name for one in tmp_path.iterdir()]) == ("old", ["page.html"])


def test_a_link_is_replaced_unless_its_user_wants_it_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("old")
    link.symlink_to("real.html")
    write_whole(followed(link), "new")
    assert (link.is_symlink(), real.read_text()) == (True, "new")
    write_whole(link, "newer")
    assert (link.is_symlink(), real.read_text(), link.read_text()) == (False, "new", "newer")


def test_a_file_that_only_its_owner_may_read_stays_so(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")
    page.chmod(0o600)
    write_whole(page, "new")
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_product_goes_through_a_pipe() -> None:
    code = "from pathlib import Path; from auditor.cli.options import write; write('text', Path('/dev/stdout'))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "text"


def test_others_may_read_it_as_the_mask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "page.html", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "text")
    reader.join()
    assert read == ["text"]


@pytest.mark.parametrize("place", [".", "..", "/", ""])
def test_a_folder_is_no_file_whatever_it_is_called(place: str) -> None:
    with pytest.raises(DataError, match="cannot be written: it is a folder"):
        write_whole(Path(place), "text")


@pytest.mark.parametrize("place", ["folder", "file/page.html"])
def test_what_cannot_be_a_file_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_whole(tmp_path / place, "text")
    assert {one.name for one in tmp_path.iterdir()} == {"folder", "file"}
