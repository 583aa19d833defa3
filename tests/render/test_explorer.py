"""The item table in a real browser: filters, order, search, pages, addresses, and texts that were left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Browser, Page, expect

from auditor.render import material
from auditor.render.extent import Extent, Sharing
from auditor.render.html import render_report
from auditor.render.transcripts import Transcript
from auditor.runs.record import Run

pytestmark = pytest.mark.browser

TEXT = "Text in prompts and answers"


@pytest.fixture
def opened(chromium: Browser) -> Callable[..., Page]:
    """Open a page at 1280 pixels and wait until it is at work; one page a test."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()

    def open_page(url: str) -> Page:
        page.goto("about:blank")
        page.goto(url)
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    return open_page


def count(page: Page, told: str) -> None:
    """Wait until so many items are in view."""
    expect(page.locator("#status")).to_have_text(f"{told} of 754 items")


def ids(page: Page) -> list[str]:
    return page.locator("#rows > tr:not(.drawer) td:first-child button").all_inner_texts()


def test_every_filter_agrees_with_the_runs(opened: Callable[..., Page], report_url: str, runs: list[Run]) -> None:
    items = {row["item_id"]: row for row in runs[2].iter_items()}
    labels = {row["item_id"]: row["label"] for row in runs[2].iter_verdicts()}
    old = {row["item_id"]: row["label"] for row in runs[0].iter_verdicts()}
    high = {probe["id"] for probe in runs[2].manifest["probes"] if probe["severity"] == "high"}
    page = opened(report_url)
    for address, wanted in (
        (
            "probe=harm.direct+hallucination",
            lambda row: row["probe_id"].split(".")[0] == "hallucination" or row["probe_id"] == "harm.direct",
        ),
        ("tag=hazard%3A+privacy", lambda row: row["tags"].get("hazard") == "privacy"),
        ("severity=high", lambda row: row["probe_id"] in high),
        ("label=full_refusal", lambda row: labels[row["item_id"]] == "full_refusal"),
        ("label=full_refusal&version=1.0", lambda row: old[row["item_id"]] == "full_refusal"),
        ("family=bias.age%2F3", lambda row: row["family_id"] == "bias.age/3"),
        ("family=harm.direct%2Fprivacy.00", lambda row: row["item_id"] == "harm.direct/privacy.00"),
        ("family=nobody", lambda row: False),
        ("label=nothing+of+the+kind", lambda row: False),
    ):
        page.evaluate("address => { location.hash = address; }", f"#items&{address}")
        found = [name for name, row in items.items() if wanted(row)]
        count(page, f"{len(found)}")
        assert set(ids(page)) <= set(found), address
        assert len(ids(page)) == min(50, len(found)), address


@pytest.mark.parametrize(
    "column", ["Item", "1.1", *(pytest.param(one, marks=pytest.mark.slow) for one in ("Severity", "Change"))]
)
def test_every_column_sorts_both_ways_and_says_so(opened: Callable[..., Page], report_url: str, column: str) -> None:
    page = opened(report_url + "#items&probe=harm")
    before = ids(page)
    head = page.locator("#head th", has_text=column)
    place = page.locator("#head th").all_inner_texts().index(column)
    for sign, direction in (("", "ascending"), ("-", "descending")):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", direction)
        assert f"sort={sign}" in page.url
        assert head.get_by_role("button").evaluate("node => node === document.activeElement")
        cells = page.locator(f"#rows > tr > td:nth-child({place + 1})").all_inner_texts()
        order = {"Severity": ["critical", "high", "medium", "low"], "Change": CHANGES, "1.1": STATES}.get(column)
        keys = [order.index(text.split(": ")[0].split("\n")[-1]) for text in cells] if order else ids(page)
        assert keys == sorted(keys, reverse=sign == "-")
        again = opened(page.url)
        assert again.locator(f"#rows > tr > td:nth-child({place + 1})").all_inner_texts() == cells
        head = page.locator("#head th", has_text=column)
    head.get_by_role("button").click()
    assert page.locator("[aria-sort]").count() == 0
    assert ids(page) == before


CHANGES = ["newly broken", "newly fixed", "still broken", "still good", "not comparable"]
STATES = ["bad", "undetermined", "open", "good", "missing", "not asked"]


def test_back_and_forward_go_through_the_views(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url)
    count(page, "754")
    page.locator("select[name=probe]").select_option("harm.direct")
    count(page, "176")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#page")).to_have_text("Page 2 of 4")
    page.locator("#rows button").nth(1).click()
    page.wait_for_selector(".drawer")
    for seen in ("Page 2 of 4", "Page 1 of 4", "Page 1 of 16"):
        page.go_back()
        expect(page.locator("#page")).to_have_text(seen)
        expect(page.locator(".drawer")).to_have_count(0)
    assert page.locator("select[name=probe]").input_value() == ""
    for _ in range(3):
        page.go_forward()
    page.wait_for_selector(".drawer")
    expect(page.locator("#page")).to_have_text("Page 2 of 4")
    seen = page.locator("tr.open button").inner_text()
    assert page.url.endswith("#items&probe=harm.direct&page=2&item=" + quote_plus(seen))


