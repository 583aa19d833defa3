"""Addresses inside the page: a filter of the item table as a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from auditor.metrics.needs import NEEDS
from auditor.polarity import State
from auditor.types import Estimate

from .transcripts import Change
from .versions import Version

ITEMS = "#items"
"""Where the table of all items stands."""
ANY = "\x1f"
"""Stands between tags of which an item has one or another."""


def items_link(
    probes: Iterable[str], tags: Iterable[str] = (), change: Change | None = None, state: State | None = None
) -> str:
    """Return the link to the items of some probes (or batteries) that have all the tags, changed so and are so now."""
    wanted = [
        ("probe", " ".join(probes)),
        *(("tag", tag) for tag in tags),
        ("change", change or ""),
        ("state", state or ""),
    ]
    return f"{ITEMS}&" + urlencode([pair for pair in wanted if pair[1]], errors="replace")


def pick_link(number: int) -> str:
    """Return the link to items that are picked out by number."""
    return f"{ITEMS}&pick={number}"


def item_link(item_id: str) -> str:
    """Return the link to one item."""
    return f"{ITEMS}&" + urlencode({"item": item_id}, errors="replace")


def number_link(version: Version, estimate: Estimate) -> str:
    """Return the link to the items behind an estimate."""
    return cell_link(version, estimate.probe_id, estimate.metric, estimate.cell)


def cell_link(version: Version, source: str, metric: str, cell: str) -> str:
    """Return the link to the items behind a number: of its probes, those that its metric is about."""
    probes = version.behind(source, metric)
    tag, told, category = cell.partition("=")
    of_each = [_about(spec) for probe in probes for spec in version.metrics_of(probe) if spec["name"] == metric]
    shared = set.intersection(*of_each) if of_each else set()
    if of_each and all(len(one - shared) == 1 for one in of_each):  # one tag each, by another name: items have either
        shared.add(ANY.join(sorted(either for one in of_each for either in one - shared)))
    return items_link(probes, [*([f"{tag}: {category}"] if told else []), *sorted(shared)])


def _about(spec: Mapping[str, Any]) -> set[str]:
    """Return what items must be tagged with for a metric to be about them."""
    wanted = {**NEEDS[spec.get("kind", "rate")].tags, **(spec.get("where") or {})}
    return {
        ANY.join(f"{name}: {one}" for one in ([needed] if isinstance(needed, str) else sorted(needed)))
        for name, needed in wanted.items()
    }
