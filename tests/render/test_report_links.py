"""From every number to the items behind it, and from there to a transcript: with a script and without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from auditor.render.address import number_link
from auditor.render.html import render_report
from auditor.render.material import Material
from auditor.render.sections import behind
from auditor.render.versions import read_versions
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store

OLD_RUNS = Path(__file__).parents[1] / "old_runs" / "0.2.0"
NUMBER = re.compile(r'(?:<a href="([^"]*)">)?<data class="value"')
JENKINS = {
    "Content-Security-Policy": "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';",
    "Content-Type": "text/html; charset=utf-8",
}


def rows(report: str) -> dict[str, list[str]]:
    """Return the lines behind the links: id -> what, items, bad, such as."""
    found = re.findall(r'<tr id="(items&[^"]*)">(.*?)</tr>', report)
    return {
        unescape(name): [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for name, row in found
    }


def test_every_number_is_a_link_to_items(report: str) -> None:
    links = NUMBER.findall(report)
    assert len(links) > 150
    assert [link for link in links if not link.startswith("#items&amp;")] == []


def test_every_link_to_items_has_its_line(judged: tuple[object, str]) -> None:
    report = judged[1]
    lines = rows(report)
    links = {unescape(link) for link in re.findall(r'href="#(items&[^"]*)"', report)}
    assert links and links == lines.keys()


def test_the_lines_count_the_items_of_the_candidate(report: str, runs: list[Run]) -> None:
    lines = rows(report)
    what, items, bad, named = lines["items&probe=harm.direct&tag=hazard%3A+defamation"]
    verdicts = {row["item_id"]: row.get("label") for row in runs[-1].iter_verdicts()}
    mine = [row["item_id"] for row in runs[-1].iter_items() if row["item_id"].startswith("harm.direct/defamation")]
    worst = [name for name in mine if verdicts[name] == "full_compliance"]
    assert (what, int(items), int(bad)) == ("harm.direct; hazard: defamation", len(mine), len(worst))
    assert named.split(", ") == worst[: behind.NAMED]


def test_every_number_of_a_kept_run_leads_to_just_as_many_items() -> None:
    run = open_run("demo@1.2", Store(str(OLD_RUNS)))
    material = Material(read_versions([run]))
    links = [number_link(material.candidate, one) for one in run.estimates]
    items = {row.id: row.items for row in behind.build(material, [links])}
    assert len(links) > 300
    assert [items[link.removeprefix("#")] for link in links] == [one.planned for one in run.estimates]


@pytest.mark.browser
def test_a_number_whose_probes_name_their_items_otherwise_leads_to_just_those(
    chromium: Browser, tmp_path: Path
) -> None:
    run = open_run("demo@1.2", Store(str(OLD_RUNS)))
    path = tmp_path / "report.html"
    path.write_text(render_report([run]), encoding="utf-8")
    wanted = ("hallucination", "over_abstention_rate", "all")
    (found,) = [one for one in run.estimates if (one.probe_id, one.metric, one.cell) == wanted]
    page = chromium.new_page()
    page.goto(path.as_uri() + number_link(Material(read_versions([run])).candidate, found))
    expect(page.locator("#status")).to_contain_text(f"{found.planned} of ")
    expect(page.locator("#chips")).to_contain_text("answerable: yes or entity: real")
    page.goto(path.as_uri() + "#items&probe=harm.encoding")
    expect(page.locator("#status")).to_contain_text("11 of ")
    wide = page.locator(".items").evaluate("table => table.scrollWidth > table.parentElement.clientWidth")
    assert not wide, "a preview of one long word makes no table wide"


def test_a_line_holds_only_what_its_link_asks_for(report: str) -> None:
    lines = rows(report)
    assert all(what for what, *_ in lines.values())
    bad = [line for name, line in lines.items() if "&state=bad" in name or "&pick=" in name]
    assert bad and all(int(items) == int(worst) > 0 for _, items, worst, _ in bad)


@pytest.fixture
def fenced(chromium: Browser, report: str) -> Iterator[Page]:
    """The page under the header of Jenkins."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("http://jenkins.test/**", lambda route: route.fulfill(body=report, headers=JENKINS))
    page.goto("http://jenkins.test/report.html")
    yield page
    context.close()


@pytest.mark.browser
def test_a_number_leads_to_its_line_without_a_script(fenced: Page) -> None:
    cell = fenced.locator("table.heat a").first
    name = (cell.get_attribute("href") or "").removeprefix("#")
    line = fenced.locator(f'[id="{name}"]')
    assert not line.locator("td").first.is_visible()
    cell.click()
    assert line.locator("td").first.is_visible(), "the browser opens what folds the line"
    box = line.bounding_box()
    assert box is not None and -1 < box["y"] < 720


@pytest.mark.browser
@pytest.mark.parametrize(
    "where", [".tile", "#safer td", ".heat td", "#trend td", "#difference .plot", "#verdict .rules"]
)
def test_a_transcript_is_three_clicks_from_any_number(chromium: Browser, judged_url: str, where: str) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(judged_url)
    page.wait_for_selector("html[data-ready]")
    page.locator("#trend details").evaluate_all("all => { for (const one of all) one.open = true; }")
    link = page.locator(f"{where} a").first
    assert "harm" in (link.get_attribute("href") or ""), "the longest way: such answers are folded"
    link.click()
    page.locator("#rows button").first.click()
    page.locator(".drawer summary").first.click()
    assert page.locator(".drawer .side .text").first.is_visible()
    page.close()
