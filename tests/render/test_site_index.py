"""The index of a site: its numbers, its look in a real browser, and names that are hostile."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hostile_runs import HOSTILE, write_hostile
from playwright.sync_api import Browser

from auditor.content import content
from auditor.render.site_files import Page
from auditor.render.site_index import DRAWN, Told, render_index
from auditor.render.versions import Version, read_versions
from auditor.render.visible import HIDDEN
from auditor.runs.record import Run

MOVES = {"harm/over_refusal_rate": "worse", "harm/non_refusal_rate": "better"}


def page(text: str = "3 of 5 rules broken.", outcome: Any = "fail") -> Page:
    """Return what is known of a page."""
    return Page(made_from="", holds="", outcome=outcome, text=text, reason=text, moves=MOVES)


def told(name: str, runs: list[Run], known: Page) -> list[Told]:
    """Return the versions of a model, oldest first."""
    versions = read_versions(runs)
    return [(name, version, f"{place}/{version.role}.html", known) for place, version in enumerate(versions)]


@pytest.fixture(scope="module")
def index(runs: list[Run]) -> str:
    """The index over two models, the first with fifty versions."""
    many = [Version(runs[place % 3], f"2.{place}", "earlier") for place in range(50)]
    known = [page(outcome=outcome) for outcome in ("fail", "pass", "inconclusive")]
    kestrel = [
        ("kestrel-chat", one, f"kestrel-chat/2.{place}.html", known[place % 3]) for place, one in enumerate(many)
    ]
    return render_index([*kestrel, *told("merlin", runs[:1], known[1])], ["gone@1"], "rules/policy.yaml")


@pytest.fixture(scope="module")
def index_url(index: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The index as a file."""
    path = tmp_path_factory.mktemp("site") / "index.html"
    path.write_text(index, encoding="utf-8")
    return path.as_uri()


def test_every_number_is_its_runs(index: str, runs: list[Run]) -> None:
    known = {
        (f"{one.probe_id}/{one.metric}/{one.cell}", "" if one.value is None else repr(float(one.value)))
        for run in runs
        for one in run.estimates
    }
    shown = re.findall(
        r'<data [^>]*value="([^"]*)" data-of="([^"]*)">[^<]+</data>\s*<span class="interval">([^<]+)', index
    )
    assert len(shown) > 300
    assert {(name, raw) for raw, name, _ in shown} <= known
    assert all(interval for *_, interval in shown)


def test_versions_come_newest_first_with_their_verdicts(index: str) -> None:
    assert "2 models, 51 versions" in index
    assert index.index('id="model-kestrel-chat"') < index.index('id="model-merlin"')
    places = [index.index(f'href="kestrel-chat/2.{place}.html">') for place in reversed(range(49))]
    assert places == sorted(places)
    assert all(word in index for word in ("✗</span> FAIL", "✓</span> PASS", "?</span> NOT ENOUGH EVIDENCE"))
    assert f"The small charts show the last {DRAWN} versions." in index
    assert "policy.yaml" in index and "rules/" not in index
    assert "gone@1" in index


def test_without_a_policy_no_verdict_is_told(runs: list[Run]) -> None:
    text = render_index(told("kestrel-chat", runs, page(outcome=None)), [], None)
    assert "None was judged" in text and "Verdict" not in text
    assert not re.search("PASS|FAIL|NOT ENOUGH", text)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        ("light", 1280),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in (("dark", 1280), ("light", 390), ("dark", 390))),
    ],
)
def test_axe_finds_nothing(chromium: Browser, index_url: str, scheme: Any, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    shown = context.new_page()
    shown.goto(index_url)
    found = Axe().run(shown, options={"resultTypes": ["violations"]})
    assert [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found.response["violations"]] == []
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 390, 1280, 2560])
def test_without_script_nothing_clips_or_scrolls_sideways(chromium: Browser, index_url: str, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    shown = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(index_url)
    assert (said, asked) == ([], [index_url])
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    for tile in shown.locator(".tile").all():
        assert tile.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    assert shown.locator("table.versions tbody tr").count() == 51
    context.close()


@pytest.fixture(scope="module")
def hostile_index(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    small = [
        replace(draft, items=draft.items[:1], responses=draft.responses[:1], verdicts=draft.verdicts[:1])
        for draft in drafts
    ]
    made = write_hostile(small, tmp_path_factory.mktemp("hostile"), compared=True)
    return render_index(told("bot" + HOSTILE, made, page(HOSTILE)), ["run" + HOSTILE], "policy" + HOSTILE)


def test_no_name_is_obeyed(hostile_index: str, index: str) -> None:
    hostile_index.encode("utf-8")
    assert HIDDEN.search(hostile_index) is None
    tags, own = (
        {tag.lower() for tag in re.findall(r"<([a-zA-Z!/][a-zA-Z0-9-]*)", text)} for text in (hostile_index, index)
    )
    assert tags <= own | {"code", "/code"}
    assert "<script" not in hostile_index
    assert html.unescape(hostile_index).count("window.owned") > 30


@pytest.mark.browser
def test_nothing_hostile_runs_or_leaves_the_page(chromium: Browser, hostile_index: str, tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text(hostile_index, encoding="utf-8")
    context = chromium.new_context()
    shown = context.new_page()
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: asked.append(message.text))
    shown.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert shown.evaluate("window.owned") is None
    assert shown.evaluate("document.documentElement.scrollWidth") <= 1280
    context.close()


def test_the_style_of_a_site_names_no_other_file() -> None:
    style = content("reports").joinpath("site.css").read_text("utf-8")
    assert "url(" not in style and "@import" not in style
