"""What is wrong with a probe file, its shape and beyond; each mistake is one line with file, line and key."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod
from typing import Any

from auditor.battery.expand import expand
from auditor.battery.schema import BATTERIES, ProbeDoc
from auditor.battery.templates import names
from auditor.documents import Source
from auditor.errors import ProbeError, nearest
from auditor.salvage import Pattern, salvage
from auditor.types import Item

Loc = Sequence[str | int]
MOST_ITEMS = 100_000
"""Items of one probe; slots multiply, and a mistake in them must not fill the memory."""
STAND_INS: Mapping[Pattern, Any] = {
    **{(key,): "unknown" for key in ("title", "failure_title", "description", "licence")},
    ("tags",): {"battery": BATTERIES[0]},
    ("version",): 1,
    ("data",): {"items": []},
    ("grader",): {"name": ""},
    ("metrics",): [{"name": "unknown", "kind": "mean", "better": "lower"}],
    ("metrics", "*", "better"): "lower",
    ("severity",): "low",
}
"""Of keys that every probe has, for a file where they are missing or wrong."""
WRITTEN = {("data", "items", "*"), ("data", "contrasts", "*")}
"""Lists whose sound entries can be checked when others are left out."""
CONTRAST_PLACES = {"ambiguous": {"first", "second"}, "clear": {"one", "two"}, "negative": set(), "non_negative": set()}


@dataclass(frozen=True, slots=True)
class Draft:
    """A probe file as far as it can be understood."""

    source: Source
    doc: ProbeDoc | None
    """Without what is wrong; None where nothing can be used."""
    items: Sequence[Item] | None
    """None where not all of them can be told."""
    mistakes: list[str]
    has_grader: bool
    """Whether what the document says of the grader is the file's own."""


def examine(name: str, source: Source, library: Mapping[str, ProbeDoc]) -> Draft:
    """Return a probe file with every mistake of it; `name` is what its path makes its id."""
    found = salvage(source, ProbeDoc, {**STAND_INS, ("id",): name})
    doc, source, mistakes = found.document, found.source, list(found.mistakes)
    if doc is None:
        return Draft(source, None, None, mistakes, has_grader=False)
    mistakes += _identity(name, doc, source)
    mistakes += _ids(doc, source)
    lost = {part for part in found.lost if part[0] in ("data", "prompt")}
    items: Sequence[Item] | None = None
    if {part[:3] for part in lost} <= WRITTEN:
        unfilled, unmade = list(_templates(doc, source)), [*_origin(doc, source, library), *_size(doc, source)]
        mistakes += unfilled + unmade
        if not (lost or unmade):
            items = _expanded(doc if not unfilled else _without_texts(doc), source, library, mistakes)
            if items is not None:
                mistakes += _families(doc, source, items)
                mistakes += _tags(doc, source, items)
            if unfilled:
                items = None
            elif items is not None:
                mistakes += _same(doc, source, items)
    has_grader = not any(part[0] == "grader" for part in found.lost)
    return Draft(source, doc, items, mistakes, has_grader)


def _identity(name: str, doc: ProbeDoc, source: Source) -> Iterator[str]:
    if doc.id != name:
        yield source.at(["id"], f"is '{doc.id}', but the folder and file name make it '{name}'")
    close = get_close_matches(doc.battery.casefold(), BATTERIES, n=1, cutoff=0.7)
    if close and doc.battery not in (*BATTERIES, name.partition(".")[0]):
        yield source.at(["tags", "battery"], f"battery '{doc.battery}' is unknown; did you mean '{close[0]}'?")
    seen = Counter(metric.name for metric in doc.metrics)
    for place, metric in enumerate(doc.metrics):
        if seen[metric.name] > 1:
            yield source.at(["metrics", place, "name"], f"the metric '{metric.name}' is there twice")


def _ids(doc: ProbeDoc, source: Source) -> Iterator[str]:
    for kind in ("items", "contrasts"):
        first: dict[str, int] = {}
        for place, entry in enumerate(getattr(doc.data, kind) or []):
            line = source.line(["data", kind, place])
            if entry.id in first:
                yield source.at(
                    ["data", kind, place, "id"], f"the id '{entry.id}' is already used in line {first[entry.id]}"
                )
            first.setdefault(entry.id, line)
    for slot, values in doc.data.slots.items():
        ids = Counter(value if isinstance(value, str) else value.id for value in values)
        for value, count in ids.items():
            if count > 1:
                yield source.at(["data", "slots", slot], f"the value '{value}' is there twice")


def _templates(doc: ProbeDoc, source: Source) -> Iterator[str]:
    data = doc.data
    known = set(data.slots)
    if data.template is not None:
        yield from _places(source, ["data", "template"], data.template, known, known)
    if data.items is not None and data.slots:
        for place, item in enumerate(data.items):
            loc: Loc = ["data", "items", place, "text" if item.text is not None else "turns"]
            yield from _places(source, loc, "\n".join(item.texts), known, known)
    for place, contrast in enumerate(data.contrasts or []):
        for key, wanted in CONTRAST_PLACES.items():
            yield from _places(source, ["data", "contrasts", place, key], getattr(contrast, key), wanted, wanted)
    if data.transform:
        loc = ["data", "transform", "wrap"]
        yield from _places(source, loc, data.transform.wrap, {"text"}, {"text"})
    yield from _prompt(doc, source)


