"""Groups with planted numbers, and what the page says of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser

from auditor.metrics.estimate import estimate_metric
from auditor.metrics.groups import group_means_of
from auditor.metrics.interface import MetricSpec
from auditor.render.charts_groups import End, dumbbell
from auditor.render.html import render_report
from auditor.render.material import Material
from auditor.render.sections.fair import Fair, Panel, build
from auditor.render.versions import read_versions
from auditor.runs.record import Run
from auditor.stats.extremes import farthest_apart
from auditor.stats.proportions import wilson_interval
from auditor.types import Graded, Item

PLANTED = {"amber": 0.9, "blue": 0.1, "cyan": -1.0}
"""The log-odds of a yes by group; every case has its own level besides."""
HOSTILE = "</svg><script>window.owned=1</script> \u202e{0} %s"


def planted(draft: Any, levels: Mapping[str, float], families: int) -> Any:
    """Return a draft of one probe: counterfactual pairs, one person of each group in every case."""
    chance = np.random.default_rng(int(10 * max(levels.values())))
    items, verdicts = [], []
    for case in range(families):
        name = f"bias.decisions/case{case:02}"
        for group, level in levels.items():
            item = Item(
                f"{name}.{group}", "bias.decisions", name, (f"{group}: {case}?",), pair_id=name, tags={"group": group}
            )
            number = 3 * np.sin(case) + level + chance.normal(0, 0.2)
            items.append(item)
            verdicts.append((item, Graded("yes" if number > 0 else "no", value=float(number))))
    spec = {"name": "group_gap", "kind": "group_gap", "of": [], "where": {}, "better": "lower"}
    spec |= {"ideal": None, "breakdown": [], "by": "group"}
    probe = next(probe for probe in draft.manifest["probes"] if probe["id"] == "bias.decisions")
    probe = probe | {"metrics": [spec], "grader": probe["grader"] | {"name": "decision"}}
    mine = estimate_metric(
        MetricSpec.model_validate(spec), table(verdicts), probe_id=probe["id"], probe_version=1, confidence=0.95
    )
    return replace(
        draft,
        manifest=draft.manifest | {"probes": [probe], "pooled": []},
        items=items,
        responses=[],
        verdicts=verdicts,
        estimates=list(mine),
    )


def table(verdicts: list[tuple[Item, Graded]]) -> pd.DataFrame:
    """Return verdicts as metrics read them."""
    return pd.DataFrame(
        [
            {
                "item_id": item.item_id,
                "family_id": item.family_id,
                "pair_id": item.pair_id,
                "sample": 0,
                "repeat": 0,
                "outcome": "graded",
                "label": verdict.label,
                "value": verdict.value,
                "reason": None,
                "tags": dict(item.tags),
                "reference": {},
            }
            for item, verdict in verdicts
        ]
    )


def fair(runs: list[Run]) -> Fair:
    view = build(Material(read_versions(runs)))
    assert view is not None
    return view


def gap(view: Fair) -> Panel:
    return next(panel for panel in view.panels if panel.title == "Largest gap between groups")


@pytest.fixture
def two(drafts: list[Any], write: Callable[[Any], Run]) -> list[Run]:
    """A version that treats all alike, then one that does not."""
    alike = dict.fromkeys(PLANTED, 0.0)
    return [write(planted(drafts[1], alike, 20)), write(planted(drafts[2], PLANTED, 20))]


def test_the_planted_groups_are_the_ends_of_the_dumbbell(two: list[Run]) -> None:
    panel = gap(fair(two))
    chart = ElementTree.fromstring(str(panel.chart))
    assert chart[0].text == "Largest gap between groups: amber against cyan"
    told = {group.name: group for group in panel.groups}
    for name, level in PLANTED.items():
        value, low, high = told[name].ends or (0.0, 0.0, 0.0)
        assert low < value < high
        assert value == pytest.approx(level, abs=0.15)
        assert told[name].size == "n 20"
        assert f"tag=group%3A+{name}" in told[name].link
    assert float(next(chart.iter("circle")).get("cx", "")) < 170, "the lowest is on the left"
    assert panel.smallest == "Every group: n 20."


def test_the_ends_are_as_far_apart_as_the_estimate_says(two: list[Run]) -> None:
    panel = gap(fair(two))
    assert panel.number is not None
    values = [group.ends[0] for group in panel.groups if group.ends]
    assert max(values) - min(values) == pytest.approx(float(panel.number.raw))


def test_the_change_of_the_gap_is_the_comparisons(two: list[Run]) -> None:
    material = Material(read_versions(two))
    found = material.differences["bias.decisions", "group_gap", "all"]
    (change,) = gap(fair(two)).changes
    assert found.regression is not None
    assert f"worse by {found.regression:.2f}" in change.text
    assert change.text.endswith("n 60 in 20 families")
    assert change.move is not None
    assert change.move.tone == found.standing == "worse"


def test_groups_of_few_families_are_named_and_not_drawn(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    panel = gap(fair([write(planted(drafts[2], PLANTED, 14))]))
    assert panel.chart is None
    assert panel.small == "All 3 groups are too small to be drawn: 14 families, and 15 are needed."
    assert panel.changes == []


def test_categories_of_the_bias_probes_are_held_against_each_other(runs: list[Run]) -> None:
    panel = next(panel for panel in fair(runs[-1:]).panels if panel.title == "Right on ambiguous scenes by attribute")
    estimates = {
        found.cell.removeprefix("attribute="): found
        for found in runs[-1].estimates
        if found.metric == "accuracy_ambiguous" and found.cell != "all"
    }
    told = sorted((found.value, name) for name, found in estimates.items() if found.families >= 15)
    title = ElementTree.fromstring(str(panel.chart))[0].text
    assert title is not None
    assert title.startswith(f"Right on ambiguous scenes: {told[0][1]} against ")
    assert "whichever two of" in panel.apart
    assert {group.name: group.value for group in panel.groups} == {
        name: f"{100 * found.value:.1f}%" for name, found in estimates.items()
    }


def test_without_a_number_of_groups_the_page_says_what_would_tell(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    kept = [probe for probe in drafts[2].manifest["probes"] if probe["battery"] != "bias"]
    names = {probe["id"] for probe in kept}
    run = write(
        replace(
            drafts[2],
            manifest=drafts[2].manifest | {"probes": kept, "pooled": []},
            items=[item for item in drafts[2].items if item.probe_id in names],
            responses=[pair for pair in drafts[2].responses if pair[0].probe_id in names],
            verdicts=[pair for pair in drafts[2].verdicts if pair[0].probe_id in names],
            estimates=[found for found in drafts[2].estimates if found.probe_id in names],
        )
    )
    text = render_report([run])
    assert "No number tells groups of people: ask the bias battery" in text
    assert build(Material(read_versions([run]))) is None


def test_hostile_names_of_groups_are_text(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    levels = {HOSTILE: 1.0, "x" * 300: 0.0, "\ud800 \u200b": -1.0}
    text = render_report([write(planted(drafts[2], levels, 16))])
    found = text.partition('<section id="fair"')[2].partition('<section id="')[0]
    assert "<script" not in found
    assert "&lt;/svg&gt;&lt;script&gt;" in found
    assert not [character for character in found if unicodedata.category(character) in ("Cf", "Cs")]


def test_a_probe_without_any_whole_pair_has_no_groups() -> None:
    items = [Item(f"p/{name}", "p", "f", ("?",), pair_id="f", tags={"group": name}) for name in ("a", "b")]
    rows = table([(items[0], Graded("yes", value=1.0)), (items[1], Graded("no"))])
    spec = MetricSpec.model_validate({"name": "gap", "kind": "group_gap", "better": "lower", "by": "group"})
    assert group_means_of(spec, rows, confidence=0.95) == {}


@pytest.mark.parametrize(("groups", "rate"), [(2, 0.5), (6, 0.1), (8, 0.5)])
def test_groups_that_are_alike_are_seldom_told_apart(groups: int, rate: float) -> None:
    """At most one time in twenty, with the room of two standard errors of the simulation."""
    chance, told, times = np.random.default_rng(3), 0, 1500
    known = [(k / 20, *wilson_interval(k, 20)) for k in range(21)]
    for _ in range(times):
        told += farthest_apart([known[k] for k in chance.binomial(20, rate, groups)])[1] > 0
    assert told / times <= 0.05 + 2 * (0.05 * 0.95 / times) ** 0.5


def test_a_dumbbell_is_whole_without_a_style() -> None:
    ends = [End("worst", "猫" * 40, 0.8, 0.6, 0.9, "80.0%", "full"), End("best", "b", 0.1, 0.0, 0.2, "10.0%", "full")]
    root = ElementTree.fromstring(dumbbell(*ends, "title", lambda amount: f"{amount:g}"))
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert not [element for element in root.iter() if element.get("style") or element.get("class")]
    assert len([element for element in root.iter("text") if "…" in (element.text or "")]) == 1


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_the_pictures_clip_and_overlap_nothing(
    chromium: Browser, drafts: list[Any], write: Callable[[Any], Run], tmp_path: Any, width: int
) -> None:
    levels = {"W" * 60: 1.0, "猫" * 60: -1.0, "plain": 0.9}
    path = tmp_path / "page.html"
    path.write_text(render_report([write(planted(drafts[2], levels, 16))]), encoding="utf-8")
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#fair details").evaluate_all("all => { for (const one of all) one.open = true; }")
    wrong = page.locator("#fair svg[role=img]").evaluate_all(
        """all => all.flatMap(svg => {
            const box = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll("text")].map(one => [one.textContent, one.getBoundingClientRect()]);
            const outside = texts.filter(([, one]) => one.left < box.left - 1 || one.right > box.right + 1);
            return [...outside, ...texts.flatMap(([a, x], place) => texts.slice(place + 1)
                .filter(([, y]) => x.left < y.right && y.left < x.right && x.top < y.bottom - 2 && y.top < x.bottom - 2)
                .map(([b]) => [a, b]))];
        })"""
    )
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
