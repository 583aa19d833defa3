"""The report counts what `auditor compare` counts, and reads what the gate decided, on runs of a real model."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from auditor.compare import Comparison, compare
from auditor.decision import Decision, Outcome
from auditor.gate import gate
from auditor.policy import read_policy
from auditor.render.decisions import compared_terminal
from auditor.render.decisions.json import comparison as comparison_json
from auditor.render.decisions.words import Compared
from auditor.render.html import render_report
from auditor.render.material import Material
from auditor.render.sections import verdict
from auditor.render.versions import read_versions
from auditor.runs.record import Run

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "old_runs" / "0.1.0"


@pytest.fixture(scope="module")
def kept() -> list[Run]:
    """The demo's second and third version, which refuse harmless questions in full, in part and not at all."""
    return [Run(next(KEPT.glob(f"demo@{version}.*"))) for version in ("1.1", "1.2")]


@pytest.fixture(scope="module")
def compared(kept: list[Run]) -> Comparison:
    return compare(kept[0], [kept[1]])[0]


@pytest.fixture(scope="module")
def told(compared: Comparison) -> Any:
    """What `auditor compare -f json` says."""
    return json.loads(comparison_json(Compared([compared])))["comparisons"][0]


@pytest.fixture(scope="module")
def decision(kept: list[Run]) -> Decision:
    return gate(read_policy(ROOT / "demo" / "policy.yaml"), kept[1], base=kept[0])


@pytest.fixture(scope="module")
def page(kept: list[Run], decision: Decision) -> str:
    return render_report(kept, decision=decision)


def section(page: str, name: str) -> str:
    found = page.partition(f'<section id="{name}"')[2].partition('<section id="')[0]
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]*>", "", found, flags=re.S)).replace("&#39;", "'")


def counted(pattern: str, text: str) -> list[int]:
    found = re.search(pattern, text)
    assert found, text
    return [int(number.replace(",", "")) for number in found.groups()]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("summary", r"(\d+) items newly broken, (\d+) newly fixed"),
        ("difference", r"(\d+) newly broken (\d+) newly fixed (\d+) still broken"),
        ("show", r"(\d+) items newly broken, (\d+) newly fixed, (\d+) still broken"),
    ],
)
def test_every_section_counts_the_items_that_turned_alike(page: str, told: Any, name: str, pattern: str) -> None:
    turns = Counter(item["turn"] for item in told["items"])
    expected = [turns["newly broken"], turns["newly fixed"], turns["still broken"]]
    found = counted(pattern, section(page, name))
    assert found == expected[: len(found)]
    assert turns["newly broken"] > 0


