"""Reads what is sound of a YAML file that has mistakes, so that all of them can be named in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from auditor.documents import Loc, M, Source, UnusableError, describe, plain


@dataclass(frozen=True, slots=True)
class Salvaged(Generic[M]):
    """What a file says, without what is wrong in it."""

    source: Source
    """The file without the parts that are wrong; the others are still in their lines."""
    document: M | None
    """None where nothing of it can be used."""
    mistakes: list[str] = field(default_factory=list)
    """One line each, with file, line and key."""
    lost: frozenset[tuple[str, ...]] = frozenset()
    """The first two keys of each part that is left out."""


def salvage(source: Source, model: type[M], stand_ins: Mapping[str, Any]) -> Salvaged[M]:
    """Validate a parsed file part by part.

    A part that is wrong is left out and the rest is validated again, until it is sound; `stand_ins` are values of the
    keys that a file must have, for those that are missing or wrong. What is wrong only because a part was left out
    is not a mistake.
    """
    mistakes: dict[str, None] = {}
    cut: set[tuple[int, Loc]] = set()
    lost: set[tuple[str, ...]] = set()
    filled: dict[str, Any] = {}
    while True:
        try:
            data = plain(source.data)
            document = model.model_validate({**filled, **data} if isinstance(data, dict) else data)
            return Salvaged(source, document, list(mistakes), frozenset(lost))
        except UnusableError as problem:
            return Salvaged(source, None, [*mistakes, f"{source.path}{problem}"])
        except ValidationError as problem:
            errors = sorted(problem.errors(), key=lambda mistake: source.line(mistake["loc"]))
        wrong: set[Loc] = set()
        for mistake in errors:
            missing = mistake["type"] == "missing"
            loc = source.held(mistake["loc"][:-1] if missing else mistake["loc"])
            derived = mistake["type"] in ("missing", "value_error", "too_short") and _mark(source, loc) in cut
            if not derived:
                mistakes[describe(source, model, mistake)] = None
            if loc:
                wrong.add(loc)
            elif missing and mistake["loc"][-1] in stand_ins:
                filled[str(mistake["loc"][-1])] = stand_ins[str(mistake["loc"][-1])]
            else:
                return Salvaged(source, None, list(mistakes))
        cut |= {_mark(source, loc[:-1]) for loc in wrong}
        lost |= {tuple(str(key) for key in loc[:2]) for loc in wrong}
        source = Source(source.path, _without(source.data, wrong))


def _mark(source: Source, loc: Loc) -> tuple[int, Loc]:
    """Return what tells a mapping from all others although places in lists move."""
    return source.line(loc), tuple(key for key in loc if isinstance(key, str))


def _without(node: Any, wrong: set[Loc], loc: Loc = ()) -> Any:
    if isinstance(node, CommentedMap):
        kept: Any = CommentedMap()
        for key, value in node.items():
            if (*loc, key) not in wrong:
                kept[key] = _without(value, wrong, (*loc, key))
                if key in (node.lc.data or ()):  # what `<<` merges into a mapping has no line in it
                    kept.lc.add_kv_line_col(key, node.lc.data[key])
        return kept
    if isinstance(node, CommentedSeq):
        kept = CommentedSeq()
        for place, value in enumerate(node):
            if (*loc, place) not in wrong:
                kept.lc.add_idx_line_col(len(kept), node.lc.data[place])
                kept.append(_without(value, wrong, (*loc, place)))
        return kept
    return node
