"""Every hostile text in every field, on one page and in every other form: nothing runs, hides, forges or is lost."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import jsonschema
import pytest
from hostile_texts import LINE, TEXTS, tame
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from planted_texts import TAG, Planted, plant
from playwright.sync_api import Browser, Page
from rich.cells import cell_len
from rich.console import Console, Group

from auditor.render.extent import Extent, Sharing
from auditor.render.forms.json import ReportFile
from auditor.render.html import render_material
from auditor.render.material import Material
from auditor.render.quoted import Harmless
from auditor.render.terminal import summary, transcript
from auditor.render.versions import read_versions
from auditor.render.visible import COMMAND, HIDDEN

FORMS = ("json", "csv", "markdown", "model_card")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
STRUCTURE = """() => {
    const told = (node) => `${node.localName}.${[...node.classList].filter(one => one !== "more")}[${
        node.getAttributeNames().filter(one => one !== "class")}]`;
    const counts = {};
    for (const node of document.querySelectorAll("body *")) {
        if (node.closest("code.hidden-char, ins, del")) continue;
        const place = node.closest("section[id]") || document.body;
        const key = `${place.id}: ${told(node.parentElement)} > ${told(node)}`;
        counts[key] = (counts[key] || 0) + 1;
    }
    return counts;
}"""
"""How often each element stands in each: badges and marks of changed words are left out, and the mark of a table that
has more than is in sight."""


@dataclass(frozen=True)
class Shown:
    """What was planted and what the report makes of it."""

    planted: Planted
    material: Material
    page: str


@pytest.fixture(scope="module")
def both(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    """The report over hostile texts, and its twin over texts of the same lengths that are not."""
    made = {}
    for name, change in (("hostile", str), ("tame", tame)):
        planted = plant(drafts[1:], tmp_path_factory.mktemp(name), change)
        everything = Sharing(Extent.ALL)
        known = {"labels": planted.labels, "sharing": everything}
        material = Material(read_versions(planted.runs), planted.command, planted.decision, **known)
        made[name] = Shown(planted, material, render_material(material))
    return made


@pytest.fixture(scope="module")
def hostile(both: dict[str, Shown]) -> Shown:
    return both["hostile"]


def test_the_texts_are_many_and_their_twins_are_as_many() -> None:
    assert len(set(TEXTS.values())) == len({tame(text) for text in TEXTS.values()}) >= 60
    assert not any(set(tame(text)) & set("<>&\"'`=:/[]") for text in TEXTS.values())


def test_the_page_is_utf8_without_a_hidden_character_and_has_no_script_but_ours(both: dict[str, Shown]) -> None:
    page = both["hostile"].page
    page.encode("utf-8")
    assert HIDDEN.search(page) is None
    assert page.count("<script") == both["tame"].page.count("<script")


def test_every_text_is_kept_as_it_was(hostile: Shown) -> None:
    rows = []
    for block in re.findall(r'<script type="application/gzip" id="data-\d+">([^<]*)</script>', hostile.page):
        rows += json.loads(gzip.decompress(base64.b64decode(block)))
    texts = hostile.planted.texts
    assert len(rows) == 2 * len(texts)
    for row, text in zip(rows, (*texts, *texts), strict=True):
        item = row["item"]
        turn, *_ = item["turns"]
        (shot, named), (option, _) = item["few_shot"], item["options"]
        assert {turn, item["system"], shot["content"], named["content"], option["text"]} == {text}
        assert all(said.startswith(text) for said in (item["item_id"], item["family_id"], item["pair_id"]))
        assert item["tags"][TAG].startswith(text) or item["tags"][TAG] == TAG
        assert text in item["tags"].values()
        for reply in row["replies"]:
            response, verdict = reply["responses"][0], reply["verdicts"][0]
            assert response["text"] == LINE or response["text"].startswith(text)
            assert response.get("reasoning", "") == text
            assert text in (verdict.get("evidence", ""), verdict.get("reason", ""))
    assert any(row["replies"][1]["responses"][0]["text"] == LINE for row in rows)


@pytest.fixture
def told() -> list[str]:
    """What a page said, asked for or ran against its policy."""
    return []


@pytest.fixture
def opened(chromium: Browser, told: list[str], tmp_path: Any) -> Iterator[Any]:
    """Opens a page and hears all that it does."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)  # the page is as large as it is hostile

    def open_page(text: str) -> Page:
        path = tmp_path / f"{len(text)}.html"
        path.write_text(text, encoding="utf-8")
        page = context.new_page()
        page.add_init_script("addEventListener('securitypolicyviolation', one => console.log(one.violatedDirective))")
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.on("request", lambda request: None if request.url == path.as_uri() else told.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    context.close()


@pytest.mark.browser
def test_the_page_has_the_elements_of_its_harmless_twin_and_nothing_runs(
    opened: Any, both: dict[str, Shown], told: list[str]
) -> None:
    page = opened(both["hostile"].page)
    found = page.evaluate(STRUCTURE)
    ruling = page.locator("#summary .ruling .word")
    assert ruling.inner_text() == "✗ FAIL"
    assert ruling.is_visible()
    page.locator("details").evaluate_all("all => { for (const one of all) one.open = true; }")
    for place in (0, 7, 23):
        page.locator("#rows button").nth(place).click()
        page.wait_for_selector(".drawer")
    assert page.evaluate("window.owned") is None
    assert told == []
    assert found == opened(both["tame"].page).evaluate(STRUCTURE)


@pytest.mark.browser
@pytest.mark.slow
def test_no_answer_runs_or_forges_anything_when_it_is_opened(opened: Any, hostile: Shown, told: list[str]) -> None:
    page = opened(hostile.page)
    kinds = set()
    for place in range(2 * len(TEXTS)):
        if place and place % 50 == 0:
            page.locator("#next").click()
        page.locator("#rows tr:not(.drawer) button").nth(place % 50).click()
        page.wait_for_selector(".drawer .text", state="attached")
        kinds |= set(page.locator(".drawer *").evaluate_all("all => all.map(one => one.localName)"))
        assert HIDDEN.search(page.locator(".drawer").inner_text()) is None
    assert not kinds & {"img", "svg", "script", "style", "iframe", "form", "input", "base", "link", "meta", "math"}
    page.get_by_label("Text in prompts and answers").fill("owned")
    page.locator("#status", has_text=" of ").wait_for()
    assert page.evaluate("window.owned") is None
    assert told == []


@pytest.fixture(scope="module")
def forms(both: dict[str, Shown]) -> dict[tuple[str, str], str]:
    """(hostile or tame, form) -> the report in it."""
    return {
        (name, form): import_module(f"auditor.render.forms.{form}").report(shown.material)
        for name, shown in both.items()
        for form in FORMS
    }


def test_json_keeps_every_text_and_its_schema(forms: dict[tuple[str, str], str], hostile: Shown) -> None:
    text = forms["hostile", "json"]
    assert text.isascii() and not COMMAND.search(text)
    told = json.loads(text)
    jsonschema.validate(told, ReportFile.model_json_schema(mode="serialization"))
    kept = [said.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for said in hostile.planted.texts]
    assert told[-1]["notes"] == kept
    assert [one["text"] for one in told[-1]["decision"]["decision"]["results"]] == kept


def test_csv_has_the_rows_of_its_twin_and_no_formula(forms: dict[tuple[str, str], str]) -> None:
    found, twin = (list(csv.reader(io.StringIO(forms[name, "csv"]), strict=True)) for name in ("hostile", "tame"))
    assert [len(row) for row in found] == [len(row) for row in twin]
    assert found[0] == twin[0]
    for cell in (cell for row in found[1:] for cell in row):
        assert HIDDEN.search(cell) is None
        assert NUMBER.fullmatch(cell) or not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\n", "\uff1d")), (
            cell[:80]
        )


