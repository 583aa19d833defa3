"""What the drawer marks as different: against a plain reference, and on planted answers in the page."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from auditor.content import content
from auditor.render.extent import Extent, Sharing
from auditor.render.html import render_report
from auditor.runs.record import Run

pytestmark = pytest.mark.browser

WORDS = ("the", "cat", "sat", "on", "a", "mat", "isn't", "Ærø", "42", ",", ".", "猫", "🐈", "=", "<b>")
GAPS = (" ", " ", " ", "\n", "  ")


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page that knows `compare` and nothing else."""
    scripts = [content("reports").joinpath("scripts", f"{name}.js").read_text("utf-8") for name in ("text", "diff")]
    page = chromium.new_page()
    page.add_script_tag(content="\n".join(scripts))
    yield page
    page.close()


def compare(page: Page, pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return list(page.evaluate("pairs => pairs.map(([a, b]) => compare(a, b))", list(pairs)))


def words(text: str) -> list[str]:
    return re.findall(r"[一-鿿]|[^\W一-鿿]+(?:['’][^\W\d_]+)*|[^\s\w]", text)


def common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, by the textbook."""
    row = [0] * (len(b) + 1)
    for one in a:
        last = 0
        for place, other in enumerate(b, 1):
            last, row[place] = row[place], last + 1 if one == other else max(row[place], row[place - 1])
    return row[-1]


def test_the_marks_are_a_longest_common_subsequence_and_lose_nothing(page: Page) -> None:
    chance = random.Random(7)

    def text() -> str:
        return "".join(chance.choice(WORDS) + chance.choice(GAPS) for _ in range(chance.randrange(25)))

    pairs = [(text(), text()) for _ in range(300)]
    for (before, after), found in zip(pairs, compare(page, pairs), strict=True):
        assert found["by"] == "words"
        for side, whole in zip(found["sides"], (before, after), strict=True):
            assert "".join(piece for piece, _ in side) == whole
        kept = [[word for piece, alone in side if not alone for word in words(piece)] for side in found["sides"]]
        assert kept[0] == kept[1]
        assert len(kept[0]) == common(words(before), words(after))


def test_very_long_answers_are_compared_by_sentences_or_as_a_whole(page: Page) -> None:
    start = "Alike at the start. "
    sentences = [f"This is sentence {place} of many. " for place in range(600)]
    after = ["One more. ", *sentences[1:300], *sentences[310:599], "The last. "]
    long = (start + "".join(sentences), start + "".join(after))
    flat = (start + "a b " * 50_000 + "end", start + "c d " * 50_000 + "end")
    by_sentence, whole = compare(page, [long, flat])
    assert by_sentence["by"] == "sentences"
    gone, new = ([piece for piece, alone in side if alone] for side in by_sentence["sides"])
    assert " ".join(gone).split() == "".join([sentences[0], *sentences[300:310], sentences[599]]).split()
    assert [piece.strip() for piece in new] == ["One more.", "The last."]
    assert whole["sides"][0][-1] == [flat[0].removeprefix(start), True]
    for (before, after), found in ((long, by_sentence), (flat, whole)):
        assert ["".join(piece for piece, _ in side) for side in found["sides"]] == [before, after]


@pytest.fixture(scope="module")
def planted(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """Return the address of a report in which the first fact was answered so by the baseline and the candidate."""
    folder = tmp_path_factory.mktemp("planted")

    def make(before: str, after: str) -> str:
        runs: list[Run] = []
        for side, text in zip(drafts[1:], (before, after), strict=True):
            rows = [
                (request, replace(response, text=text) if request.item_id == FACT else response)
                for request, response in side.responses
                if request.probe_id == "hallucination.facts"
            ]
            items = [item for item in side.items if item.probe_id == "hallucination.facts"]
            verdicts = [pair for pair in side.verdicts if pair[0].probe_id == "hallucination.facts"]
            place = folder / str(len(list(folder.iterdir())))
            runs.append(replace(side, items=items, responses=rows, verdicts=verdicts, estimates=[]).write(place))
        path = Path(folder / f"report-{len(list(folder.iterdir()))}.html")
        path.write_text(render_report(runs, sharing=Sharing(Extent.ALL)), encoding="utf-8")
        return path.as_uri() + "#items&item=" + FACT.replace("/", "%2F")

    return make


FACT = "hallucination.facts/history.00"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("It was Ada, in May.", "It was Holm, in June.", "The two part at word 3: 1.1 says Ada, 1.2 says Holm."),
        ("It was Ada.", "It was Ada.", "1.1 and 1.2 answered the same, letter by letter."),
        ("It was Ada.", "It  was\nAda.", "The words of 1.1 and 1.2 are the same; only blanks and line breaks differ."),
        (
            "It was Ada",
            "It was Ada and Holm",
            "The first 3 words are the same; there 1.1 ends, and 1.2 goes on with and.",
        ),
        ("No", "Yes", "The two part at word 1: 1.1 says No, 1.2 says Yes."),
    ],
)
def test_the_drawer_says_where_two_answers_part(
    chromium: Browser, planted: Callable[[str, str], str], before: str, after: str, told: str
) -> None:
    page = chromium.new_page()
    page.goto(planted(before, after))
    page.wait_for_selector(".drawer")
    assert told in page.locator(".drawer").inner_text().replace("“", "").replace("”", "")
    texts = page.locator(".drawer .side .text").evaluate_all("all => all.map(one => one.textContent)")
    assert texts == [before, after]
    if "Ada, in" in before:
        assert page.locator(".drawer del").all_inner_texts() == ["Ada", "May"]
        assert page.locator(".drawer ins").all_inner_texts() == ["Holm", "June"]
        sign = "node => getComputedStyle(node, '::before').content"
        assert page.locator(".drawer del").first.evaluate(sign) == '"\u2212"'
        assert page.locator(".drawer ins").first.evaluate(sign) == '"+"'
    page.close()


def test_hostile_answers_are_held_against_each_other_as_text(
    chromium: Browser, planted: Callable[[str, str], str]
) -> None:
    hostile = "</script><img src=x onerror=window.owned=1> {before} <ins>forged</ins> \u202eltr \u200b $& tail"
    page = chromium.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(planted("It was " + hostile, "It is " + hostile.replace("img", "svg")))
    page.wait_for_selector(".drawer")
    assert page.locator(".drawer ins").all_inner_texts() == ["is", "svg"]
    assert page.locator(".drawer del").all_inner_texts() == ["was", "img"]
    assert page.locator(".drawer img, .drawer svg").count() == 0
    assert page.locator(".drawer .side .hidden-char").all_inner_texts() == ["U+202E", "U+200B"] * 2
    assert page.evaluate("window.owned") is None
    assert told == []
    page.close()
