"""What changed since the baseline, for the first screen: the shown changes, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.compare import Difference, Standing
from auditor.render import paired
from auditor.render.address import cell_link
from auditor.render.material import Material
from auditor.render.transcripts import Change
from auditor.render.wording import Move, move

WORSE, BETTER = 6, 4
"""Most lines of each kind."""


@dataclass(frozen=True, slots=True)
class Line:
    """One change in words."""

    move: Move | None
    what: str
    values: str
    link: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The changes that are told, and how many items turned."""

    baseline: str
    compared: bool
    """Whether the two compare at all."""
    lines: Sequence[Line]
    left: int
    """Shown changes that are not told here."""
    broken: int
    fixed: int


def build(material: Material) -> Changed | None:
    """Return what changed, or None where there is no baseline."""
    if material.baseline is None:
        return None
    found = paired.broadest(paired.largest_first(material))
    worse, better = paired.standing(found, Standing.WORSE), paired.standing(found, Standing.BETTER)
    told = [*worse[:WORSE], *better[:BETTER]]
    changes = [transcript.change for transcript in material.transcripts]
    return Changed(
        baseline=material.baseline.label,
        compared=material.comparison is not None,
        lines=[_line(material, difference) for difference in told],
        left=len(worse) + len(better) - len(told),
        broken=changes.count(Change.BROKEN),
        fixed=changes.count(Change.FIXED),
    )


def _line(material: Material, difference: Difference) -> Line:
    return Line(
        move=move(difference),
        what=paired.name(difference),
        values=f"{paired.values(difference)} ({paired.rests_on(difference)})",
        link=cell_link(material.candidate, difference.source, difference.metric, difference.cell),
    )
