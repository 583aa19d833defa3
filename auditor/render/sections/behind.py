"""The items behind every link of the page, as a table: so that a number leads somewhere without a script as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from urllib.parse import parse_qs

from auditor.polarity import State
from auditor.render.address import ANY, ITEMS
from auditor.render.catalogue import gettext as _
from auditor.render.material import Material
from auditor.render.picks import Pick
from auditor.render.transcripts import Transcript
from auditor.render.versions import Version

Tagged = tuple[Transcript, frozenset[str]]
"""An item with its tags as links name them."""
NAMED = 1
"""Bad items named for each link; a terminal lists the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """The items of one link."""

    id: str
    """What the link says after its #, so that a browser finds the row by itself."""
    what: str
    items: int
    bad: int
    """Of these, in the candidate."""
    named: Sequence[str]


def build(material: Material, views: Iterable[object]) -> list[Row]:
    """Return a row for each link to items that the views hold, in the page's order."""
    found = [link.removeprefix("#") for link in dict.fromkeys(link for view in views for link in _links(view))]
    by_probe: dict[str, list[Tagged]] = defaultdict(list)
    for transcript in material.transcripts:
        tags = frozenset(f"{name}: {value}" for name, value in transcript.item["tags"].items())
        by_probe[transcript.probe["id"]].append((transcript, tags))
    picks = {str(pick.number): pick for pick in material.picks}
    return [_row(link, by_probe, picks) for link in found]


def _links(view: object) -> Iterator[str]:
    """Yield the links to items that a view holds, however deep."""
    if isinstance(view, str):
        if view.startswith(f"{ITEMS}&"):
            yield view
    elif isinstance(view, Mapping):
        for value in view.values():
            yield from _links(value)
    elif isinstance(view, Sequence):
        for value in view:
            yield from _links(value)
    elif is_dataclass(view) and not isinstance(view, Version):
        for field in fields(view):
            yield from _links(getattr(view, field.name))


def _row(link: str, by_probe: Mapping[str, Sequence[Tagged]], picks: Mapping[str, Pick]) -> Row:
    wanted = parse_qs(link)
    picked = [picks[number] for number in wanted.get("pick", [])]
    within = [set(one.items) for one in picked]
    states = wanted.get("state", [])
    sources = wanted["probe"][0].split(" ") if "probe" in wanted else []
    tags = [told.split(ANY) for told in wanted.get("tag", [])]
    changes, items = wanted.get("change", []), wanted.get("item", [])
    found = [
        transcript
        for probe, tagged in by_probe.items()
        if not sources or probe in sources or tagged[0][0].probe["battery"] in sources
        for transcript, its_tags in tagged
        if all(not its_tags.isdisjoint(either) for either in tags)
        and (not changes or transcript.change in changes)
        and (not items or transcript.item["item_id"] in items)
        and (not states or transcript.replies[-1].state in states)
        and (not within or all(transcript.item["item_id"] in ids for ids in within))
    ]
    bad = [transcript.item["item_id"] for transcript in found if transcript.replies[-1].state is State.BAD]
    told = (
        sources if len(sources) < 3 else [_("{first} and {more} more").format(first=sources[0], more=len(sources) - 1)]
    )
    what = "; ".join(
        [
            ", ".join(told),
            *map(_(" or ").join, tags),
            *map(_, changes),
            *map(_, states),
            *(one.what for one in picked),
            *items,
        ]
    ).removeprefix("; ")
    return Row(link, what, len(found), len(bad), () if items else bad[:NAMED])
