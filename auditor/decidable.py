"""What a policy can decide with what is planned, told before anything is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from math import isfinite

from auditor.asked import ALL, cells_of
from auditor.battery.schema import Pooled
from auditor.decision import FEWEST_FAMILIES
from auditor.errors import ConfigError
from auditor.metrics.interface import MetricSpec
from auditor.metrics.kinds import KINDS
from auditor.plan import Plan, ProbePlan
from auditor.polarity import can_be_bad
from auditor.policy import Policy, PolicyFile, Rule
from auditor.rules import Numbers, budget_mistakes, rule_mistakes
from auditor.stats.power import JointPower, families_needed, joint_power, paired_power, rate_power
from auditor.types import Better, Item

DISCORDANCE = 0.02
"""Share of families that differ each way between two versions of which neither is worse."""
POWER = 0.8
AT_REST = ("bbq_bias_ambiguous",)
"""Kinds of which one answer alone can be at an ideal inside the range."""
LARGE = 3
"""Margins: a change so large should be found."""


class Prospect(StrEnum):
    """What a rule can come to."""

    PASS = "can pass"
    FAIL = "can only fail"
    """A bad candidate is found, a good one is not recognised."""
    NEITHER = "cannot decide"


@dataclass(frozen=True, slots=True)
class Outlook:
    """One rule, or one of its cells, before anything is asked."""

    id: str
    rule: str
    families: int
    """Planned."""
    needed: int | None
    """For 80% power to pass when nothing changed; None where no number would do, or none can be told."""
    power: float | None
    """To pass when nothing changed; for a limit of its own, when nothing is bad."""
    finds: float | None
    """Chance to fail when the change is three margins."""
    prospect: Prospect


@dataclass(frozen=True, slots=True)
class Outlooks:
    """A whole policy before anything is asked."""

    rules: Sequence[Outlook]
    joint: JointPower
    """Of passing every rule that has a power, when nothing changed."""


@dataclass(frozen=True)
class Planned:
    """The items of a plan by probe, and how their numbers are made."""

    items: Mapping[str, Sequence[Item]]
    metrics: Mapping[str, Sequence[MetricSpec]]
    pooled: Sequence[Pooled]
    suite: str | None = None
    """What is asked whole: empty where only a part of one is, None where that is left open."""
    severe: Collection[str] = ()
    """Severities of which an answer that is planned can be bad by itself."""

    @classmethod
    def of(cls, plan: Plan) -> Planned:
        """Return what a plan asks."""
        return cls(
            items={one.probe.id: one.items for one in plan.probes},
            metrics={one.probe.id: one.probe.doc.metrics for one in plan.probes},
            pooled=plan.pooled,
            suite=plan.suite.id if plan.whole else "",
            severe={one.probe.doc.severity for one in plan.probes if _can_be_bad(one)},
        )

    def numbers(self) -> dict[str, dict[str, float]]:
        """Return battery/metric or probe/metric -> the weights of its probes."""
        own = {f"{probe}/{spec.name}": {probe: 1.0} for probe, specs in self.metrics.items() for spec in specs}
        return {f"{one.battery}/{one.metric}": dict(one.weights) for one in self.pooled} | own

    def spec(self, probe: str, metric: str) -> MetricSpec:
        """Return a probe's metric."""
        return next(spec for spec in self.metrics[probe] if spec.name == metric)

    def cells(self, weights: Mapping[str, float], metric: str) -> dict[str, dict[str, float]]:
        """Return cell -> family -> its share of the number."""
        cells: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
        for probe in weights:
            spec = self.spec(probe, metric)
            for item in self.items[probe]:
                for cell in cells_of(item.tags, spec):
                    cells[cell][probe][item.family_id] += 1.0
        return {cell: _shares(strata, weights) for cell, strata in cells.items()}


def _can_be_bad(planned: ProbePlan) -> bool:
    probe = planned.probe.doc.model_dump(mode="json", include={"grader", "metrics"})
    return any(can_be_bad(probe, {"tags": item.tags, "reference": item.reference}) for item in planned.items)


