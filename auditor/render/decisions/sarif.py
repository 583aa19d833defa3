"""Comparisons and decisions as SARIF 2.1.0.

A result of another kind than `fail` has no level, as the standard wants it. So that no consumer takes an undecided
gate for a passed one, the result of the rule `gate` is the whole decision: `fail` unless it passed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from auditor import __version__
from auditor.compare import Comparison, Difference, ItemTurn, Standing, Turn
from auditor.decision import Decision, Outcome, Result, Why

from . import words
from .words import Compared, Decided

Row = dict[str, Any]
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
GATE = "gate"
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
"""Of an item, by its probe's severity."""


def comparison(compared: Compared) -> str:
    """Return one run a candidate: numbers that are worse, and items by what became of them."""
    return _text(_compared(one) for one in compared.comparisons)


def _compared(found: Comparison) -> Row:
    results = [_number(one) for one in found.differences if one.standing is Standing.WORSE]
    results += [_item(one) for one in found.items]
    described = {one["ruleId"]: one["ruleId"] for one in results}
    properties = {**_properties(found), "forced": [words.tame(one) for one in found.forced]}
    return _run(f"compare/{words.title(found)}", described, results, properties)


def _number(found: Difference) -> Row:
    told = f"{words.name(found)}: {words.before_after(found)}, worse by {words.interval(found)}, "
    return {
        **_result(f"{found.source}/{found.metric}", "fail", "warning", told + f"q {words.q_value(found)}."),
        "baselineState": "new",
        "locations": [_logical(words.name(found), "member")],
        "partialFingerprints": _fingerprint(found.source, found.metric, found.cell),
    }


def _item(found: ItemTurn) -> Row:
    if found.turn is Turn.STILL:
        state = "unchanged" if found.before == found.after else "updated"
    else:
        state = "new" if found.turn is Turn.BROKEN else "absent"
    labels = f"{words.tame(found.before)} -> {words.tame(found.after)}"
    return {
        **_result(found.probe_id, "fail", LEVELS[found.severity], f"{found.candidate_id} {found.turn}: {labels}."),
        "baselineState": state,
        "locations": [_logical(found.candidate_id, "member")],
        "partialFingerprints": _fingerprint(found.probe_id, found.item_id),
    }


def decision(decided: Decided) -> str:
    """Return the whole decision, and one result a rule and cell at the rule's line in the policy."""
    found = decided.decision
    said = [f"{found.outcome.upper()}: {words.tame(found.text, 1000)}", *words.notes(found)]
    whole = _result(GATE, *_gate_kind(found.outcome), " ".join(said))
    whole["locations"] = [_physical(found.policy, 1)]
    whole["partialFingerprints"] = _fingerprint(GATE)
    described = {GATE: "The candidate keeps the rules of the release"}
    described |= {one.rule: f"{one.rule}: {one.limit}" for one in found.results}
    results = [whole, *(_rule(one, decided) for one in found.results)]
    properties = {**_properties(found), "outcome": found.outcome}
    return _text([_run(f"gate/{words.decision_title(found)}", described, results, properties, found.outcome.exit_code)])


def _properties(found: Comparison | Decision) -> Row:
    sides = dict(line.split(" ", 1) for line in words.runs(found))
    return {
        "base": sides.get("baseline"),
        "candidate": sides["candidate"],
        "notes": [words.tame(one, 1000) for one in found.notes],
    }


def _gate_kind(outcome: Outcome) -> tuple[str, str]:
    return {
        Outcome.FAIL: ("fail", "error"),
        Outcome.INCONCLUSIVE: ("fail", "warning"),
        Outcome.PASS: ("pass", "none"),
    }[outcome]


def _rule(found: Result, decided: Decided) -> Row:
    undecided = "review" if found.why is Why.UNCONFIRMED else "open"
    kind, level = {
        Outcome.FAIL: ("fail", "error"),
        Outcome.INCONCLUSIVE: (undecided, "none"),
        Outcome.PASS: ("pass", "none"),
    }[found.outcome]
    said = [f"{found.id}, {found.limit}: {found.text}", *words.advice(found, decided)]
    location = _physical(decided.decision.policy, decided.lines.get(found.rule, 1))
    location["logicalLocations"] = [_place(item, "member") for item in found.items[: words.MOST_ITEMS]]
    result = {
        **_result(found.rule, kind, level, " ".join(words.tame(line, 1000) for line in said)),
        "locations": [location],
        "partialFingerprints": _fingerprint(found.rule, found.id),
    }
    if found.waiver is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words.tame(found.waiver)}]
    return result


def _result(rule: str, kind: str, level: str, text: str) -> Row:
    # "[text](target)" in a message would be a link.
    message = words.tame(text, 4000).replace("](", "] (")
    return {"ruleId": words.tame(rule), "kind": kind, "level": level, "message": {"text": message}}


def _run(
    name: str,
    described: Mapping[str, str],
    results: Sequence[Row],
    properties: Mapping[str, Any],
    exit_code: int = 0,
) -> Row:
    rules = {words.tame(rule): words.tame(text) for rule, text in described.items()}
    places = {rule: place for place, rule in enumerate(rules)}
    driver = {
        "name": "auditor",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": text}} for rule, text in rules.items()],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"auditor/{name}"},
        "invocations": [{"executionSuccessful": True, "exitCode": exit_code}],
        "results": [{**one, "ruleIndex": places[one["ruleId"]]} for one in results],
        "properties": dict(properties),
    }


def _logical(name: str, kind: str) -> Row:
    return {"logicalLocations": [_place(name, kind)]}


def _place(name: str, kind: str) -> Row:
    return {"fullyQualifiedName": words.tame(name), "kind": kind}


def _physical(file: str, line: int) -> Row:
    """Return a line of a file, relative to where the command ran if it is below."""
    path, here = Path(file).resolve(), Path.cwd()
    if path.is_relative_to(here):
        artifact = {"uri": quote(path.relative_to(here).as_posix(), errors="replace"), "uriBaseId": "%SRCROOT%"}
    else:
        artifact = {"uri": "file://" + quote(path.as_posix(), errors="replace")}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": line}}}


def _fingerprint(*parts: str) -> Row:
    text = json.dumps(parts)
    return {"auditorResult/v1": hashlib.sha256(text.encode()).hexdigest()}


def _text(runs: Iterable[Row]) -> str:
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": list(runs)}
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
