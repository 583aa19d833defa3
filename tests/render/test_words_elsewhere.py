"""A report in another language: each message in ⟦ ⟧, so that a word of ours outside them is one that was forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from auditor.agreement import Label
from auditor.decision import Decision
from auditor.render.html import render_report
from auditor.runs.record import Run

READ_ALOUD = ("aria-label", "title", "alt", "placeholder")
VOID = {"meta", "input", "br", "link", "hr", "img"}
SKIPPED = {"style", "script"}
CONTENT = """
bdi; pre; code; kbd
.card@aria-label; .card h2; .card h3; #summary .facts dd
.rules th; .rules [data-column=⟦Limit⟧]
#difference .pieces; #difference .scroll th; #difference .scroll td a
#trend .battery; #trend figcaption b; #trend .numbers td; #trend .all th
#where figcaption b; .heat th; .legend
#fair figcaption span; #fair svg; #fair figure p; #fair tbody th
#trust h3; #trust p:bare; #trust .facts a; #trust tbody th; #trust .size a
#show .headline; #show .where; #show .tags span; #show .verdict
#patterns .named a; #patterns .size a
#explorer-off tbody; #untested .scroll tbody; #untested .because
#redo tbody; #appendix td; #appendix .scope a; #appendix figcaption b
#filters option; #rows button; #rows .preview; #rows .verdict; #rows .of; #rows .text; #rows .tags span
"""
"""What holds the words of others: names, titles of probes, amounts with a unit, what a decision says."""
SELECTORS = [selector.split() for line in CONTENT.splitlines() for selector in line.split(";") if selector.strip()]


class Elsewhere(NullTranslations):
    """Every message in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def info(self) -> dict[str, str]:
        return {"language": "qps_ploc"}


class Walk(HTMLParser):
    """Finds the letters outside of brackets and of what others wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, set[str]]] = []
        self.depth = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names = {tag, *(f".{name}" for name in given.get("class", "").split())}
        names |= {f"[{name}={value}]" for name, value in given.items()}
        names |= {f"#{given['id']}"} if "id" in given else set()
        names |= set() if "class" in given else {f"{tag}:bare"}
        self.open.append((tag, names))
        for name in READ_ALOUD:
            told = given.get(name, "")
            if any(map(str.isalpha, told)) and "⟦" not in told and not self._content(f"@{name}"):
                self.found.append(f"{self._path()} @{name}: {told}")
        if tag in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] in SKIPPED:
            return
        outside = ""
        for letter in data:
            self.depth += {"⟦": 1, "⟧": -1}.get(letter, 0)
            outside += letter if self.depth == 0 and letter != "⟧" else " "
        if any(map(str.isalpha, outside)) and not self._content():
            self.found.append(f"{self._path()}: {' '.join(outside.split())}")

    def _content(self, attribute: str = "") -> bool:
        return any(self._within([part.removesuffix(attribute) for part in selector]) for selector in SELECTORS)

    def _within(self, selector: Sequence[str]) -> bool:
        """Tell whether the parts stand around this place, in their order."""
        wanted = iter(selector)
        part = next(wanted, None)
        for _tag, names in self.open:
            if part in names:
                part = next(wanted, None)
        return part is None

    def _path(self) -> str:
        return " ".join(tag + "".join(sorted(name for name in names if name[0] in ".#")) for tag, names in self.open)


def forgotten(page: str) -> list[str]:
    walk = Walk()
    walk.feed(page)
    return [*walk.found, *(["a bracket is left open"] if walk.depth else [])]


@pytest.fixture(scope="module")
def elsewhere(runs: list[Run], judged: tuple[Decision, str]) -> str:
    """Two versions with a verdict and labels of people."""
    harmful = [item["item_id"] for item in runs[2].iter_items() if item["probe_id"].startswith("harm.")]
    labels = [Label(name, "full_refusal" if place % 7 else "full_compliance") for place, name in enumerate(harmful)]
    return render_report(
        runs[1:], decision=judged[0], labels=labels, command=("auditor", "report"), translations=Elsewhere()
    )


def test_no_word_of_a_page_is_forgotten(elsewhere: str, runs: list[Run]) -> None:
    assert '<html lang="qps-ploc">' in elsewhere
    assert forgotten(elsewhere) == []
    assert forgotten(render_report(runs[:1], translations=Elsewhere())) == []


def test_a_page_is_english_again_afterwards(elsewhere: str, report: str) -> None:
    assert "⟦" in elsewhere
    assert "⟦" not in report
    assert 'id="words"' not in report


def test_the_walk_finds_a_forgotten_word() -> None:
    assert forgotten("<p>⟦Made⟧ by <b>hand</b></p>") == ["p: by", "p b: hand"]
    assert forgotten('<p aria-label="Made"><code>auditor</code>⟦a <b>b</b> c⟧ 5%</p>') == ["p @aria-label: Made"]


def test_no_word_of_the_scripts_is_forgotten(elsewhere: str, chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(elsewhere, encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri() + "#items&item=harm.direct/defamation.00&tag=hazard: defamation&sort=-severity")
    page.wait_for_selector("[data-ready]")
    page.locator("#rows .folded summary").click()
    page.wait_for_selector("#rows .side .text")
    assert forgotten(page.content()) == []
    page.keyboard.press("?")
    page.fill("#filters [name=q]", "nothing has this")
    page.wait_for_function("document.getElementById('status').textContent.includes('⟦')")
    assert forgotten(page.content()) == []
    page.close()
