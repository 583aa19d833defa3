"""Section 1, may we ship: what a policy makes of the candidate, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from auditor.decision import Decision, Measurement, Outcome, Result, Why
from auditor.render.address import cell_link, item_link
from auditor.render.catalogue import N_, counted
from auditor.render.catalogue import gettext as _
from auditor.render.material import Material
from auditor.types import Better

from .trust import agreement_words

WORDS = {Outcome.PASS: N_("PASS"), Outcome.FAIL: N_("FAIL"), Outcome.INCONCLUSIVE: N_("NOT ENOUGH EVIDENCE")}
SIGNS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?"}
OUTCOMES = {Outcome.PASS: N_("kept"), Outcome.FAIL: N_("broken"), Outcome.INCONCLUSIVE: N_("undecided")}
"""Of one rule; the capital words are the whole gate's."""
WORST_OUTCOME_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
NAMED = 3
"""Rules named after the worst one."""
LOOKED_AT = 5
"""Items named that a person must look at."""
SHOWN = 12
"""Rules in the table; the others are folded below it."""
WAYS: Mapping[Why, str] = {
    Why.THIN: N_("more families of this cell, or a rule on a wider one"),
    Why.MISSING: N_("the missing answers: ask again, or decide them with auditor review"),
    Why.NOT_ASKED: N_("a run that asks it"),
    Why.NO_BASELINE: N_("a baseline: --against RUN"),
    Why.OTHER_INSTRUMENT: N_("a baseline that was measured alike: auditor grade it again, or audit it again"),
    Why.NONE_CAN_BE_BAD: N_("a rule on the numbers of those probes"),
    Why.UNCONFIRMED: N_("a person's look at each: auditor review"),
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
    link: str
    """To the items behind that rule; empty where it is not about a number."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """One rule and what became of it."""

    id: str
    limit: str
    outcome: str
    word: str
    why: str
    text: str
    agreement: str
    """Of the graders behind the number with people; empty where the rule is not about a number."""
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

    against: str
    """What it is held against; empty where there is nothing."""
    candidate: str = ""
    """Empty where no policy was given."""
    tally: str = ""
    """How many checks came to what."""
    policy: str = ""
    confidence: str = ""
    open_title: str = ""
    """Names the checks in `open`: they are broken, undecided, or both."""
    more_title: str = ""
    """Counts those in `more`."""
    more_caption: str = ""
    open: Sequence[Ruled] = ()
    more: Sequence[Ruled] = ()
    waived: Sequence[Ruled] = ()
    kept: Sequence[Ruled] = ()
    waivers: Sequence[str] = ()
    """What to say of waivers that do nothing."""
    notes: Sequence[str] = ()


def build(material: Material) -> Verdict:
    """Return the rules, the broken ones first."""
    decision = material.decision
    baseline = material.baseline.run.model_id if material.baseline else ""
    if decision is None:
        return Verdict(against=baseline)
    open_ = [*_worst_first(decision.of(Outcome.FAIL)), *_worst_first(decision.of(Outcome.INCONCLUSIVE))]
    told, more = ([_ruled(material, result) for result in some] for some in (open_[:SHOWN], open_[SHOWN:]))
    return Verdict(
        candidate=decision.candidate_model,
        tally=_tally(decision),
        policy=PurePath(decision.policy).name,
        confidence=f"{100 * decision.confidence:g}%",
        against=decision.base_model or "",
        open_title=_title(told),
        more_title=_counted_more(more),
        more_caption=_title(more),
        open=told,
        more=more,
        waived=[_ruled(material, result) for result in decision.waived],
        kept=[_ruled(material, result) for result in decision.of(Outcome.PASS)],
        waivers=decision.unmatched_waivers,
        notes=decision.notes,
    )


def _tally(decision: Decision) -> str:
    amounts = [len(decision.of(outcome)) for outcome in WORST_OUTCOME_FIRST] + [len(decision.waived)]
    said = (_("{n:,} broken"), _("{n:,} undecided"), _("{n:,} kept"), _("{n:,} waived"))
    told = ", ".join(words.format(n=amount) for words, amount in zip(said, amounts, strict=True) if amount)
    return counted("of {n} check {told}", "of {n} checks {told}", len(decision.results), told=told)


def _title(rules: Sequence[Ruled]) -> str:
    """Name some checks that are not kept."""
    match sorted({rule.outcome for rule in rules}):
        case [Outcome.FAIL]:
            return _("Broken checks")
        case [Outcome.INCONCLUSIVE]:
            return _("Undecided checks")
        case _:
            return _("Broken and undecided checks")


def _counted_more(rules: Sequence[Ruled]) -> str:
    """Count such checks."""
    match sorted({rule.outcome for rule in rules}):
        case [Outcome.FAIL]:
            return counted("{n} more check broken", "{n} more checks broken", len(rules))
        case [Outcome.INCONCLUSIVE]:
            return counted("{n} more check undecided", "{n} more checks undecided", len(rules))
        case _:
            return counted("{n} more check broken or undecided", "{n} more checks broken or undecided", len(rules))


def ruling(material: Material) -> Ruling | None:
    """Return the outcome in words, with the rule that it rests on; None where no policy was given."""
    decision = material.decision
    if decision is None:
        return None
    outcome = decision.outcome
    passed = outcome is Outcome.PASS
    kept = decision.of(outcome)
    found = _nearest_first(kept) if passed else _worst_first(kept)
    return Ruling(
        outcome=outcome,
        sign=SIGNS[outcome],
        word=_(WORDS[outcome]),
        text=decision.text if passed or not found else _counted(decision, found),
        reason=_nearest(found) if passed else _worst(found),
        link=_link(material, found[0].measurement) if found else "",
    )


def _counted(decision: Decision, found: Sequence[Result]) -> str:
    values = {
        "found": f"{len(found):,}",
        "outcome": _(OUTCOMES[decision.outcome]),
        "waived": f"{len(decision.waived):,}",
    }
    checks = len(decision.results) - len(decision.waived)
    if not decision.waived:
        return counted("{found} of {n} check {outcome}.", "{found} of {n} checks {outcome}.", checks, **values)
    return counted(
        "{found} of {n} check {outcome}; {waived} waived.",
        "{found} of {n} checks {outcome}; {waived} waived.",
        checks,
        **values,
    )


def _worst(found: Sequence[Result]) -> str:
    """Return the worst of some rules in full, and the names of the next ones."""
    if not found:
        return ""
    said = _sentence(found[0])
    if len(found) == 1:
        return said
    if found[0].outcome is Outcome.FAIL:
        said = _("The worst: {rule}").format(rule=said)
    others = ", ".join(result.id for result in found[1 : 1 + NAMED])
    if len(found) > 1 + NAMED:
        others = _("{names} and {more:,} more").format(names=others, more=len(found) - 1 - NAMED)
    return f"{said} " + _("Then {names}.").format(names=others)


def _nearest(found: Sequence[Result]) -> str:
    """Return the kept rule that is nearest to its limit in full."""
    return _("Nearest to its limit: {rule}").format(rule=_sentence(found[0])) if found else ""


def _nearest_first(results: Sequence[Result]) -> list[Result]:
    """Return the results that have a number, the one nearest to its limit first."""
    measured = [result for result in results if result.measurement is not None]
    return sorted(measured, key=lambda result: _room(result.measurement))


def _sentence(result: Result) -> str:
    return f"{result.id} ({result.limit}): {result.text}"


def _worst_first(results: Sequence[Result]) -> list[Result]:
    """Return results, the one furthest past its limit first; one without a number comes last."""
    return sorted(results, key=lambda result: -_past(result.measurement))


def _past(found: Measurement | None) -> float:
    """Return how far a number is past its limit, as a share of the limit; negative where it is within."""
    if found is None:
        return float("-inf")
    seen = found.after if _alone(found) else found.regression
    if seen is not None and _alone(found) and found.better is Better.TARGET:
        seen = abs(seen - (found.ideal or 0.0))
    return float("-inf") if seen is None else _over(found, seen)


def _room(found: Measurement | None) -> float:
    """Return how far a kept limit is from the bound, as a share of the limit."""
    bound = None if found is None else found.low if _least(found) else found.high
    return float("inf") if found is None or bound is None else -_over(found, bound)


def _over(found: Measurement, number: float) -> float:
    gap = found.limit - number if _least(found) else number - found.limit
    return gap / (abs(found.limit) or 1.0)


def _alone(found: Measurement) -> bool:
    """Return whether the rule is on the candidate alone."""
    return found.regression is None and found.before is None


def _least(found: Measurement) -> bool:
    return _alone(found) and found.better is Better.HIGHER


def _ruled(material: Material, result: Result) -> Ruled:
    return Ruled(
        id=result.id,
        limit=result.limit,
        outcome=result.outcome,
        word=_(OUTCOMES[result.outcome]),
        why=_(result.why) if result.why not in (None, Why.BROKEN) else "",
        text=result.text,
        agreement=_agreement(material, result.measurement),
        decides=_decides(result) if result.outcome is Outcome.INCONCLUSIVE else "",
        look={item_id: item_link(item_id) for item_id in result.items[:LOOKED_AT]},
        waiver=result.waiver or "",
        link=_link(material, result.measurement),
    )


def _agreement(material: Material, found: Measurement | None) -> str:
    return agreement_words(material, found.source, found.metric) if found else ""


def _decides(result: Result) -> str:
    """Return what would decide a rule that is open."""
    if result.why is not None and result.why in WAYS:
        return _(WAYS[result.why])
    if result.needed is None:
        return _("nothing that more families could show")
    if result.measurement is None:
        return _("about {needed:,} families in all").format(needed=result.needed)
    return _("about {needed:,} families in all, now {families:,}").format(
        needed=result.needed, families=result.measurement.families
    )


def _link(material: Material, found: Measurement | None) -> str:
    return cell_link(material.candidate, found.source, found.metric, found.cell) if found else ""
