"""A report is made of hostile text: nothing of it may run, be fetched, or hide."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hostile_runs import HOSTILE, decided, write_hostile
from playwright.sync_api import Browser

from auditor.render.extent import Extent, Sharing
from auditor.render.html import render_report
from auditor.render.page import SECTIONS
from auditor.render.visible import HIDDEN
from auditor.runs.record import Run


@pytest.fixture(scope="module", params=["not compared", "compared"])
def hostile_report(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    made = write_hostile(drafts, tmp_path_factory.mktemp("hostile"), compared=request.param == "compared")
    return render_report(made, decision=decided(made[1]), command=("auditor", "report", HOSTILE))


def test_poisoned_fields_reach_every_section(hostile_report: str) -> None:
    for section in re.split(r'(?=<section id=")', hostile_report)[1:]:
        text = html.unescape(section)
        assert "window.owned" in text or any(one.empty and one.empty in text for one in SECTIONS), section[:80]


def test_poisoned_numbers_are_drawn_and_held_to_poisoned_limits(
    hostile_report: str, request: pytest.FixtureRequest
) -> None:
    changes = html.unescape(hostile_report.split('<section id="difference"')[1].split("\n</section>")[0])
    if "not compared" in request.node.name:
        assert "What the runs say of their metrics cannot be read" in changes
        return
    assert changes.count('<td class="strip">') > 5
    assert 'limit 10 points: <b class="fail">broken</b>' in changes
    assert changes.count("window.owned") > 5


def test_the_page_is_valid_utf8_and_no_hidden_character_is_left_in_it(hostile_report: str) -> None:
    hostile_report.encode("utf-8")
    assert HIDDEN.search(hostile_report) is None


def test_only_our_own_elements_are_in_the_page(hostile_report: str, report: str) -> None:
    tags, own = (set(re.findall(r"</?([a-z!][a-z0-9-]*)", page.lower())) for page in (hostile_report, report))
    assert tags <= own | {"em", "code"}
    assert hostile_report.count("<script") == report.count("<script")


def test_nothing_is_expanded_twice(hostile_report: str) -> None:
    assert "{{ 7*7 }}" in html.unescape(hostile_report)
    assert "$&" in html.unescape(hostile_report)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("scheme", "width", "script"),
    [
        ("light", 1280, True),
        ("light", 1280, False),
        pytest.param("dark", 1280, True, marks=pytest.mark.slow),
        pytest.param("light", 390, True, marks=pytest.mark.slow),
    ],
)
def test_nothing_runs_and_nothing_leaves_the_page(
    chromium: Browser, hostile_report: str, tmp_path: Any, scheme: Any, width: int, script: bool
) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(hostile_report, encoding="utf-8")
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
    )
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    if script:
        page.wait_for_selector("html[data-ready]")
        page.locator("#rows button").nth(0).click()
        page.wait_for_selector(".drawer")
        for opened in page.locator("details").all():
            opened.evaluate("node => { node.open = true; }")
        page.get_by_label("Text in prompts and answers").fill("owned")
        page.locator("#status", has_text="of 754 items").wait_for()
        assert page.evaluate("window.owned") is None
        assert page.locator("img, iframe, object, embed, [onerror], [onload]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert told == []
    assert asked == [path.as_uri()]
    context.close()


@pytest.mark.browser
def test_the_browser_reads_the_same_texts_that_were_written(
    chromium: Browser, drafts: list[Any], write: Callable[[Any], Run], tmp_path: Any
) -> None:
    texts = [HOSTILE, "a\r\nb", "\ud83d", "\ude00 alone", "x" * 100_000, ""]
    asked = drafts[2].responses
    changed = [(request, replace(response, text=text)) for (request, response), text in zip(asked, texts, strict=False)]
    path = tmp_path / "report.html"
    run = write(replace(drafts[2], responses=[*changed, *asked[len(texts) :]]))
    path.write_text(render_report([run], sharing=Sharing(Extent.ALL)), encoding="utf-8")
    page = chromium.new_page(bypass_csp=True)
    page.goto(path.as_uri())
    read = page.evaluate(
        """async (count) => {
          const bytes = Uint8Array.from(atob(document.getElementById("data-0").textContent), c => c.charCodeAt(0));
          const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
          const rows = JSON.parse(await new Response(stream).text()).slice(0, count);
          const units = (text) => Array.from({length: text.length}, (_, place) => text.charCodeAt(place));
          return rows.map(row => units(row.replies[0].responses[0].text || ""));
        }""",
        len(texts),
    )
    page.close()
    assert read == [_utf16(text) for text in texts]


def _utf16(text: str) -> list[int]:
    units = text.encode("utf-16-le", "surrogatepass")
    return [units[place] | units[place + 1] << 8 for place in range(0, len(units), 2)]
