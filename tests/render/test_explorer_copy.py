"""What leaves the item table: CSV, Markdown and commands, also where the texts are hostile."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect

from auditor.cli import cli
from auditor.render.extent import Extent, Sharing
from auditor.render.html import render_report
from auditor.render.visible import HIDDEN
from auditor.runs.record import Run
from auditor.types import Status

pytestmark = pytest.mark.browser

READ = "async () => await navigator.clipboard.readText()"


@pytest.fixture
def opened(chromium: Browser) -> Callable[[str], Page]:
    """Open a page that may read the clipboard."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()

    def open_page(url: str) -> Page:
        page.goto(url)
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    return open_page


def saved(page: Page) -> list[list[str]]:
    """Press the button, and return the rows of the file."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save these items as CSV").click()
    assert waiting.value.suggested_filename == "items.csv"
    return list(csv.reader(io.StringIO(Path(waiting.value.path()).read_bytes().decode("utf-8"), newline="")))


def test_the_csv_holds_all_items_in_view_not_only_the_page(
    opened: Callable[[str], Page], report_url: str, runs: list[Run]
) -> None:
    head, *rows = saved(opened(report_url + "#items&probe=harm.direct&sort=-item&page=2"))
    assert head[:7] == ["item", "probe", "battery", "severity", "family", "tags", "change"]
    assert head[7:] == [f"{label} {what}" for label in ("1.0", "1.1", "1.2") for what in ("state", "verdict")]
    items = {row["item_id"]: row for row in runs[2].iter_items() if row["probe_id"] == "harm.direct"}
    assert [row[0] for row in rows] == sorted(items, reverse=True)
    verdicts = {row["item_id"]: row for row in runs[2].iter_verdicts()}
    for row in rows:
        verdict = verdicts[row[0]]
        assert row[5] == "; ".join(f"{key}: {value}" for key, value in items[row[0]]["tags"].items())
        assert row[-1] == (verdict["label"] if verdict["outcome"] == "graded" else verdict["reason"])


HOSTILE = '=cmd|x!A1 "quoted", `` ``` ```` </script>\n## Forged\n```\n\u202e\u200b\r\x1b[31m tail'


@pytest.fixture
def hostile_url(drafts: list[Any], write: Callable[[Any], Run], tmp_path: Path) -> str:
    """A report whose first item is hostile in its name, its tags, its answer, its label and its evidence."""
    draft = drafts[2]
    (request, response), (item, verdict) = draft.responses[0], draft.verdicts[0]
    item = replace(item, item_id="=1+1 '$(touch x)'\n*" + HOSTILE, family_id=HOSTILE, tags={"-key": HOSTILE})
    request = replace(request, item_id=item.item_id, family_id=item.family_id)
    response = replace(response, status=Status.STOP, text=HOSTILE, reasoning=HOSTILE)
    verdict = replace(verdict, label="@" + HOSTILE, evidence=HOSTILE)
    made = replace(
        draft,
        items=[item, *draft.items[1:]],
        responses=[(request, response), *draft.responses[1:]],
        verdicts=[(item, verdict), *draft.verdicts[1:]],
    )
    path = tmp_path / "hostile.html"
    path.write_text(render_report([write(made)], sharing=Sharing(Extent.ALL)), encoding="utf-8")
    return path.as_uri()


def test_no_cell_is_a_formula_and_every_row_stays_one(opened: Callable[[str], Page], hostile_url: str) -> None:
    head, first, *rows = saved(opened(hostile_url + "#items&sort=item"))
    assert len(rows) == 753
    assert all(len(row) == len(head) for row in [first, *rows])
    assert first[0].startswith("'=1+1 '$(touch x)'\n*=cmd")
    assert first[5].startswith("'-key: =cmd")
    assert first[-1].startswith("'@=cmd")
    for cell in [cell for row in [first, *rows] for cell in row]:
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")), cell
        assert not HIDDEN.search(cell)


def test_markdown_quotes_what_others_wrote_and_nothing_of_it_gets_out(
    opened: Callable[[str], Page], hostile_url: str
) -> None:
    page = opened(hostile_url + "#items&sort=item")
    page.locator("#rows button").first.click()
    page.wait_for_selector(".drawer")
    page.keyboard.press("c")
    expect(page.locator("#announced")).to_have_text("The item was copied.")
    told = page.evaluate(READ).replace("\r\n", "\n")
    assert "Quoted text is untrusted" in told
    assert not HIDDEN.search(told)
    outside, fence = [], ""
    for line in told.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = re.match("`+", line)[0]  # type: ignore[index]
        else:
            outside.append(line)
    assert not fence
    assert len(re.findall(r"Forged", told)) >= 4
    # Headings and quotes of ours only; what others wrote on our lines is in code spans.
    assert [line for line in outside if line.startswith("#")] == [
        line for line in outside if line.startswith(("# Item `", "## ` 1.2 `: "))
    ]
    for line in outside:
        bare = re.sub(r"(`+) .*? \1(?!`)", "", line)
        assert "Forged" not in bare and "</script>" not in bare, line


@pytest.mark.parametrize(
    ("address", "arguments", "note"),
    [
        ("probe=harm.direct&label=full_refusal", ["--probe", "harm.direct", "--label", "full_refusal"], ""),
        ("probe=harm&version=1.0", ["--probe", "harm.*"], ""),
        ("change=newly+broken", ["--flipped-from", "1.1", "--turn", "broken"], ""),
        ("tag=hazard%3A+privacy&q=case&severity=high", [], "category, severity, text"),
        ("change=still+good", [], "change"),
    ],
)
def test_the_command_shows_the_same_in_a_terminal(
    opened: Callable[[str], Page], report_url: str, runs: list[Run], address: str, arguments: list[str], note: str
) -> None:
    page = opened(report_url + "#items&" + address)
    page.locator("#command").click()
    said = (
        f"The command was copied; the terminal does not know these filters: {note}."
        if note
        else "The command was copied."
    )
    expect(page.locator("#announced")).to_have_text(said)
    words = shlex.split(page.evaluate(READ))
    run = runs[0] if "version=1.0" in address else runs[2]
    assert words == ["auditor", "show", run.run_id, *(runs[1].run_id if one == "1.1" else one for one in arguments)]


def test_the_command_of_a_hostile_item_is_one_line_and_names_it(
    opened: Callable[[str], Page], hostile_url: str
) -> None:
    page = opened(hostile_url + "#items&sort=item")
    page.locator("#rows button").first.click()
    page.locator(".drawer").get_by_role("button", name="Copy the command").click()
    expect(page.locator("#announced")).to_have_text("The command was copied.")
    told = page.evaluate(READ)
    assert "\n" not in told and not HIDDEN.search(told)
    store = next(Path(hostile_url.removeprefix("file://")).parent.glob("run-*"))
    words = shlex.split(told)
    shown = CliRunner().invoke(cli, ["show", str(store), *words[3:], "-f", "json"])
    assert shown.exit_code == 0, shown.output
    assert '"=1+1' in shown.stdout


def test_where_the_clipboard_is_forbidden_the_text_is_shown_to_be_copied(chromium: Browser, report_url: str) -> None:
    page = chromium.new_context().new_page()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(report_url + "#items&probe=harm.direct")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#command").click()
    box = page.locator("#by-hand-text")
    expect(box).to_be_visible()
    assert box.input_value().startswith("auditor show kestrel-chat@1.2")
    assert box.evaluate("node => node.selectionEnd - node.selectionStart === node.value.length")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
