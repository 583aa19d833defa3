"""Takes the pictures of README and docs from the demo's report: `make screenshots`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESK, PHONE, PAPER = (1280, 800), (390, 844), (703, 1032)
"""Sizes; the paper is A4 between margins of 12 mm."""
PATIENCE = 120_000
"""Milliseconds, for a busy machine."""


def main(report: str) -> None:
    """Write one picture a view beside this file."""
    address = Path(report).resolve().as_uri()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        take(browser, address, "report", DESK)
        take(browser, address, "report-dark", DESK, scheme="dark")
        take(browser, address, "report-phone", PHONE)
        take(browser, address, "report-print", PAPER, before=lambda page: page.emulate_media(media="print"))
        take(browser, address, "report-changed", DESK, before=show("difference"))
        take(browser, address, "report-trend", DESK, before=show("trend"))
        take(browser, address, "report-answers", DESK, before=open_item)
        browser.close()


def take(
    browser: Browser,
    address: str,
    name: str,
    size: tuple[int, int],
    *,
    scheme: str = "light",
    before: Callable[[Page], object] = lambda page: None,
) -> None:
    """Write one picture of what a reader sees after `before`."""
    width, height = size
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    before(page)
    page.screenshot(path=Path(__file__).parent / f"{name}.png")
    page.close()


def show(section: str) -> Callable[[Page], object]:
    """Return what brings a section to the top."""
    return lambda page: page.locator(f"#{section}").evaluate("one => { one.scrollIntoView(); }")


def open_item(page: Page) -> None:
    """Open a newly broken item from the number that leads to it, its answers side by side."""
    page.locator("#difference .turned a").first.click()
    page.locator("#rows button").first.click()
    for folded in page.locator(".drawer details").all():
        folded.evaluate("one => { one.open = true; }")
    page.locator(".drawer").first.evaluate("one => { one.previousElementSibling.scrollIntoView(); scrollBy(0, -60); }")


if __name__ == "__main__":
    main(*sys.argv[1:])
