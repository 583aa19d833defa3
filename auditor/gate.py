"""A policy against a candidate: pass, fail or inconclusive, rule by rule. Every output reads this one decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from auditor.amounts import count
from auditor.asked import ALL
from auditor.claims import Claim, Sides, check_rules, claims_of, rule_words, until_digest
from auditor.compare import instrument_changes, treatment_changes
from auditor.decision import FEWEST_FAMILIES, Decision, Measurement, Outcome, Result, Why
from auditor.errors import nearest
from auditor.policy import Policy, PolicyFile, Waiver
from auditor.runs.record import Run
from auditor.runs.seal import require_intact
from auditor.severe import judge_severity, unjudged
from auditor.told import how_broken, told

if TYPE_CHECKING:
    from auditor.stats.deciding import Decided, Judged

REQUIRED = "required"
"""The rule of what had to be asked."""
MOST_CHANGES = 3
"""Changes of the instrument that a note names."""
MOST_FAMILIES = 10_000
"""That anyone would ask of one rule; a size beyond is no advice."""


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
    judged: list[Result | Claim] = [*_for_another(file, candidate, base)]
    if not judged:
        unknown = check_rules(file, sides)
        judged += _required(policy, candidate, base)
        for rule in policy.rules:
            if rule.severity:
                judged.append(judge_severity(rule, sides.alone.candidate, policy.missing))
            else:
                judged += [unknown[rule.id]] if rule.id in unknown else claims_of(rule, sides)
    results = settle(judged, policy)
    results, unmatched = _waive(results, policy, today or datetime.now(UTC).date())
    outcome, text = _whole(results)
    return Decision(
        outcome=outcome,
        text=text,
        candidate_model=candidate.model_id,
        candidate_run=candidate.reference,
        base_model=base.model_id if base else None,
        base_run=base.reference if base else None,
        policy=str(file.source.path),
        confidence=policy.confidence,
        changed=treatment_changes(base, candidate) if base else {},
        results=results,
        unmatched_waivers=unmatched,
        notes=_notes(policy, candidate, sides),
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
        needed=_needed(claim, measurement, low, high, policy.alpha) if outcome is Outcome.INCONCLUSIVE else None,
        measurement=measurement,
    )


def _judge(
    claim: Claim, found: Measurement, decided: Decided, policy: Policy, low: float, high: float
) -> tuple[Outcome, Why | None, str]:
    said = told(claim, found)
    if unseen := _unseen(claim, policy):
        return Outcome.INCONCLUSIVE, Why.MISSING, unseen
    if claim.paired.families < FEWEST_FAMILIES:
        few = count(claim.paired.families, "family")
        locate = (
            "locates trouble, it does not decide"
            if claim.paired.families == 1
            else "locate trouble, they do not decide"
        )
        fact = f"{said}; {few} {locate}."
        return Outcome.INCONCLUSIVE, Why.THIN, fact
    if decided == "pass":
        return Outcome.PASS, None, f"{said}."
    if decided == "fail":
        return Outcome.FAIL, Why.BROKEN, f"{said}{how_broken(claim, found)}."
    if claim.paired.missing:
        low_seen, high_seen = claim.bounds(policy.alpha, worst_case=False)
        if high_seen < claim.margin or low_seen > claim.threshold:
            fact = f"{said}; {count(claim.paired.missing, 'missing answer')} could turn it."
            return Outcome.INCONCLUSIVE, Why.MISSING, fact
    if low > claim.threshold:
        fact = f"{said}: broken if it were the only rule, but among all of them that may be chance (p {found.p:.2g})."
        return Outcome.INCONCLUSIVE, Why.WORSE, fact
    if claim.rule.relative and low > 0:
        return Outcome.INCONCLUSIVE, Why.WORSE, f"{said}: worse, but perhaps within the limit."
    return Outcome.INCONCLUSIVE, Why.FEW, f"{said}: too few families to tell."


def _unseen(claim: Claim, policy: Policy) -> str:
    """Return what of the number was not seen, where that is too much to judge it; empty where it is not."""
    number = (claim.source, claim.metric, claim.cell)
    pooled = len(claim.pair.weights(claim.source, claim.metric)) > 1
    dropped = claim.pair.dropped(*number)
    lost = claim.pair.lost(*number) if dropped or claim.seen is None else []
    if pooled and lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return f"Nothing of {', '.join(lost[:3])}{more} was graded on both sides, and the number rests on it too."
    if dropped > policy.missing.at_most:
        whole = "the number's weight lacks" if pooled else "the items lack"
        return f"{dropped:.1%} of {whole} a verdict, {policy.missing.at_most:.1%} may."
    if claim.seen is None:
        return "Nothing was graded." if lost else "What was graded makes no number: none of it counts."
    return ""


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
        strict=claim.rule.strict,
    )


def _needed(claim: Claim, found: Measurement, low: float, high: float, alpha: float) -> int | None:
    """Return about how many families would decide, by how far the bound, or the p-value, has to come in."""
    from scipy.special import ndtri

    from auditor.stats.deciding import families_to_decide

    seen = claim.seen
    if seen is None:
        return None
    if low > claim.threshold and found.p is not None:
        reach, distance = float(ndtri(1 - alpha)), float(ndtri(1 - found.p))
    elif seen < claim.margin:
        reach, distance = high - seen, claim.margin - seen
    else:
        reach, distance = seen - low, seen - claim.threshold
    needed = families_to_decide(claim.paired.families, reach, distance)
    return max(needed, FEWEST_FAMILIES) if needed is not None and needed <= MOST_FAMILIES else None


def _for_another(file: PolicyFile, candidate: Run, base: Run | None) -> Iterator[Result]:
    """Yield what stands against judging a run that ended once another policy was decided."""
    ended = candidate.manifest.get("until_decided")
    if ended is None or (base is not None and ended["digest"] == until_digest(file.policy, base)):
        return
    text = (
        f"It was asked only until {ended['policy']} was decided against {ended['base']}: by another policy or baseline "
        "it cannot be judged. Audit it whole."
    )
    yield Result("required[whole]", REQUIRED, "all that is planned", Outcome.INCONCLUSIVE, Why.NOT_ASKED, text)


def _required(policy: Policy, candidate: Run, base: Run | None) -> Iterator[Result]:
    """Yield what the policy wants to have been asked and was not."""
    suite, asked = candidate.manifest["suite"], {probe["id"] for probe in candidate.manifest["probes"]}
    whole = suite.get("whole", True)
    wanted = partial(Result, rule=REQUIRED, outcome=Outcome.INCONCLUSIVE)
    if policy.suite is not None:
        limit = f"the suite {policy.suite}, whole"
        if suite["id"] != policy.suite or not whole:
            text = f"The candidate was asked {'' if whole else 'a part of '}the suite {suite['id']}."
            yield wanted("required[suite]", limit=limit, why=Why.NOT_ASKED, text=text)
        elif base is not None and _other_of_that_name(suite, base.manifest["suite"]):
            text = f"The suite {suite['id']} {suite['version']} is not what the baseline was asked under that name."
            yield wanted("required[suite]", limit=limit, why=Why.OTHER_INSTRUMENT, text=text)
    for probe in policy.probes:
        if probe not in asked:
            guess = nearest(probe, asked)
            text = f"The candidate was not asked {probe}" + (f"; {guess}" if guess else ".")
            yield wanted(f"required[{probe}]", limit=f"the probe {probe}", why=Why.NOT_ASKED, text=text)


def _other_of_that_name(suite: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    same = (suite["id"], suite["version"]) == (theirs["id"], theirs["version"])
    return same and theirs.get("whole", True) and suite["hash"] != theirs["hash"]


def _notes(policy: Policy, candidate: Run, sides: Sides) -> list[str]:
    """Return what a reader must know that is no rule."""
    suite, against, side = candidate.manifest["suite"], sides.against, sides.alone.candidate
    notes = []
    if ended := candidate.manifest.get("until_decided"):
        notes.append(f"It was asked until all was decided: {ended['not_needed']} requests were not needed.")
    elif policy.suite is None and not suite.get("whole", True):
        notes.append(f"Only a part of the suite {suite['id']} was asked.")
    notes += filter(None, (unjudged(rule, side, policy.missing) for rule in policy.rules if rule.severity))
    if against is None:
        return notes
    notes += _other_suite(suite, against.base.run.manifest["suite"])
    if changes := instrument_changes(against):
        more = f", and {len(changes) - MOST_CHANGES} more" if len(changes) > MOST_CHANGES else ""
        notes.append(f"The baseline was measured otherwise: {'; '.join(changes[:MOST_CHANGES])}{more}.")
    for names, one in ((against.only_base, against.base), (against.only_candidate, against.candidate)):
        if names and not (ended and one is against.base):
            were = "was" if len(names) == 1 else "were"
            notes.append(f"{count(len(names), 'item')} {were} asked of {one.run.model_id} only.")
    return notes if ended else [*notes, *_fewer(policy, sides)]


def _other_suite(suite: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Yield that the baseline was asked another suite, or another version of it."""
    if suite["id"] != theirs["id"]:
        yield f"The candidate was asked the suite {suite['id']}, the baseline {theirs['id']}."
    elif suite["version"] != theirs["version"]:
        version = f"version {suite['version']} of the suite {suite['id']}"
        yield f"The candidate was asked {version}, the baseline version {theirs['version']}: that is another suite."


