"""Grades a yes-or-no decision by the log-odds of its first token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

from auditor.types import Ask, Graded, Item, Response, Status, Undetermined, Verdict

from .first_token import candidate_mass
from .one_reply import OneReplyGrader, why_missing
from .text import CUT, clauses

LABELS = ("yes", "no")
SPELLINGS = {
    label: tuple(space + word for word in (label.capitalize(), label, label.upper()) for space in ("", " "))
    for label in LABELS
}

_FIRST = re.compile(r"\W*(yes|no)\b(?! (?:one|idea|matter|information|answer|such|way to)\b)")
_STATED = re.compile(r"\b(?:answer|decision|verdict)(?: is|:| would be)?:?\W{0,5}(yes|no)\b")


class DecisionGrader(OneReplyGrader):
    """Says yes or no; the value is log p(yes) - log p(no).

    Where the two hold less than half of the probability the text decides, without a value: its last
    statement ("the answer is no"), else its first word.
    """

    name = "decision"
    version = 1
    labels = LABELS
    gives_value = True
    accepts = frozenset(Status) - {Status.FAILED}

    def asks(self, item: Item) -> Sequence[Ask]:
        """See `Grader.asks`."""
        return (Ask(candidates=SPELLINGS),)

    def judge(self, item: Item, response: Response) -> Verdict:
        """See `OneReplyGrader.judge`."""
        mass = candidate_mass(response.logprobs, LABELS)
        if len(mass) == len(LABELS):
            odds = response.logprobs["yes"] - response.logprobs["no"]
            if odds and isfinite(odds):
                label = "yes" if odds > 0 else "no"
                total = sum(mass.values())
                return Graded(label, mass[label] / total, odds, f"{label} {mass[label]:.2f} of mass {total:.2f}")
        return self._by_text(response)

    def _by_text(self, response: Response) -> Verdict:
        if not response.text.strip():
            return Undetermined(why_missing(response))
        found: Graded | None = None
        for place, clause in enumerate(clauses(response.text)):
            first = _FIRST.match(clause.plain) if place == 0 else None
            stated = list(_STATED.finditer(clause.plain))
            if first or stated:
                found = Graded((stated[-1] if stated else first or stated[-1])[1], evidence=clause.text)
        if found is None:
            if response.status is Status.LENGTH:
                return Undetermined(CUT)
            return Undetermined("neither log-probabilities nor the text say yes or no")
        return found
