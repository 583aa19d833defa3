"""Reads a YAML file into a pydantic model; every mistake is named with its line, all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from auditor.errors import AuditorError, one_line

M = TypeVar("M", bound=BaseModel)
Loc = tuple[str | int, ...]
"""Keys and places in lists, from the outside in."""


class Document(BaseModel):
    """Base of everything that is written by hand in YAML: frozen, and no key goes unread."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def not_blank(text: str) -> str:
    """Return text that says something; raises ValueError for any other."""
    if not text.strip():
        raise ValueError("should not be empty")
    return text


def path_text(text: str) -> str:
    """Return text that can name a file, a folder or a URL; raises ValueError for any other."""
    if "\0" in text:
        raise ValueError("should hold no NUL character")
    return not_blank(text)


Text = Annotated[str, AfterValidator(not_blank)]
PathText = Annotated[str, AfterValidator(path_text)]


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed YAML file that still knows its lines."""

    path: Path
    data: Any

    def line(self, loc: Sequence[str | int]) -> int:
        """Return the line, from 1, of the deepest part of `loc` that the file holds."""
        return self._walk(loc)[1]

    def at(self, loc: Sequence[str | int], fact: str) -> str:
        """Return one mistake as `file:line: key: fact`."""
        held, line = self._walk(loc)
        keys = ".".join(str(key) for key in held)
        return f"{self.path}:{line}: {one_line(keys) + ': ' if keys else ''}{fact}"

    def held(self, loc: Sequence[str | int]) -> Loc:
        """Return the part of `loc` that the file holds."""
        return self._walk(loc)[0]

    def _walk(self, loc: Sequence[str | int]) -> tuple[Loc, int]:
        """Return the keys of `loc` that the file holds, and the line of the last one."""
        node, line, keys = self.data, 1, []
        for key in loc:
            if isinstance(node, CommentedMap) and key in node:
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = node.lc.item(key)[0] + 1
            else:
                continue  # the name of a union's branch, or a key that is missing
            node = node[key]
            keys.append(key)
        return tuple(keys), line


def read_source(path: Path, error: type[AuditorError]) -> Source:
    """Parse a YAML 1.2 file; raises `error` with file and line where it cannot be parsed."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise error(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise error(f"{path}: cannot be read: {problem}") from None
    try:
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        fact = " ".join(str(problem.problem or problem.context).split())
        raise error(f"{path}:{line}: not valid YAML: {fact}") from None
    # ruamel lets some of its own errors through for tags that do not fit their values.
    except (YAMLError, ValueError, LookupError, TypeError, RecursionError) as problem:
        raise error(f"{path}: not valid YAML: {' '.join(str(problem).split())}") from None
    return Source(path, data)


def parse(source: Source, model: type[M], error: type[AuditorError]) -> M:
    """Validate a parsed file; raises `error` with every mistake, one a line."""
    try:
        data = plain(source.data)
    except UnusableError as problem:
        raise error(f"{source.path}{problem}") from None
    try:
        return model.model_validate(data)
    except ValidationError as problem:
        mistakes = sorted(problem.errors(), key=lambda mistake: source.line(mistake["loc"]))
        facts = [describe(source, model, mistake) for mistake in mistakes]
        raise error("\n".join(dict.fromkeys(facts))) from None


def read(path: Path, model: type[M], error: type[AuditorError]) -> M:
    """Read and validate a YAML file."""
    return parse(read_source(path, error), model, error)


MOST_VALUES = 1_000_000
"""Values of one file, aliases followed; nobody writes so many, but a few lines of aliases can stand for billions."""


class UnusableError(ValueError):
    """YAML that cannot be had as plain values: `:line: fact`, to be put behind the file's name."""

    def __init__(self, fact: str, line: int | None = None) -> None:
        super().__init__(f":{line}: {fact}" if line else f": {fact}")


def plain(node: Any) -> Any:
    """Return the YAML tree as plain dicts, lists and scalars; raises UnusableError where there are none."""
    left = iter(range(MOST_VALUES))

    def flat(node: Any) -> Any:
        """Return one node and all below it."""
        if next(left, None) is None:
            raise UnusableError(f"its aliases stand for more than {MOST_VALUES} values")
        if isinstance(node, dict):
            return {key: flat(value) for key, value in _named(node).items()}
        if isinstance(node, list):
            return [flat(value) for value in node]
        return _scalar(node)

    try:
        return flat(node)
    except RecursionError:
        raise UnusableError("an alias is inside what it stands for, or it is nested too deeply") from None


def _named(node: dict[Any, Any]) -> dict[str, Any]:
    """Return a mapping by text keys: `1` and `"1"` are one key, and so are `null` and `"None"`."""
    found: dict[str, Any] = {}
    for key, value in node.items():
        if str(key) in found:
            line = node.lc.key(key)[0] + 1 if isinstance(node, CommentedMap) else None
            raise UnusableError(f"the key '{one_line(str(key))}' is there twice, once as text", line)
        found[str(key)] = value
    return found


def _scalar(node: Any) -> Any:
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, str):
        # YAML's \u escapes may spell one character as two surrogates, as JSON's do.
        return str(node).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        if not isfinite(node):
            raise UnusableError(f"{node} is not a number that can be used")
        return float(node)
    if isinstance(node, date):
        return node.isoformat()
    raise UnusableError(f"a value of the kind {type(node).__name__} is not expected; put text in quotes")


def describe(source: Source, model: type[BaseModel], mistake: Any) -> str:
    """Return one of pydantic's errors as one line, with file, line and key."""
    loc, kind = mistake["loc"], mistake["type"]
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(str(loc[-1]), list(_keys(model, loc[:-1])), n=1)
        guess = f"; did you mean '{close[0]}'?" if close else ""
        return source.at(loc, f"unknown key{guess}")
    if kind == "missing":
        return source.at(loc[:-1], f"the key '{loc[-1]}' is missing")
    if kind == "model_type":
        return source.at(loc, "keys with values are expected here")
    message = mistake["msg"].removeprefix("Value error, ").removeprefix("Input ")
    got = mistake.get("input")
    shown = f" (found {got!r:.60})" if isinstance(got, str | int | float | bool | None) else ""
    return source.at(loc, f"{message}{shown}")


def _keys(model: type[BaseModel], loc: Iterable[str | int]) -> Iterable[str]:
    """Return the keys that are valid at `loc`, following nested models."""
    current: list[type[BaseModel]] = [model]
    for step in loc:
        following = [
            nested
            for kind in current
            for name, info in kind.model_fields.items()
            if (info.alias or name) == step
            for nested in _models(info.annotation)
        ]
        current = following or current
    return [info.alias or name for kind in current for name, info in kind.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models(argument)]
