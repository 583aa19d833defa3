"""Comparisons and decisions as JUnit XML.

A broken rule is a failure, an undecided one an error, a waived one is skipped. The suite `gate` has one case, the
whole decision: where nothing else fails, as when all is waived, a build server still cannot take it for passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree

from auditor.compare import Comparison, Difference, Standing
from auditor.decision import Decision, Outcome, Result

from . import words
from .words import Compared, Decided

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def comparison(compared: Compared) -> str:
    """Return one suite a source of each candidate: worse is a failure, what cannot be told is skipped."""
    root = ElementTree.Element("testsuites", name="auditor compare")
    for one in compared.comparisons:
        _comparison(root, one)
    return _text(root)


def _comparison(root: ElementTree.Element, found: Comparison) -> None:
    title = words.title(found)
    for source, differences in groupby(found.differences, key=lambda one: one.source):
        suite = ElementTree.SubElement(root, "testsuite", name=_fit(f"{title}: {source}"))
        _properties(suite, found)
        for line in words.few(found.forced):
            _property(suite, "forced", line)
        for one in differences:
            name = one.metric if one.cell == "all" else f"{one.metric}[{one.cell}]"
            _case(suite, f"{title}.{source}", name, *_standing(one))


def _standing(found: Difference) -> tuple[str, str, Sequence[str]]:
    told = f"{words.before_after(found)}: worse by {words.interval(found)}, q {words.q_value(found)}"
    detail = [told, f"{found.families} families", *words.discordance(found), words.detectable(found)]
    if found.standing is Standing.OPEN:
        return "skipped", f"{found.standing}: {found.reason}", detail
    return ("failure" if found.standing is Standing.WORSE else ""), f"{found.standing}: {told}", detail


def decision(decided: Decided) -> str:
    """Return one suite a rule, and the suite `gate` for the whole."""
    found = decided.decision
    root = ElementTree.Element("testsuites", name="auditor gate")
    suite = ElementTree.SubElement(root, "testsuite", name="gate")
    _properties(suite, found)
    detail = [*words.notes(found), *(words.treatment(found.changed) if found.base_run else []), *words.runs(found)]
    _case(suite, "gate", words.decision_title(found), _tag(found.outcome), found.text, detail)
    for rule, results in groupby(found.results, key=lambda one: one.rule):
        suite = ElementTree.SubElement(root, "testsuite", name=_fit(rule))
        for one in results:
            _case(suite, rule, one.id, *_result(one, decided), place=_place(one, decided))
    return _text(root)


def _properties(suite: ElementTree.Element, found: Comparison | Decision) -> None:
    ElementTree.SubElement(suite, "properties")
    for line in words.runs(found):
        _property(suite, *line.split(" ", 1))
    for line in words.few(found.notes):
        _property(suite, "note", line)


def _property(suite: ElementTree.Element, name: str, value: str) -> None:
    properties = suite.find("properties")
    assert properties is not None
    ElementTree.SubElement(properties, "property", name=name, value=_unfit(value))


def _tag(outcome: Outcome) -> str:
    return {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error", Outcome.PASS: ""}[outcome]


def _result(found: Result, decided: Decided) -> tuple[str, str, Sequence[str]]:
    told = [f"{found.limit}.", *words.advice(found, decided)]
    if found.waiver is not None:
        return "skipped", words.waived_words(found), [found.text, *told]
    return _tag(found.outcome), found.text, told


def _place(found: Result, decided: Decided) -> dict[str, str]:
    if found.rule not in decided.lines:
        return {}
    return {"file": _fit(decided.decision.policy), "line": str(decided.lines[found.rule])}


def _case(
    suite: ElementTree.Element,
    group: str,
    name: str,
    tag: str,
    message: str,
    detail: Iterable[str],
    place: dict[str, str] | None = None,
) -> None:
    attributes = {"classname": _fit(group), "name": _fit(name), "time": "0", **(place or {})}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    body = "\n".join(words.tame(line, 1000) for line in detail if line)
    if not tag:
        ElementTree.SubElement(case, "system-out").text = _unfit("\n".join([words.tame(message, 1000), body]))
        return
    found = ElementTree.SubElement(case, tag, message=_fit(message, 1000))
    if tag != "skipped":
        found.set("type", {"failure": "broken", "error": "inconclusive"}[tag])
    found.text = _unfit(body)


def _fit(text: str, most: int = words.MOST) -> str:
    return _unfit(words.tame(text, most))


def _unfit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)


def _text(root: ElementTree.Element) -> str:
    """Return the document, with every suite's counts and their sums."""
    counted = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for node in (*root, root):
        for name, tag in counted.items():
            node.set(name, str(len(list(node.iter(tag)))))
        node.set("time", "0")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
