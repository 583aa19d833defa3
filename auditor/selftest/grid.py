"""What is simulated: quickly, and in full."""

from __future__ import annotations

from dataclasses import dataclass

MARGIN = 0.05
ALPHA = 0.05
ITEMS = 5
"""Of a family that has several."""
INCREASES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0)
"""Planted in the candidate, in margins."""
RULES = 30
RULE_FAMILIES = 1_000
"""Of each rule, unless it is said otherwise."""


@dataclass(frozen=True)
class Pool:
    """Two probes under one number."""

    families: tuple[int, int]
    weights: tuple[float, float]
    shared: bool = False
    """Both ask the same families, and each family answers both alike."""

    def __str__(self) -> str:
        """Return it in words."""
        kind = "the same families" if self.shared else "families"
        return f"{self.families[0]} and {self.families[1]} {kind}, weights {self.weights[0]:g} to {self.weights[1]:g}"


@dataclass(frozen=True)
class Size:
    """How much is simulated."""

    name: str
    rates: tuple[float, ...]
    families: tuple[int, ...]
    correlations: tuple[float, ...]
    """Of the items of a family."""
    discordances: tuple[float, ...]
    """Share of families that are bad in the baseline only; in the candidate only are that, and the increase."""
    increases: tuple[float, ...]
    """At which the bounds of a change are held against it, in margins."""
    runs: int
    """Of each cell where runs that are alike are judged once."""
    dear: int
    """Of each cell where nearly every run is another."""
    gates: int
    """Of each cell with rules of a thousand families."""
    early: int
    """Of each cell with a rule of a thousand families that is asked until it is decided, where that errs most."""
    early_many: int
    """Of each cell with thirty such rules."""
    early_shares: int
    """Of those that only tell how much is asked."""
    crowded: tuple[float, ...]
    """Discordances at which thirty rules are judged, and families of several items change."""
    incomplete: tuple[int, ...]
    """How many families, where answers are missing or a number should be near 0."""
    several: tuple[int, ...]
    """How many families, where a family has several items."""
    pools: tuple[Pool, ...]
    """Under one number."""

    @property
    def clusters(self) -> list[tuple[int, float]]:
        """How many families of several items, and their correlation."""
        return [(families, correlation) for families in self.several for correlation in self.correlations]

    def paired_runs(self, families: int) -> int:
        """Return how many runs of pairs; with many families few of them are alike."""
        return self.runs if families < RULE_FAMILIES else self.dear


QUICK = Size(
    "quick",
    rates=(0.001, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5),
    families=(10, 24, 50, 100, 240, 1000),
    correlations=(0.0, 0.5),
    discordances=(0.02, 0.05),
    increases=(0.0, 1.0, 3.0),
    runs=4_000,
    dear=250,
    gates=1_000,
    early=1_000,
    early_many=60,
    early_shares=6,
    crowded=(0.05,),
    incomplete=(240,),
    several=(10, 50, 240),
    pools=(Pool((10, 240), (1.0, 1.0)), Pool((240, 100), (1.0, 3.0)), Pool((50, 50), (1.0, 1.0), shared=True)),
)
FULL = Size(
    "full",
    rates=(0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5),
    families=(10, 24, 50, 100, 240, 1000),
    correlations=(0.0, 0.1, 0.2, 0.5),
    discordances=(0.02, 0.035, 0.05),
    increases=INCREASES,
    runs=40_000,
    dear=2_000,
    gates=20_000,
    early=10_000,
    early_many=1_000,
    early_shares=100,
    crowded=(0.02, 0.035, 0.05),
    incomplete=(10, 50, 240),
    several=(10, 24, 50, 100, 240, 1000),
    pools=(
        Pool((10, 40), (3.0, 1.0)),
        Pool((10, 1000), (1.0, 1.0)),
        Pool((24, 240), (1.0, 1.0)),
        Pool((50, 240), (1.0, 1.0)),
        Pool((50, 1000), (1.0, 1.0)),
        Pool((240, 50), (1.0, 3.0)),
        Pool((1000, 240), (3.0, 1.0)),
        Pool((24, 24), (1.0, 1.0), shared=True),
        Pool((240, 240), (1.0, 1.0), shared=True),
    ),
)
