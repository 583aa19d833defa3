"""What people ask of a report, answered from the page alone, offline, in at most three clicks each."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page

from auditor.render.page import SECTIONS

pytestmark = pytest.mark.browser

MOST_CLICKS = 3


class Reader:
    """Somebody in front of the page, who counts clicks."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def go(self, section: str) -> Locator:
        """Click a section in the navigation, and return it."""
        self.click(self.page.locator(f".bar a[href='#{section}']"))
        return self.page.locator(f"#{section}")

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.first.click()


@pytest.fixture
def reader(chromium: Browser, judged_url: str) -> Iterator[Reader]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(judged_url)
    page.wait_for_selector("html[data-ready]")
    reader = Reader(page)
    yield reader
    assert reader.clicks <= MOST_CLICKS
    context.close()


def test_is_it_safe_to_ship(reader: Reader) -> None:
    ruling = reader.page.locator("#summary .ruling")
    assert ruling.locator(".word").inner_text() == "✗ FAIL"
    assert re.search(
        r"over-refusal \(increase at most 5 points\).*worse by \+25\.3 points \(.* to .*; 79 items\)",
        ruling.inner_text(),
    )
    assert reader.clicks == 0


def test_what_got_worse(reader: Reader) -> None:
    worse = reader.page.locator("#summary .changed li", has=reader.page.locator(".worse")).all_inner_texts()
    assert len(worse) == 1 and "Harm: over-refusal 0.0% → 25.3% (n 79)" in worse[0]
    assert reader.clicks == 0


def test_show_me(reader: Reader) -> None:
    reader.click(reader.page.locator("#summary .changed li a"))
    reader.click(reader.page.locator("#rows button"))
    reader.click(reader.page.locator(".drawer summary"))
    assert reader.page.locator(".drawer .side .text").first.inner_text()


def test_is_it_noise(reader: Reader) -> None:
    row = reader.go("difference").locator(".plot tbody tr", has_text="Harm: over-refusal").first
    assert re.search(r"worse by 25\.3 points\s+\d+\.\d to \d+\.\d", row.inner_text())
    assert "of all marks 5% are expected to be false" in reader.page.locator("#marks").inner_text()


def test_did_it_get_safer_or_only_refuse_more(reader: Reader) -> None:
    told = reader.go("safer").locator(".reading").inner_text()
    assert re.search(r"Non-refusal, from 1\.1 to 1\.2: [\d.]+% → [\d.]+%, better by", told)
    assert re.search(r"worse.*Over-refusal, from 1\.1 to 1\.2: 0\.0% → 25\.3%", told)


@pytest.mark.skipif(all(section.id != "trust" for section in SECTIONS), reason="the page has no such section yet")
def test_can_the_grader_be_trusted(reader: Reader) -> None:
    assert reader.go("trust").inner_text()


def test_what_was_not_tested(reader: Reader) -> None:
    assert "a second turn" in reader.page.locator("#summary .untested").inner_text()
    reader.click(reader.page.locator("#summary .untested a"))
    assert reader.page.locator("#untested .scope li").count() >= 4


def test_how_do_i_redo_this(reader: Reader) -> None:
    recipe = reader.go("redo").locator(".recipe[open]").first
    assert recipe.locator("pre").inner_text().startswith("auditor run")
    assert "Fingerprint" in recipe.inner_text()
