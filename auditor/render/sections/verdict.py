"""Section 1, may we ship: what a policy makes of the candidate, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from auditor.decision import Decision, Measurement, Outcome, Result, Why
from auditor.render.address import cell_link, item_link
from auditor.render.material import Material
from auditor.types import Better

from .untested import in_short

WORDS = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.INCONCLUSIVE: "NOT ENOUGH EVIDENCE"}
SIGNS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?"}
OUTCOMES = {Outcome.PASS: "kept", Outcome.FAIL: "broken", Outcome.INCONCLUSIVE: "undecided"}
"""Of one rule; the capital words are the whole gate's."""
LOOKED_AT = 5
"""Items named that a person must look at."""
SHOWN = 12
"""Rules in the table; the others are folded below it."""
WAYS: Mapping[Why, str] = {
    Why.THIN: "more families of this cell, or a rule on a wider one",
    Why.MISSING: "the missing answers: ask again, or decide them with `auditor review`",
    Why.NOT_ASKED: "a run that asks it",
    Why.NO_BASELINE: "a baseline: `--against RUN`",
    Why.OTHER_INSTRUMENT: "a baseline that was measured alike: `auditor grade` it again, or audit it again",
    Why.UNCONFIRMED: "a person's look at each: `auditor review`",
}
"""What would decide a rule, where it is not only more families."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The outcome of the whole gate, for the first screen."""

    outcome: str
    sign: str
    word: str
    text: str
    reason: str
    """The rule that it rests on: estimate, interval, limit, items and families."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """One rule and what became of it."""

    id: str
    limit: str
    outcome: str
    word: str
    why: str
    text: str
    decides: str
    """What would decide it; empty where it is decided."""
    look: Mapping[str, str]
    """Items that a person must look at -> link."""
    waiver: str
    link: str
    """To the items behind it; empty where it is not about a number."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, rule by rule."""

    ruling: Ruling | None
    """None where no policy was given."""
    policy: str
    confidence: str
    against: str
    """What it is held against; empty where there is nothing."""
    open: Sequence[Ruled]
    more: Sequence[Ruled]
    waived: Sequence[Ruled]
    kept: Sequence[Ruled]
    waivers: Sequence[str]
    """What to say of waivers that do nothing."""
    notes: Sequence[str]
    untested: str


def build(material: Material) -> Verdict:
    """Return the rules, the broken ones first."""
    decision, untested = material.decision, in_short(material)
    baseline = material.baseline.run.model_id if material.baseline else ""
    if decision is None:
        return Verdict(None, "", "", baseline, (), (), (), (), (), (), untested)
    open_ = [*decision.of(Outcome.FAIL), *decision.of(Outcome.INCONCLUSIVE)]
    told = [_ruled(material, result) for result in open_]
    return Verdict(
        ruling=ruling(decision),
        policy=PurePath(decision.policy).name,
        confidence=f"{100 * decision.confidence:g}%",
        against=decision.base_model or "",
        open=told[:SHOWN],
        more=told[SHOWN:],
        waived=[_ruled(material, result) for result in decision.waived],
        kept=[_ruled(material, result) for result in decision.of(Outcome.PASS)],
        waivers=decision.unmatched_waivers,
        notes=decision.notes,
        untested=untested,
    )


def ruling(decision: Decision) -> Ruling:
    """Return the outcome in words, with the rule that it rests on."""
    outcome = decision.outcome
    rests_on = _rests_on(decision)
    return Ruling(
        outcome=outcome,
        sign=SIGNS[outcome],
        word=WORDS[outcome],
        text=decision.text,
        reason=_sentence(outcome, rests_on) if rests_on else "",
    )


def _rests_on(decision: Decision) -> Result | None:
    """Return the first rule that is broken or undecided; where all are kept, the one nearest to its limit."""
    found = decision.of(decision.outcome)
    measured = [result for result in found if result.measurement is not None]
    if decision.outcome is not Outcome.PASS:
        return next(iter(measured or found), None)
    return min(measured, key=lambda result: _room(result.measurement), default=None)


def _room(found: Measurement | None) -> float:
    """Return how far a kept limit is from the bound, as a share of the limit."""
    if found is None or found.low is None or found.high is None:
        return float("inf")
    absolute = found.regression is None and found.before is None
    gap = found.low - found.limit if absolute and found.better is Better.HIGHER else found.limit - found.high
    return gap / (abs(found.limit) or 1.0)


def _sentence(outcome: Outcome, result: Result) -> str:
    opening = "Nearest to its limit is " if outcome is Outcome.PASS else ""
    return f"{opening}{result.id} ({result.limit}): {result.text}"


def _ruled(material: Material, result: Result) -> Ruled:
    return Ruled(
        id=result.id,
        limit=result.limit,
        outcome=result.outcome,
        word=OUTCOMES[result.outcome],
        why=str(result.why) if result.why not in (None, Why.BROKEN) else "",
        text=result.text,
        decides=_decides(result) if result.outcome is Outcome.INCONCLUSIVE else "",
        look={item_id: item_link(item_id) for item_id in result.items[:LOOKED_AT]},
        waiver=result.waiver or "",
        link=_link(material, result.measurement),
    )


def _decides(result: Result) -> str:
    """Return what would decide a rule that is open."""
    if result.why is not None and result.why in WAYS:
        return WAYS[result.why]
    if result.needed is None:
        return "nothing that more families could show"
    have = f", now {result.measurement.families:,}" if result.measurement else ""
    return f"about {result.needed:,} families in all{have}"


def _link(material: Material, found: Measurement | None) -> str:
    return cell_link(material.candidate, found.source, found.metric, found.cell) if found else ""
