"""Reads what is sound of a YAML file that has mistakes, so that all of them can be named in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from auditor.documents import KeptSeq, Loc, M, Source, UnusableError, describe, plain

Pattern = tuple[str, ...]
"""The keys of a part; `*` is any place in a list."""


@dataclass(frozen=True, slots=True)
class Salvaged(Generic[M]):
    """What a file says, without what is wrong in it."""

    source: Source
    """The file without the parts that are wrong; the others are still in their lines."""
    document: M | None
    """None where nothing of it can be used."""
    mistakes: list[str] = field(default_factory=list)
    """One line each, with file, line and key."""
    lost: frozenset[Pattern] = frozenset()
    """The parts that are left out, stood in for, or missing."""


def salvage(source: Source, model: type[M], stand_ins: Mapping[Pattern, Any]) -> Salvaged[M]:
    """Validate a parsed file part by part.

    A part that is wrong is left out and the rest is validated again, until it is sound; `stand_ins` are values for
    parts that are missing or wrong and without which more would be lost. What is wrong only because a part was left
    out is not a mistake.
    """
    mistakes: dict[str, None] = {}
    cut: set[tuple[int, Loc]] = set()
    lost: set[Pattern] = set()
    while True:
        wrong: dict[Loc, Any] = {}
        try:
            document = model.model_validate(plain(source.data))
            return Salvaged(source, document, list(mistakes), frozenset(lost))
        except UnusableError as problem:
            mistakes |= {source.at(loc, fact): None for loc, fact in problem.found}
            wrong = {loc: LEFT_OUT for loc, _ in problem.found}
            if problem.endless:
                break
        except ValidationError as problem:
            for mistake in sorted(problem.errors(), key=lambda one: source.line(one["loc"])):
                missing = mistake["type"] == "missing"
                loc = source.held(mistake["loc"][:-1] if missing else mistake["loc"])
                derived = mistake["type"] in ("missing", "value_error", "too_short") and _mark(source, loc) in cut
                if not derived:
                    mistakes[describe(source, model, mistake)] = None
                part = (*loc, mistake["loc"][-1]) if missing else loc
                stand_in = stand_ins.get(pattern(part), LEFT_OUT)
                wrong[loc if stand_in is LEFT_OUT else part] = stand_in
        if () in wrong or any(_holds(source.data, loc, stand_in) for loc, stand_in in wrong.items()):
            break
        cut |= {_mark(source, loc[:-1]) for loc in wrong}
        lost |= {pattern(loc) for loc in wrong}
        source = Source(source.path, _without(source.data, wrong))
    return Salvaged(source, None, list(mistakes))


def pattern(loc: Loc) -> Pattern:
    """Return the keys of a place, whichever entry of a list it is in."""
    return tuple("*" if isinstance(key, int) else key for key in loc)


LEFT_OUT: Any = object()


def _holds(node: Any, loc: Loc, stand_in: Any) -> bool:
    """Return whether a stand-in is there already, and was found wrong itself."""
    for key in loc:
        node = node[key] if not isinstance(node, dict) or key in node else LEFT_OUT
        if node is LEFT_OUT:
            return False
    return bool(node == stand_in)


def _mark(source: Source, loc: Loc) -> tuple[int, Loc]:
    """Return what tells a mapping from all others although places in lists move."""
    return source.line(loc), tuple(key for key in loc if isinstance(key, str))


def _without(node: Any, wrong: Mapping[Loc, Any], loc: Loc = ()) -> Any:
    """Return a copy of a tree with the wrong parts left out, or what stands in for them in their place."""
    if isinstance(node, CommentedMap):
        kept: Any = CommentedMap()
        for key, value in node.items():
            if (*loc, key) not in wrong:
                kept[key] = _without(value, wrong, (*loc, key))
                if key in (node.lc.data or ()):  # what `<<` merges into a mapping has no line in it
                    kept.lc.add_kv_line_col(key, node.lc.data[key])
        for part, stand_in in wrong.items():
            if part[:-1] == loc and stand_in is not LEFT_OUT:
                kept[part[-1]] = stand_in
        return kept
    if isinstance(node, CommentedSeq):
        kept = KeptSeq()
        kept.places = []
        for place, value in enumerate(node):
            if (*loc, place) not in wrong:
                if place in (node.lc.data or ()):
                    kept.lc.add_idx_line_col(len(kept), node.lc.data[place])
                kept.places.append(node.places[place] if isinstance(node, KeptSeq) else place)
                kept.append(_without(value, wrong, (*loc, place)))
        return kept
    return node
