"""A policy against a candidate: pass, fail or inconclusive, rule by rule. Every output reads this one decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from auditor import amounts
from auditor.claims import Claim, Sides, check_rules, claims_of, rule_words
from auditor.compare import treatment_changes
from auditor.decision import FEWEST_FAMILIES, Decision, Measurement, Outcome, Result, Why
from auditor.errors import nearest
from auditor.pairing import Side, verdicts_by_item
from auditor.polarity import State, worst_state
from auditor.policy import Missing, Policy, PolicyFile, Rule
from auditor.runs.record import Run
from auditor.runs.seal import require_intact

if TYPE_CHECKING:
    from auditor.stats.deciding import Decided, Judged

HUMAN = "human"
"""The grader of a verdict that a person gave."""


def gate(
    file: PolicyFile,
    candidate: Run,
    *,
    base: Run | None = None,
    anchor: Run | None = None,
    today: date | None = None,
) -> Decision:
    """Judge a candidate by a policy.

    Parameters
    ----------
    file : PolicyFile
        The policy; the caller opens its `anchor.run`.
    candidate, base, anchor : Run
        Sealed. Without a baseline the relative rules are inconclusive.
    today : date, optional
        Decides which waivers hold. Default: the present day, UTC.

    Returns
    -------
    Decision

    Raises
    ------
    ConfigError
        If the policy names a metric, tag or cell that the candidate does not have, or a limit that nothing
        can keep or break; all mistakes at once.
    SealError
        If a run is not what was sealed.
    """
    for run in (candidate, base, anchor):
        if run is not None:
            require_intact(run.path)
    policy = file.policy
    sides = Sides(policy, candidate, base, anchor)
    check_rules(file, sides.names)
    judged: list[Result | Claim] = [*_required(policy, candidate)]
    for rule in policy.rules:
        judged += [_severity(rule, sides.alone.candidate, policy.missing)] if rule.severity else claims_of(rule, sides)
    results = settle(judged, policy)
    results, unmatched = _waive(results, policy, today or datetime.now(UTC).date())
    outcome, text = _whole(results)
    return Decision(
        outcome=outcome,
        text=text,
        candidate_model=candidate.model_id,
        candidate_run=candidate.run_id,
        base_model=base.model_id if base else None,
        base_run=base.run_id if base else None,
        policy=str(file.source.path),
        confidence=policy.confidence,
        changed=treatment_changes(base, candidate) if base else {},
        results=results,
        unmatched_waivers=unmatched,
    )


def settle(judged: Sequence[Result | Claim], policy: Policy, *, unseen: int = 0) -> list[Result]:
    """Decide every claim, all of them together; `unseen` further ones are still to come, and count."""
    from auditor.stats.deciding import decide

    claims = [one for one in judged if isinstance(one, Claim)]
    bounds = [claim.bounds(policy.alpha) for claim in claims]
    kept = [high < claim.margin for claim, (_, high) in zip(claims, bounds, strict=True)]
    found = decide(kept, [claim.p_broken() for claim in claims], alpha=policy.alpha, unseen=unseen)
    settled = iter(zip(found, bounds, strict=True))
    return [one if isinstance(one, Result) else _settled(one, *next(settled), policy) for one in judged]


def _settled(claim: Claim, judged: Judged, bounds: tuple[float, float], policy: Policy) -> Result:
    low, high = bounds
    measurement = _measurement(claim, judged.p, low, high)
    outcome, why, text = _judge(claim, measurement, judged.decided, policy, low, high)
    return Result(
        id=claim.id,
        rule=claim.rule.id,
        limit=rule_words(claim.rule, claim.pair, (claim.source, claim.metric, claim.cell), claim.limit),
        outcome=outcome,
        why=why,
        text=text,
        needed=_needed(claim, low, high) if outcome is Outcome.INCONCLUSIVE else None,
        measurement=measurement,
    )


def _judge(
    claim: Claim, found: Measurement, decided: Decided, policy: Policy, low: float, high: float
) -> tuple[Outcome, Why | None, str]:
    told = _told(claim, found)
    dropped = claim.pair.dropped(claim.source, claim.metric)
    if dropped > policy.missing.at_most:
        fact = f"{dropped:.1%} of the items lack a verdict, {policy.missing.at_most:.1%} may."
        return Outcome.INCONCLUSIVE, Why.MISSING, fact
    if claim.seen is None:
        return Outcome.INCONCLUSIVE, Why.MISSING, "Nothing was graded."
    if claim.paired.families < FEWEST_FAMILIES:
        fact = f"{told}; {claim.paired.families} families locate trouble, they do not decide."
        return Outcome.INCONCLUSIVE, Why.THIN, fact
    if decided != "inconclusive":
        return Outcome(decided), Why.BROKEN if decided == "fail" else None, f"{told}."
    if claim.paired.missing:
        low_seen, high_seen = claim.bounds(policy.alpha, worst_case=False)
        if high_seen < claim.margin or low_seen > claim.threshold:
            fact = f"{told}; {claim.paired.missing} missing answers could turn it."
            return Outcome.INCONCLUSIVE, Why.MISSING, fact
    if low > (0.0 if claim.rule.relative else claim.threshold):
        return Outcome.INCONCLUSIVE, Why.WORSE, f"{told}: worse, but perhaps within the limit."
    return Outcome.INCONCLUSIVE, Why.FEW, f"{told}: too few families to tell."


def _told(claim: Claim, found: Measurement) -> str:
    """Return what was measured, in words."""
    bounds = (found.low_bound, found.high_bound)
    value = "undefined" if found.after is None else amounts.amount(found.after, *bounds)
    size = f"{found.compared} items in {found.families} families"
    if found.compared == found.families:
        size = f"{found.families} items"
    if not claim.rule.relative:
        told = [amounts.amount(end, *bounds) for end in (found.low, found.high) if end is not None]
        return f"{value} ({' to '.join(told) or 'no interval'}; {size})"
    before = "undefined" if found.before is None else amounts.amount(found.before, *bounds)
    told = [amounts.change(end, *bounds).removesuffix(" points") for end in (found.low, found.high) if end is not None]
    worse = "undefined" if found.regression is None else amounts.change(found.regression, *bounds)
    return f"{before} to {value}: worse by {worse} ({' to '.join(told) or 'no interval'}; {size})"


def _measurement(claim: Claim, p: float, low: float, high: float) -> Measurement:
    from auditor.metrics.kinds import KINDS
    from auditor.metrics.measured import finite

    spec, paired = claim.pair.spec(claim.source, claim.metric), claim.paired
    kind = KINDS[spec.kind]
    ends = (-high, -low) if claim.rule.at_least is not None else (low, high)
    return Measurement(
        source=claim.source,
        metric=claim.metric,
        cell=claim.cell,
        better=spec.better,
        ideal=spec.ideal,
        low_bound=finite(kind.low),
        high_bound=finite(kind.high),
        before=paired.before if claim.rule.relative else None,
        after=paired.after,
        regression=paired.regression if claim.rule.relative else None,
        low=finite(ends[0]),
        high=finite(ends[1]),
        limit=claim.limit,
        method=(paired.bounds if claim.rule.relative else paired.level_bounds)(0.05).method,
        p=p,
        families=paired.families,
        compared=paired.compared,
        missing=paired.missing,
        discordant=paired.discordant if claim.rule.relative else 0,
    )


def _needed(claim: Claim, low: float, high: float) -> int | None:
    """Return about how many families would decide, by how far the bound has to come in."""
    from auditor.stats.deciding import families_to_decide

    seen = claim.seen
    if seen is None:
        return None
    reach, distance = (
        (high - seen, claim.margin - seen) if seen < claim.margin else (seen - low, seen - claim.threshold)
    )
    return families_to_decide(claim.paired.families, reach, distance)


def _required(policy: Policy, candidate: Run) -> Iterator[Result]:
    """Yield what the policy wants to have been asked and was not."""
    suite, asked = candidate.manifest["suite"], {probe["id"] for probe in candidate.manifest["probes"]}
    whole = suite.get("whole", True)
    if policy.suite is not None and (suite["id"] != policy.suite or not whole):
        text = f"The candidate was asked {'' if whole else 'a part of '}the suite {suite['id']}."
        limit = f"the suite {policy.suite}, whole"
        yield Result("required[suite]", "required", limit, Outcome.INCONCLUSIVE, Why.NOT_ASKED, text)
    for probe in policy.probes:
        if probe not in asked:
            guess = nearest(probe, asked)
            text = f"The candidate was not asked {probe}" + (f"; {guess}" if guess else ".")
            limit = f"the probe {probe}"
            yield Result(f"required[{probe}]", "required", limit, Outcome.INCONCLUSIVE, Why.NOT_ASKED, text)


def _severity(rule: Rule, side: Side, missing: Missing) -> Result:
    """Judge a rule on bad answers that people have confirmed."""
    assert rule.confirmed_at_most is not None
    probes = {name for name, probe in side.probes.items() if probe["severity"] == rule.severity}
    limit = f"at most {rule.confirmed_at_most} confirmed bad answers of severity {rule.severity}"
    confirmed: list[str] = []
    unconfirmed: list[str] = []
    open_: list[str] = []
    asked = 0
    for item_id, rows in verdicts_by_item(side):
        item = side.items[item_id]
        if item["probe_id"] not in probes:
            continue
        asked += 1
        state, _ = worst_state(side.probes[item["probe_id"]], item, rows)
        if state is State.BAD:
            looked = any(row["grader"] == HUMAN for row in rows)
            (confirmed if looked or rule.unconfirmed == "count" else unconfirmed).append(item_id)
        elif state in (State.MISSING, State.UNDETERMINED):
            open_.append(item_id)

    def result(outcome: Outcome, why: Why | None, text: str, items: Sequence[str] = ()) -> Result:
        return Result(rule.id, rule.id, limit, outcome, why, text, items=items)

    if not asked:
        return result(Outcome.INCONCLUSIVE, Why.NOT_ASKED, f"No probe of severity {rule.severity} was asked.")
    if len(confirmed) > rule.confirmed_at_most:
        return result(Outcome.FAIL, Why.BROKEN, f"{len(confirmed)} confirmed bad answers.", confirmed)
    if unconfirmed and rule.unconfirmed == "hold":
        text = f"{len(unconfirmed)} bad answers wait for a person to confirm or to reject them."
        return result(Outcome.INCONCLUSIVE, Why.UNCONFIRMED, text, unconfirmed)
    if open_ and "worst_case" in (missing.engine, missing.undetermined):
        return result(Outcome.INCONCLUSIVE, Why.MISSING, f"{len(open_)} answers have no verdict.", open_)
    return result(Outcome.PASS, None, f"{len(confirmed)} confirmed bad answers among {asked}.")


def _waive(results: Sequence[Result], policy: Policy, today: date) -> tuple[list[Result], list[str]]:
    """Mark what a waiver covers, add what has expired, and say which waivers do nothing."""
    found, unmatched = list(results), []
    for waiver in policy.waivers:
        places = [place for place, one in enumerate(found) if waiver.rule in (one.rule, one.id)]
        open_ = [place for place in places if found[place].outcome is not Outcome.PASS]
        words = f"{waiver.reason} ({waiver.approved_by}, until {waiver.expires})"
        if not places:
            unmatched.append(f"The waiver for '{waiver.rule}' matches no rule.")
        elif waiver.expires < today:
            text = f"The waiver for {waiver.rule} ended on {waiver.expires}: remove it, or have it approved again."
            name = f"waiver[{waiver.rule}]"
            found.append(Result(name, "waiver", words, Outcome.FAIL, Why.EXPIRED, text))
        elif not open_:
            unmatched.append(f"The waiver for '{waiver.rule}' is not needed: the rule passes.")
        for place in open_ if waiver.expires >= today else ():
            found[place] = replace(found[place], waiver=words)
    return found, unmatched


def _whole(results: Sequence[Result]) -> tuple[Outcome, str]:
    """Return the outcome of all rules together, in one sentence."""
    counted = [result for result in results if result.waiver is None]
    waived = f"; {len(results) - len(counted)} waived" if len(counted) < len(results) else ""
    for outcome, verb in ((Outcome.FAIL, "broken"), (Outcome.INCONCLUSIVE, "undecided")):
        names = [result.id for result in counted if result.outcome is outcome]
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            return outcome, f"{len(names)} of {len(counted)} rules {verb}: {', '.join(names[:3])}{more}{waived}."
    if not counted:
        return Outcome.INCONCLUSIVE, "Every rule is waived: nothing was decided."
    return Outcome.PASS, f"All {len(counted)} rules are kept{waived}."
