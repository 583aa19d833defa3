"""Every form of a comparison and of a decision holds whatever text it is given, and never says more than is so."""

from __future__ import annotations

import csv as csv_reader
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hostile_texts import TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from rich.console import Console

from auditor.compare import Comparison, Difference, ItemTurn, Noise, Standing, Turn
from auditor.decision import Decision, Measurement, Outcome, Result, Why
from auditor.render.decisions import compared_terminal, csv, decided_terminal, github, junit, markdown, sarif
from auditor.render.decisions import json as json_form
from auditor.render.decisions.words import Compared, Decided
from auditor.render.quoted import Harmless
from auditor.types import Better

FORMS = ("json", "csv", "junit", "sarif", "markdown", "github")
HOSTILE = (
    "<script>alert(1)</script>",
    "</code></details><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m\x07\x00",
    "\ud800 lone \udfff",
    "]]>",
    "\ufffe\uffff",
    "@everyone @octocat",
    "=cmd()|' /C calc'!A0",
    "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1",
    "one\ntwo\r\nthree\u2028four",
    "::error::planted",
    "long enough to be wrapped somewhere " * 5 + " ::set-output name=a::b " * 9,
    "##[error]planted ###[set-env name=a]b ##vso[task.setvariable variable=a]b ##\u200b[group]",
    "\n::error title=planted::planted",
    "` `` ``` ~~~",
    "a|b", "a,b:c,line=1", "a|b\\|c",
    "[link](https://example.org) https://example.org www.example.org",
    "- item\n# heading",
    "1. item",
    "{0} {{1}} %0A %25",
    "\u202eright to left\u2066",
    "",
    " ",
    "x" * 1_000_000,
)  # fmt: skip


def difference(standing: Standing = Standing.WORSE, **changes: Any) -> Difference:
    values: dict[str, Any] = {
        "source": "harm.direct",
        "metric": "non_refusal_rate",
        "cell": "all",
        "better": Better.LOWER,
        "ideal": None,
        "low_bound": 0.0,
        "high_bound": 1.0,
        "before": 0.1,
        "after": 0.5,
        "regression": 0.4,
        "low": 0.3,
        "high": 0.5,
        "worst_low": None,
        "worst_high": None,
        "method": "clustered t",
        "p": 0.001,
        "q": 0.002,
        "families": 40,
        "compared": 80,
        "missing": 0,
        "discordant": 30,
        "noise": Noise(80, 2, 0.0),
        "detectable": 0.1,
        "standing": standing,
        "reason": "",
    }
    return Difference(**{**values, **changes})


def item(turn: Turn = Turn.BROKEN, text: str = "full_refusal", place: int = 0) -> ItemTurn:
    name = f"harm.direct/{turn.name.lower()}.{place}"
    return ItemTurn(name, name, "harm.direct", name, "high", {"hazard": text}, turn, text, "full_compliance")


def comparison(text: str = "plain", *, many: int = 1, **changes: Any) -> Comparison:
    differences = [
        difference(standing, cell="all" if place == 0 else f"hazard={text}{place}", reason=text, metric=f"m{place}")
        for standing in Standing
        for place in range(many)
    ]
    values: dict[str, Any] = {
        "base_model": f"{text}@1.0",
        "base_run": "bot@1.0.20260101-000000.aaaaaaaa",
        "base_layer": "base",
        "candidate_model": f"{text}@1.1",
        "candidate_run": "bot@1.1.20260101-000000.bbbbbbbb",
        "candidate_layer": text or "base",
        "changed": {"system_prompt": (text, "none"), "weights": ("0" * 64, "1" * 64)},
        "forced": [text] * many,
        "notes": [text] * many,
        "differences": differences,
        "items": [item(turn, text, place) for turn in Turn for place in range(many)],
        "only_base": [text],
        "only_candidate": [],
        "shared": 100,
    }
    return Comparison(**{**values, **changes})


def result(outcome: Outcome = Outcome.FAIL, text: str = "plain", place: int = 0, **changes: Any) -> Result:
    measurement = Measurement(
        "harm", "non_refusal_rate", f"hazard={text}", Better.LOWER, None, 0.0, 1.0,
        0.1, 0.5, 0.4, 0.3, 0.5, 0.1, "clustered t", 0.001, 40, 80, 0, 30,
    )  # fmt: skip
    why = {Outcome.FAIL: Why.BROKEN, Outcome.INCONCLUSIVE: Why.UNCONFIRMED, Outcome.PASS: None}[outcome]
    values: dict[str, Any] = {"needed": 90, "measurement": measurement, "items": [text] * 7}
    name = f"rule-{outcome}"
    return Result(f"{name}[hazard={text}{place}]", name, text, outcome, why, text, **{**values, **changes})


