"""A report is made of hostile text: nothing of it may run, be fetched, or hide."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest
from playwright.sync_api import Browser

from auditor.decision import Decision, Measurement, Outcome, Result, Why
from auditor.render.html import render_report
from auditor.render.visible import HIDDEN
from auditor.runs.record import Run
from auditor.types import Better, Message, Status

HOSTILE = "".join(
    [
        "</script><script>window.owned=1</script><img src=http://127.0.0.1:9/x onerror=window.owned=1><!-- ",
        "{{ 7*7 }}{% include 'x' %}{{ view }} $& $` $' %s {0} ]]> \u2028\u2029 \u202eltr \u200b \x00 \x1b[31m ",
        "\ud800 \U000e0041 ' onload='window.owned=1 \" onload=\"window.owned=1 </style></title></textarea></svg> ",
        "=cmd|x & &lt; javascript:window.owned=1 <img src=http://127.0.0.1:9/y onerror=window.owned=1>",
    ]
)
KEPT_KEYS = {"kind", "better", "severity", "schema_version", "hash", "outcome"}
"""Fields whose values are ours, from a fixed list."""
KEPT_NAMES = {"harm", "choice", "refusal", "ambiguous", "clear"}
"""Values that decide what is drawn, so that the poisoned report still draws all of it."""


def poison(value: Any) -> Any:
    """Put the hostile text behind every string that a model, a probe, a file or a server can reach."""
    if isinstance(value, Enum) or value is None:
        return value
    if isinstance(value, str):
        return value if value in KEPT_NAMES else value + HOSTILE
    if isinstance(value, Mapping):
        return {key: inner if key in KEPT_KEYS else poison(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(poison(inner) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: poison(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    return value


def comparable(value: Any) -> Any:
    """Leave out what a metric cannot hold: a name that is none, a lone surrogate."""
    if isinstance(value, Mapping):
        return {
            key: inner.removesuffix(HOSTILE) if key in ("name", "metric") else comparable(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    return value.replace("\ud800", "") if isinstance(value, str) else value


def decided(base: Run) -> Decision:
    """Return a decision whose every text is hostile."""
    named = {"source": "harm.direct" + HOSTILE, "metric": "non_refusal_rate", "cell": "all", "method": HOSTILE}
    sides = {"before": 0.1, "after": 0.4, "regression": 0.3, "low": 0.2, "high": 0.4, "limit": 0.1, "p": 0.01}
    sizes = {"families": 20, "compared": 20, "missing": 0, "discordant": 6}
    bounds = {"better": Better.LOWER, "ideal": None, "low_bound": 0.0, "high_bound": 1.0}
    measurement = Measurement(**named, **sides, **sizes, **bounds)
    results = [
        Result(
            HOSTILE, HOSTILE, HOSTILE, outcome, why, HOSTILE, measurement=measurement, items=[HOSTILE], waiver=waiver
        )
        for outcome in Outcome
        for why in (None, *Why)
        for waiver in (None, HOSTILE)
    ]
    names = dict.fromkeys(("text", "candidate_model", "candidate_run", "base_model", "policy"), HOSTILE)
    rest = {"confidence": 0.95, "changed": {}, "unmatched_waivers": [HOSTILE], "notes": [HOSTILE]}
    return Decision(Outcome.FAIL, **names, base_run=base.run_id, results=results, **rest)


def poison_open_keys(manifest: dict[str, Any]) -> dict[str, Any]:
    """Poison also the keys that are names: settings, software, fingerprint pieces, reasons."""
    manifest["engine"]["settings"] = {"dtype" + HOSTILE: HOSTILE}
    manifest["engine"]["software"] = {"vllm" + HOSTILE: HOSTILE}
    manifest["model"]["fingerprint"]["pieces"] = {"weights" + HOSTILE: HOSTILE}
    manifest["counts"]["failed"] = {"timeout" + HOSTILE: 5}
    manifest["noise_floor"] = {"asked": 20, "agreed": 19, "verdicts_asked": 20, "verdicts_agreed": 20}
    return manifest


@pytest.fixture(scope="module", params=["not compared", "compared"])
def hostile_report(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    folder = tmp_path_factory.mktemp("hostile")
    made = []
    for place, draft in enumerate(drafts):
        bad = replace(
            draft,
            manifest=poison_open_keys(poison(draft.manifest)),
            items=[
                replace(poison(item), system=HOSTILE, few_shot=(Message("user" + HOSTILE, HOSTILE),))
                for item in draft.items
            ],
            responses=[
                (
                    poison(request),
                    replace(poison(response), reasoning=HOSTILE, notes=(HOSTILE,), logprobs={HOSTILE: -1.0}),
                )
                for request, response in draft.responses
            ],
            verdicts=[(poison(item), poison(verdict)) for item, verdict in draft.verdicts],
            estimates=poison(draft.estimates),
        )
        if request.param == "compared":
            for probe in bad.manifest["probes"]:
                probe["metrics"] = comparable(probe["metrics"])
            bad.manifest["pooled"] = comparable(bad.manifest["pooled"])
            bad.estimates = [replace(one, metric=one.metric.removesuffix(HOSTILE)) for one in bad.estimates]
        first, response = bad.responses[0]
        bad.responses[0] = (first, replace(response, status=Status.STOP, text=HOSTILE + "x" * 1_000_000))
        made.append(bad.write(folder / str(place)))
    return render_report(made, decision=decided(made[1]), command="auditor report " + HOSTILE)


def test_poisoned_fields_reach_every_section(hostile_report: str) -> None:
    for section in re.split(r'(?=<section id=")', hostile_report)[1:]:
        assert "window.owned" in html.unescape(section), section[:80]


def test_poisoned_numbers_are_drawn_and_held_to_poisoned_limits(
    hostile_report: str, request: pytest.FixtureRequest
) -> None:
    changes = html.unescape(hostile_report.split('<section id="difference"')[1].split("\n</section>")[0])
    if "not compared" in request.node.name:
        assert "What the runs say of their metrics cannot be read" in changes
        return
    assert changes.count('<td class="strip">') > 5
    assert 'limit 10 points: <b class="fail">broken</b>' in changes
    assert changes.count("window.owned") > 5


def test_the_page_is_valid_utf8_and_no_hidden_character_is_left_in_it(hostile_report: str) -> None:
    hostile_report.encode("utf-8")
    assert HIDDEN.search(hostile_report) is None


def test_only_our_own_elements_are_in_the_page(hostile_report: str, report: str) -> None:
    tags = {match.lower() for match in re.findall(r"<([a-zA-Z!/][a-zA-Z0-9-]*)", hostile_report)}
    own = {match.lower() for match in re.findall(r"<([a-zA-Z!/][a-zA-Z0-9-]*)", report)}
    assert tags <= own | {"em", "code", "/code"}
    assert hostile_report.count("<script") == report.count("<script")


def test_nothing_is_expanded_twice(hostile_report: str) -> None:
    assert "{{ 7*7 }}" in html.unescape(hostile_report)
    assert "$&" in html.unescape(hostile_report)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("scheme", "width", "script"),
    [
        ("light", 1280, True),
        ("light", 1280, False),
        pytest.param("dark", 1280, True, marks=pytest.mark.slow),
        pytest.param("light", 390, True, marks=pytest.mark.slow),
    ],
)
def test_nothing_runs_and_nothing_leaves_the_page(
    chromium: Browser, hostile_report: str, tmp_path: Any, scheme: Any, width: int, script: bool
) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(hostile_report, encoding="utf-8")
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
    )
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    if script:
        page.wait_for_selector("html[data-ready]")
        page.locator("#rows button").nth(0).click()
        page.wait_for_selector(".drawer")
        for opened in page.locator("details").all():
            opened.evaluate("node => { node.open = true; }")
        page.get_by_label("Text in prompts and answers").fill("owned")
        page.locator("#status", has_text="of 754 items").wait_for()
        assert page.evaluate("window.owned") is None
        assert page.locator("img, iframe, object, embed, [onerror], [onload]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert told == []
    assert asked == [path.as_uri()]
    context.close()


@pytest.mark.browser
def test_the_browser_reads_the_same_texts_that_were_written(
    chromium: Browser, drafts: list[Any], write: Callable[[Any], Run], tmp_path: Any
) -> None:
    texts = [HOSTILE, "a\r\nb", "\ud83d", "\ude00 alone", "x" * 100_000, ""]
    asked = drafts[2].responses
    changed = [(request, replace(response, text=text)) for (request, response), text in zip(asked, texts, strict=False)]
    path = tmp_path / "report.html"
    path.write_text(
        render_report([write(replace(drafts[2], responses=[*changed, *asked[len(texts) :]]))]), encoding="utf-8"
    )
    page = chromium.new_page(bypass_csp=True)
    page.goto(path.as_uri())
    read = page.evaluate(
        """async (count) => {
          const bytes = Uint8Array.from(atob(document.getElementById("data-0").textContent), c => c.charCodeAt(0));
          const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
          const rows = JSON.parse(await new Response(stream).text()).slice(0, count);
          const units = (text) => Array.from({length: text.length}, (_, place) => text.charCodeAt(place));
          return rows.map(row => units(row.replies[0].responses[0].text || ""));
        }""",
        len(texts),
    )
    page.close()
    assert read == [_utf16(text) for text in texts]


def _utf16(text: str) -> list[int]:
    units = text.encode("utf-16-le", "surrogatepass")
    return [units[place] | units[place + 1] << 8 for place in range(0, len(units), 2)]
