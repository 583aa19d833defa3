"""The keys of the item table: where they lead, what has the focus then, and when they are silent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, report_url: str) -> Iterator[Page]:
    """The report at its items."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(report_url + "#items&probe=hallucination")
    page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    context.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def names(page: Page) -> list[str]:
    return page.locator("#rows > tr:not(.drawer) td:first-child button").all_inner_texts()


def test_j_and_k_walk_through_the_items_and_enter_opens(page: Page) -> None:
    first, second, *_ = names(page)
    page.keyboard.press("j")
    assert focused(page) == first
    page.keyboard.press("j")
    assert focused(page) == second
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus is seen"
    page.keyboard.press("Enter")
    expect(page.locator("tr.open button")).to_have_text(second)
    page.keyboard.press("k")
    expect(page.locator("tr.open button")).to_have_text(first)
    expect(page.locator(".drawer")).to_have_count(1)
    assert focused(page) == first
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    assert focused(page) == first


def test_j_goes_on_to_the_next_page_and_k_back(page: Page) -> None:
    last = names(page)[-1]
    page.get_by_role("button", name=last).focus()
    page.keyboard.press("j")
    expect(page.locator("#page")).to_have_text("Page 2 of 4")
    second = names(page)[0]
    assert second != last
    expect(page.get_by_role("button", name=second)).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_role("button", name=last)).to_be_focused()


def test_n_and_p_turn_pages_and_stop_at_the_ends(page: Page) -> None:
    page.keyboard.press("p")
    expect(page.locator("#page")).to_have_text("Page 1 of 4")
    for _ in range(5):
        page.keyboard.press("n")
    expect(page.locator("#page")).to_have_text("Page 4 of 4")
    expect(page.locator("#next")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("button", name=names(page)[0])).to_be_focused()


def test_d_takes_the_marks_away_and_brings_them_back(page: Page) -> None:
    page.locator("select[name=change]").select_option("newly fixed")
    page.keyboard.press("Escape")
    page.locator("#rows button").first.click()
    marks = page.locator(".drawer ins, .drawer del")
    expect(marks.first).to_be_visible()
    page.keyboard.press("d")
    expect(marks).to_have_count(0)
    expect(page.get_by_role("button", name="Mark differences")).to_have_attribute("aria-pressed", "false")
    assert "diff=off" in page.url
    page.keyboard.press("d")
    expect(marks.first).to_be_visible()


def test_the_panel_lists_the_keys_and_gives_the_focus_back(page: Page) -> None:
    page.keyboard.press("j")
    before = focused(page)
    page.keyboard.press("?")
    panel = page.get_by_role("dialog", name="Keys")
    expect(panel).to_be_visible()
    for key in "jknpdc/?":
        assert panel.locator("kbd", has_text=key).count() >= 1
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert focused(page) == before


def test_keys_are_silent_in_fields_with_modifiers_and_when_turned_off(page: Page) -> None:
    page.keyboard.press("/")
    search = page.get_by_label("Text in prompts and answers")
    expect(search).to_be_focused()
    page.keyboard.type("jn?")
    assert search.input_value() == "jn?"
    expect(page.get_by_role("dialog")).to_have_count(0)
    search.fill("")
    page.locator("#items-title").click()
    page.keyboard.press("Control+j")
    page.keyboard.press("Alt+n")
    assert page.evaluate("document.activeElement.tagName") in ("BODY", "MAIN")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single letters act as keys").uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    expect(page.locator("#page")).to_have_text("Page 1 of 4")
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    page.keyboard.press("n")
    expect(page.locator("#page")).to_have_text("Page 1 of 4")