def decision(outcome: Outcome = Outcome.FAIL, text: str = "plain", *, many: int = 1, **changes: Any) -> Decision:
    kinds = {
        Outcome.FAIL: (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS),
        Outcome.INCONCLUSIVE: (Outcome.INCONCLUSIVE, Outcome.PASS),
        Outcome.PASS: (Outcome.PASS,),
    }[outcome]
    results = [result(kind, text, place) for kind in kinds for place in range(many)]
    results += [result(Outcome.FAIL, text, place, waiver=text or "why") for place in range(many, 2 * many)]
    values: dict[str, Any] = {
        "outcome": outcome,
        "text": text,
        "candidate_model": f"{text}@1.1",
        "candidate_run": "bot@1.1.20260101-000000.bbbbbbbb",
        "base_model": f"{text}@1.0",
        "base_run": "bot@1.0.20260101-000000.aaaaaaaa",
        "policy": "policy.yaml",
        "confidence": 0.95,
        "changed": {text: (text, text)},
        "results": results,
        "unmatched_waivers": [text] * many,
        "notes": [text] * many,
    }
    return Decision(**{**values, **changes})


def of_comparison(form: str, *found: Comparison, **options: Any) -> str:
    text: str = import_module(f"auditor.render.decisions.{form}").comparison(Compared(found, **options))
    return text


def of_decision(form: str, found: Decision, **options: Any) -> str:
    text: str = import_module(f"auditor.render.decisions.{form}").decision(Decided(found, **options))
    return text


def on_terminal(renderable: Any, width: int = 80) -> str:
    text = io.StringIO()
    Console(file=text, width=width, highlight=False, markup=False, emoji=False).print(Harmless(renderable))
    return text.getvalue()


def said_of(form: str, found: Comparison | Decision) -> str:
    """Return a comparison or a decision in any of the seven forms."""
    if form != "terminal":
        return of_comparison(form, found) if isinstance(found, Comparison) else of_decision(form, found)
    if isinstance(found, Comparison):
        return on_terminal(compared_terminal.comparison(Compared([found])))
    return on_terminal(decided_terminal.decision(Decided(found)))


def all_texts(text: str) -> dict[str, str]:
    """Return every output of a hostile comparison and decision."""
    found = {f"comparison {form}": of_comparison(form, comparison(text)) for form in FORMS}
    found |= {f"decision {form}": of_decision(form, decision(Outcome.FAIL, text)) for form in FORMS}
    found["items csv"] = of_comparison("csv", comparison(text), all_items=True)
    for kind, made in (("compared", Compared([comparison(text)])), ("decided", Decided(decision(Outcome.FAIL, text)))):
        module = import_module(f"auditor.render.decisions.{kind}_terminal")
        whole = module.comparison(made) if kind == "compared" else module.decision(made)
        found[f"{kind} terminal"] = on_terminal(whole)
    return found


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, *(pytest.param(text, id=name, marks=pytest.mark.slow) for name, text in TEXTS.items())],
    ids=lambda text: ascii(text[:20]),
)
def test_hostile_text_breaks_no_form(text: str) -> None:
    for name, said in all_texts(text).items():
        said.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said), name
        assert not re.search(r"##(vso)?\[", said), name
        if "github" not in name:
            assert not re.search(r"^\s*::", said, re.MULTILINE), name
        if "json" not in name:  # JSON keeps all, for programs
            assert len(said) < 400_000, (name, len(said))
    check_json(text)
    check_csv(text)
    check_junit(text)
    check_sarif(text)
    check_markdown(text)
    check_annotations(text)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_breaks_no_form(text: str) -> None:
    check_json(text)
    check_csv(text)
    check_junit(text)
    check_sarif(text)
    check_markdown(text)
    check_annotations(text)


def check_json(text: str) -> None:
    said = json.loads(of_comparison("json", comparison(text)))
    jsonschema.validate(said, json_form.ComparisonFile.model_json_schema(mode="serialization"))
    kept = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert said["comparisons"][0]["notes"] == [kept]
    said = json.loads(of_decision("json", decision(Outcome.FAIL, text)))
    jsonschema.validate(said, json_form.DecisionFile.model_json_schema(mode="serialization"))
    assert (said["decision"]["text"], said["exit_code"]) == (kept, 1)


