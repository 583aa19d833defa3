"""What the rules of a policy claim of a candidate, cell by cell; what they cannot claim is said at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor import amounts
from auditor.asked import ALL
from auditor.compare import instrument_changes
from auditor.decision import Outcome, Result, Why
from auditor.errors import ConfigError
from auditor.pairing import Audited, Cause, Pair, Side
from auditor.policy import Policy, PolicyFile, Rule
from auditor.requests import digest
from auditor.rules import Numbers, budget_mistakes, rule_mistakes
from auditor.runs.record import Run
from auditor.types import Better

if TYPE_CHECKING:
    from auditor.metrics.paired import Paired

ORDER = 1
"""Seed of the random order in which families are asked by a run that ends when all is decided."""
CAUSES: tuple[Cause, ...] = ("engine", "undetermined")


class Sides:
    """The candidate alone, against the baseline, and against the anchor."""

    def __init__(self, policy: Policy, candidate: Audited, base: Run | None, anchor: Run | None) -> None:
        self.drop: frozenset[Cause] = frozenset(one for one in CAUSES if getattr(policy.missing, one) == "drop")
        side = Side(candidate)
        self.alone = Pair(side, side, self.drop)
        before = Side(base) if base else None
        self.against = Pair(before, side, self.drop) if before else None
        self.anchored = Pair(Side(anchor), side, self.drop) if anchor else None
        self.tolerated = policy.missing.at_most
        self.budget = policy.anchor.budget if policy.anchor else 0.0
        self.in_order = "until_decided" in candidate.manifest
        self.before = Pair(before, before) if before else None
        """The baseline alone: what was asked of it, whatever is dropped."""
        self.names = self.before if self.in_order and self.before else Pair(side, side)
        """Knows every number that a rule can name, and what was asked of it."""
        suite = candidate.manifest["suite"]
        self.in_part = not suite.get("whole", True) or policy.suite not in (None, suite["id"])
        """Whether the candidate was asked less than what the policy is about."""
        theirs = base.manifest["suite"] if base else {}
        same = all(theirs.get(key) == suite[key] for key in ("id", "version"))
        self.whole_base = same and theirs.get("whole", True)
        """Whether the baseline was asked all of the candidate's suite."""

    def cells(self, source: str, metric: str) -> dict[str, str]:
        """Return every cell of a number, `all` first, with its tag: of the candidate, and of a like baseline."""
        found = dict(self.names.asked(source, metric).tags)
        if self.before is not None and self.knows(source, metric):
            found |= self.before.asked(source, metric).tags
        return dict(sorted(found.items(), key=lambda one: (one[1] != "", one[0])))

    def families(self, source: str, metric: str) -> Iterator[tuple[str, int, int]]:
        """Yield the cells that both were asked of a number, with the families of the candidate and of the baseline."""
        if self.before is None or not self.knows(source, metric):
            return
        after, before = (pair.asked(source, metric).items for pair in (self.names, self.before))
        for cell in after.keys() & before.keys():
            counts = [
                len({pair.base.items[name]["family_id"] for items in asked[cell].values() for name in items})
                for pair, asked in ((self.names, after), (self.before, before))
            ]
            yield cell, counts[0], counts[1]

    def knows(self, source: str, metric: str) -> bool:
        """Tell whether the baseline was asked the same instrument, so that its cells are the candidate's too."""
        pair = self.against
        return pair is not None and (source, metric) in pair.metrics and not _changes(pair, source, metric)


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


def until_digest(policy: Policy, base: Audited) -> str:
    """Return what a run is for that ends once all is decided; waivers decide nothing."""
    return digest([base.run_id, base.layer, policy.model_dump(mode="json", exclude={"waivers"})])


def check_rules(file: PolicyFile, sides: Sides) -> dict[str, Result]:
    """Return what cannot be judged because its number was not asked, by rule.

    Raises `ConfigError` that names every rule that does not fit the numbers it is about.
    """
    mistakes: list[str] = []
    unknown: dict[str, Result] = {}
    for place, rule in enumerate(file.policy.rules):
        if rule.metric is None:
            continue
        found = list(rule_mistakes(rule, _numbers(sides)))
        if found and sides.in_part and {field for field, _ in found} <= {"metric", "cell", "by"}:
            limit = f"{rule.limit[0].replace('_', ' ')} {rule.limit[1]:g}"
            what = rule.metric if found[0][0] == "metric" else f"{rule.cell or rule.by} of {rule.metric}"
            text = f"The candidate was asked a part only, without {what}."
            unknown[rule.id] = Result(rule.id, rule.id, limit, Outcome.INCONCLUSIVE, Why.NOT_ASKED, text)
            continue
        mistakes += [file.at(place, field, fact) for field, fact in found]
        mistakes += budget_mistakes(file, rule, _numbers(sides))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return unknown


def _numbers(sides: Sides) -> Numbers:
    names = {f"{source}/{metric}" for source, metric in sides.names.metrics}
    return Numbers("the run has", names, sides.names.spec, sides.cells)


