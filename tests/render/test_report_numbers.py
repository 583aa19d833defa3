"""Every number in the page is a number of the JSON, also where the page tells more than the estimates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import jsonschema
import pytest
from whole_runs import whole_material

from auditor.amounts import amount
from auditor.render.forms.json import ReportFile, report
from auditor.render.html import render_material
from auditor.render.material import Material
from auditor.render.sections import trend
from auditor.render.sections.trend import Waited
from auditor.render.versions import read_versions
from auditor.runs.record import Run


@pytest.fixture(scope="module")
def both(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], str]:
    """The report as JSON and as a page."""
    material = whole_material(drafts[1:], tmp_path_factory.mktemp("whole"))
    told = json.loads(report(material))
    jsonschema.validate(told, ReportFile.model_json_schema(mode="serialization"))
    return told, render_material(material)


def text_of(page: str, name: str) -> str:
    """Return a section's text in one line."""
    found = page.partition(f'<section id="{name}"')[2].partition("\n</section>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<svg.*?</svg>|<[^>]*>", " ", found, flags=re.DOTALL)))


def percent(share: dict[str, Any]) -> str:
    """Return a share's value and interval as the page writes them."""
    value, low, high = (amount(share[name], 0.0, 1.0) for name in ("value", "low", "high"))
    return f"{value} ({low.removesuffix('%')} to {high})"


def test_every_marked_number_of_every_section_is_an_estimate(both: tuple[list[dict[str, Any]], str]) -> None:
    told, page = both
    known = {
        (f"{one['probe_id']}/{one['metric']}/{one['cell']}", one["value"]) for run in told for one in run["estimates"]
    }
    sections = {}
    for section in re.split(r'(?=<section id=")', page)[1:]:
        name = section.partition('<section id="')[2].partition('"')[0]
        found = re.findall(r'<data class="value" value="([^"]*)" data-of="([^"]*)"', section)
        sections[name] = len(found)
        assert {(of, float(raw) if raw else None) for raw, of in found} <= known, name
    assert min(sections[name] for name in ("summary", "safer", "trend", "where", "fair", "trust")) >= 1


def test_the_time_to_an_answer_is_of_what_was_asked_once_and_now(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    draft = replace(drafts[2], responses=[])
    for place, (request, response) in enumerate(drafts[2].responses):
        draft.responses.append((request, replace(response, seconds=1.0 + place % 3)))
    material = Material(read_versions([write(draft)]))
    transcripts = material.transcripts
    found = trend.waited(transcripts, 0)
    assert found == Waited(2.0, 3.0)
    (told,) = json.loads(report(material))
    assert told["waited"] == {"median": 2.0, "most": 3.0}
    line = "Seconds from request to answer, waiting included: median, 95 of 100 2.00, 3.00 "
    assert line in text_of(render_material(material), "trend")
    rows = [row for one in transcripts for row in one.replies[0].responses]
    for row in rows:
        row["cached" if row["seconds"] == 2.0 else "repeat"] = row["seconds"] != 1.0  # type: ignore[index]  # a row is a dict
    assert trend.waited(transcripts, 0) == Waited(1.0, 1.0)
    for row in rows:
        row["cached"] = True  # type: ignore[index]  # a row is a dict
    assert trend.waited(transcripts, 0) is None


def test_the_numbers_of_patterns_are_in_json(both: tuple[list[dict[str, Any]], str]) -> None:
    told, page = both
    failures, text = told[-1]["findings"]["failures"], text_of(page, "patterns")
    patterns = [one for kind in failures for one in kind["patterns"]]
    assert len(patterns) == page.count('<li class="pattern">') > 0
    for kind in failures:
        assert re.search(rf"{kind['failed']:,} of (the )?{kind['items']:,} ", text)
    for one in patterns:
        for side in (one["inside"], one["outside"]):
            assert (
                f"{side['failed']:,} of {side['n']:,} items in {side['families']:,} families: {percent(side)}" in text
            )
        assert one["ratio"][1] is not None and f"{one['ratio'][1]:.3g}" in text


def test_the_numbers_of_groups_are_in_json(both: tuple[list[dict[str, Any]], str]) -> None:
    told, page = both
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td>(.*?)</td></tr>', page.partition('<section id="fair"')[2])
    said = [f"{unescape(name)} {re.sub(r'<[^>]*>', '', row)}" for name, row in rows]
    groups, estimates = (told[-1]["findings"]["groups"], told[-1]["estimates"])
    known = {f"{one['probe_id']}/{one['metric']}/{one['cell']}": one for one in estimates}
    assert {one["group"] for one in groups} >= {"amber", "blue", "cyan"}
    assert len({(one["of"], one["group"]) for one in groups}) == len(groups)
    for one in groups:
        size = f"n {one['n']:,}" + ("" if one["n"] == one["families"] else f" in {one['families']:,} famil")
        number, cell = known[one["of"]], one["of"].rpartition("/")[2]
        if cell != "all":
            assert [one[name] for name in ("value", "low", "high", "n")] == [
                number[name] for name in ("value", "low", "high", "n")
            ]
        bounds = (None, None) if cell == "all" else (number["low_bound"], number["high_bound"])
        ends = [amount(one[name], *bounds) for name in ("value", "low", "high") if one[name] is not None]
        told_so = [row for row in said if row.startswith(one["group"]) and size in row]
        assert any(all(end.removesuffix("%").lstrip("+") in row for end in ends) for row in told_so), (one, told_so)


def test_the_numbers_of_graders_are_in_json(both: tuple[list[dict[str, Any]], str]) -> None:
    told, page = both
    graders, text = told[-1]["findings"]["graders"], text_of(page, "trust")
    checked = [one for one in graders if one["agreement"]]
    assert checked
    for one in graders:
        assert f"{one['grader']} {one['version']}" in text
        assert one["undetermined"]["n"] > 0
        for said in filter(None, (one["undetermined"], one["again"])):
            assert f"{100 * said['value']:.1f}% (" in text and f"n {said['n']:,}" in text
        for said in one["corrected"].values():
            assert said in text
    for one in checked:
        agreed, table = one["agreement"], one["confusion"]
        assert f"Agrees with people in {100 * agreed['value']:.1f}%" in text
        assert sum(sum(row.values()) for row in table.values()) == agreed["n"]
        assert sum(table[label].get(label, 0) for label in table) == agreed["hits"]
        for truth, row in table.items():
            assert re.search(rf"{truth} {' '.join(map(str, row.values()))} ", text), (truth, row)
        for label in one["labels"]:
            for side in filter(None, (label["recall"], label["precision"])):
                assert f"{100 * side['value']:.1f}%" in text


def test_the_numbers_of_the_appendix_are_in_json(both: tuple[list[dict[str, Any]], str]) -> None:
    told, page = both
    found, text = told[-1]["findings"], text_of(page, "appendix")
    assert list(found["calibration"]) == ["bias.age"]
    for one in found["calibration"].values():
        assert f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f}), as seen {one['raw']:.3f}" in text
        assert sum(part["n"] for part in one["bins"]) == one["n"]
    for kind in found["items"]:
        assert f"{kind['name']}: {kind['count']:,} of {kind['of']:,}" in text
