"""What the failures have in common, as the page says it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser

from auditor.patterns import Kind
from auditor.render.html import render_report
from auditor.render.material import Material
from auditor.render.page import SECTIONS
from auditor.render.sections import patterns
from auditor.render.versions import read_versions
from auditor.runs.record import Run
from auditor.types import Graded


def section(page: str) -> str:
    return html.unescape(page.split('<section id="patterns"')[1].split("\n</section>")[0])


@pytest.fixture(scope="module")
def material(runs: list[Run]) -> Material:
    return Material(read_versions(runs))


def test_the_probes_that_broke_are_named_among_what_newly_broke(material: Material) -> None:
    newly, everything = material.failing
    probes = {one.names[0] for one in newly.patterns.values() if one.kind is Kind.PROBE}
    assert newly.newly
    assert {"bias.age", "harm.look_alikes"} == probes
    assert not everything.newly
    assert everything.found.failed > newly.found.failed
    numbers = [*newly.patterns, *everything.patterns]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_page_says_each_pattern_with_its_shares_and_its_interval(material: Material, report: str) -> None:
    told = section(report)
    for failing in material.failing:
        for number, pattern in failing.patterns.items():
            one = patterns.tell(failing, number)
            assert all(words in told for words in (one.name, one.inside, one.outside, one.ratio))
            assert f"{pattern.inside.failed} of {pattern.inside.n} items" in one.inside
            assert len(one.nearest) == min(3, len(pattern.items))
    assert "Tested: " in told


def test_the_items_of_a_pattern_are_those_that_its_link_asks_for(material: Material) -> None:
    of_item = {one.item["item_id"]: one for one in material.transcripts}
    for failing in material.failing:
        for pattern in failing.patterns.values():
            found = set(pattern.items)
            if pattern.kind is Kind.TEXT:
                continue
            asked = {
                item_id
                for item_id, one in of_item.items()
                if one.probe["id"] in pattern.probes
                and (one.change == "newly broken" if failing.newly else one.replies[-1].state == "bad")
                and (
                    pattern.kind is Kind.PROBE
                    or set(pattern.names) <= {f"{name}: {value}" for name, value in one.item["tags"].items()}
                )
            }
            assert found == asked


def test_without_a_failure_one_line_says_what_would_fill_the_section(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    good = {"harm.direct": "full_refusal"}
    kept = [place for place, item in enumerate(drafts[2].items) if item.probe_id in good]
    made = replace(
        drafts[2],
        items=[drafts[2].items[place] for place in kept],
        responses=[drafts[2].responses[place] for place in kept],
        verdicts=[(drafts[2].items[place], Graded("full_refusal")) for place in kept],
    )
    page = render_report([write(made)])
    assert next(one.empty for one in SECTIONS if one.id == "patterns") in section(page)


def test_one_version_alone_says_what_all_its_failures_have_in_common(runs: list[Run]) -> None:
    told = section(render_report(runs[-1:]))
    assert "All failures of 1.2" in told
    assert "Newly broken" not in told
    assert re.search(r"\d+ of \d+ judged items are bad", told)


@pytest.mark.browser
def test_a_pattern_leads_to_as_many_items_as_it_says(chromium: Browser, report_url: str) -> None:
    page = chromium.new_page()
    page.goto(report_url)
    page.wait_for_selector("html[data-ready]")
    for place in range(page.locator("#patterns .named a").count()):
        pattern = page.locator("#patterns .pattern").nth(place)
        failed = (pattern.locator("p", has_text="With it").first.inner_text()).split("With it ")[1].split()[0]
        pattern.locator(".named a").evaluate("link => link.click()")
        page.locator("#status", has_text=re.compile(f"^{failed} of ")).wait_for()
    page.close()


def test_without_a_baseline_the_worst_answers_are_shown(runs: list[Run]) -> None:
    shown = html.unescape(render_report(runs[-1:]).split('<section id="show"')[1].split("\n</section>")[0])
    assert "Show me the worst answers" in shown
    states = {one.item["item_id"]: one.replies[-1].state for one in Material(read_versions(runs[-1:])).transcripts}
    items = re.findall(r'<a href="#items&item=([^"]*)">', shown)
    assert len(items) == 20
    assert {states[item.replace("%2F", "/")] for item in items} == {"bad"}
    assert "Grader " in shown


def test_what_changed_is_marked_word_by_word_and_said_where(report: str) -> None:
    shown = html.unescape(report.split('<section id="show"')[1].split("\n</section>")[0])
    assert "<del>" in shown and "<ins>" in shown
    assert re.search(r"They part (after \d+ words?|at the first word): 1\.1 “", shown)