def _prompt(doc: ProbeDoc, source: Source) -> Iterator[str]:
    data = doc.data
    if data.contrasts is not None:
        known = {"context", "question", "options", "text"}
    elif data.items is not None:
        shared = [set(item.fill) | ({"options"} if item.options else set()) for item in data.items]
        known = {"text"} | (set.intersection(*shared) if shared else set())
    else:
        known = {"text"}
    yield from _places(source, ["prompt", "user"], doc.prompt.user, known, set())


def _places(source: Source, loc: Loc, template: str, known: set[str], needed: set[str]) -> Iterator[str]:
    try:
        used = set(names(template))
    except ValueError as problem:
        yield source.at(loc, f"{problem}")
        return
    for name in sorted(used - known):
        guess = nearest(name, known)
        yield source.at(loc, f"nothing fills '{{{name}}}'" + (f"; {guess}" if guess else ""))
    for name in sorted(needed - used):
        yield source.at(loc, f"'{{{name}}}' is not used")


def _origin(doc: ProbeDoc, source: Source, library: Mapping[str, ProbeDoc]) -> Iterator[str]:
    origin = doc.data.source
    if origin is None:
        return
    if origin == doc.id:
        yield source.at(["data", "from"], "a probe cannot take its items from itself")
    elif origin not in library:
        guess = nearest(origin, library)
        yield source.at(["data", "from"], f"probe '{origin}' is unknown" + (f"; {guess}" if guess else ""))
        return
    try:
        above = library[origin].data.source
    except ProbeError:
        yield source.at(["data", "from"], f"the file of '{origin}' has mistakes of its own")
        return
    if above is not None:
        yield source.at(["data", "from"], f"'{origin}' takes its items from another probe itself; name that one")


def _size(doc: ProbeDoc, source: Source) -> Iterator[str]:
    items = len(doc.data.items or [None]) * prod(len(values) for values in doc.data.slots.values())
    if items > MOST_ITEMS:
        yield source.at(["data", "slots"], f"the slots make {items} items; at most {MOST_ITEMS} are allowed")


def _without_texts(doc: ProbeDoc) -> ProbeDoc:
    """Return the document with nothing in it to be filled: what its items are called and tagged stays."""
    data = doc.data
    parts: dict[str, Any] = {
        "items": data.items and [item.model_copy(update={"text": "", "turns": None}) for item in data.items],
        "template": data.template and "",
        "contrasts": data.contrasts
        and [one.model_copy(update=dict.fromkeys(CONTRAST_PLACES, "")) for one in data.contrasts],
        "transform": data.transform and data.transform.model_copy(update={"wrap": ""}),
    }
    prompt = doc.prompt.model_copy(update={"user": ""})
    return doc.model_copy(update={"prompt": prompt, "data": data.model_copy(update=parts)})


def _expanded(
    doc: ProbeDoc, source: Source, library: Mapping[str, ProbeDoc], mistakes: list[str]
) -> Sequence[Item] | None:
    try:
        return expand(doc, library)
    except ValueError as problem:
        mistakes.append(source.at(["data"], str(problem)))
        return None


def _families(doc: ProbeDoc, source: Source, items: Sequence[Item]) -> Iterator[str]:
    if len({item.family_id for item in items}) < 2:
        yield source.at(["data"], "fewer than two families: no interval can be told from one; add another")
    written = [entry.id for entry in (*(doc.data.items or ()), *(doc.data.contrasts or ()))]
    if len(set(written)) == len(written):  # else it is said of what was written
        for name, count in Counter(item.item_id for item in items).items():
            if count > 1:
                yield source.at(["data"], f"{count} items share the id '{name}'")


def _same(doc: ProbeDoc, source: Source, items: Sequence[Item]) -> Iterator[str]:
    if len(items) > 1 and len({item.turns for item in items}) == 1:
        loc: Loc = ["data"] if names(doc.prompt.user) else ["prompt", "user"]
        yield source.at(loc, "every item asks the same; '{text}' stands for the item's own text")


def _tags(doc: ProbeDoc, source: Source, items: Sequence[Item]) -> Iterator[str]:
    tags: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for tag, value in item.tags.items():
            tags[tag].add(value)
    for place, metric in enumerate(doc.metrics):
        for tag in metric.breakdown:
            if tag not in tags:
                yield _unknown_tag(source, ["metrics", place, "breakdown"], tag, tags)
        for tag, wanted in metric.where.items():
            if tag not in tags:
                yield _unknown_tag(source, ["metrics", place, "where"], tag, tags)
                continue
            for value in [wanted] if isinstance(wanted, str) else wanted:
                if value not in tags[tag]:
                    guess = nearest(value, tags[tag])
                    fact = f"no item has {tag}='{value}'" + (f"; {guess}" if guess else "")
                    yield source.at(["metrics", place, "where", tag], fact)


def _unknown_tag(source: Source, loc: Loc, tag: str, tags: Mapping[str, set[str]]) -> str:
    guess = nearest(tag, tags)
    return source.at(loc, f"no item has the tag '{tag}'" + (f"; {guess}" if guess else ""))
