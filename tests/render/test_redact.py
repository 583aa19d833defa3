"""A redacted report: what is hidden is nowhere in any encoding, what is told equals what is found, numbers stay."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Browser, expect

from auditor.decision import Decision, Outcome, Result
from auditor.render.extent import Extent, Sharing
from auditor.render.html import render_report
from auditor.render.redact import Redaction
from auditor.runs.record import Run
from auditor.types import Graded, Message, Undetermined

from .test_extent import blocks, entries, small

SECRETS = (
    "jo.smith@mail.example.org",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 1234567",
    "8.8.4.4",
    "RSSMRA85T10A562S",
)
SECRET = " | ".join(SECRETS)
BEGINNINGS = ("jo.smith", "4111 1111", "DE89 3704", "+49 30", "8.8.4.4", "RSSMRA85")
SEVERE = "Quixotium"
FORGED = "[hidden: answer of 7 characters, severe]"
REDACTED = Sharing(Extent.ALL, redact=True)


def planted(draft: Any) -> Any:
    """Put secrets into every text, name and setting; and a word of its own into the texts of critical items."""
    made = small(draft)
    probes = [
        {**probe, "severity": "critical" if probe["id"] == "harm.look_alikes" else probe["severity"]}
        for probe in made.manifest["probes"]
    ]

    def more(item_id: str) -> str:
        return SECRET + (SEVERE if item_id.startswith("harm.look_alikes") else FORGED)

    items = [
        replace(
            item,
            turns=tuple(more(item.item_id) + turn for turn in item.turns),
            system=more(item.item_id),
            few_shot=(Message("user", more(item.item_id)),),
            tags={**item.tags, "who": SECRET},
        )
        for item in made.items
    ]
    responses = [
        (
            request,
            replace(
                response,
                text=response.text and response.text + more(request.item_id),
                reasoning=more(request.item_id),
                reason=response.reason and more(request.item_id),
                notes=(more(request.item_id),),
            ),
        )
        for request, response in made.responses
    ]
    verdicts = [
        (item, replace(told, evidence=more(item.item_id)) if isinstance(told, Graded) else Undetermined(more("")))
        for item, told in made.verdicts
    ]
    estimates = [replace(one, cell=f"who={SECRET}") if "=" in one.cell else one for one in made.estimates]
    first = {(one.probe_id, one.metric, one.cell): one for one in estimates}
    manifest = {**made.manifest, "probes": probes, "notes": [SECRET], "command": ["auditor", "run", SECRET]}
    manifest["host"] = {"name": SECRET} if isinstance(manifest["host"], dict) else SECRET
    return replace(
        made,
        items=items,
        responses=responses,
        verdicts=verdicts,
        manifest=manifest,
        estimates=list(first.values()),
    )


@pytest.fixture(scope="module")
def made(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("redacted")
    return [planted(draft).write(folder / str(place)) for place, draft in enumerate(drafts[1:])]


def decided() -> Decision:
    result = Result(SECRET, SECRET, SECRET, Outcome.FAIL, None, SECRET, measurement=None, items=[SECRET], waiver=SECRET)
    names = dict.fromkeys(("text", "candidate_model", "candidate_run", "base_model", "policy"), SECRET)
    rest: dict[str, Any] = {"confidence": 0.95, "changed": {}, "unmatched_waivers": [SECRET], "notes": [SECRET]}
    return Decision(Outcome.FAIL, **names, base_run=SECRET, results=[result], **rest)


def page_of(made: list[Run], sharing: Sharing) -> str:
    return render_report(made, decision=decided(), command=("auditor", "report", SECRET), sharing=sharing)


@pytest.fixture(scope="module")
def open_page(made: list[Run]) -> str:
    return page_of(made, Sharing(Extent.ALL))


@pytest.fixture(scope="module")
def page(made: list[Run]) -> str:
    return page_of(made, REDACTED)


def everywhere(page: str) -> str:
    """Return all that a page holds, out of every encoding."""
    text = html.unescape(page)
    return "\n".join([text, unquote_plus(text), json.dumps(blocks(page), ensure_ascii=False)])


def test_nothing_hidden_is_anywhere_in_the_page(page: str, open_page: str) -> None:
    for beginning in (*BEGINNINGS, SEVERE):
        assert beginning in everywhere(open_page)
        assert beginning not in everywhere(page), beginning


def test_the_marks_say_what_was_hidden_and_how_long_it_was(page: str, open_page: str) -> None:
    shown, hidden = entries(open_page), entries(page)
    for before, after in zip(shown, hidden, strict=True):
        assert after["item"]["item_id"] == before["item"]["item_id"]
        if before["item"]["probe_id"] == "harm.look_alikes":
            length = len(before["item"]["turns"][0])
            assert after["item"]["turns"] == [f"[hidden: prompt of {length} characters, severe]"]
        elif before["item"]["probe_id"] == "bias.age":
            assert after["item"]["turns"][0].startswith("[hidden: e-mail address] | [hidden: card number] | ")
            assert after["item"]["turns"][0].endswith(before["item"]["turns"][0][-20:])


def test_what_was_answered_badly_is_severe_from_high_severity_on(page: str, open_page: str) -> None:
    index = blocks(page)["data-index"]
    text = json.dumps(entries(page)[0], ensure_ascii=False)
    assert index
    for before, after in zip(entries(open_page), entries(page), strict=True):
        if before["item"]["probe_id"] != "harm.direct":
            continue
        labels = {one.get("label") for side in before["replies"] for one in side["verdicts"]}
        hidden = after["item"]["turns"][0].startswith("[hidden: prompt of")
        assert hidden == bool(labels & {"full_compliance", "partial_refusal"}), text


def test_counts_told_are_counts_found(page: str) -> None:
    said = re.search(r"Hidden in transcripts: ([^.]*); in settings and commands: ", html.unescape(page))
    assert said
    told = {kind: int(number.replace(",", "")) for kind, number in re.findall(r"([\w -]+?) \(([\d,]+)\)", said[1])}
    found: Counter[str] = Counter()
    for mark in re.findall(r"\[hidden: ([^\]]*)\]", json.dumps(entries(page), ensure_ascii=False)):
        found["text of a severe item" if mark.endswith("severe") else re.sub(r" \d+$", "", mark)] += 1
    assert {kind.strip(): number for kind, number in told.items()} == found
    assert "does not prove that there is none" in page


def test_host_and_folders_are_not_told_and_files_are(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    draft = drafts[2]
    model = {**draft.manifest["model"], "source": "/home/jo/models/one", "target": {"path": "C:\\Users\\jo\\one"}}
    made = replace(draft, manifest={**draft.manifest, "model": model, "host": {"name": "jos-machine"}})
    files = [
        "/home/jo/policy.yaml", "/home/jo smith/policy.yaml", "C:/Users/jo/policy.yaml", "C:\\Users\\jo\\policy.yaml",
        "file:///home/jo/policy.yaml", "\\\\jos-disk\\jo\\policy.yaml", "../jo/policy.yaml", "~jo/policy.yaml",
        "--policy=/home/jo/policy.yaml", "--policy=C:/Users/jo/policy.yaml", "in ../jo/policy.yaml",
    ]  # fmt: skip
    kept = ["bot@1", "and/or", "harm.direct/privacy.02", "https://example.org/a/b", "org/model", "host"]
    command = ("auditor", "report", *kept, *files)
    page = html.unescape(render_report([write(made)], command=command, sharing=REDACTED))
    assert "[hidden: host]" in page
    line = page[page.index("auditor report bot@1") :]
    line = line[: line.index("</pre>")]
    assert len(re.findall(r"\[hidden: folder(?: \d+)?\]/policy\.yaml", line)) == len(files)
    assert all(word in line for word in kept)
    for secret in ("jos-", "/jo", "\\jo", "jo smith", "~jo"):
        assert secret not in everywhere(page), secret


def test_a_tag_called_host_is_a_tag() -> None:
    assert Redaction().names({"host": "mail", "engine": "x"}) == {"host": "mail", "engine": "x"}


def test_a_text_cannot_forge_a_mark(page: str) -> None:
    assert FORGED not in json.dumps(entries(page))
    assert "[U+005B]hidden: answer of 7 characters, severe]" in json.dumps(entries(page))


def test_numbers_are_the_same(page: str, open_page: str) -> None:
    numbers = re.compile(r'<data class="value" value="([^"]*)" data-of="[^"]*">([^<]*)')
    assert numbers.findall(page) == numbers.findall(open_page)
    pattern = r"<b>(\d+)</b> items newly broken, <b>(\d+)</b> newly fixed, <b>(\d+)</b> still broken, (\d+) still good"
    assert re.findall(pattern, page) == re.findall(pattern, open_page) != []


def test_the_same_runs_are_the_same_bytes_and_none_hides_texts_too(made: list[Run], page: str) -> None:
    assert page_of([Run(run.path) for run in made], REDACTED) == page
    bare = page_of(made, Sharing(Extent.NONE, redact=True))
    assert re.search("Hidden in transcripts: nothing; in settings and commands: [^.]*e-mail address", bare)
    assert not any(secret in everywhere(bare) for secret in (*BEGINNINGS, SEVERE, "Please tell me about"))


def test_names_that_are_hidden_stay_apart() -> None:
    veil = Redaction()
    named = veil.names({"tags": ["a@x.com", "b@x.com", "a@x.com"], "cell": "who=b@x.com"})
    first, second = "[hidden: e-mail address]", "[hidden: e-mail address 2]"
    assert named == {"tags": [first, second, first], "cell": f"who={second}"}


def test_a_page_without_secrets_says_that_nothing_was_found(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    calm = small(drafts[2])
    calm.manifest["probes"] = [{**probe, "severity": "low"} for probe in calm.manifest["probes"]]
    runs = [write(calm)]
    redacted, shown = (render_report(runs, sharing=Sharing(Extent.ALL, redact=hidden)) for hidden in (True, False))
    assert "Hidden in transcripts: nothing; in settings and commands: " in redacted
    assert entries(redacted) == entries(shown)


@pytest.mark.browser
def test_in_a_browser_no_item_copy_search_or_export_shows_what_was_hidden(
    page: str, chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    shown = context.new_page()
    compared: list[bool] = []
    for probe in ("harm.look_alikes", "bias.age", "harm.direct"):
        shown.goto("about:blank")
        shown.goto(f"{path.as_uri()}#items&probe={probe}")
        shown.wait_for_selector("html[data-ready]", state="attached")
        shown.locator("#rows button").first.click()
        shown.wait_for_selector(".drawer")
        shown.locator(".drawer details").evaluate_all("all => { for (const one of all) one.open = true; }")
        severe = "[hidden: prompt of " in shown.locator(".drawer").inner_text()
        assert not (severe and shown.locator("#diff").count()), "marks are no answers that could be compared"
        compared.append(severe)
        shown.get_by_role("button", name="Copy as Markdown").click()
        expect(shown.locator("#announced")).to_contain_text("copied")
        with shown.expect_download() as saved:
            shown.get_by_role("button", name="Save these items as CSV").click()
        said = [
            shown.locator("body").inner_text(),
            shown.evaluate("navigator.clipboard.readText()"),
            saved.value.path().read_text("utf-8"),
        ]
        assert "[hidden: " in said[0]
        assert "[hidden: " in said[1].replace("\\", "")
        for beginning in (*BEGINNINGS, SEVERE):
            assert not any(beginning in text for text in said), beginning
    assert any(compared) and "They part after" not in page.partition('id="patterns"')[0].partition('id="show"')[2]
    shown.get_by_label("Text in prompts and answers").fill(SEVERE)
    expect(shown.locator("#status")).to_contain_text("0 of ")
