"""A rule on bad answers of one severity that people have confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor.amounts import count
from auditor.decision import Outcome, Result, Why
from auditor.pairing import Side, cause, verdicts_by_item
from auditor.polarity import State, can_be_bad, worst_state
from auditor.policy import Missing, Rule

HUMAN = "human"
"""The grader of a verdict that a person gave."""


@dataclass
class Severe:
    """The answers to probes of one severity, by what they say of the rule."""

    probes: list[str]
    judged: int = 0
    """Items whose answers can be bad by themselves."""
    numbers_only: set[str] = field(default_factory=set)
    """Probes with items whose answers cannot: only a number over many says something."""
    confirmed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """Bad, and no person has looked at them."""
    open: list[str] = field(default_factory=list)
    dropped: int = 0

    @classmethod
    def of(cls, rule: Rule, side: Side, missing: Missing) -> Severe:
        """Return what a run has of a rule's severity."""
        found = cls([name for name, probe in side.probes.items() if probe["severity"] == rule.severity])
        for item_id, rows in verdicts_by_item(side):
            item = side.items[item_id]
            probe = item["probe_id"]
            if probe not in found.probes:
                continue
            if not can_be_bad(side.probes[probe], item):
                found.numbers_only.add(probe)
                continue
            found.judged += 1
            state, _ = worst_state(side.probes[probe], item, rows)
            if state is State.BAD:
                (found.confirmed if any(row["grader"] == HUMAN for row in rows) else found.unseen).append(item_id)
            elif state in (State.MISSING, State.UNDETERMINED):
                causes = {one for row in rows if (one := cause(row))} or {"engine"}
                if all(getattr(missing, one) == "drop" for one in causes):
                    found.dropped += 1
                else:
                    found.open.append(item_id)
        return found


def judge_severity(rule: Rule, side: Side, missing: Missing) -> Result:
    """Judge a rule on bad answers that people have confirmed."""
    assert rule.confirmed_at_most is not None
    found = Severe.of(rule, side, missing)
    counted = [*found.confirmed, *(found.unseen if rule.unconfirmed == "count" else ())]

    def result(outcome: Outcome, why: Why | None, text: str, items: Sequence[str] = ()) -> Result:
        return Result(rule.id, rule.id, _limit(rule), outcome, why, text, items=items)

    if not found.judged and found.numbers_only:
        return result(Outcome.INCONCLUSIVE, Why.NONE_CAN_BE_BAD, _numbers_only(found, side))
    if not found.judged:
        return result(Outcome.INCONCLUSIVE, Why.NOT_ASKED, f"No probe of severity {rule.severity} was asked.")
    if len(counted) > rule.confirmed_at_most:
        return result(Outcome.FAIL, Why.BROKEN, f"{_counted(rule, found)}.", counted)
    if found.unseen and rule.unconfirmed == "hold":
        waits = "waits" if len(found.unseen) == 1 else "wait"
        text = f"{count(len(found.unseen), 'bad answer')} {waits} for a person to confirm or to reject."
        return result(Outcome.INCONCLUSIVE, Why.UNCONFIRMED, text, found.unseen)
    if found.dropped > missing.at_most * found.judged:
        fact = f"{found.dropped / found.judged:.1%} of the items lack a verdict, {missing.at_most:.1%} may."
        return result(Outcome.INCONCLUSIVE, Why.MISSING, fact)
    if found.open:
        has = "has" if len(found.open) == 1 else "have"
        return result(
            Outcome.INCONCLUSIVE, Why.MISSING, f"{count(len(found.open), 'answer')} {has} no verdict.", found.open
        )
    return result(Outcome.PASS, None, f"Of {count(found.judged, 'answer')}, {_counted(rule, found)}.")


def unjudged(rule: Rule, side: Side, missing: Missing) -> str:
    """Return what to say of probes that a rule on severity cannot judge beside those that it can; else nothing."""
    found = Severe.of(rule, side, missing)
    if not found.judged or not found.numbers_only:
        return ""
    probes = ", ".join(sorted(found.numbers_only))
    return f"Rule {rule.id} does not judge {probes}: there no answer is bad by itself, its numbers want rules."


def _limit(rule: Rule) -> str:
    assert rule.confirmed_at_most is not None
    answers = count(rule.confirmed_at_most, "bad answer" if rule.unconfirmed == "count" else "confirmed bad answer")
    end = {"hold": "", "count": ", confirmed or not", "ignore": "; those that nobody looked at do not count"}
    return f"at most {answers} of severity {rule.severity}{end[rule.unconfirmed]}"


def _counted(rule: Rule, found: Severe) -> str:
    """Return how many bad answers there are, and what makes them count or not."""
    confirmed, unseen = len(found.confirmed), len(found.unseen)
    if not unseen or rule.unconfirmed == "hold":
        return f"{count(confirmed, 'bad answer')} confirmed by a person" if confirmed else "none is a confirmed bad one"
    if rule.unconfirmed == "ignore":
        are = "is" if unseen == 1 else "are"
        return f"{confirmed} confirmed as bad; {count(unseen, 'bad answer')} that nobody looked at {are} ignored"
    if confirmed:
        return f"{confirmed} confirmed as bad by a person, and {unseen} that nobody looked at count as confirmed"
    if unseen == 1:
        return "1 bad answer, not looked at by a person, counts as confirmed"
    return f"{unseen} bad answers, none of them looked at by a person, count as confirmed"


def _numbers_only(found: Severe, side: Side) -> str:
    probe = min(found.numbers_only)
    metric = side.probes[probe]["metrics"][0]["name"]
    return (
        f"No answer of {', '.join(sorted(found.numbers_only))} is bad by itself, only numbers over many say something: "
        f"limit those instead (metric: {probe}/{metric})."
    )
