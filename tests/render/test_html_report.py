"""The page as text: its numbers, its parts, its size, and that it is the same each time."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from auditor.compare import Comparison, Turn, compare
from auditor.content import content
from auditor.decision import Decision, Outcome
from auditor.errors import DataError
from auditor.render.extent import Extent, Sharing
from auditor.render.html import SCRIPTS, _script, render_report
from auditor.render.page import SECTIONS
from auditor.render.wording import value
from auditor.runs.record import Run
from auditor.types import Estimate

DATA_BLOCK = re.compile(r'<script type="application/gzip".*?</script>', re.S)
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.numbers: list[tuple[str, str, str]] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self._number: dict[str, str | None] | None = None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.attributes += [(tag, name) for name, _ in attrs]
        self.ids += [given or "" for name, given in attrs if name == "id"]
        if tag == "data":
            self._number = dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if self._number is not None:
            self.numbers.append((self._number["data-of"] or "", self._number["value"] or "", data))
            self._number = None


@pytest.fixture(scope="module")
def page(report: str) -> Page:
    return Page(report)


def test_the_page_is_well_formed_and_has_every_section(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {section.id for section in SECTIONS} <= set(page.ids)


def test_nothing_in_the_page_is_styled_or_run_in_place(page: Page) -> None:
    assert [found for found in page.attributes if found[1] == "style" or found[1].startswith("on")] == []


def test_every_number_in_the_page_is_an_estimate(page: Page, runs: list[Run]) -> None:
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for run in runs:
        for found in run.estimates:
            key = f"{found.probe_id}/{found.metric}/{found.cell}"
            raw = "" if found.value is None else repr(found.value)
            known[key, raw].add("undefined" if found.value is None else value(found, found.value))
    assert len(page.numbers) > 150
    for of, raw, said in page.numbers:
        assert said in known[of, raw]


def test_every_number_of_the_candidate_is_in_the_page(page: Page, runs: list[Run]) -> None:
    told = {(of, raw) for of, raw, _ in page.numbers}
    for found in runs[-1].estimates:
        assert (f"{found.probe_id}/{found.metric}/{found.cell}", repr(found.value)) in told


def test_no_number_stands_without_its_interval_and_n(report: str) -> None:
    for after in report.split("</data>")[1:]:
        near = re.sub(r"<svg.*?</svg>|<[^>]*>|\s+", " ", after[:3000], flags=re.S)[:260]
        assert re.search(r"( to |no interval|nothing was graded).{0,60}\bn \d|\bn \d.{0,30}no interval", near), near


def test_the_same_runs_are_the_same_bytes(runs: list[Run], report: str) -> None:
    again = [Run(run.path) for run in runs]
    command = ("auditor", "report", "kestrel-chat@1.0", "kestrel-chat@1.1", "kestrel-chat@1.2")
    assert render_report(again, command=command, sharing=Sharing(Extent.ALL)) == report


def test_the_page_keeps_to_its_budget(report: str, drafts: list[Any], write: Callable[[Any], Run]) -> None:
    """A fixed shell that mails well, and a default that does so with 800 items in three versions."""
    item = drafts[2].items[0]
    probe = drafts[2].manifest["probes"][0]
    small = replace(
        drafts[2],
        manifest=drafts[2].manifest | {"probes": [probe], "pooled": []},
        items=[item],
        responses=drafts[2].responses[:1],
        verdicts=drafts[2].verdicts[:1],
        estimates=[found for found in drafts[2].estimates if found.probe_id == probe["id"] and found.cell == "all"],
    )
    shell = render_report([write(small)])
    assert len(DATA_BLOCK.sub("", shell).encode()) <= 120_000
    assert len(DATA_BLOCK.sub("", report).encode()) <= 500_000
    assert len(report.encode()) <= 8_000_000


def test_the_script_and_the_templates_stay_small() -> None:
    assert len(_script().encode()) <= 44 * 1024
    for template in Path(str(content("reports"))).rglob("*.html"):
        assert len(template.read_text("utf-8").splitlines()) < 120, template
        assert "|safe" not in template.read_text("utf-8"), template


def test_the_script_makes_no_markup_from_text() -> None:
    made = r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|eval\(|Function\(|DOMParser|fetch\(|XMLHttp"
    assert re.search(made, _script()) is None
    assert {f"{name}.js" for name in SCRIPTS} == {
        path.name for path in content("reports").joinpath("scripts").iterdir()
    }


def test_one_version_alone_is_a_report_without_a_comparison(runs: list[Run]) -> None:
    alone = render_report(runs[-1:])
    assert "There is no earlier version to compare with." in alone
    assert {section.id for section in SECTIONS} <= set(Page(alone).ids)
    for section in SECTIONS:
        told = bool(section.empty) and str(escape(section.empty)) in alone
        assert told is (section.id == "difference"), section.id


def test_a_report_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="at least one run"):
        render_report([])


def test_a_broken_seal_is_told_loudly(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    run = write(drafts[2])
    (run.path / "estimates.json").write_bytes((run.path / "estimates.json").read_bytes() + b" ")
    text = render_report([run])
    assert 'role="alert"' in text
    assert "estimates.json has changed since it was sealed" in text


def test_numbers_of_different_suites_are_not_joined_and_what_both_were_asked_is_compared(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    other = drafts[2].manifest | {"suite": drafts[2].manifest["suite"] | {"hash": "0" * 64}}
    text = render_report([write(drafts[1]), write(replace(drafts[2], manifest=other))])
    assert "1.1 and 1.2 are not joined: the suite changed." in text
    assert "The suites differ (quick, quick): what both asked is compared." in text


def test_versions_that_were_measured_otherwise_are_not_compared(runs: list[Run]) -> None:
    text = render_report(runs[:2])
    changes = section(text, "difference")
    assert "1.1 and 1.0 are not compared:" in changes
    assert "hallucination.facts: grader facts 1 there, facts 2 here" in changes
    assert 'class="move' not in text
    assert "The two do not compare" in section(text, "summary")
    assert "<svg" not in changes


def section(page: str, name: str) -> str:
    """Return a section's text, its elements left out but for the pictures' tags."""
    found = page[page.index(f'<section id="{name}"') :]
    found = found[: found.index("\n</section>\n<section id=")]
    return re.sub(r"\s+", " ", re.sub(r"<(?!svg|strong)[^>]*>", "", found))


@pytest.fixture(scope="module")
def compared(runs: list[Run]) -> Comparison:
    return compare(runs[1], [runs[2]])[0]


def test_every_mark_is_a_paired_difference(report: str, compared: Comparison) -> None:
    found = {(one.source, one.metric, one.cell): one for one in compared.differences}
    for estimate, after in re.findall(r'data-of="([^"]*)">(.{0,900})', report, re.S):
        told = re.search(r'<strong class="move (\w+)">', after.partition("<data")[0].partition("</td>")[0])
        key = tuple(estimate.split("/"))
        if told and after.find('class="sides"') < 0:
            assert found[key].standing == told[1], key
    changed = report[report.index('<div class="changed">') :].partition("</div>")[0]
    marks = re.findall(r'<strong class="move (\w+)">', changed)
    assert marks == ["worse", "better"], marks


def test_the_plot_tells_the_change_its_interval_and_which_way_is_worse(report: str) -> None:
    changes = section(report, "difference")
    assert "Of the target only one thing differs: weights." in changes
    assert re.search(r"Harm: over-refusal <svg.*?worse by 25\.3 points \d+\.\d to \d+\.\d 0\.0% → 25\.3% n 79", changes)
    assert re.search(r"Of \d+ numbers 1 are worse, 1 better, \d+ within noise and \d+ cannot be told", changes)


def test_items_that_turned_are_those_of_the_comparison(report: str, compared: Comparison) -> None:
    counts = Counter(item.turn for item in compared.items)
    changes = section(report, "difference")
    for turn in Turn:
        assert f"{counts[turn]} {turn}" in changes


def test_a_named_baseline_takes_its_place(runs: list[Run]) -> None:
    alone, among = render_report(runs[2:], against=runs[1]), render_report(runs, against=runs[1])
    for text in (alone, among):
        assert "Compared with <bdi>kestrel-chat@1.1</bdi>." in text
    plots = [section(text, "difference").partition("first seen")[0] for text in (alone, among)]
    assert re.sub(r"\d+ behaviours $", "", plots[0]) == re.sub(r"\d+ behaviours $", "", plots[1])
    with pytest.raises(DataError, match="cannot be held against itself"):
        render_report(runs, against=runs[2])


def test_the_verdict_is_told_in_words_with_the_rule_that_it_rests_on(judged: tuple[Decision, str]) -> None:
    decision, text = judged
    assert decision.outcome is Outcome.FAIL
    told = section(text, "summary")
    assert "✗ FAIL" in told
    assert "over-refusal (increase at most 5 points): 0.0% to 25.3%: worse by" in told
    assert "79 items" in told


def test_every_rule_stands_in_the_page_as_it_was_decided(judged: tuple[Decision, str]) -> None:
    decision, text = judged
    told = section(text, "verdict")
    for result in decision.results:
        assert result.id in told
        assert result.text in told
    assert "waived: known since spring (A. Person, until 2999-12-31)" in told
    assert f"{len(decision.of(Outcome.PASS))} checks kept" in told
    Page(text)


def test_the_plot_draws_the_limits_of_the_rules(judged: tuple[Decision, str]) -> None:
    _, text = judged
    changes = section(text, "difference")
    assert "over-refusal, limit 5 points: broken" in changes
    assert "age, limit 20 points: undecided, waived" in changes or "age, limit 20 points: kept" in changes
    assert changes.index("over-refusal, limit") < changes.index("harm, limit 20 points")


def test_without_a_policy_the_page_says_what_would_judge(report: str, runs: list[Run]) -> None:
    assert "Not judged: no policy was given." in section(report, "verdict")
    assert "There is no baseline either" in section(render_report(runs[2:]), "verdict")


def test_a_clear_change_is_marked_and_an_unclear_one_is_not(report: str) -> None:
    tile = report[report.index("Refuses harmless questions") :]
    mark = '<strong class="move worse">worse&nbsp;<span aria-hidden="true">✗</span></strong>'
    assert mark in tile[: tile.index("</div>\n<div")]
    assert "no clear change" not in report
    reading = re.sub(r"<[^>]*>|\s+", " ", report[report.index('<ul class="reading">') :][:2000])
    assert re.search(
        r"Non-refusal , from 1\.1 to 1\.2: [\d.]+% → [\d.]+%, better by \S+ points \(\S+ to \S+\)\. It differs in \d+",
        re.sub(r"\s+", " ", reading),
    ), reading
    assert "No mark does not mean no change." in report


def test_the_items_of_show_me_add_up_to_all_items(report: str, runs: list[Run]) -> None:
    lead = re.sub(r"<[^>]*>", "", report[report.index('id="show-title"') :][:2000])
    kinds = ("newly broken", "newly fixed", "still broken", "still good", "cannot be compared")
    told = [int(number) for kind in kinds for number in re.findall(rf"(\d+) (?:items )?{kind}", lead)]
    told += [int(number) for number in re.findall(r"Of (\d+) no single answer", lead)]
    total = sum(1 for _ in runs[-1].iter_items())
    assert sum(told) == total
    assert f"That is all {total} items." in lead


def test_what_was_not_measured_is_said(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    bias = [probe for probe in drafts[2].manifest["probes"] if probe["battery"] != "bias"]
    kept = {probe["id"] for probe in bias}
    without = replace(
        drafts[2],
        manifest=drafts[2].manifest | {"probes": bias, "pooled": []},
        items=[item for item in drafts[2].items if item.probe_id in kept],
        responses=[pair for pair in drafts[2].responses if pair[0].probe_id in kept],
        verdicts=[pair for pair in drafts[2].verdicts if pair[0].probe_id in kept],
        estimates=[found for found in drafts[2].estimates if found.probe_id in kept],
    )
    text = render_report([write(drafts[1]), write(without)])
    assert "Nothing was asked about bias." in text
    assert "The probe bias.age was asked of 1.1 and not of 1.2." in text


def test_undefined_numbers_are_called_so_and_never_zero(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    def undefine(found: Estimate) -> Estimate:
        nothing = {"value": None, "low": None, "high": None, "n": 0, "families": 0}
        return replace(found, **nothing, worst_low=0.0, worst_high=1.0, method="undefined: nothing was graded")

    text = render_report([write(replace(drafts[2], estimates=[undefine(found) for found in drafts[2].estimates]))])
    numbers = Page(text).numbers
    assert {(raw, said) for _, raw, said in numbers} == {("", "undefined")}
    assert "220 of 220 missing: 0.0 to 100.0%" in text


def test_the_page_never_speaks_of_attack_success(report: str) -> None:
    assert "attack success" not in DATA_BLOCK.sub("", report).lower()
    assert "A non-refusal is not yet harm" in report