def _cells(rule: Rule, sides: Sides) -> list[tuple[str, str, str]]:
    """Return (source, metric, cell) of each number that a rule is about."""
    assert rule.metric is not None
    source, metric = rule.metric.split("/")
    if rule.by == "probe":
        return [(probe, metric, "all") for probe in sides.names.weights(source, metric)]
    if rule.by is not None:
        return [(source, metric, cell) for cell, tag in sides.cells(source, metric).items() if tag == rule.by]
    return [(source, metric, rule.cell or "all")]


def claims_of(rule: Rule, sides: Sides) -> list[Result | Claim]:
    """Return what a rule on numbers claims, one for each cell; a result where it cannot be judged."""
    limit = rule.limit[1]
    cells = _cells(rule, sides)
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
            if rule.relative and pair is not None and why is None:
                why, text = _one_sided(pair, cell, sides)
            if pair is None or why is not None:
                found.append(
                    Result(name, rule.id, rule_words(rule, sides.names, cell), Outcome.INCONCLUSIVE, why, text)
                )
            else:
                found.append(Claim(name, rule, pair, *cell, limit=margin, in_order=sides.in_order))
    return [*found, *_cells_unknown(rule, sides)]


def _cells_unknown(rule: Rule, sides: Sides) -> Iterator[Result]:
    """Yield what is said where the candidate was asked a part only, and nothing tells which cells were left out."""
    assert rule.metric is not None
    if rule.by in (None, "probe") or not sides.in_part:
        return
    source, metric = rule.metric.split("/")
    if not (sides.whole_base and sides.knows(source, metric)):
        text = f"A part of the suite was asked: which values of '{rule.by}' it left out is not known. Audit it whole."
        limit = rule_words(rule, sides.names, (source, metric, ALL))
        yield Result(f"{rule.id}[{rule.by}]", rule.id, limit, Outcome.INCONCLUSIVE, Why.NOT_ASKED, text)


def _unpaired(pair: Pair | None, cell: tuple[str, str, str]) -> tuple[Why | None, str]:
    """Return why a cell cannot be held against the other run, if it cannot."""
    if pair is None:
        return Why.NO_BASELINE, "There is no baseline to hold it against: name one with --against."
    source, metric, name = cell
    if (source, metric) not in pair.metrics:
        return Why.NOT_ASKED, f"{pair.base.run.run_id} was not asked this."
    if changes := _changes(pair, source, metric):
        return Why.OTHER_INSTRUMENT, f"The baseline was measured otherwise: {'; '.join(changes)}."
    if not pair.asked(source, metric).size(name):
        before, after, _ = pair.unpaired(*cell)
        side = pair.candidate if before and not after else pair.base
        return Why.NOT_ASKED, f"{side.run.run_id} was not asked this."
    if name not in pair.cells(source, metric):
        return Why.MISSING, f"None of its {pair.asked(source, metric).size(name)} items has a verdict on both sides."
    return None, ""


def _changes(pair: Pair, source: str, metric: str) -> list[str]:
    """Return what is not the same of the instrument that made a number on both sides."""
    probes = pair.weights(source, metric)
    return [change for change in instrument_changes(pair) if change.partition(":")[0] in probes]


def _one_sided(pair: Pair, cell: tuple[str, str, str], sides: Sides) -> tuple[Why | None, str]:
    """Return why a cell shows too little of a change, if it does: each side must have been asked the same."""
    base, candidate = pair.base.run, pair.candidate.run
    if base.run_id == candidate.run_id:
        return Why.NO_BASELINE, "The baseline is the candidate itself: name another with --against."
    if "until_decided" in base.manifest:
        return Why.NOT_ASKED, f"{base.run_id} was itself asked only until it was decided: it is no baseline."
    before, after, both = pair.unpaired(*cell)
    before = 0 if sides.in_order else before
    for count, run in ((after, candidate), (before, base)):
        if count > sides.tolerated * (count + both):
            fact = f"{count} of {count + both} items were asked of {run.model_id} only: ask both the same."
            return Why.NOT_ASKED, fact
    return None, ""


def _name(rule: Rule, source: str, _metric: str, cell: str) -> str:
    if rule.by == "probe":
        return f"{rule.id}[probe={source}]"
    return f"{rule.id}[{cell}]" if cell != "all" else rule.id


def rule_words(rule: Rule, pair: Pair, cell: tuple[str, str, str], limit: float | None = None) -> str:
    """Return the limit of a rule in words."""
    from auditor.metrics.kinds import KINDS
    from auditor.metrics.measured import finite

    name, own = rule.limit
    limit = own if limit is None else limit
    spec = pair.spec(*cell[:2])
    kind = KINDS[spec.kind]
    bounds = finite(kind.low), finite(kind.high)
    what = name.replace("_", " ")
    if spec.better is Better.TARGET:
        ideal = amounts.exact(spec.ideal or 0.0, *bounds)
        size = amounts.margin(limit, *bounds)
        told = (
            f"increase of the distance from {ideal} at most {size}" if rule.relative else f"{what} {size} from {ideal}"
        )
    elif rule.relative:
        told = f"{what} {amounts.margin(limit, *bounds)}"
    else:
        told = f"{what} {amounts.amount(limit, *bounds, amounts.decimals(limit, *bounds))}"
    return told + (", and no worsening shown" if rule.strict else "")