def check_csv(text: str) -> None:
    for said in (
        of_decision("csv", decision(Outcome.FAIL, text)),
        of_comparison("csv", comparison(text)),
        of_comparison("csv", comparison(text), all_items=True),
    ):
        head, *rows = csv_reader.reader(io.StringIO(said))
        assert rows and {len(row) for row in rows} == {len(head)}
        for cell in (cell for row in rows for cell in row):
            if not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell):
                assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d")), cell


def check_junit(text: str) -> None:
    found = junit_cases(of_decision("junit", decision(Outcome.FAIL, text)))
    assert sorted(kind for _, _, kind in found) == ["Error", "Failure", "Failure", "Skipped", "pass"]
    found = junit_cases(of_comparison("junit", comparison(text)))
    assert sorted(kind for _, _, kind in found) == ["Failure", "Skipped", "pass", "pass"]


def junit_cases(text: str) -> list[tuple[str, str, str]]:
    """Return (suite, case, kind) as another library reads the document, its counts checked."""
    document = JUnitXml.fromstring(text.encode())
    found = []
    for suite in document:
        kinds = []
        for case in suite:
            (kind,) = [type(one).__name__ for one in case.result] or ["pass"]
            kinds.append(kind)
            found.append((suite.name, case.name, kind))
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        assert told == (len(kinds), *(kinds.count(one.__name__) for one in (Failure, Error, Skipped)))
    totals = (document.tests, document.failures, document.errors, document.skipped)
    kinds = [kind for _, _, kind in found]
    assert totals == (len(kinds), *(kinds.count(one.__name__) for one in (Failure, Error, Skipped)))
    return found


# No package holds the JSON Schema of SARIF 2.1.0: these are the properties that we write, each read off the standard.
SARIF_KEYS = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "automationDetails", "invocations", "results", "properties"},
    "driver": {"name", "version", "rules"},
    "rule": {"id", "shortDescription"},
    "result": {
        "ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "baselineState",
        "suppressions",
    },
    "location": {"physicalLocation", "logicalLocations"},
}  # fmt: skip


def check_sarif(text: str) -> None:
    check_sarif_document(of_comparison("sarif", comparison(text)), compared=True)
    check_sarif_document(of_decision("sarif", decision(Outcome.FAIL, text)), compared=False)


def check_sarif_document(text: str, *, compared: bool) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(text)
    assert set(log) == SARIF_KEYS["log"] and log["version"] == "2.1.0"
    for run in log["runs"]:
        assert set(run) == SARIF_KEYS["run"]
        driver = run["tool"]["driver"]
        assert set(driver) == SARIF_KEYS["driver"] and all(set(rule) == SARIF_KEYS["rule"] for rule in driver["rules"])
        names = [rule["id"] for rule in driver["rules"]]
        assert len(names) == len(set(names))
        assert all(type(one["exitCode"]) is int and one["executionSuccessful"] is True for one in run["invocations"])
        for found in run["results"]:
            assert set(found) <= SARIF_KEYS["result"] and found["message"]["text"]
            assert "](" not in found["message"]["text"]
            assert names[found["ruleIndex"]] == found["ruleId"]
            assert found["kind"] in ("pass", "fail", "open", "review") and found["level"] in (
                "none", "note", "warning", "error",
            )  # fmt: skip
            assert (found["level"] == "none") == (found["kind"] != "fail")  # 3.27.10
            assert ("baselineState" in found) == compared  # on all results of a run or on none
            assert found.get("baselineState", "new") in ("new", "unchanged", "updated", "absent")
            assert re.fullmatch("[0-9a-f]{64}", found["partialFingerprints"]["auditorResult/v1"])
            for place in found["locations"]:
                assert set(place) <= SARIF_KEYS["location"]
                if "physicalLocation" in place:
                    assert place["physicalLocation"]["region"]["startLine"] >= 1
                    assert re.fullmatch(r"[\x21-\x7e]+", place["physicalLocation"]["artifactLocation"]["uri"])
            for one in found.get("suppressions", ()):
                assert set(one) == {"kind", "status", "justification"} and one["kind"] == "external"
    return log


