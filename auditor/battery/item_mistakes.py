"""What is wrong with the items that a probe makes, and with the tags that its metrics take from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from auditor.battery.schema import ProbeDoc
from auditor.battery.templates import scan
from auditor.documents import Source
from auditor.errors import nearest
from auditor.types import Item

Loc = Sequence[str | int]
MOST_TWINS = 3
"""Pairs of items that are named where many ask the same."""


def miscounted(doc: ProbeDoc, source: Source, items: Sequence[Item]) -> Iterator[str]:
    """Yield what is wrong with the number of families and the ids of items."""
    if len({item.family_id for item in items}) < 2:
        yield source.at(["data"], "fewer than two families: no interval can be told from one; add another")
    written = [entry.id for entry in (*(doc.data.items or ()), *(doc.data.contrasts or ()))]
    if len(set(written)) == len(written):  # else it is said of what was written
        for name, count in Counter(item.item_id for item in items).items():
            if count > 1:
                yield source.at(["data"], f"{count} items share the id '{name}'")


def alike(doc: ProbeDoc, source: Source, items: Sequence[Item]) -> Iterator[str]:
    """Yield which items ask exactly the same although they count as drawn independently."""
    if len(items) > 1 and len({item.turns for item in items}) == 1:
        loc: Loc = ["data"] if scan(doc.prompt.user)[0] else ["prompt", "user"]
        yield source.at(loc, "every item asks the same; '{text}' stands for the item's own text")
        return
    first: dict[object, Item] = {}
    twins: list[tuple[Item, Item]] = []
    for item in items:
        other = first.setdefault((item.turns, item.system, item.options, item.few_shot), item)
        if other.family_id != item.family_id:
            twins.append((other, item))
    written = {f"{doc.id}/{entry.id}": place for place, entry in enumerate(doc.data.items or ())}
    for other, item in twins[:MOST_TWINS]:
        place = written.get(item.item_id)
        ours, theirs = (name.removeprefix(f"{doc.id}/") for name in (item.item_id, other.item_id))
        families = " and ".join(f"'{one.family_id.removeprefix(f'{doc.id}/')}'" for one in (other, item))
        yield source.at(
            ["data"] if place is None else ["data", "items", place],
            f"the item '{ours}' asks exactly what '{theirs}' asks, but they count as two families, {families}; "
            "give them one family, or leave one out",
        )
    if len(twins) > MOST_TWINS:
        yield source.at(["data"], f"{len(twins) - MOST_TWINS} more items ask what an item of another family asks")


def tags_of(items: Sequence[Item]) -> dict[str, set[str]]:
    """Return tag -> the values that items have."""
    tags: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for tag, value in item.tags.items():
            tags[tag].add(value)
    return tags


def mistagged(doc: ProbeDoc, source: Source, tags: Mapping[str, AbstractSet[str]]) -> Iterator[str]:
    """Yield the tags of metrics that no item has."""
    for place, metric in enumerate(doc.metrics):
        used = [("breakdown", tag) for tag in metric.breakdown]
        used += [("by", metric.by)] if metric.by else []
        used += [("where", tag) for tag in metric.where]
        for key, tag in used:
            if tag not in tags:
                yield source.at(["metrics", place, key], _none_has(f"the tag '{tag}'", tag, tags))
        for tag, wanted in metric.where.items():
            for value in [wanted] if isinstance(wanted, str) else wanted:
                if tag in tags and value not in tags[tag]:
                    fact = _none_has(f"{tag}='{value}'", value, tags[tag])
                    yield source.at(["metrics", place, "where", tag], fact)


def _none_has(what: str, name: str, known: Mapping[str, object] | AbstractSet[str]) -> str:
    guess = nearest(name, known)
    return f"no item has {what}" + (f"; {guess}" if guess else "")