def _fewer(policy: Policy, sides: Sides) -> Iterator[str]:
    """Yield which numbers of rules on the candidate alone rest on fewer families than the baseline was asked."""
    told = {
        f"{rule.metric}{'' if cell == ALL else f' {cell}'} ({after} of {before})": None
        for rule in policy.rules
        if rule.metric is not None and not rule.relative
        for cell, after, before in sides.families(*rule.metric.split("/"))
        if after < before and cell == (rule.cell or ALL)
    }
    if told:
        more = f", and {len(told) - MOST_CHANGES} more" if len(told) > MOST_CHANGES else ""
        named = ", ".join(list(told)[:MOST_CHANGES])
        yield f"The candidate was asked fewer families than the baseline of what a rule limits: {named}{more}."


def _waive(results: Sequence[Result], policy: Policy, today: date) -> tuple[list[Result], list[str]]:
    """Mark what a waiver covers, add what has expired, and say which waivers do nothing."""
    found, unmatched = list(results), []
    for waiver in policy.waivers:
        places = [place for place, one in enumerate(results) if _covers(waiver, one)]
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


def _covers(waiver: Waiver, result: Result) -> bool:
    """Return whether a waiver is for a result; what was required is waived one by one."""
    return waiver.rule == result.id or (waiver.rule == result.rule and result.rule != REQUIRED)


def _whole(results: Sequence[Result]) -> tuple[Outcome, str]:
    """Return the outcome of all rules together, in one sentence."""
    counted = [result for result in results if result.waiver is None]
    waived = f"; {len(results) - len(counted)} waived" if len(counted) < len(results) else ""
    for outcome, verb in ((Outcome.FAIL, "broken"), (Outcome.INCONCLUSIVE, "undecided")):
        names = [result.id for result in counted if result.outcome is outcome]
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            checks = count(len(counted), "check")
            return outcome, f"{len(names)} of {checks} {verb}: {', '.join(names[:3])}{more}{waived}."
    if not counted:
        return Outcome.INCONCLUSIVE, "Every rule is waived: nothing was decided."
    kept = "The one check is kept" if len(counted) == 1 else f"All {len(counted):,} checks are kept"
    return Outcome.PASS, f"{kept}{waived}."
