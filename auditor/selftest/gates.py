"""The gate: how often it passes, fails and leaves open, with one rule and with thirty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditor.selftest.grid import ALPHA, MARGIN, RULE_FAMILIES, RULES, Size
from auditor.selftest.numbers import items_of, pairing
from auditor.selftest.rows import Row, Tally, worst_row
from auditor.selftest.truth import Counts, Kinds, family_kinds, judged_once
from auditor.stats.deciding import decide
from auditor.stats.families import Floats
from auditor.stats.multiplicity import holm
from auditor.stats.power import families_needed, paired_power

UNCHANGED, HALF, AT_MARGIN, TWICE, THRICE = 0.0, 0.5, 1.0, 2.0, 3.0
"""Increases, in margins."""
POWER = 0.8
RARELY = 0.01


@dataclass(frozen=True)
class OneRule:
    """A policy of one rule."""

    families: int
    discordance: float
    wanted: Mapping[float, Sequence[str]]
    """Increase in margins -> which tallies it is for: `pass ...` or `fail ...`."""
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the rule passes and fails."""
        found = []
        for margins, names in self.wanted.items():
            low, high, p = _rule(rng, self.families, self.discordance, margins, self.runs).T
            decided = [
                decide(*numbers, margin=MARGIN, alpha=ALPHA) for numbers in zip(low, high, p.tolist(), strict=True)
            ]
            where = _where(self.families, self.discordance, margins)
            found += [Tally(name, where, sum(one == _outcome(name) for one in decided), self.runs) for name in names]
        return found


@dataclass(frozen=True)
class ManyRules:
    """A policy of thirty rules on independent families."""

    families: int
    discordance: float
    changed: int
    """Rules whose number increases."""
    margins: float
    """By how much."""
    name: str
    """The tally: `pass ...` for all rules passed, `fail ...` for any failed."""
    runs: int
    strict: bool = False

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the gate passes, or fails."""
        rule = partial(_rule, rng, self.families, self.discordance, strict=self.strict)
        some = rule(self.margins, self.runs * self.changed).reshape(self.runs, self.changed, 3)
        others = rule(UNCHANGED, self.runs * (RULES - self.changed)).reshape(self.runs, RULES - self.changed, 3)
        wanted = _outcome(self.name)
        hits = 0
        for numbers in np.concatenate([some, others], axis=1):
            low, high, p = numbers.T
            decided = [
                decide(*one, margin=MARGIN, alpha=ALPHA) for one in zip(low, high, holm(p).tolist(), strict=True)
            ]
            hits += "fail" in decided if wanted == "fail" else set(decided) == {"pass"}
        where = f"{RULES} rules, {self.changed} changed, {_where(self.families, self.discordance, self.margins)}"
        return [Tally(self.name, where + (", strict" if self.strict else ""), hits, self.runs)]


Task = OneRule | ManyRules


def tasks(size: Size) -> list[Task]:
    """Return the cells."""
    found: list[Task] = []
    for discordance in size.discordances:
        free = {UNCHANGED: ["fail free"], HALF: ["fail free"], AT_MARGIN: ["fail free", "pass margin"]}
        found.append(OneRule(RULE_FAMILIES, discordance, free, size.gates))
        needed = families_needed(partial(paired_power, margin=MARGIN, discordance=discordance))
        assert needed is not None
        sized = {UNCHANGED: ["pass unchanged"], THRICE: ["fail thrice"], TWICE: ["pass twice"]}
        found.append(OneRule(needed, discordance, sized, size.runs))
        if discordance not in size.crowded:
            continue
        many = partial(ManyRules, RULE_FAMILIES, discordance, runs=size.gates)
        found += [
            many(1, AT_MARGIN, "pass margin of many"),
            many(RULES, AT_MARGIN, "fail margin of many"),
            many(0, UNCHANGED, "fail unchanged"),
            many(0, UNCHANGED, "fail unchanged", strict=True),
            ManyRules(100, discordance, 0, UNCHANGED, "fail unchanged", size.gates, strict=True),
        ]
    return found


def rows(tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each promise."""

    def of(name: str) -> list[Tally]:
        """Return the tallies of a name."""
        return [one for one in tallies if one.what == name]

    many, sized = f"of {RULES} rules", "at the size that plan asks for"
    return [
        worst_row("P(gate passes), increase of one margin", "at most", ALPHA, of("pass margin")),
        worst_row(f"P(gate passes), increase of one margin in one {many}", "at most", ALPHA, of("pass margin of many")),
        worst_row(f"P(any {many} fails), nothing changed", "at most", ALPHA, of("fail unchanged")),
        worst_row("P(gate fails), increase of 0 to 1 margin", "at most", ALPHA, of("fail free")),
        worst_row(f"P(any {many} fails), increase of one margin in all", "at most", ALPHA, of("fail margin of many")),
        worst_row(f"P(gate passes) {sized}, nothing changed", "at least", POWER, of("pass unchanged")),
        worst_row(f"P(gate fails) {sized}, increase of 3 margins", "at least", POWER, of("fail thrice")),
        worst_row(f"P(gate passes) {sized}, increase of 2 margins", "at most", RARELY, of("pass twice")),
    ]


def _rule(
    rng: np.random.Generator, families: int, discordance: float, margins: float, runs: int, *, strict: bool = False
) -> Floats:
    """Return the bounds and the p-value of a rule in each run, of shape (runs, 3)."""
    worse = discordance + margins * MARGIN
    kinds = family_kinds((worse, discordance, 1 - worse - discordance), 1, 0.0)
    threshold = 0.0 if strict else MARGIN
    return (
        judged_once(kinds.draw(rng, families, runs), partial(_judged, kinds, threshold)) if runs else np.empty((0, 3))
    )


def _judged(kinds: Kinds, threshold: float, counts: Counts) -> tuple[float, float, float]:
    candidate, family = items_of(kinds, counts, 0)
    base, _ = items_of(kinds, counts, 1)
    paired = pairing(base, candidate, family)
    low, high, _ = paired.bounds(ALPHA)
    if threshold > 0 and low <= threshold:
        return low, high, 1.0  # more than alpha; which it is decides nothing, and takes twenty times as long
    return low, high, paired.p_regression(threshold)


def _outcome(name: str) -> str:
    return name.partition(" ")[0]


def _where(families: int, discordance: float, margins: float) -> str:
    return f"{families} families, discordance {discordance:g}, increase {margins:g} margins"
