"""Whether a rule fits the number that it is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from auditor.errors import nearest
from auditor.metrics.interface import MetricSpec
from auditor.metrics.kinds import KINDS
from auditor.policy import PolicyFile, Rule
from auditor.types import Better


@dataclass(frozen=True)
class Numbers:
    """The numbers that there are, or will be."""

    whose: str
    """Who has them, to begin a sentence with."""
    names: Collection[str]
    """battery/metric or probe/metric."""
    spec: Callable[[str, str], MetricSpec]
    """How a number of a battery or probe is made."""
    cells: Callable[[str, str], Mapping[str, str]]
    """Its cells, `all` and tag=value, each with its tag."""


def rule_mistakes(rule: Rule, numbers: Numbers) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a rule on a metric: the field, and the fact."""
    assert rule.metric is not None
    if rule.metric not in numbers.names:
        guess = nearest(rule.metric, numbers.names)
        yield "metric", f"{numbers.whose} no number '{rule.metric}'" + (f"; {guess}" if guess else "")
        return
    source, metric = rule.metric.split("/")
    spec, cells = numbers.spec(source, metric), numbers.cells(source, metric)
    if rule.cell is not None and rule.cell not in cells:
        guess = nearest(rule.cell, cells)
        yield "cell", f"{rule.metric} has no cell '{rule.cell}'" + (f"; {guess}" if guess else "")
    if rule.by not in (None, "probe", *cells.values()):
        tags = sorted({tag for tag in cells.values() if tag} | {"probe"})
        yield "by", f"{rule.metric} is not broken down by '{rule.by}'; known: {', '.join(tags)}"
    yield from _limit_mistakes(rule, spec)


def _limit_mistakes(rule: Rule, spec: MetricSpec) -> Iterator[tuple[str, str]]:
    name, limit = rule.limit
    kind = KINDS[spec.kind]
    direction = {"increase_at_most": Better.LOWER, "decrease_at_most": Better.HIGHER}.get(name)
    if direction and spec.better is not direction and not (name == "increase_at_most" and spec.better is Better.TARGET):
        other = "decrease_at_most" if spec.better is Better.HIGHER else "increase_at_most"
        yield name, f"of {rule.metric} {spec.better} is better: say {other}"
    elif direction and limit >= _reach(spec):
        yield name, f"{limit:g} is all that {rule.metric} can move: the rule could not fail"
    if name in ("at_most", "at_least"):
        least, most = (0.0, _reach(spec)) if spec.better is Better.TARGET else (kind.low, kind.high)
        if not least < limit < most:
            yield name, f"{limit:g} is not between {least:g} and {most:g}: a bound can never keep or break it"
        wanted = "at_least" if spec.better is Better.HIGHER else "at_most"
        if name != wanted:
            yield name, f"of {rule.metric} {spec.better} is better: say {wanted}"


def budget_mistakes(file: PolicyFile, rule: Rule, numbers: Numbers) -> Iterator[str]:
    """Yield that a rule could not fail against the anchor, where its budget is all that the number can move."""
    anchor = file.policy.anchor
    if anchor is None or rule.metric is None or not rule.relative or rule.metric not in numbers.names:
        return
    source, metric = rule.metric.split("/")
    if anchor.budget >= _reach(numbers.spec(source, metric)):
        fact = (
            f"{anchor.budget:g} is all that {rule.metric} can move: rule '{rule.id}' could not fail against the anchor"
        )
        yield file.source.at(["anchor", "budget"], fact)


def _reach(spec: MetricSpec) -> float:
    """Return how far a number can move on the scale that a rule limits; of one with a target, its distance from it."""
    kind, ideal = KINDS[spec.kind], spec.ideal or 0.0
    return max(kind.high - ideal, ideal - kind.low) if spec.better is Better.TARGET else kind.high - kind.low
