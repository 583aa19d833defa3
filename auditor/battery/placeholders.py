"""Names in braces: those that nothing fills, and those that are not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from auditor.battery.schema import ProbeDoc
from auditor.battery.templates import scan
from auditor.documents import Source
from auditor.errors import nearest

Loc = Sequence[str | int]
CONTRAST_PLACES = {"ambiguous": {"first", "second"}, "clear": {"one", "two"}, "negative": set(), "non_negative": set()}


def misfilled(
    doc: ProbeDoc, source: Source, *, slots_known: bool, elsewhere: AbstractSet[str] | None = None
) -> Iterator[str]:
    """Yield what is wrong with the names in a probe's texts.

    Where parts of the items are lost, `elsewhere` holds all names that the file mentions: any of them may be filled.
    """
    data = doc.data
    known = set(data.slots)
    if data.template is not None and slots_known:
        yield from _places(source, ["data", "template"], data.template, known, known)
    if data.items is not None and data.slots:
        for place, item in enumerate(data.items):
            loc: Loc = ["data", "items", place, "text" if item.text is not None else "turns"]
            yield from _places(source, loc, item.texts, known, known)
    for place, contrast in enumerate(data.contrasts or []):
        for key, wanted in CONTRAST_PLACES.items():
            yield from _places(source, ["data", "contrasts", place, key], getattr(contrast, key), wanted, wanted)
    if data.transform:
        yield from _places(source, ["data", "transform", "wrap"], data.transform.wrap, {"text"}, {"text"})
    known = _fills(doc) if elsewhere is None else {"text", "options", *_fills(doc), *elsewhere}
    yield from _places(source, ["prompt", "user"], doc.prompt.user, known, set())


def _fills(doc: ProbeDoc) -> set[str]:
    """Return the names that a prompt may use."""
    data = doc.data
    if data.contrasts is not None:
        return {"context", "question", "options", "text"}
    if data.items:
        shared = [set(item.fill) | ({"options"} if item.options else set()) for item in data.items]
        return {"text"} | set.intersection(*shared)
    return {"text"}


def _places(
    source: Source, loc: Loc, templates: str | Sequence[str], known: AbstractSet[str], needed: AbstractSet[str]
) -> Iterator[str]:
    used: set[str] = set()
    broken = False
    for template in [templates] if isinstance(templates, str) else templates:
        found, problem = scan(template)
        used |= set(found)
        if problem:
            broken = True
            yield source.at(loc, problem)
    for name in sorted(used - known):
        guess = nearest(name, known)
        yield source.at(loc, f"nothing fills '{{{name}}}'" + (f"; {guess}" if guess else ""))
    for name in sorted(needed - used) if not broken else ():
        yield source.at(loc, f"'{{{name}}}' is not used")
