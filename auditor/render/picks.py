"""Items that an address picks out by number, because no filter of the table tells them from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, product

from auditor.agreement import Labelled
from auditor.patterns import Kind

from .catalogue import gettext as _
from .failing import Failing
from .labelled import by_grader, checked, graded_alike
from .transcripts import Reply, Transcript
from .versions import Version

Cell = tuple[str, str | None, str | None]
"""Of a grader's confusion table: the first of its probes, what people say, what it says; None: whatever that is."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Such items."""

    number: int
    what: str
    items: Sequence[str]


def like_texts(failing: Sequence[Failing]) -> list[Pick]:
    """Return the failed items of each group of like texts."""
    return [
        Pick(number, _("like texts: {names}").format(names=", ".join(pattern.names)), pattern.items)
        for one in failing
        for number, pattern in one.patterns.items()
        if pattern.kind is Kind.TEXT
    ]


def confused(versions: Sequence[Version], labelled: Sequence[Labelled], first: int) -> dict[Cell, Pick]:
    """Return the items in each cell, row and column of the candidate's graders, numbered from `first`."""
    cells: dict[Cell, dict[str, None]] = {}
    told: dict[Cell, str] = {}
    for probes in by_grader(versions[-1]):
        name = probes[0]["grader"]["name"]
        for one in (one for probe in probes for one in checked(versions, labelled, probe["id"])):
            for truth, given in product((one.truth, None), (one.given, None)):
                cell = probes[0]["id"], truth, given
                told[cell] = _say(name, truth, given)
                cells.setdefault(cell, {})[one.item_id] = None
    numbers = count(first)
    return {cell: Pick(next(numbers), told[cell], list(items)) for cell, items in cells.items()}


def asked_again(versions: Sequence[Version], transcripts: Sequence[Transcript], first: int) -> dict[str, Pick]:
    """Return the items that were asked again, by the first of their grader's probes, numbered from `first`."""
    found: dict[str, Pick] = {}
    numbers = count(first)
    for probes in by_grader(versions[-1]):
        mine = {probe["id"] for probe in probes}
        items = [
            one.item["item_id"]
            for one in transcripts
            if one.probe["id"] in mine and any(_again(reply, versions[-1], one.probe["id"]) for reply in one.replies)
        ]
        if items:
            told = _("asked again, judged by {grader}").format(grader=probes[0]["grader"]["name"])
            found[probes[0]["id"]] = Pick(next(numbers), told, items)
    return found


def _again(reply: Reply, candidate: Version, probe: str) -> bool:
    return graded_alike(reply.version, candidate, probe) and any(row["repeat"] for row in reply.verdicts)


def _say(grader: str, truth: str | None, given: str | None) -> str:
    if truth is None and given is None:
        return _("labelled by people, judged by {grader}").format(grader=grader)
    if truth is None:
        return _("labelled by people, {grader} says {given}").format(grader=grader, given=given)
    if given is None:
        return _("people say {truth}, judged by {grader}").format(grader=grader, truth=truth)
    return _("people say {truth}, {grader} says {given}").format(grader=grader, truth=truth, given=given)
