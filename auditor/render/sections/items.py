"""Section 9, all items: what the script needs to draw the table, and what to do without it."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.render.material import Material

from . import held
from .held import Held


@dataclass(frozen=True, slots=True)
class Items:
    """The index of all items, and the command that shows the same in a terminal."""

    count: int
    index: str
    run_id: str
    held: Held


def build(material: Material) -> Items:
    """Return the data of every item."""
    return Items(
        count=len(material.transcripts),
        index=material.embedded.index,
        run_id=material.candidate.run.run_id,
        held=held.build(material),
    )
