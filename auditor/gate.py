"""A policy against a candidate: pass, fail or inconclusive, rule by rule. Every output reads this one decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from auditor import amounts
from auditor.compare import instrument_changes, treatment_changes
from auditor.decision import FEWEST_FAMILIES, Decision, Measurement, Outcome, Result, Why
from auditor.errors import ConfigError, nearest
from auditor.pairing import Audited, Cause, Pair, Side, verdicts_by_item
from auditor.polarity import State, worst_state
from auditor.policy import Missing, Policy, PolicyFile, Rule
from auditor.runs.record import Run
from auditor.runs.seal import require_intact
from auditor.types import Better

if TYPE_CHECKING:
    from auditor.metrics.paired import Paired
    from auditor.stats.deciding import Decided, Judged

HUMAN = "human"
"""The grader of a verdict that a person gave."""
ORDER = 1
"""Seed of the random order in which families are asked by a run that ends when all is decided."""
CAUSES: tuple[Cause, ...] = ("engine", "undetermined")


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


class Sides:
    """The candidate alone, against the baseline, and against the anchor."""

    def __init__(self, policy: Policy, candidate: Audited, base: Run | None, anchor: Run | None) -> None:
        self.drop: frozenset[Cause] = frozenset(one for one in CAUSES if getattr(policy.missing, one) == "drop")
        side = Side(candidate)
        self.alone = Pair(side, side, self.drop)
        self.against = Pair(Side(base), side, self.drop) if base else None
        self.anchored = Pair(Side(anchor), side, self.drop) if anchor else None
        self.budget = policy.anchor.budget if policy.anchor else 0.0
        self.in_order = "until_decided" in candidate.manifest
        self.names = Pair(Side(base), Side(base)) if self.in_order and base else self.alone
        """Knows every number and cell that a rule can name."""


@dataclass(frozen=True)
class Claim:
    """A rule on numbers, of one cell, before all rules are seen together."""

    id: str
    rule: Rule
    pair: Pair
    source: str
    metric: str
    cell: str
    limit: float
    """As the rule gives it."""
    in_order: bool = False
    """The candidate's run may have ended as soon as this rule was decided: its bounds hold at every look."""

    @property
    def paired(self) -> Paired:
        """The cell's numbers."""
        found = self.ordered
        return self.pair.cells(self.source, self.metric)[self.cell] if found is None else found

    @property
    def ordered(self) -> Paired | None:
        """The same over the families that came in the random order; None where there is no such order."""
        return self.pair.ordered(self.source, self.metric, self.cell, ORDER) if self.in_order else None

    def bounds(self, alpha: float, *, worst_case: bool = True) -> tuple[float, float]:
        """Return bounds of how bad it is: the regression, the value, its opposite or its distance from the ideal."""
        if self.rule.relative:
            found = self.paired.bounds(alpha, worst_case=worst_case)
            return found.low, found.high
        spec = self.pair.spec(self.source, self.metric)
        if spec.better is Better.TARGET:
            found = self.paired.level_bounds(alpha / 2, worst_case=worst_case)
            low, high = found.low - (spec.ideal or 0.0), found.high - (spec.ideal or 0.0)
            return max(low, -high, 0.0), max(-low, high)
        found = self.paired.level_bounds(alpha, worst_case=worst_case)
        return (found.low, found.high) if self.rule.at_most is not None else (-found.high, -found.low)

    @property
    def margin(self) -> float:
        """Below it, on the scale of `bounds`, the rule is kept."""
        return -self.limit if self.rule.at_least is not None else self.limit

    @property
    def threshold(self) -> float:
        """Above it the rule is broken."""
        return 0.0 if self.rule.strict else self.margin

    @property
    def seen(self) -> float | None:
        """The number itself on the scale of `bounds`."""
        if self.rule.relative:
            return self.paired.regression
        value = self.paired.after
        if value is None:
            return None
        spec = self.pair.spec(self.source, self.metric)
        if spec.better is Better.TARGET:
            return abs(value - (spec.ideal or 0.0))
        return -value if self.rule.at_least is not None else value

    def p_broken(self) -> float:
        """Return the p-value of the claim that the limit is broken."""
        from auditor.stats.deciding import smallest_level

        if self.rule.relative:
            return self.paired.p_regression(self.threshold)
        return smallest_level(lambda alpha: self.bounds(alpha)[0] > self.threshold)


