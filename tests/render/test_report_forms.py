"""The report as JSON, CSV, Markdown and model card: read by other readers, the same numbers in all, no text obeyed."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hostile_runs import HOSTILE, decided, write_hostile
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from auditor.decision import Decision
from auditor.errors import ConfigError
from auditor.render.forms.json import ReportFile
from auditor.render.material import Material
from auditor.render.versions import read_versions
from auditor.render.visible import HIDDEN
from auditor.runs.record import Run

FORMS = ("json", "csv", "markdown", "model_card")
PROSE_ONLY = re.compile(r"@|://|www\.")


def written(form: str, material: Material) -> str:
    """Return the report in a form."""
    text: str = import_module(f"auditor.render.forms.{form}").report(material)
    return text


@pytest.fixture(scope="module")
def forms(runs: list[Run], judged: tuple[Decision, str]) -> dict[str, str]:
    """The report over three versions, judged, in every form."""
    material = Material(read_versions(runs), ("auditor", "report", "a", "b", "c"), judged[0])
    return {form: written(form, material) for form in FORMS}


@pytest.fixture(scope="module", params=["not compared", "compared"])
def hostile_forms(
    drafts: list[Any], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, str]:
    """The report over three poisoned versions in every form."""
    made = write_hostile(drafts, tmp_path_factory.mktemp("hostile"), compared=request.param == "compared")
    material = Material(read_versions(made), ("auditor", "report", HOSTILE), decided(made[1]))
    return {form: written(form, material) for form in FORMS}


def rows(text: str) -> list[dict[str, str]]:
    """Return CSV as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(text), strict=True))


def key(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return the name of a number in a row of CSV."""
    return row["probe"] or row["battery"], row["metric"], row["cell"]


def test_json_keeps_to_its_schema_and_holds_every_number_of_the_page(
    forms: dict[str, str], judged: tuple[Decision, str]
) -> None:
    told = json.loads(forms["json"])
    jsonschema.validate(told, ReportFile.model_json_schema(mode="serialization"))
    assert [one["role"] for one in told] == ["earlier", "baseline", "candidate"]
    known = {
        (f"{one['probe_id']}/{one['metric']}/{one['cell']}", one["value"]) for run in told for one in run["estimates"]
    }
    shown = {
        (name, float(raw) if raw else None)
        for raw, name in re.findall(r'<data [^>]*value="([^"]*)" data-of="([^"]*)"', judged[1])
    }
    assert len(shown) > 100
    assert shown <= known
    assert told[-1]["decision"]["decision"]["outcome"] == judged[0].outcome
    turns = [item["turn"] for item in told[-1]["comparison"]["items"]]
    assert f"{turns.count('newly broken')} items newly broken" in judged[1]


def test_csv_holds_the_numbers_of_json(forms: dict[str, str]) -> None:
    told, found = json.loads(forms["json"]), rows(forms["csv"])
    estimates = {
        (run["version"], one["probe_id"], one["metric"], one["cell"]): one for run in told for one in run["estimates"]
    }
    assert {(row["version"], *key(row)) for row in found} >= estimates.keys()
    assert len({(row["version"], *key(row)) for row in found}) == len(found)
    for row in found:
        if (row["version"], *key(row)) not in estimates:
            assert row["value"] == row["n"] == "" != row["standing"] + row["verdict"]
            continue
        one = estimates[row["version"], *key(row)]
        for name in ("value", "low", "high", "confidence", "n", "families", "planned"):
            assert row[name] == ("" if one[name] is None else repr(one[name])), (row, name)
        assert int(row["missing"]) == one["planned"] - one["n"]
    changes = {(one["source"], one["metric"], one["cell"]): one for one in told[-1]["comparison"]["differences"]}
    candidates = [row for row in found if row["role"] == "candidate"]
    assert {key(row) for row in candidates if row["standing"]} == changes.keys()
    for row in candidates:
        one = changes.get(key(row), {})
        for name, of in (("regression", "regression"), ("regression_low", "low"), ("regression_high", "high")):
            assert row[name] == ("" if one.get(of) is None else repr(one[of])), (row, name)
    verdicts = {key(row): row["verdict"] for row in found if row["verdict"]}
    assert verdicts["harm", "over_refusal_rate", "all"] == "fail"
    assert all(row["verdict"] == "" for row in found if row["role"] != "candidate")


def test_the_model_card_reads_back_with_the_numbers_of_json(forms: dict[str, str]) -> None:
    card = ModelCard(forms["model_card"])
    whole = {
        (one["probe_id"], one["metric"]): one
        for one in json.loads(forms["json"])[-1]["estimates"]
        if one["cell"] == "all" and one["value"] is not None
    }
    assert card.data.model_name == "kestrel-chat@1.2"
    assert len(card.data.eval_results) == len(whole)
    for found in card.data.eval_results:
        source = found.dataset_config or found.dataset_type.removeprefix("probe/")
        one = whole[source, found.metric_type]
        assert found.metric_value == one["value"]
        assert {name: one[name] for name in found.metric_args if one[name] is not None} == found.metric_args
    assert "licence" in card.text and "Apache-2.0" in card.text and "refusal 1" in card.text
    assert "What was not tested" not in card.text and "Limits: what was not tested" in card.text


@pytest.mark.parametrize("form", ["markdown", "model_card"])
def test_every_number_of_a_document_is_told_as_in_json(forms: dict[str, str], form: str) -> None:
    estimates = {
        (f"{one['probe_id']}/{one['metric']}" + ("" if one["cell"] == "all" else f" {one['cell']}")): one
        for one in json.loads(forms["json"])[-1]["estimates"]
    }
    told = re.findall(r"^\| `([^`]+)` \| (\S+) \| ([^|]+) \| ([\d,]+) \| ([\d,]+) \|", forms[form], re.MULTILINE)
    assert len(told) >= 20
    for name, value, interval, n, families in told:
        one = estimates[name]
        assert (int(n.replace(",", "")), int(families.replace(",", ""))) == (one["n"], one["families"])
        if one["low_bound"] == 0 and one["value"] is not None:
            assert value == f"{100 * one['value']:.1f}%"
            assert interval == f"{100 * one['low']:.1f} to {100 * one['high']:.1f}%"


def test_the_document_says_what_the_page_says_first(forms: dict[str, str]) -> None:
    text = forms["markdown"]
    assert (
        text.index("it is data, not advice, and not instructions")
        < text.index("**✗ FAIL**")
        < text.index("## What changed?")
    )
    assert "over-refusal (increase at most 5 points): 0.0% to 25.3%: worse by" in text
    assert "of 754 that both were asked" in text
    assert "No probe gives the model tools" in text
    assert "`auditor report a b c`" in text


class Rendered(HTMLParser):
    """Collects what a renderer made of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: dict[str, int] = {}
        self.outside = ""
        self._code = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert {name for name, _ in attrs} <= {"style"}, (tag, attrs)
        self.elements[tag] = self.elements.get(tag, 0) + 1
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.outside += "" if self._code else data


def rendered(document: str) -> Rendered:
    """Return a document as a wiki shows it, HTML let through."""
    page = Rendered()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(document))
    return page


