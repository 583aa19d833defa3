"""Items that an address picks out by number, because no filter of the table tells them from others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.agreement import Labelled

from .catalogue import gettext as _
from .failing import Failing
from .labelled import by_grader, checked
from .versions import Version

Cell = tuple[str, str, str]
"""A cell of a grader's confusion table: the first of its probes, what people say, what it says."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Such items."""

    what: str
    items: Sequence[str]


def like_texts(failing: Sequence[Failing]) -> dict[int, Pick]:
    """Return the failed items of each pattern, by the pattern's number."""
    return {
        number: Pick(_("like texts: {names}").format(names=", ".join(pattern.names)), pattern.items)
        for one in failing
        for number, pattern in one.patterns.items()
    }


def confused(versions: Sequence[Version], labelled: Sequence[Labelled]) -> Mapping[Cell, Pick]:
    """Return the items in each cell of the candidate's graders."""
    found: dict[Cell, Pick] = {}
    for probes in by_grader(versions[-1]):
        cells: dict[tuple[str, str], list[str]] = defaultdict(list)
        for probe in probes:
            for one in checked(versions, labelled, probe["id"]):
                cells[one.truth, one.given].append(one.item_id)
        for (truth, given), items in sorted(cells.items()):
            what = _("people say {truth}, {grader} says {given}")
            told = what.format(truth=truth, grader=probes[0]["grader"]["name"], given=given)
            found[probes[0]["id"], truth, given] = Pick(told, list(dict.fromkeys(items)))
    return found
