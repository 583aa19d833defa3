"""What is wrong with a probe file, its shape and beyond; each mistake is one line with file, line and key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod
from typing import Any

from auditor.battery.expand import expand
from auditor.battery.item_mistakes import alike, miscounted, mistagged, tags_of
from auditor.battery.placeholders import CONTRAST_PLACES, misfilled
from auditor.battery.schema import BATTERIES, ProbeDoc
from auditor.documents import Source
from auditor.errors import ProbeError, nearest
from auditor.salvage import Pattern, salvage
from auditor.types import Item

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
KINDS = ("items", "template", "contrasts", "from", "generator")
WHOLE_PROMPT = ("system", "few_shot")
"""Parts of a prompt that are the same for every item."""


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


def examine(name: str, source: Source, library: Mapping[str, ProbeDoc], chain: Sequence[str]) -> Draft:
    """Return a probe file with every mistake of it.

    `name` is what its path makes its id; `chain` begins with it and goes on with the probe that it takes its items
    from, and so on, to the last one or to one that is there already.
    """
    slots: dict[Pattern, Any] = {
        ("data", "slots", slot): ["unknown"] for slot in _mentioned(source.data, "data", "slots", deep=False)
    }
    found = salvage(source, ProbeDoc, {**STAND_INS, **slots, ("id",): name})
    doc, written, source, mistakes = found.document, source.data, found.source, list(found.mistakes)
    mistakes += _metric_names(Source(source.path, written))
    if doc is None:
        return Draft(source, None, None, mistakes, has_grader=False)
    if ("metrics",) in found.lost:
        doc = doc.model_copy(update={"metrics": []})
    mistakes += _identity(name, doc, source)
    twice = list(_ids(doc, source))
    mistakes += twice
    lost = {part for part in found.lost if part[0] == "data"}
    prompt_lost = any(part[0] == "prompt" and part[1:2] not in {(key,) for key in WHOLE_PROMPT} for part in found.lost)
    items: Sequence[Item] | None = None
    if not lost:
        unfilled = list(misfilled(doc, source, slots_known=True))
        unmade = [*_origin(doc, source, library, chain), *_size(doc, source)]
        mistakes += unfilled + unmade
        if not unmade:
            items = _expanded(_without_texts(doc) if unfilled else doc, source, library, mistakes)
        if items is not None:
            mistakes += [] if twice else miscounted(doc, source, items)
            mistakes += mistagged(doc, source, tags_of(items))
            mistakes += [] if unfilled or prompt_lost or twice else alike(doc, source, items)
        items = None if unfilled or prompt_lost else items
    elif not any(part in {("data",), *(("data", kind) for kind in KINDS)} for part in lost):
        elsewhere = _mentioned(written, "data")
        mistakes += misfilled(doc, source, slots_known=("data", "slots") not in lost, elsewhere=elsewhere)
        mistakes += _origin(doc, source, library, chain)
        if doc.data.items is not None or doc.data.template is not None:
            mistakes += mistagged(doc, source, dict.fromkeys(elsewhere, elsewhere))
    has_grader = not any(part[0] == "grader" for part in found.lost)
    return Draft(source, doc, items, list(dict.fromkeys(mistakes)), has_grader)


def _mentioned(node: Any, *path: str, deep: bool = True) -> set[str]:
    """Return the keys, and all that is below them if `deep`, of what a path leads to."""
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    if not deep:
        return {str(key) for key in node} if isinstance(node, dict) else set()
    found: set[str] = set()
    left, seen = [node], set()
    while left:
        one = left.pop()
        if not isinstance(one, dict | list):
            found.add(str(one))
        elif id(one) not in seen:
            seen.add(id(one))
            found |= {str(key) for key in one} if isinstance(one, dict) else set()
            left += one.values() if isinstance(one, dict) else one
    return found


def _metric_names(source: Source) -> Iterator[str]:
    """Yield the names that several metrics have, those included that are wrong otherwise."""
    metrics = source.data.get("metrics") if isinstance(source.data, dict) else None
    rows = enumerate(metrics if isinstance(metrics, list) else [])
    named = {place: row["name"] for place, row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)}
    for place, name in named.items():
        if Counter(named.values())[name] > 1:
            yield source.at(["metrics", place, "name"], f"the metric '{name}' is there twice")


def _identity(name: str, doc: ProbeDoc, source: Source) -> Iterator[str]:
    if doc.id != name:
        yield source.at(["id"], f"is '{doc.id}', but the folder and file name make it '{name}'")
    close = get_close_matches(doc.battery.casefold(), BATTERIES, n=1, cutoff=0.7)
    if close and doc.battery not in (*BATTERIES, name.partition(".")[0]):
        yield source.at(["tags", "battery"], f"battery '{doc.battery}' is unknown; did you mean '{close[0]}'?")


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


def _origin(doc: ProbeDoc, source: Source, library: Mapping[str, ProbeDoc], chain: Sequence[str]) -> Iterator[str]:
    origin = doc.data.source
    if origin is None:
        return
    loc = ["data", "from"]
    if origin in (doc.id, chain[0]):
        yield source.at(loc, "a probe cannot take its items from itself")
    elif origin not in library:
        guess = nearest(origin, library)
        yield source.at(loc, f"probe '{origin}' is unknown" + (f"; {guess}" if guess else ""))
    elif chain[-1] == chain[0]:
        circle = " from ".join(f"'{name}'" for name in chain)
        yield source.at(loc, f"a circle: {circle}; one of them needs items of its own")
    else:
        try:
            above = library[origin].data.source
        except ProbeError:
            yield source.at(loc, f"the file of '{origin}' has mistakes of its own")
            return
        if above is not None:
            yield source.at(loc, f"'{origin}' takes its items from another probe itself; name that one")


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
