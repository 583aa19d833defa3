"""The gate: how often it passes, fails and leaves open, with one rule and with thirty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditor.selftest.grid import ALPHA, INCREASES, MARGIN, RULE_FAMILIES, RULES, Size
from auditor.selftest.numbers import items_of, pairing
from auditor.selftest.rows import Outcomes, Row, Tally, outcomes_of, worst_row
from auditor.selftest.truth import Counts, Kinds, family_kinds, judged_once
from auditor.stats.deciding import Decided, decide
from auditor.stats.families import Floats
from auditor.stats.power import families_needed, paired_power

IN_FULL, PLANNED = f"{RULE_FAMILIES:,} families", "families as planned"
"""How many one rule is given."""
POWER = 0.8
RARELY = 0.01


@dataclass(frozen=True)
class OneRule:
    """A policy of one rule."""

    name: str
    families: int
    discordance: float
    margins: float
    """The increase."""
    runs: int

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often the rule passes, fails, and stays open."""
        counted = Counter[str]()
        for rule in _rule(rng, self.families, self.discordance, self.margins, self.runs):
            counted[_decided(rule[np.newaxis])[0]] += 1
        where = _where(self.families, self.discordance, self.margins)
        seen = {"pass": counted["pass"], "fail": counted["fail"], "open": counted["inconclusive"]}
        return [Tally(f"{self.name}: {what} {self.margins:g}", where, hits, self.runs) for what, hits in seen.items()]


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
        some = rule(self.margins, self.runs * self.changed).reshape(self.runs, self.changed, 2)
        others = rule(0.0, self.runs * (RULES - self.changed)).reshape(self.runs, RULES - self.changed, 2)
        wanted = self.name.partition(" ")[0]
        hits = 0
        for rules in np.concatenate([some, others], axis=1):
            decided = _decided(rules)
            hits += "fail" in decided if wanted == "fail" else set(decided) == {"pass"}
        where = f"{RULES} rules, {self.changed} changed, {_where(self.families, self.discordance, self.margins)}"
        return [Tally(self.name, where + (", strict" if self.strict else ""), hits, self.runs)]


Task = OneRule | ManyRules


def tasks(size: Size) -> list[Task]:
    """Return the cells."""
    found: list[Task] = []
    for discordance in size.discordances:
        needed = families_needed(partial(paired_power, margin=MARGIN, discordance=discordance))
        assert needed is not None
        for margins in INCREASES:
            runs = size.gates if margins <= 1 else size.dear
            found.append(OneRule(IN_FULL, RULE_FAMILIES, discordance, margins, runs))
            runs = size.runs if margins in (0, 2, 3) else size.dear
            found.append(OneRule(PLANNED, needed, discordance, margins, runs))
        if discordance not in size.crowded:
            continue
        many = partial(ManyRules, RULE_FAMILIES, discordance, runs=size.gates)
        found += [
            many(1, 1.0, "pass one"),
            many(RULES, 1.0, "fail all"),
            many(0, 0.0, "fail unchanged"),
            many(0, 0.0, "fail unchanged", strict=True),
            ManyRules(100, discordance, 0, 0.0, "fail unchanged", size.gates, strict=True),
        ]
    return found


def rows(tallies: Sequence[Tally]) -> list[Row | Outcomes]:
    """Return a row for each promise, and what one rule comes to at each increase."""

    def of(*names: str) -> list[Tally]:
        """Return the tallies of some names."""
        return [one for one in tallies if one.what in names]

    free = [f"{IN_FULL}: fail {margins:g}" for margins in (0, 0.5, 1)]
    return [
        worst_row("passes, increase of 1 margin", "at most", ALPHA, of(f"{IN_FULL}: pass 1")),
        worst_row(f"passes, 1 of {RULES} rules 1 margin worse", "at most", ALPHA, of("pass one")),
        worst_row("fails, increase of 0 to 1 margin", "at most", ALPHA, of(*free)),
        worst_row(f"any of {RULES} fails, nothing changed", "at most", ALPHA, of("fail unchanged")),
        worst_row(f"any of {RULES} fails, all 1 margin worse", "at most", ALPHA, of("fail all")),
        worst_row("at plan's size: passes, unchanged", "at least", POWER, of(f"{PLANNED}: pass 0")),
        worst_row("at plan's size: fails, 3 margins", "at least", POWER, of(f"{PLANNED}: fail 3")),
        worst_row("at plan's size: passes, 2 margins", "at most", RARELY, of(f"{PLANNED}: pass 2")),
        *outcomes_of(IN_FULL, tallies),
        *outcomes_of(PLANNED, tallies),
    ]


def _rule(
    rng: np.random.Generator, families: int, discordance: float, margins: float, runs: int, *, strict: bool = False
) -> Floats:
    """Return whether a rule is kept, and the p-value that it is broken, in each run; of shape (runs, 2)."""
    worse = discordance + margins * MARGIN
    kinds = family_kinds((worse, discordance, 1 - worse - discordance), 1, 0.0)
    threshold = 0.0 if strict else MARGIN
    return (
        judged_once(kinds.draw(rng, families, runs), partial(_judged, kinds, threshold)) if runs else np.empty((0, 2))
    )


def _judged(kinds: Kinds, threshold: float, counts: Counts) -> tuple[float, float]:
    candidate, family = items_of(kinds, counts, 0)
    base, _ = items_of(kinds, counts, 1)
    paired = pairing(base, candidate, family)
    low, high, _ = paired.bounds(ALPHA)
    if threshold > 0 and low <= threshold:
        return high < MARGIN, 1.0  # more than alpha; which it is decides nothing, and takes twenty times as long
    return high < MARGIN, paired.p_regression(threshold)


def _decided(rules: Floats) -> list[Decided]:
    """Return what rules come to together; `rules` of shape (rules, 2)."""
    kept, p = rules.T
    return [judged.decided for judged in decide(kept.astype(bool).tolist(), p, alpha=ALPHA)]


def _where(families: int, discordance: float, margins: float) -> str:
    return f"{families} families, discordance {discordance:g}, increase {margins:g} margins"
