"""Asking until decided: how often that errs, and how much it asks; with one rule and with thirty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.selftest.grid import ALPHA, INCREASES, MARGIN, RULE_FAMILIES, RULES, Size
from auditor.selftest.rows import Outcomes, Row, Tally, mean_row, outcomes_of, worst_row
from auditor.stats.betting import running_p
from auditor.stats.deciding import Decided, decide
from auditor.stats.families import Floats
from auditor.stopping import Rest

MOST_ASKED = 0.6
"""Of the families, in the mean over these increases:"""
ASKED_OVER = (0.0, 0.5, 1.0, 2.0, 4.0)
ONE, MANY = "until decided", f"{RULES} rules until decided"
ASKED = f"what {RULES} rules ask"


@dataclass(frozen=True)
class Early:
    """A policy whose candidates are asked until it is decided, with a thousand families a rule."""

    name: str
    rules: int
    changed: int
    """Rules whose number increases."""
    discordance: float
    margins: float
    """By how much."""
    runs: int
    strict: bool = False

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Return how often all rules pass, any fails, and neither; and the share of the families that was asked."""
        passed = failed = 0
        asked = []
        for _ in range(self.runs):
            changes = self._changes(rng)
            decided, given = until_decided(changes, changes, threshold=0.0 if self.strict else MARGIN)
            passed += set(decided) == {"pass"}
            failed += "fail" in decided
            asked.append(sum(given) / changes.size)
        where = f"discordance {self.discordance:g}, increase {self.margins:g} margins{', strict' * self.strict}"
        counts = {"pass": passed, "fail": failed, "open": self.runs - passed - failed}
        found = [Tally(self._named(outcome), where, count, self.runs) for outcome, count in counts.items()]
        return [*found, Tally(self._named("asked"), where, sum(asked), self.runs, sum(share**2 for share in asked))]

    def _named(self, what: str) -> str:
        return f"{self.name}: {what} {self.margins:g}"

    def _changes(self, rng: np.random.Generator) -> Floats:
        """Return each family's change, of shape (rules, families)."""
        worse = np.full((self.rules, 1), self.discordance)
        worse[: self.changed] += self.margins * MARGIN
        drawn = rng.random((self.rules, RULE_FAMILIES))
        return np.where(drawn < worse, 1.0, np.where(drawn < worse + self.discordance, -1.0, 0.0))


def until_decided(lowest: Floats, highest: Floats, *, threshold: float = MARGIN) -> tuple[list[Decided], list[int]]:
    """Return what rules come to, and how many families each was given.

    Parameters
    ----------
    lowest, highest : ndarray of shape (rules, families)
        Each family's change, in the order in which they are asked, with what is missing as low or as high as can be.
    threshold : float
        Above it a rule is broken.

    Returns
    -------
    (decided, given) : tuple of list
    """
    rests = [Rest(id="", probes=(), families=[""] * lowest.shape[1], in_full=False) for _ in lowest]
    kept, p = [False] * len(rests), [1.0] * len(rests)
    decided: list[Decided] = []
    while any(rest.open for rest in rests):
        for place, rest in enumerate(rests):
            if rest.open:
                rest.take()
                low, high = lowest[place, : rest.given], highest[place, : rest.given]
                kept[place] = running_p(high, MARGIN, low=-1, high=1) <= ALPHA
                p[place] = running_p(-low, -threshold, low=-1, high=1)
        decided = [judged.decided for judged in decide(kept, p, alpha=ALPHA)]
        for rest, outcome in zip(rests, decided, strict=True):
            rest.decided = outcome != "inconclusive"
    return decided, [rest.given for rest in rests]


def tasks(size: Size) -> list[Early]:
    """Return the cells."""
    found = []
    for discordance in size.discordances:
        found += [
            Early(ONE, 1, 1, discordance, margins, size.early if margins == 1 else size.dear) for margins in INCREASES
        ]
        found += [Early(ASKED, RULES, RULES, discordance, margins, size.early_shares) for margins in ASKED_OVER]
    for discordance in size.crowded:
        found += [
            Early(MANY, RULES, RULES, discordance, 1.0, size.early_many),
            Early(MANY, RULES, 0, discordance, 0.0, size.early_many),
            Early(f"one of {MANY}", RULES, 1, discordance, 1.0, size.early_many),
            Early(f"{MANY}, strict", RULES, 0, discordance, 0.0, size.early_many, strict=True),
        ]
    return found


def rows(tallies: Sequence[Tally]) -> list[Row | Outcomes]:
    """Return a row for each promise, and what one rule comes to at each increase."""

    def of(name: str, what: str, *increases: float) -> list[Tally]:
        """Return the tallies of some increases."""
        wanted = {f"{name}: {what} {margins:g}" for margins in increases}
        return [one for one in tallies if one.what in wanted]

    unchanged = [*of(MANY, "fail", 0), *of(f"{MANY}, strict", "fail", 0)]
    return [
        worst_row("passes, increase of 1 margin", "at most", ALPHA, of(ONE, "pass", 1)),
        worst_row(f"passes, 1 of {RULES} rules 1 margin worse", "at most", ALPHA, of(f"one of {MANY}", "pass", 1)),
        worst_row("fails, increase of 0 to 1 margin", "at most", ALPHA, of(ONE, "fail", 0, 0.5, 1)),
        worst_row(f"any of {RULES} fails, nothing changed", "at most", ALPHA, unchanged),
        worst_row(f"any of {RULES} fails, all 1 margin worse", "at most", ALPHA, of(MANY, "fail", 1)),
        mean_row("share asked, 1 rule", "at most", MOST_ASKED, of(ONE, "asked", *ASKED_OVER)),
        mean_row(f"share asked, {RULES} rules", "at most", MOST_ASKED, of(ASKED, "asked", *ASKED_OVER)),
        *outcomes_of(ONE, tallies),
    ]