def test_items_that_another_name_has_now_are_counted_as_compare_counts_them(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    def renamed(name: str) -> str:
        return name.replace("harm.direct/", "harm.direct/again.")

    new = drafts[2]
    moved = replace(
        new,
        items=[replace(item, item_id=renamed(item.item_id)) for item in new.items],
        responses=[(replace(asked, item_id=renamed(asked.item_id)), answer) for asked, answer in new.responses],
        verdicts=[(replace(item, item_id=renamed(item.item_id)), verdict) for item, verdict in new.verdicts],
    )
    runs = [write(drafts[1]), write(moved)]
    turns = Counter(item.turn for item in compare(runs[0], [runs[1]])[0].items)
    text = render_report(runs)
    assert counted(r"(\d+) items newly broken, (\d+) newly fixed", section(text, "show")) == [
        turns["newly broken"],
        turns["newly fixed"],
    ]


def test_the_numbers_are_counted_as_on_the_terminal(page: str, compared: Comparison) -> None:
    console = Console(width=200, record=True, file=StringIO())
    console.print(compared_terminal.comparison(Compared([compared])))
    terminal = console.export_text()
    changes = section(page, "difference")
    assert counted(r"(\d+) are worse, (\d+) better", changes) == [
        *counted(r"✗ (\d+) worse", terminal),
        *counted(r"✓ (\d+) better", terminal),
    ]
    assert counted(r"(\d+) within noise and (\d+) cannot be told, (\d+) of them for fewer than 10", changes) == [
        *counted(r"= (\d+) within noise", terminal),
        *counted(r"\? (\d+) cannot be told, (\d+) of them for fewer than 10", terminal),
    ]


@pytest.mark.parametrize(
    ("metric", "name", "probes"),
    [
        ("over_refusal_rate", "Over-refusal", {"harm.look_alikes"}),
        ("non_refusal_rate", "Non-refusal", {"harm.direct"}),
    ],
)
def test_the_counts_beside_a_rate_are_its_own(page: str, told: Any, metric: str, name: str, probes: set[str]) -> None:
    (number,) = (
        one for one in told["differences"] if (one["source"], one["metric"], one["cell"]) == ("harm", metric, "all")
    )
    reading = section(page, "safer").partition(f"{name}, from 1.1 to 1.2")[2]
    assert counted(r"It differs in (\d+) of (\d+) items", reading) == [number["discordant"], number["compared"]]
    turns = Counter(item["turn"] for item in told["items"] if item["probe_id"] in probes)
    assert counted(r"By the items' whole state: (\d+) newly broken, (\d+) newly fixed", reading) == [
        turns["newly broken"],
        turns["newly fixed"],
    ]


def test_a_strict_rule_says_which_of_its_halves_broke(page: str, decision: Decision) -> None:
    assert {one.id for one in decision.of(Outcome.FAIL)} == {"harm", "hazards[hazard=privacy]"}
    changes = section(page, "difference")
    assert "harm, limit 10 points: broken (strict)" in changes
    assert "hazards, limit 50 points: broken 8" not in changes and "hazards, limit 50 points: broken " in changes
    assert "A strict rule has a second dashed line, at 0" in changes
    row = page[page.index('<tr><th scope="row"', page.index('<table class="plot">')) :].partition("</tr>")[0]
    assert row.count('stroke-dasharray="5 3"') == 2 and ">strict</text>" in row


def test_the_rule_that_is_furthest_past_its_limit_is_named_first(page: str) -> None:
    headline = section(page, "summary")
    assert "2 of 20 checks broken. The worst: hazards[hazard=privacy] (" in headline
    assert "12.5% to 100.0%" in headline and "Then harm." in headline
    rules = section(page, "verdict")
    assert rules.index("hazards[hazard=privacy]") < rules.index("harm increase at most 10 points")


def test_the_verdict_says_what_was_judged_and_not_the_headline_again(page: str) -> None:
    rules = section(page, "verdict")
    assert page.count('class="ruling') == 1
    assert "demo@1.2 was held against demo@1.1 and was judged by policy.yaml" in rules
    assert "of 20 checks 2 broken, 1 undecided, 17 kept" in rules
    assert "Broken and undecided checks" in rules


def test_a_page_that_passes_opens_its_rules_and_speaks_of_no_broken_ones(kept: list[Run], decision: Decision) -> None:
    passed = replace(decision, outcome=Outcome.PASS, text="All kept.", results=decision.of(Outcome.PASS))
    text = render_report(kept, decision=passed)
    rules = section(text, "verdict")
    assert "of 17 checks 17 kept. It passes" in rules
    assert "broken" not in rules and "undecided" not in rules
    assert "<details open>" in text[text.index('id="verdict"') : text.index('id="difference"')]
    assert "Nearest to its limit: " in section(text, "summary")


@pytest.mark.parametrize(
    "broken, undecided, title, more",
    [
        (1, 1, "Broken and undecided checks", ""),
        (2, 25, "Broken and undecided checks", "{n} more checks undecided"),
        (25, 2, "Broken checks", "{n} more checks broken or undecided"),
        (25, 0, "Broken checks", "{n} more checks broken"),
    ],
)
def test_a_table_of_rules_is_named_by_what_is_in_it(
    kept: list[Run], decision: Decision, broken: int, undecided: int, title: str, more: str
) -> None:
    (fail, *_), (open_, *_) = decision.of(Outcome.FAIL), decision.of(Outcome.INCONCLUSIVE)
    several = ((fail, broken), (open_, undecided))
    results = [replace(one, id=f"{one.id}{place}") for one, many in several for place in range(many)]
    view = verdict.build(Material(read_versions(kept), decided=replace(decision, results=results)))
    assert (view.open_title, view.more_title if view.more else "") == (title, more.format(n=len(view.more)))
    assert len(view.open) + len(view.more) == broken + undecided


def test_a_page_of_what_is_only_undecided_heads_its_table_so(kept: list[Run], decision: Decision) -> None:
    undecided = replace(decision, outcome=Outcome.INCONCLUSIVE, results=decision.of(Outcome.INCONCLUSIVE))
    text = render_report(kept[1:], decision=undecided)
    assert "Undecided checks" in section(text, "verdict")
    assert "1 of 1 check undecided. bias[probe=bias.age] (" in section(text, "summary")
    assert 'href="#marks"' not in text and "worse ✗" not in text


def test_a_change_is_told_by_its_way_and_the_note_on_marks_once(page: str) -> None:
    changes = section(page, "difference")
    assert re.search(r"Hallucination, facts: right answers better by 30\.0 points 8\.9 to 54\.7", changes)
    assert re.search(r"no change \d+\.\d better to \d+\.\d worse", changes)
    assert "▲" not in page and "▼" not in page
    assert page.count("of all marks 5% are expected to be false") == 1
    assert page.count('href="#marks"') == 3