def check_rules(file: PolicyFile, alone: Pair) -> None:
    """Refuse rules that the candidate's numbers do not know; raises `ConfigError` that names them all."""
    mistakes = []
    for place, rule in enumerate(file.policy.rules):
        if rule.metric is not None:
            mistakes += [file.at(place, field, fact) for field, fact in _mistakes(rule, alone)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _mistakes(rule: Rule, alone: Pair) -> Iterator[tuple[str, str]]:
    from auditor.metrics.kinds import KINDS

    assert rule.metric is not None
    source, metric = rule.metric.split("/")
    known = {f"{source}/{metric}" for source, metric in alone.metrics}
    if rule.metric not in known:
        guess = nearest(rule.metric, known)
        yield "metric", f"the run has no number '{rule.metric}'" + (f"; {guess}" if guess else "")
        return
    spec = alone.spec(source, metric)
    cells = alone.cells(source, metric)
    if rule.cell is not None and rule.cell not in cells:
        guess = nearest(rule.cell, cells)
        yield "cell", f"{rule.metric} has no cell '{rule.cell}'" + (f"; {guess}" if guess else "")
    if rule.by is not None and not _cells(rule, alone):
        tags = sorted({cell.partition("=")[0] for cell in cells if cell != "all"} | {"probe"})
        yield "by", f"{rule.metric} is not broken down by '{rule.by}'; known: {', '.join(tags)}"
    name, limit = rule.limit
    kind = KINDS[spec.kind]
    direction = {"increase_at_most": Better.LOWER, "decrease_at_most": Better.HIGHER}.get(name)
    if direction and spec.better is not direction and not (name == "increase_at_most" and spec.better is Better.TARGET):
        other = "decrease_at_most" if spec.better is Better.HIGHER else "increase_at_most"
        yield name, f"of {rule.metric} {spec.better} is better: say {other}"
    elif direction and limit >= kind.high - kind.low:
        yield name, f"{limit:g} is all that {rule.metric} can move: the rule could not fail"
    if name in ("at_most", "at_least"):
        least = 0.0 if spec.better is Better.TARGET else kind.low
        if not least < limit < kind.high:
            yield name, f"{limit:g} is not between {least:g} and {kind.high:g}: a bound can never keep or break it"
        wanted = "at_least" if spec.better is Better.HIGHER else "at_most"
        if name != wanted:
            yield name, f"of {rule.metric} {spec.better} is better: say {wanted}"


def _cells(rule: Rule, pair: Pair) -> list[tuple[str, str, str]]:
    """Return (source, metric, cell) of each number that a rule is about."""
    assert rule.metric is not None
    source, metric = rule.metric.split("/")
    if rule.by == "probe":
        return [(probe, metric, "all") for probe in pair.weights(source, metric)]
    if rule.by is not None:
        return [(source, metric, cell) for cell in pair.cells(source, metric) if cell.startswith(f"{rule.by}=")]
    return [(source, metric, rule.cell or "all")]


def claims_of(rule: Rule, sides: Sides) -> list[Result | Claim]:
    """Return what a rule on numbers claims, one for each cell; a result where it cannot be judged."""
    limit = rule.limit[1]
    cells = _cells(rule, sides.names)
    against: list[tuple[Pair | None, str, float]] = [(sides.against, "", limit)]
    if not rule.relative and not sides.in_order:
        against = [(sides.alone, "", limit)]
    elif rule.relative and sides.anchored:
        against.append((sides.anchored, "@anchor", max(limit, sides.budget)))
    found: list[Result | Claim] = []
    for pair, suffix, margin in against:
        for cell in cells:
            name = _name(rule, *cell) + suffix
            why, text = _unpaired(pair, cell)
            if pair is None or why is not None:
                found.append(Result(name, rule.id, _words(rule, sides.names, cell), Outcome.INCONCLUSIVE, why, text))
            else:
                found.append(Claim(name, rule, pair, *cell, limit=margin, in_order=sides.in_order))
    return found


def _unpaired(pair: Pair | None, cell: tuple[str, str, str]) -> tuple[Why | None, str]:
    """Return why a cell cannot be held against the other run, if it cannot."""
    if pair is None:
        return Why.NO_BASELINE, "There is no baseline to hold it against: name one with --against."
    source, metric, name = cell
    probes = pair.weights(source, metric) if (source, metric) in pair.metrics else {}
    changes = [change for change in instrument_changes(pair) if change.partition(":")[0] in probes]
    if changes:
        return Why.OTHER_INSTRUMENT, f"The baseline was measured otherwise: {'; '.join(changes)}."
    if not probes or name not in pair.cells(source, metric):
        return Why.NOT_ASKED, f"{pair.base.run.run_id} was not asked this."
    return None, ""


def _name(rule: Rule, source: str, _metric: str, cell: str) -> str:
    if rule.by == "probe":
        return f"{rule.id}[probe={source}]"
    return f"{rule.id}[{cell}]" if cell != "all" else rule.id


def _words(rule: Rule, pair: Pair, cell: tuple[str, str, str], limit: float | None = None) -> str:
    """Return the rule in words."""
    from auditor.metrics.kinds import KINDS
    from auditor.metrics.measured import finite

    name, own = rule.limit
    kind = KINDS[pair.spec(*cell[:2]).kind]
    form: Callable[..., str] = amounts.margin if rule.relative else amounts.amount
    told = form(own if limit is None else limit, finite(kind.low), finite(kind.high))
    what = name.replace("_", " ")
    return f"{what} {told}" + (", and not shown to be worse" if rule.strict else "")


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
        limit=_words(claim.rule, claim.pair, (claim.source, claim.metric, claim.cell), claim.limit),
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