@pytest.mark.parametrize("form", ["markdown", "model_card"])
def test_documents_have_the_blocks_of_their_twins(forms: dict[tuple[str, str], str], form: str) -> None:
    kinds = []
    for name in ("hostile", "tame"):
        text = forms[name, form]
        assert HIDDEN.search(text) is None
        body = ModelCard(text).text if form == "model_card" else text
        tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(body)
        inside = [one for token in tokens for one in token.children or ()]
        assert not {one.type for one in inside} & {"image", "s_open"}, name
        assert {one.content for one in inside if one.type == "html_inline"} <= {"<code>", "</code>"}, "ours, to quote"
        kinds.append([(token.type, token.tag, token.level) for token in tokens])
    assert kinds[0] == kinds[1]


def test_the_metadata_of_a_card_are_those_of_its_twin(forms: dict[tuple[str, str], str]) -> None:
    found, twin = (ModelCard(forms[name, "model_card"]).data.to_dict() for name in ("hostile", "tame"))
    assert found.keys() == twin.keys()
    assert len(found["model-index"][0]["results"]) == len(twin["model-index"][0]["results"])


def test_a_terminal_is_told_no_command(hostile: Shown) -> None:
    run = hostile.planted.runs[-1]
    verdicts = {row["item_id"]: row for row in run.iter_verdicts()}
    answers = [
        transcript(row, verdicts[row["item_id"]], {"model_id": text, "label": text, "text": text})
        for row, text in zip(run.iter_responses(), hostile.planted.texts, strict=False)
    ]
    text = io.StringIO()
    page = Console(file=text, width=80, highlight=False, markup=False, emoji=False)
    page.print(Harmless(Group(summary(run), *answers)))
    said = text.getvalue()
    said.encode("utf-8")
    assert HIDDEN.search(said) is None
    assert COMMAND.search(said) is None
    assert not re.search(r"^\s*::", said, re.MULTILINE)
    assert max(map(cell_len, said.split("\n"))) <= 80
