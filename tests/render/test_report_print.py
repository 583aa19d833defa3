"""The printed report: what a decider needs is on the first page, and nothing that is folded stays so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from auditor.gate import gate
from auditor.policy import read_policy
from auditor.render.html import render_report
from auditor.runs.record import open_run
from auditor.runs.store import Store

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 703, 1032
"""A4 between margins of 12 mm, in CSS pixels."""
LARGE = ("difference", "trend", "where", "show", "untested", "redo")


def pages(pdf: bytes) -> dict[str, int]:
    """Return anchor -> number of the page that it stands on; Chromium names each anchor that a link points to."""
    kids = b" ".join(re.findall(rb"/Count \d+\s*/Kids \[(.*?)\]\s*/Parent", pdf, re.S))
    order = [int(number) for number in re.findall(rb"(\d+) 0 R", kids)]
    table = re.search(rb"/Dests (\d+) 0 R", pdf)
    assert table
    found = re.search(rb"\n" + table[1] + rb" 0 obj\n<<(.*?)>>\nendobj", pdf, re.S)
    assert found
    anchors = re.findall(rb"/([a-z]+) \[(\d+) 0 R /XYZ", found[1])
    return {name.decode(): order.index(int(page)) + 1 for name, page in anchors}


@pytest.fixture
def printed(chromium: Browser, judged_url: str) -> Any:
    """The report as it is laid out for the printer."""
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(judged_url)
    page.wait_for_selector("html[data-ready]")
    page.emulate_media(media="print")
    yield page
    page.close()


def test_a_decider_needs_one_page(printed: Page) -> None:
    parts = ["#summary .ruling", "#summary .untested", "#summary .signed", "#summary .changed", "#summary .facts"]
    ends = printed.evaluate(
        """parts => Object.fromEntries(parts.map(
            one => [one, document.querySelector(one).getBoundingClientRect().bottom]))""",
        [*parts, "#verdict > .scroll"],
    )
    assert all(0 < end <= HEIGHT for end in ends.values()), ends
    assert printed.locator("#summary .ruling .word").inner_text() == "✗ FAIL"


def test_the_demo_needs_no_more(chromium: Browser, tmp_path: Path) -> None:
    runs = [open_run(f"demo@1.{place}", Store(str(ROOT / "tests" / "old_runs" / "0.2.0"))) for place in range(3)]
    decision = gate(read_policy(ROOT / "demo" / "policy.yaml"), runs[2], base=runs[1])
    path = tmp_path / "report.html"
    path.write_text(render_report(runs, decision=decision), encoding="utf-8")
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    page.emulate_media(media="print")
    end = page.evaluate("document.querySelector('#verdict > .scroll').getBoundingClientRect().bottom")
    page.close()
    assert 0 < end <= HEIGHT


def test_large_sections_begin_on_a_page_of_their_own(printed: Page) -> None:
    found = pages(printed.pdf(prefer_css_page_size=True))
    assert found["summary"] == found["verdict"] == 1
    assert found["difference"] <= 4
    starts = [found[name] for name in LARGE]
    assert starts == sorted(set(starts))


def test_no_table_is_cut_and_what_is_folded_is_open(printed: Page) -> None:
    beyond = printed.locator("table, svg[role=img], pre").evaluate_all(
        f"""all => all.filter(one => one.checkVisibility() && one.getBoundingClientRect().right > {WIDTH} + 1)
            .map(one => one.closest("section").id + ": " + one.textContent.slice(0, 60))"""
    )
    assert beyond == []
    hidden = printed.locator("main details > *:not(summary)").evaluate_all(
        "all => all.filter(one => !one.closest('#explorer-off') && !one.checkVisibility()).length"
    )
    assert hidden == 0


def test_there_is_room_to_sign(printed: Page) -> None:
    assert printed.locator(".signing dt").all_inner_texts() == ["Decision", "Name", "Date", "Reason"]
    assert printed.locator(".signing").is_visible()
    printed.emulate_media(media="screen")
    assert not printed.locator(".signing").is_visible()