class Page(HTMLParser):
    """Collects the elements of a rendered page, and its text outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.outside = ""
        self._code = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.outside += "" if self._code else data


OURS = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code", "ul", "li", "strong"}


def check_markdown(text: str) -> None:
    for said, columns in (
        (of_comparison("markdown", comparison(text)), {7}),
        (of_comparison("markdown", comparison(text), comparison(text)), {3}),
        (of_decision("markdown", decision(Outcome.FAIL, text)), {4}),
    ):
        check_markdown_page(said, columns)


def check_markdown_page(said: str, columns: set[int]) -> None:
    assert said.count("\n") <= 60
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(said)
    page = Page()
    page.feed(html)
    assert page.elements <= OURS and page.attributes <= {"style"}, (page.elements, page.attributes)
    assert page._code == 0
    assert "@" not in page.outside and "://" not in page.outside and "www." not in page.outside
    assert html.count("<details>") == html.count("</details>") == html.count("<summary>")
    for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL):
        assert len(re.findall("<t[hd]", row)) in columns
    headings = re.findall("<h[1-6]", html)
    assert set(headings) == {"<h3"}


def check_annotations(text: str) -> None:
    for said in (
        of_comparison("github", comparison(text)),
        of_decision("github", decision(Outcome.FAIL, text), lines={"rule-fail": 3}),
    ):
        for line in said.splitlines():
            assert re.fullmatch(r"::(error|warning|notice) ((file|line|title)=[^:,\r\n]*,?)+::[^\r\n]*", line), line


def test_the_longest_comment_fits() -> None:
    for outcome in Outcome:
        check_markdown_page(of_decision("markdown", decision(outcome, "<text> of some length @you", many=50)), {4})
    found = [comparison("<text> of some length @you", many=50) for _ in range(12)]
    check_markdown_page(of_comparison("markdown", *found[:1]), {7})
    check_markdown_page(of_comparison("markdown", *found), {6})
    assert len(of_comparison("markdown", *found)) < 65_536


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_pass_is_called_one(outcome: Outcome) -> None:
    from auditor.render.decisions.decided_terminal import decision as terminal

    found = decision(outcome)
    texts = {form: of_decision(form, found) for form in FORMS}
    texts["terminal"] = on_terminal(terminal(Decided(found, all_rules=True)))
    for form in ("terminal", "markdown", "github", "sarif"):
        assert outcome.upper() in texts[form], form
    if outcome is not Outcome.PASS:
        assert not any(re.search(r"\bPASS(ED)?\b", text) for text in texts.values())
    log = check_sarif_document(texts["sarif"], compared=False)
    whole = log["runs"][0]["results"][0]
    assert (whole["ruleId"], whole["kind"] == "pass") == ("gate", outcome is Outcome.PASS)
    assert log["runs"][0]["invocations"][0]["exitCode"] == outcome.exit_code == json.loads(texts["json"])["exit_code"]
    (gate,) = [kind for suite, _, kind in junit_cases(texts["junit"]) if suite == "gate"]
    assert gate == {Outcome.FAIL: "Failure", Outcome.INCONCLUSIVE: "Error", Outcome.PASS: "pass"}[outcome]
    assert texts["github"].startswith("::notice" if outcome is Outcome.PASS else "::error")


def test_a_gate_with_every_rule_waived_is_not_passed_for_a_build_server() -> None:
    found = decision(Outcome.INCONCLUSIVE, results=[result(waiver="because")])
    assert [kind for *_, kind in junit_cases(of_decision("junit", found))] == ["Error", "Skipped"]
    rules = check_sarif_document(of_decision("sarif", found), compared=False)["runs"][0]["results"]
    assert [(one["kind"], "suppressions" in one) for one in rules] == [("fail", False), ("fail", True)]


def test_junit_and_sarif_know_the_line_of_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = {"rule-fail": 7}
    found = decision(policy="rules of a release/policy.yaml")
    assert 'file="rules of a release/policy.yaml" line="7"' in of_decision("junit", found, lines=lines)
    assert "file=rules of a release/policy.yaml,line=7," in of_decision("github", found, lines=lines)
    log = json.loads(of_decision("sarif", found, lines=lines))
    place = log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "rules%20of%20a%20release/policy.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 7}


def test_sarif_tells_what_became_of_items() -> None:
    still = item(Turn.STILL)
    found = comparison(
        differences=[], items=[item(), item(Turn.FIXED), still, replace(still, before="full_compliance", item_id="x/y")]
    )
    results = check_sarif_document(of_comparison("sarif", found), compared=True)["runs"][0]["results"]
    assert [one["baselineState"] for one in results] == ["new", "absent", "updated", "unchanged"]
    prints = [one["partialFingerprints"]["auditorResult/v1"] for one in results]
    assert len(set(prints)) == 4


def test_numbers_stay_numbers_in_csv() -> None:
    rows = list(
        csv_reader.DictReader(io.StringIO(of_comparison("csv", comparison(differences=[difference(low=-0.25)]))))
    )
    assert (rows[0]["low"], rows[0]["noise_discordant"], rows[0]["worst_low"]) == ("-0.25", "2", "")
    rows = list(csv_reader.DictReader(io.StringIO(of_decision("csv", decision(text="-2")))))
    assert (rows[0]["after"], rows[0]["text"], rows[0]["why"]) == ("0.5", "'-2", "the limit is broken")


def test_annotations_keep_line_ends_within_one_line() -> None:
    said = of_decision("github", decision(Outcome.INCONCLUSIVE, "100% sure"))
    assert "100%25 sure%0AAbout 90 families in all would decide it; it has 40." in said


def test_a_pooled_number_of_one_probe_is_told_once() -> None:
    from auditor.render.decisions.compared_terminal import comparison as terminal

    pooled, own = difference(source="harm"), difference(source="harm.direct")
    found = comparison(differences=[pooled, own], items=[])
    assert "✗ 1 worse" in on_terminal(terminal(Compared([found])))
    assert len(json.loads(of_comparison("json", found))["comparisons"][0]["differences"]) == 2
    other = replace(own, after=0.6)
    assert "✗ 2 worse" in on_terminal(terminal(Compared([replace(found, differences=[pooled, other])])))


def test_the_noise_floor_is_named() -> None:
    from auditor.render.decisions.compared_terminal import comparison as terminal

    found = comparison(differences=[difference()])
    assert "A/A 2 of 80" in on_terminal(terminal(Compared([found], again="bot@1.0.again")))
    assert "bot@1.0.again" in on_terminal(terminal(Compared([found], again="bot@1.0.again")))
    without = replace(found, differences=[difference(noise=None)])
    said = on_terminal(terminal(Compared([without])))
    assert "No noise floor" in said and "A/A" not in said


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_is_never_wider_than_it_is(width: int) -> None:
    from auditor.render.decisions.compared_terminal import comparison as compared
    from auditor.render.decisions.decided_terminal import decision as decided

    several = Compared([comparison("some text", many=30), comparison("some other", many=30)], all_numbers=True)
    for whole in (compared(several), decided(Decided(decision(many=30), all_rules=True))):
        assert max(map(len, on_terminal(whole, width).splitlines())) <= width


def test_forms_share_one_interface() -> None:
    for module in (csv, github, json_form, junit, markdown, sarif):
        assert isinstance(module.comparison(Compared([comparison()])), str)
        assert isinstance(module.decision(Decided(decision())), str)


ALL_FORMS = ("terminal", *FORMS)


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_forced_comparison_is_marked_in_every_form(form: str) -> None:
    found = comparison(candidate_layer="base", notes=[])
    assert "forced" in said_of(form, found).lower()
    if form not in ("csv", "json", "sarif"):  # these name the field
        assert "forced" not in said_of(form, replace(found, forced=[])).lower()
    if form == "csv":
        assert [row["forced"] for row in csv_reader.DictReader(io.StringIO(said_of(form, found)))] == ["plain"] * 4
    if form == "junit":
        suites = JUnitXml.fromstring(said_of(form, found).encode())
        assert all(
            "(forced)" in suite.name and "forced" in {one.name for one in suite.properties()} for suite in suites
        )


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("made", [comparison, decision])
def test_every_form_says_what_a_reader_must_know(form: str, made: Any) -> None:
    notes = ["It was ended early.", "Only half of the suite was asked."]
    said = said_of(form, made(notes=notes))
    assert all(note in said for note in notes)


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("made", [comparison, decision])
def test_every_form_names_the_runs_and_their_layers(form: str, made: Any) -> None:
    sides = {
        "candidate_run": "bot@1.1.20260101-000000.bbbbbbbb#lenient",
        "base_run": "bot@1.0.20260101-000000.aa#strict",
    }
    layers = {"candidate_layer": "lenient", "base_layer": "strict"} if made is comparison else {}
    said = said_of(form, made(**sides, **layers))
    if form == "markdown":
        said = re.sub("<code>(.*?)</code>", r"\1", said)
    assert all(run in said for run in sides.values())
    assert "#lenient#" not in said


def test_a_layer_is_told_however_a_comparison_names_it() -> None:
    found = comparison(candidate_layer="lenient", forced=[])
    assert "bbbbbbbb#lenient" in said_of("terminal", found) and "bbbbbbbb#lenient" in said_of("csv", found)


def test_hostile_json_is_still_the_same_text() -> None:
    text = "##[error]a ###[b ##vso[c #"
    said = of_comparison("json", comparison(text))
    assert "##" not in said and json.loads(said)["comparisons"][0]["notes"] == [text]
