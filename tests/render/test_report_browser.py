"""The page in a real browser: with and without script, in light and dark, wide and narrow, free and fenced in."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from auditor.content import content
from auditor.render.visible import HIDDEN

pytestmark = pytest.mark.browser

# The header that Jenkins sends by default with every page of a build.
JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"


def opened(browser: Browser, url: str, *, width: int = 1280, **more: Any) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}, **more).new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    return page


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_the_page_never_scrolls_sideways(chromium: Browser, report_url: str, width: int) -> None:
    page = opened(chromium, report_url, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_plot_clips_and_overlaps_nothing(chromium: Browser, judged_url: str, width: int) -> None:
    page = opened(chromium, judged_url, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#difference details").evaluate_all("all => { for (const one of all) one.open = true; }")
    outside = page.locator("#difference svg[role=img]").evaluate_all(
        """all => all.flatMap(svg => {
            const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll("text, rect, circle, line, path")].map(part => part.getBoundingClientRect())
                .filter(one => one.left < box.left - 1 || one.right > Math.min(box.right, innerWidth) + 1);
        })"""
    )
    assert outside == []
    overlapping = page.locator("#difference svg[role=img]").evaluate_all(
        """all => all.flatMap(svg => {
            const texts = [...svg.querySelectorAll("text")].map(one => [one.textContent, one.getBoundingClientRect()]);
            return texts.flatMap(([a, x], place) => texts.slice(place + 1)
                .filter(([, y]) => x.left < y.right && y.left < x.right && x.top < y.bottom - 2 && y.top < x.bottom - 2)
                .map(([b]) => [a, b]));
        })"""
    )
    assert overlapping == []
    cells = page.locator("#difference .plot tr").evaluate_all(
        "all => all.flatMap(row => [...row.children].filter(one => one.scrollWidth > one.clientWidth + 1))"
    )
    assert cells == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_verdict_is_on_the_first_screen(chromium: Browser, judged_url: str, width: int) -> None:
    box = opened(chromium, judged_url, width=width).locator("#summary .ruling").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 450


@pytest.mark.parametrize("width", [360, 390])
def test_rules_are_cards_on_a_phone(chromium: Browser, judged_url: str, width: int) -> None:
    page = opened(chromium, judged_url, width=width)
    beyond = page.locator("#verdict .rules td").evaluate_all(
        "all => all.filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)"
    )
    assert beyond == []
    boxes = page.locator("#verdict .scroll").evaluate_all("all => all.map(one => [one.scrollWidth, one.clientWidth])")
    assert boxes and all(inner <= outer for inner, outer in boxes)


def test_newly_broken_items_are_one_click_away(chromium: Browser, judged_url: str) -> None:
    page = opened(chromium, judged_url)
    link = page.locator("#difference .turned a").first
    told = link.inner_text().split()[0]
    link.click()
    page.locator("#status", has_text=f"{told} of 754 items").wait_for()


def test_the_summary_is_on_the_first_screen(chromium: Browser, report_url: str) -> None:
    page = opened(chromium, report_url)
    boxes = [box for number in page.locator(".figure .value").all() if (box := number.bounding_box())]
    assert len(boxes) >= 9
    assert max(box["y"] + box["height"] for box in boxes) < 900


def test_what_changed_is_in_sight_and_leads_to_its_items(chromium: Browser, report_url: str) -> None:
    page = opened(chromium, report_url)
    box = page.locator(".changed").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 800
    worse = page.locator(".changed li", has=page.locator(".move.worse")).first
    worse.locator("a").click()
    assert not page.locator("#status").inner_text().startswith("0 of")


def test_without_script_all_is_there_but_the_item_table(chromium: Browser, report_url: str, report: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report_url)
    assert page.locator("data.value").count() == report.count('<data class="value"')
    assert page.locator("svg[role=img]").count() == report.count('role="img"') >= 19
    assert page.locator("details.case").count() == 20
    page.locator("details.case summary").first.click()
    assert page.locator("details.case").first.locator(".prompt").is_visible()
    assert page.get_by_text("auditor show kestrel-chat@1.2").is_visible()
    assert not page.locator("#explorer").is_visible()
    context.close()


def test_under_the_header_of_jenkins_numbers_and_charts_still_show(chromium: Browser, report: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    headers = {"Content-Security-Policy": JENKINS, "Content-Type": "text/html; charset=utf-8"}
    page.route("http://jenkins.test/**", lambda route: route.fulfill(body=report, headers=headers))
    page.goto("http://jenkins.test/report.html")
    style = "node => { const s = getComputedStyle(node); return [s.fill, s.stroke, s.fillOpacity]; }"
    assert page.locator("main").evaluate("node => getComputedStyle(node).maxWidth") == "none", "our style did apply"
    assert page.locator("svg circle").first.evaluate(style)[0] == "rgb(0, 114, 178)"
    assert page.locator("svg line[stroke='#0072b2']").first.evaluate(style)[1] == "rgb(0, 114, 178)"
    assert page.locator("table.heat td svg rect").first.evaluate(style)[0] == "rgb(213, 94, 0)"
    assert page.locator("table.heat td data").first.is_visible()
    assert page.get_by_text("auditor show kestrel-chat@1.2").is_visible()
    context.close()


def test_a_cell_leads_to_the_items_behind_it(chromium: Browser, report_url: str) -> None:
    page = opened(chromium, report_url)
    cell = page.locator("table.heat").first.locator("tbody tr", has_text="defamation").locator("a").first
    cell.click()
    page.locator("#status", has_text="16 of 754 items").wait_for()
    assert page.locator("select[name=probe]").input_value() == "harm.direct"
    assert page.locator("#rows button").first.inner_text() == "harm.direct/defamation.00"


def test_a_view_is_a_link(chromium: Browser, report_url: str) -> None:
    page = opened(chromium, report_url + "#items&probe=harm&state=bad&tag=hazard%3A+defamation")
    count = page.locator("#status").inner_text()
    page.locator("#rows button").nth(2).click()
    page.wait_for_selector(".drawer")
    again = opened(chromium, page.url)
    again.wait_for_selector(".drawer")
    assert again.locator("#status").inner_text() == count
    assert again.locator(".drawer .prompt").inner_text() == page.locator(".drawer .prompt").inner_text()


def test_filters_search_and_pages(chromium: Browser, report_url: str) -> None:
    page = opened(chromium, report_url)
    assert page.locator("#rows > tr").count() == 50
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Page 2 of 16").wait_for()
    page.locator("select[name=change]").select_option("newly broken")
    status = page.locator("#status")
    status.filter(has_text="of 754 items").wait_for()
    broken = int(status.inner_text().split()[0])
    assert f"{broken} items newly broken" in page.locator("#show .lead").inner_text()
    page.locator("select[name=change]").select_option("")
    page.get_by_label("Text in prompts and answers").fill("BRELLOW 7?")
    status.filter(has_text="1 of 754 items").wait_for()
    page.get_by_label("Text in prompts and answers").fill("nowhere to be found")
    status.filter(has_text="0 of 754 items").wait_for()


def test_the_script_hides_what_the_page_hides(chromium: Browser) -> None:
    script = content("reports").joinpath("scripts", "text.js").read_text("utf-8")
    (pattern, kept) = (re.search(rf"const {name} = (.+);", script) for name in ("HIDDEN", "KEPT"))
    assert pattern and kept
    page = chromium.new_page()
    codes = page.evaluate(
        f"""() => {{
            const hidden = {pattern[1]}, kept = {kept[1]}, found = [];
            for (let code = 0; code <= {sys.maxunicode}; code++) {{
                const character = String.fromCodePoint(code);
                if (character.search(hidden) >= 0 && !kept.has(character)) found.push(code);
            }}
            return found;
        }}"""
    )
    page.close()
    assert codes == [code for code in range(sys.maxunicode + 1) if HIDDEN.match(chr(code))]


def test_answers_to_requests_for_harm_are_folded(chromium: Browser, report_url: str) -> None:
    page = opened(chromium, report_url + "#items&probe=harm.direct")
    page.locator("#rows button").first.click()
    page.wait_for_selector(".drawer")
    assert not page.locator(".drawer .side").first.is_visible()
    page.locator(".drawer summary").click()
    assert page.locator(".drawer .side").first.is_visible()


def test_a_printed_page_opens_what_is_folded(chromium: Browser, report_url: str, tmp_path: Path) -> None:
    page = opened(chromium, report_url)
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible()
    assert page.locator("details.case .prompt").first.evaluate("node => node.checkVisibility()")