def test_an_address_with_an_item_finds_its_page(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url + "#items&item=bias.age%2Fscene.19.1")
    page.wait_for_selector(".drawer")
    assert page.locator("tr.open button").inner_text() == "bias.age/scene.19.1"
    assert page.locator("tr.open").evaluate("node => node.getBoundingClientRect().top") < 300
    assert page.evaluate("document.activeElement.textContent") == "bias.age/scene.19.1"
    page = opened(report_url + "#items&item=no/such")
    expect(page.locator("#status")).to_have_text("754 of 754 items; there is no item no/such")
    page = opened(report_url + "#items&probe=harm&item=bias.age%2Fscene.19.1")
    expect(page.locator("#status")).to_contain_text("the item bias.age/scene.19.1 is not among them")


def test_typing_makes_one_entry_of_the_history(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url)
    before = page.evaluate("history.length")
    for text in ("B", "BRELL", "BRELLOW 7?"):
        page.get_by_label(TEXT).fill(text)
        page.wait_for_url(lambda url, text=text: f"q={text[:5]}" in url and len(text) <= len(url.split("q=")[1]))
    count(page, "1")
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    count(page, "754")


@pytest.mark.parametrize(
    "address", ["#verdict", "#nonsense", "", "#items&pick=constructor", "#items&change=constructor"]
)
def test_the_table_is_there_whatever_the_address(opened: Callable[..., Page], report_url: str, address: str) -> None:
    page = opened(report_url + address)
    count(page, "0" if "constructor" in address else "754")
    page.get_by_role("button", name="Copy the command").click()
    page.get_by_label("Severity").select_option("high")
    expect(page.locator("#status")).to_contain_text("of 754 items")


def test_without_an_order_what_is_bad_comes_first(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url + "#items")
    states = [text.split(":")[0] for text in page.locator("#rows > tr td:nth-child(5)").all_inner_texts()]
    assert {state.split()[-1] for state in states} == {"bad"}


def test_what_was_typed_counts_when_an_item_is_opened_at_once(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url + "#items")
    first = page.locator("#rows button").first
    page.get_by_label(TEXT).fill(first.inner_text())
    first.click()
    page.wait_for_timeout(600)
    expect(page.locator(".drawer")).to_be_visible()
    assert page.get_by_label(TEXT).input_value() == first.inner_text()
    count(page, "1")


def test_a_page_turned_before_the_text_counted_is_the_first_of_what_it_finds(
    opened: Callable[..., Page], report_url: str
) -> None:
    page = opened(report_url + "#items")
    count(page, "754")
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.evaluate(
        """() => {
          document.querySelector("#filters").elements.q.value = "nowhere to be found";
          document.querySelector("#next").click();
        }"""
    )
    count(page, "0")
    assert "page=" not in page.url and not problems


def test_search_can_be_stopped_and_says_how_far_it_came(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url)
    # A chunk that takes its time, so that there is a time to press the button.
    page.evaluate(
        """() => {
            const text = Response.prototype.text, pause = () => new Promise(go => setTimeout(go, 1500));
            Response.prototype.text = async function () { await pause(); return text.call(this); };
        }"""
    )
    page.get_by_label(TEXT).fill("the")
    page.locator("#progress-text", has_text="200 of 754 items searched").wait_for()
    assert len(ids(page)) == 50, "what was found so far is shown"
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_contain_text("of 754 items; stopped after")
    expect(page.locator("#searching")).to_be_hidden()
    assert page.evaluate("document.activeElement.name") == "q"


def test_search_reads_prompts_answers_and_names_in_any_case(opened: Callable[..., Page], report_url: str) -> None:
    page = opened(report_url + "#items&q=BRELLOW+7%3F")
    count(page, "1")
    assert ids(page) == ["hallucination.entities/thing.07"]
    page = opened(report_url + "#items&q=it+is+well+known&state=bad&probe=hallucination.entities")
    told = int(page.locator("#status").inner_text().split()[0])
    assert 0 < told < 60


@pytest.fixture
def partly_left_out_url(runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The report without the texts of one probe."""

    def left_out(transcripts: list[Transcript], _extent: Extent) -> list[Transcript]:
        return [replace(one, kept=one.probe["id"] != "harm.direct") for one in transcripts]

    monkeypatch.setattr(material, "keep", left_out)
    path = tmp_path / "report.html"
    path.write_text(render_report(runs, sharing=Sharing(Extent.ALL)), encoding="utf-8")
    return path.as_uri()


def test_what_was_left_out_is_said_with_the_command_that_shows_it(
    opened: Callable[..., Page], partly_left_out_url: str
) -> None:
    page = opened(partly_left_out_url + "#items&probe=harm.direct")
    count(page, "176")
    assert page.locator("#rows .preview").first.inner_text() == "text left out of this file"
    first = page.locator("#rows button").first
    first.click()
    told = page.locator(".drawer").inner_text()
    assert "The text of this item was left out of this file." in told
    assert "auditor show kestrel-chat@1.2" in told
    assert f"--item {first.inner_text()}" in told
    page = opened(partly_left_out_url + "#items&q=case+0")
    expect(page.locator("#status")).to_contain_text("176 could not be searched: their text is not here")
