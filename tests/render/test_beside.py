"""Transcripts in files beside the page: read from a disk and from a server, missed where they are not, never run."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, expect

from auditor.errors import DataError
from auditor.render import beside, embed
from auditor.render.beside import LOCK, Beside, folder_of, write_beside
from auditor.render.extent import Extent, Sharing
from auditor.render.html import render_material
from auditor.render.material import Material
from auditor.render.versions import read_versions
from auditor.runs.record import Run

pytestmark = pytest.mark.browser

NAMES = [
    "a b#c?d%41&'\";é.html",
    *(pytest.param(one, marks=pytest.mark.slow) for one in ("report.html", "<img src=x>.html")),
]


@pytest.fixture(scope="module")
def material(runs: list[Run]) -> Material:
    """Two versions with all of their transcripts, read once."""
    made = Material(read_versions(runs[:2], None), sharing=Sharing(Extent.ALL))
    assert made.embedded.files == {}
    return made


def written(material: Material, page: Path) -> Path:
    """Write the page with its files."""
    shown = replace(material, beside=Beside(folder_of(page).name))
    write_beside(page, render_material(shown), shown.embedded.files)
    return page


@pytest.fixture
def opened(chromium: Browser) -> Callable[[str], Page]:
    """Open a page; what its console says is kept in `page.said`."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.said = said  # type: ignore[attr-defined]  # for the tests of this module

    def open_page(url: str) -> Page:
        page.goto(url)
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    return open_page


def told(page: Page) -> str:
    """Open the first item and return what it shows."""
    page.locator("#rows button").first.click()
    page.wait_for_selector(".drawer")
    return page.locator(".drawer").inner_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The folder on a web server."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("name", NAMES)
def test_a_page_on_a_disk_shows_and_finds_what_is_beside_it(
    opened: Callable[[str], Page], material: Material, tmp_path: Path, name: str
) -> None:
    whole = tmp_path / "whole.html"
    whole.write_text(render_material(material), encoding="utf-8")
    inside = told(opened(whole.as_uri() + "#items"))
    page = opened(written(material, tmp_path / name).as_uri() + "#items")
    assert told(page) == inside
    page.get_by_label("Text in prompts and answers").fill("Ada")
    expect(page.locator("#status")).to_contain_text("items")
    expect(page.locator("#searching")).to_be_hidden()
    assert "could not be searched" not in page.locator("#status").inner_text()
    assert page.locator("#rows button").count() > 0
    assert page.said == []  # type: ignore[attr-defined]  # see `opened`
    assert page.locator("body > div[hidden]").count() == 0


def test_a_page_on_a_server_shows_it_too(
    opened: Callable[[str], Page], material: Material, tmp_path: Path, server: str
) -> None:
    page = written(material, tmp_path / "a b.html")
    assert "User" in told(opened(f"{server}/{quote(page.name)}#items"))


def test_one_long_answer_comes_in_pieces(
    opened: Callable[[str], Page], material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "PIECE", 1000)
    page = opened(written(material, tmp_path / "report.html").as_uri() + "#items")
    assert "User" in told(page)


@pytest.mark.parametrize(
    "hurt", ["gone", "forged", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cut", "other", "empty"))]
)
def test_a_file_that_is_not_there_or_not_whole_is_told(
    opened: Callable[[str], Page], material: Material, tmp_path: Path, hurt: str
) -> None:
    page = written(material, tmp_path / "report.html")
    for file in folder_of(page).iterdir():
        text = file.read_text("ascii")
        match hurt:
            case "gone":
                file.unlink()
            case "cut":
                file.write_text(text[: len(text) // 2], "ascii")
            case "other":
                file.write_text("body{display:none}:host{display:block!important;background:url(http://127.0.0.1:1/x)}")
            case "empty":
                file.write_text("")
            case "forged":
                file.write_text(beside.sheet(embed.pack([None] * embed.CHUNK))[1])
    shown = opened(page.as_uri() + "#items")
    said = told(shown)
    assert "keep the folder beside the page" in said
    assert "auditor show" in said
    assert shown.locator("body").is_visible()
    shown.get_by_label("Text in prompts and answers").fill("Ada")
    expect(shown.locator("#status")).to_contain_text("could not be searched: their text is not here")


def test_only_a_page_with_a_folder_may_read_from_its_place(material: Material) -> None:
    for place in (None, Beside("report.html.data")):
        shown = replace(material, beside=place)
        page, apart = render_material(shown), place is not None
        assert ("&#39;self&#39;" in page) is bool(shown.embedded.files) is apart
        assert ("are in the folder report.html.data, which belongs beside this file" in page) is apart
    assert len(shown.embedded.files) == -(-len(material.transcripts) // embed.CHUNK)


def test_what_an_earlier_page_left_is_removed_and_nothing_else(material: Material, tmp_path: Path) -> None:
    page = written(material, tmp_path / "report.html")
    folder = folder_of(page)
    files = dict.fromkeys((one.name for one in folder.iterdir()), "")
    assert files
    (folder / "notes.txt").write_text("mine")
    (folder / ("f" * 64 + ".css")).write_text("old")
    (folder / f".auditor-{'f' * 16}.tmp").write_text("of a build that was killed")
    (folder / ("e" * 64 + ".css")).mkdir()
    write_beside(page, "new", files)
    assert {one.name for one in folder.iterdir()} == {*files, "notes.txt", "e" * 64 + ".css"}
    write_beside(page, "none", {})
    assert {one.name for one in folder.iterdir()} == {"notes.txt", "e" * 64 + ".css"}
    (folder / "notes.txt").unlink()
    (folder / ("e" * 64 + ".css")).rmdir()
    write_beside(page, "none", {})
    assert not folder.exists()
    assert page.read_text("utf-8") == "none"


def test_a_folder_that_is_a_link_and_a_second_build_are_refused(material: Material, tmp_path: Path) -> None:
    page = written(material, tmp_path / "report.html")
    kept = page.read_text("utf-8")
    with FileLock(folder_of(page) / LOCK), pytest.raises(DataError, match="another report is being written there"):
        write_beside(page, "second", {})
    (tmp_path / "link.html.data").symlink_to(folder_of(page))
    with pytest.raises(DataError, match="is a link"):
        write_beside(tmp_path / "link.html", "through", {})
    assert page.read_text("utf-8") == kept
    assert not (tmp_path / "link.html").exists()