def _shares(strata: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    total = sum(weights[probe] for probe in strata)
    for probe, families in strata.items():
        for family, count in families.items():
            shares[family] += weights[probe] / total * count / sum(families.values())
    return dict(shares)


def check_planned(file: PolicyFile, planned: Planned, *, in_part: bool = False) -> None:
    """Raise `ConfigError` that names every rule that does not fit what is planned.

    `in_part` says that less is asked than the policy is about: numbers may be missing.
    """
    known = planned.numbers()

    def spec(source: str, metric: str) -> MetricSpec:
        """Return how a number is made; of a pooled one as its first probe says it."""
        return planned.spec(next(iter(known[f"{source}/{metric}"])), metric)

    def cells(source: str, metric: str) -> dict[str, str]:
        """Return the number's cells with their tags."""
        cells = planned.cells(known[f"{source}/{metric}"], metric)
        return {cell: cell.partition("=")[0] if cell != ALL else "" for cell in cells}

    numbers = Numbers("what is planned has", known, spec, cells)
    mistakes = [
        file.at(place, field, fact)
        for place, rule in enumerate(file.policy.rules)
        if rule.metric is not None and not (in_part and rule.metric not in known)
        for field, fact in rule_mistakes(rule, numbers)
    ]
    mistakes += [fact for rule in file.policy.rules for fact in budget_mistakes(file, rule, numbers)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def outlooks(file: PolicyFile, planned: Planned) -> Outlooks:
    """Return what each rule of a policy can come to; raises `ConfigError` where one does not fit what is planned."""
    check_planned(file, planned)
    cells = [(rule, *cell) for rule in file.policy.rules for cell in _cells(rule, planned)]
    found = [*_never(file.policy, planned)]
    found += [_outlook(*one, alpha=file.policy.alpha, claims=len(cells)) for one in cells]
    return Outlooks(found, joint_power([one.power for one in found if one.power is not None]))


def _never(policy: Policy, planned: Planned) -> Iterator[Outlook]:
    """Yield what the gate will leave undecided whatever is answered, since it is not planned."""
    missing = [("required[suite]", "required")] if policy.suite and planned.suite not in (None, policy.suite) else []
    missing += [(f"required[{probe}]", "required") for probe in policy.probes if probe not in planned.items]
    missing += [(rule.id, rule.id) for rule in policy.rules if rule.severity and rule.severity not in planned.severe]
    for name, rule in missing:
        yield Outlook(name, rule, 0, None, 0.0, 0.0, Prospect.NEITHER)


def _cells(rule: Rule, planned: Planned) -> list[tuple[str, MetricSpec, dict[str, float]]]:
    """Return (id, metric, families' shares) of each number that a rule is about; none for a rule on severity."""
    if rule.metric is None:
        return []
    weights, metric = planned.numbers()[rule.metric], rule.metric.split("/")[1]
    spec = planned.spec(next(iter(weights)), metric)
    if rule.by == "probe":
        alone = {probe: planned.cells({probe: 1.0}, metric)["all"] for probe in weights}
        return [(f"{rule.id}[probe={probe}]", spec, shares) for probe, shares in alone.items()]
    cells = planned.cells(weights, metric)
    wanted = [cell for cell in sorted(cells) if cell.startswith(f"{rule.by}=")] if rule.by else [rule.cell or "all"]
    return [(rule.id if cell == "all" else f"{rule.id}[{cell}]", spec, cells[cell]) for cell in wanted]


def _outlook(
    rule: Rule, name: str, spec: MetricSpec, shares: Mapping[str, float], *, alpha: float, claims: int
) -> Outlook:
    kind = KINDS[spec.kind]
    span, families = kind.high - kind.low, len(shares)
    if not isfinite(span):
        return Outlook(name, rule.id, families, None, None, None, Prospect.NEITHER)
    alpha = alpha / 2 if spec.better is Better.TARGET else alpha
    design = families * sum(share * share for share in shares.values())
    power_of: Callable[[int], float]
    if rule.relative:
        margin = rule.limit[1] / span
        power_of = partial(paired_power, margin=margin, discordance=DISCORDANCE, alpha=alpha, design=design)
        least = 0.0 if rule.strict else -margin
        change = max(-LARGE * margin, 2 * DISCORDANCE - 1)
        finds = paired_power(
            families, margin=least, discordance=DISCORDANCE, change=change, alpha=alpha / claims, design=design
        )
    elif _swings(spec):
        ideal, limit = ((spec.ideal or 0.0) - kind.low) / span, rule.limit[1] / span
        power_of = partial(_near, ideal=ideal, limit=limit, alpha=alpha)
        room, rate = max(ideal, 1 - ideal) - limit, max(ideal, 1 - ideal) - LARGE * limit
        finds = rate_power(families, limit=room, rate=max(0.0, rate), alpha=alpha / claims)
    else:
        limit = _limit(rule, spec)
        power_of = partial(rate_power, limit=limit, rate=0.0, alpha=alpha)
        finds = rate_power(families, limit=1 - limit, rate=max(0.0, 1 - LARGE * limit), alpha=alpha / claims)
    power = power_of(families) if families >= FEWEST_FAMILIES else 0.0
    finds = finds if families >= FEWEST_FAMILIES else 0.0
    needed = families_needed(power_of, power=POWER)
    prospect = Prospect.PASS if power >= POWER else Prospect.FAIL if finds >= POWER else Prospect.NEITHER
    return Outlook(
        name, rule.id, families, None if needed is None else max(needed, FEWEST_FAMILIES), power, finds, prospect
    )


def _swings(spec: MetricSpec) -> bool:
    """Tell whether a number is at its ideal only as the mean of answers that are not: its best case is no certainty."""
    kind, ideal = KINDS[spec.kind], spec.ideal or 0.0
    return spec.better is Better.TARGET and kind.low < ideal < kind.high and spec.kind not in AT_REST


def _near(families: int, *, ideal: float, limit: float, alpha: float) -> float:
    """Return the least power to show a number within a limit of its ideal, of answers at either end of the range.

    Those spread the most of all with that mean. The two sides are put together after Bonferroni.
    """
    sides = [
        rate_power(families, limit=rate + limit, rate=rate, alpha=alpha) if rate + limit < 1 else 1.0
        for rate in (ideal, 1 - ideal)
    ]
    return max(0.0, sum(sides) - 1)


def _limit(rule: Rule, spec: MetricSpec) -> float:
    """Return the limit of a value as the share of the way from the best that it can be to the worst."""
    kind = KINDS[spec.kind]
    limit = rule.limit[1]
    if spec.better is Better.TARGET:
        ideal = spec.ideal or 0.0
        return limit / max(kind.high - ideal, ideal - kind.low)
    return (limit - kind.low if rule.at_most is not None else kind.high - limit) / (kind.high - kind.low)
