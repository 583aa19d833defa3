"""Section 9, all items: what the script needs to draw the table, and what to do without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.render.embed import Block, embed
from auditor.render.material import Material

from . import held
from .held import Held


@dataclass(frozen=True, slots=True)
class Items:
    """The data blocks, and the command that shows the same in a terminal."""

    count: int
    blocks: Sequence[Block]
    run_id: str
    held: Held


def build(material: Material) -> Items:
    """Return the data of every item."""
    patterns = {number: one.items for failing in material.failing for number, one in failing.patterns.items()}
    return Items(
        count=len(material.transcripts),
        blocks=embed(material.transcripts, material.versions, patterns),
        run_id=material.candidate.run.run_id,
        held=held.build(material),
    )
