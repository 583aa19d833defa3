"""Which items a number is over, cell by cell, whether or not they have a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.metrics.interface import MetricSpec

ALL = "all"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """The items of one number."""

    items: Mapping[str, Mapping[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    """Cell -> probe -> item ids."""
    tags: dict[str, str] = field(default_factory=dict)
    """Cell -> the tag whose value it is; that of `all` is empty."""

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Row]], specs: Mapping[str, MetricSpec]) -> Asked:
        """Return the items that a number counts, of (item id, item); `specs` say how each of its probes makes it."""
        found = cls()
        for name, item in rows:
            probe = item["probe_id"]
            cells = cells_of(item["tags"], specs[probe]) if probe in specs else {}
            found.tags.update(cells)
            for cell in cells:
                found.items[cell][probe].add(name)
        return found

    def size(self, cell: str) -> int:
        """Return how many items a cell has."""
        return sum(len(items) for items in self.items.get(cell, {}).values())


def cells_of(tags: Mapping[str, str], spec: MetricSpec) -> dict[str, str]:
    """Return the cells in which a metric counts an item with such tags, each with its tag; none where it does not."""
    wanted = {name: [of] if isinstance(of, str) else of for name, of in spec.where.items()}
    if any(tags.get(name) not in values for name, values in wanted.items()):
        return {}
    return {ALL: ""} | {f"{tag}={tags[tag]}": tag for tag in spec.breakdown if tags.get(tag) is not None}