def body(form: str, text: str) -> str:
    """Return the document without the metadata."""
    return ModelCard(text).text if form == "model_card" else text


@pytest.mark.parametrize("form", ["markdown", "model_card"])
def test_no_text_of_a_model_is_obeyed_by_a_wiki(
    hostile_forms: dict[str, str], forms: dict[str, str], form: str
) -> None:
    text = hostile_forms[form]
    assert HIDDEN.search(text) is None
    assert "window.owned" in text or "&#119;" in text or "window&#46;owned" in text
    hostile, plain = rendered(body(form, text)), rendered(body(form, forms[form]))
    assert hostile.elements.keys() <= plain.elements.keys() | {"code"}
    assert not PROSE_ONLY.search(hostile.outside)
    headings = [sum(page.elements.get(f"h{level}", 0) for level in range(1, 7)) for page in (hostile, plain)]
    assert headings[0] == headings[1]
    for lines in re.findall(r"(?:^\|.*\n)+", body(form, text), re.MULTILINE):
        cells = {len(re.split(r"(?<!\\)\|", line)) for line in lines.splitlines()}
        assert len(cells) == 1, lines[:200]


def test_hostile_metadata_reads_back_as_one_card(hostile_forms: dict[str, str], request: pytest.FixtureRequest) -> None:
    card = ModelCard(hostile_forms["model_card"])
    assert card.data.model_name.startswith("kestrel-chat")
    if "not compared" not in request.node.name:
        assert len(card.data.eval_results) > 10
    assert card.text.lstrip().startswith("## Safety audit")


def test_a_spreadsheet_takes_no_text_for_a_formula(hostile_forms: dict[str, str]) -> None:
    found = rows(hostile_forms["csv"])
    assert len(found) > 100 and None not in found[0]
    for cell in (cell for row in found for cell in row.values()):
        assert HIDDEN.search(cell) is None
        if not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell):
            assert not cell.startswith(("=", "+", "-", "@")), cell


def test_json_keeps_hostile_text_as_it_was(hostile_forms: dict[str, str]) -> None:
    assert hostile_forms["json"].isascii()
    told = json.loads(hostile_forms["json"])
    jsonschema.validate(told, ReportFile.model_json_schema(mode="serialization"))
    assert told[-1]["model"]["name"].endswith(HOSTILE)
    assert shlex.split(told[-1]["command"])[-1] == HOSTILE


def test_two_writings_give_the_same_bytes(runs: list[Run]) -> None:
    one, other = (Material(read_versions(runs[1:])) for _ in range(2))
    for form in FORMS:
        assert written(form, one) == written(form, other)


def test_one_version_needs_no_baseline(runs: list[Run]) -> None:
    material = Material(read_versions(runs[2:]))
    assert "There is no baseline to compare with." in written("markdown", material)
    assert "Not judged: no policy was given." in written("model_card", material)
    (told,) = json.loads(written("json", material))
    assert (told["comparison"], told["not_compared"]) == (None, [])
    assert {row["standing"] for row in rows(written("csv", material))} == {""}


def test_without_its_library_a_model_card_says_what_to_install(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigError, match="huggingface_hub is not installed") as raised:
        written("model_card", Material(read_versions(runs[2:])))
    assert "pip install huggingface_hub" in (raised.value.hint or "")


def test_the_committed_old_runs_are_told_in_every_form() -> None:
    store = Path(__file__).parents[1] / "old_runs" / "0.1.0"
    material = Material(read_versions([Run(path) for path in sorted(store.iterdir())[:2]]))
    for form in FORMS:
        assert "demo@1.1" in written(form, material)
