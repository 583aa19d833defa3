"""Rules that a suite can decide, with the smallest round margins that a model which did not change passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Literal

from auditor.battery.library import Library
from auditor.battery.schema import SuiteDoc
from auditor.battery.suites import choose
from auditor.decidable import DISCORDANCE, POWER, Planned
from auditor.decision import FEWEST_FAMILIES
from auditor.metrics.interface import MetricSpec
from auditor.metrics.kinds import KINDS
from auditor.stats.power import ALPHA, paired_power
from auditor.types import Better

MARGINS = (0.02, 0.05, 0.10, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""In the metric's unit."""


@dataclass(frozen=True, slots=True)
class SuggestedRule:
    """A rule on a change, and what it can do."""

    id: str
    metric: str
    by: str | None
    limit: Literal["increase_at_most", "decrease_at_most"]
    margin: float
    families: int
    """Of its thinnest cell."""
    cells: int
    power: float
    """To pass in every cell when nothing changed, were the cells independent."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that the suite cannot decide."""

    metric: str
    by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The rules of a first policy for a suite."""

    suite: str
    rules: Sequence[SuggestedRule]
    left_out: Sequence[LeftOut]

    @property
    def power(self) -> float:
        """The chance that every rule passes when nothing changed, were the rules independent."""
        return prod(rule.power for rule in self.rules)


@dataclass(frozen=True)
class _Candidate:
    """A rule before its margin is chosen."""

    name: str
    metric: str
    by: str | None
    spec: MetricSpec
    cells: Mapping[str, Mapping[str, float]]
    """Cell -> family -> its share."""

    def power(self, margin: float) -> float:
        """Return the chance to pass when nothing changed."""
        kind = KINDS[self.spec.kind]
        alpha = ALPHA / 2 if self.spec.better is Better.TARGET else ALPHA
        return prod(
            paired_power(
                len(shares),
                margin=margin / (kind.high - kind.low),
                discordance=DISCORDANCE,
                alpha=alpha,
                design=len(shares) * sum(share * share for share in shares.values()),
            )
            for shares in self.cells.values()
        )

    def margins(self) -> list[tuple[float, float]]:
        """Return the margins with enough power, each with its power, the smallest first."""
        found = [(margin, self.power(margin)) for margin in MARGINS]
        return [(margin, power) for margin, power in found if power >= POWER]

    def hopeless(self) -> str | None:
        """Return why no margin would do, if that is plain from the start."""
        if not isfinite(KINDS[self.spec.kind].high - KINDS[self.spec.kind].low):
            return "it has no bounds, so nothing can be told beforehand"
        thinnest = min(self.cells, key=lambda cell: len(self.cells[cell]))
        if len(self.cells[thinnest]) < FEWEST_FAMILIES:
            families = len(self.cells[thinnest])
            counted = f"{families} {'family' if families == 1 else 'families'}"
            return f"{thinnest if self.by else 'it'} has {counted}, {FEWEST_FAMILIES} are needed to decide"
        return None


def suggest(suite: SuiteDoc, library: Library) -> Suggestion:
    """Return rules that a model which did not change keeps with 80% probability, all of them together.

    Every rule begins with the smallest round margin that has this power by itself; then the least certain ones are
    widened until all together have it.
    """
    chosen: list[tuple[_Candidate, list[tuple[float, float]]]] = []
    left_out = []
    for candidate in _candidates(suite, library):
        reason = candidate.hopeless()
        margins = [] if reason else candidate.margins()
        if margins:
            chosen.append((candidate, margins))
        else:
            fewest = min(len(shares) for shares in candidate.cells.values())
            where = " in a cell" if candidate.by else ""
            reason = reason or f"{fewest} families{where} are too few for a margin of {MARGINS[-1]:g} or less"
            left_out.append(LeftOut(candidate.metric, candidate.by, reason))
    _widen([margins for _, margins in chosen])
    return Suggestion(suite.id, [_rule(candidate, *margins[0]) for candidate, margins in chosen], left_out)


def _widen(margins: Sequence[list[tuple[float, float]]]) -> None:
    """Drop the smallest margins of the least certain rules until all together have the power."""
    while prod(options[0][1] for options in margins) < POWER:
        wider = [options for options in margins if len(options) > 1]
        if not wider:
            return
        min(wider, key=lambda options: options[0][1]).pop(0)


def _rule(candidate: _Candidate, margin: float, power: float) -> SuggestedRule:
    return SuggestedRule(
        id=candidate.name + (f"-by-{candidate.by}" if candidate.by else ""),
        metric=candidate.metric,
        by=candidate.by,
        limit="decrease_at_most" if candidate.spec.better is Better.HIGHER else "increase_at_most",
        margin=margin,
        families=min(len(shares) for shares in candidate.cells.values()),
        cells=len(candidate.cells),
        power=power,
    )


def _candidates(suite: SuiteDoc, library: Library) -> Iterable[_Candidate]:
    """Yield each number of the suite whole, by each tag of its breakdown, and by probe where there are several."""
    items = {
        entry.probe: choose(library.items_of(entry.probe, entry.orders), entry, seed=suite.seed)
        for entry in suite.probes
    }
    planned = Planned(items, {probe: library[probe].metrics for probe in items}, suite.pooled)
    pooled = [f"{one.battery}/{one.metric}" for one in suite.pooled]
    numbers = pooled or [f"{probe}/{library[probe].metrics[0].name}" for probe in items]
    names = Counter(number.split("/")[1] for number in numbers)
    for number in numbers:
        weights, metric = planned.numbers()[number], number.split("/")[1]
        name = metric if names[metric] == 1 else number.replace("/", "-")
        spec = planned.spec(next(iter(weights)), metric)
        cells = planned.cells(weights, metric)
        if not cells:
            continue
        yield _Candidate(name, number, None, spec, {"all": cells["all"]})
        for tag in dict.fromkeys(cell.partition("=")[0] for cell in cells if cell != "all"):
            yield _Candidate(
                name, number, tag, spec, {cell: cells[cell] for cell in sorted(cells) if cell.startswith(f"{tag}=")}
            )
        if len(weights) > 1:
            yield _Candidate(
                name, number, "probe", spec, {probe: planned.cells({probe: 1.0}, metric)["all"] for probe in weights}
            )
