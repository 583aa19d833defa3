"""Reads a YAML file into a pydantic model; every mistake is named with its line, all at once."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from auditor.errors import AuditorError, one_line

M = TypeVar("M", bound=BaseModel)
Loc = tuple[str | int, ...]
"""Keys and places in lists, from the outside in."""


class Document(BaseModel):
    """Base of everything that is written by hand in YAML: frozen, and no key goes unread."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that nobody can see."""
HIDDEN = "hidden"
"""Kind of a mistake whose value is not repeated: it may be a secret."""


def not_blank(text: str) -> str:
    """Return text that says something; raises ValueError for any other."""
    if not text.strip():
        raise ValueError("should not be empty")
    if not any(unicodedata.category(sign)[0] in "LNPS" and sign not in BLANKS for sign in text):
        raise ValueError("should hold a letter, a digit or another sign that can be seen")
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
        return self._walk(loc)[2]

    def at(self, loc: Sequence[str | int], fact: str) -> str:
        """Return one mistake as `file:line: key: fact`."""
        _, shown, line = self._walk(loc)
        keys = ".".join(str(key) for key in shown)
        return f"{self.path}:{line}: {one_line(keys) + ': ' if keys else ''}{fact}"

    def held(self, loc: Sequence[str | int]) -> Loc:
        """Return the part of `loc` that the file holds."""
        return self._walk(loc)[0]

    def _walk(self, loc: Sequence[str | int]) -> tuple[Loc, Loc, int]:
        """Return the keys of `loc` that the data hold, the same as the file counts them, and the last one's line.

        Merged keys and stand-ins have no line of their own: theirs is that of what they are in.
        """
        node, line = self.data, 1
        held: list[str | int] = []
        shown: list[str | int] = []
        for part in loc:
            key: Any = part
            if isinstance(node, CommentedMap):
                # `plain` makes text of every key
                key = key if key in node else next((own for own in node if str(own) == part), None)
                if key not in node:
                    continue  # the name of a union's branch, or a key that is missing
            elif not (isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node)):
                continue
            shown.append(node.places[key] if isinstance(node, KeptSeq) else key)
            held.append(key)
            place = (node.lc.data or {}).get(key)
            line = place[0] + 1 if place else line
            node = node[key]
        return tuple(held), tuple(shown), line


class KeptSeq(CommentedSeq):
    """A list of which some entries were left out."""

    places: list[int]
    """Where each entry stands in the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Unusable:
    """Stands for a value that cannot be used, until it is told where it is."""

    fact: str


_TAG = "tag:yaml.org,2002:"
_TAGS = {ScalarNode: "str int float bool null timestamp", SequenceNode: "seq", MappingNode: "map"}
_NAMES = {"int": "an integer", "float": "a number", "bool": "true or false"}
ENDLESS = "an alias is inside what it stands for"
LARGEST = 2**63
"""Integers are smaller, or they fit no table."""


class _Values(RoundTripConstructor):
    """Makes plain scalars, and lists and mappings that know their lines."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        tag = str(node.tag).removeprefix(_TAG)
        if tag not in _TAGS[type(node)].split():
            written = str(node.tag).replace(_TAG, "!!")
            return Unusable(f"the tag '{one_line(written)}' is not expected; leave it out, or put text in quotes")
        if isinstance(node, ScalarNode):
            return self._scalar(node, tag)
        if node in self.recursive_objects:
            return Unusable(ENDLESS)
        if isinstance(node, MappingNode) and not all(self._can_merge(node, merged) for merged in _merged(node)):
            return Unusable("'<<' merges mappings without tags, none of which it is in")
        return super().construct_object(node, deep)

    def _can_merge(self, node: Node, merged: Node) -> bool:
        unended = merged is node or merged in self.recursive_objects
        return isinstance(merged, MappingNode) and merged.tag == _TAG + "map" and not unended

    def _scalar(self, node: ScalarNode, tag: str) -> Any:
        if tag in ("str", "timestamp"):
            # The reader marks where a folded text was folded, for writers.
            text = str(node.value).replace("\a", "") if node.style == ">" else str(node.value)
            # YAML's \u escapes may spell one character as two surrogates, as JSON's do.
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if tag == "null":
            return None
        made, plain_kind = {
            "int": (self.construct_yaml_int, int),
            "float": (self.construct_yaml_float, float),
            "bool": (self.construct_yaml_bool, bool),
        }[tag]
        try:
            value = plain_kind(made(node))
        except (ValueError, LookupError):
            return Unusable(f"cannot be read as {_NAMES[tag]}; put text in quotes")
        if isinstance(value, float) and not isfinite(value):
            return Unusable(f"{value} is not a number that can be used")
        if isinstance(value, int) and abs(value) >= LARGEST:
            return Unusable("an integer of more than 64 bits is not a number that can be used; put text in quotes")
        return value


def _merged(node: MappingNode) -> list[Node]:
    """Return what `<<` merges into a mapping."""
    values = [value for key, value in node.value if key.tag == _TAG + "merge"]
    return [one for value in values for one in (value.value if isinstance(value, SequenceNode) else [value])]


def read_source(path: Path, error: type[AuditorError]) -> Source:
    """Parse a YAML 1.2 file; raises `error` with file and line where it cannot be parsed."""
    if path.exists() and not path.is_file():  # a pipe or a device would be read without an end
        raise error(f"{path}: is not a regular file")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise error(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise error(f"{path}: cannot be read: {problem}") from None
    try:
        reader = YAML(typ="rt")
        reader.Constructor = _Values
        data = reader.load(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        fact = " ".join(str(problem.problem or problem.context).split())
        raise error(f"{path}:{line}: not valid YAML: {fact}") from None
    except RecursionError:
        raise error(f"{path}: not valid YAML: nested too deeply") from None
    # ruamel lets some of its own errors through where merged mappings and aliases are odd.
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError) as problem:
        raise error(f"{path}: not valid YAML: {' '.join(str(problem).split())}") from None
    return Source(path, data)


def parse(source: Source, model: type[M], error: type[AuditorError]) -> M:
    """Validate a parsed file; raises `error` with every mistake, one a line."""
    try:
        data = plain(source.data)
    except UnusableError as problem:
        raise error("\n".join(source.at(loc, fact) for loc, fact in problem.found)) from None
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
MOST_FOUND = 100
"""Unusable values that are named; aliases can stand for as many again."""
DEEPEST = 100
"""Lists and mappings inside each other."""


class UnusableError(ValueError):
    """YAML that cannot be had as plain values."""

    def __init__(self, found: Sequence[tuple[Loc, str]], *, endless: bool = False) -> None:
        super().__init__("; ".join(fact for _, fact in found))
        self.found = found
        """Where, and what."""
        self.endless = endless
        """Whether reading stopped there: what comes after was not looked at."""


@dataclass(slots=True)
class _Flat:
    """Makes plain dicts, lists and scalars of a tree."""

    left: int
    found: list[tuple[Loc, str]] = field(default_factory=list)

    def of(self, node: Any, loc: Loc, above: tuple[int, ...]) -> Any:
        """Return one node and all below it; `above` are those that it is in."""
        self.left -= 1
        if self.left < 0:
            self.found.append((loc, f"its aliases stand for more than {MOST_VALUES} values"))
        if self.left < 0 or len(self.found) >= MOST_FOUND:
            raise UnusableError(self.found, endless=True)
        if isinstance(node, Unusable):
            self.found.append((loc, node.fact))
        if not isinstance(node, dict | list):
            return node
        if id(node) in above:
            self.found.append((loc, ENDLESS))
            return None
        if len(above) == DEEPEST:
            self.found.append((loc, f"nested more than {DEEPEST} deep"))
            return None
        above = (*above, id(node))
        if isinstance(node, list):
            return [self.of(value, (*loc, place), above) for place, value in enumerate(node)]
        return self._named(node, loc, above)

    def _named(self, node: dict[Any, Any], loc: Loc, above: tuple[int, ...]) -> dict[str, Any]:
        """Return a mapping by text keys: `1` and `"1"` are one key, and so are `null` and `"None"`."""
        found: dict[str, Any] = {}
        for key, value in node.items():
            if isinstance(key, Unusable):
                self.found.append((loc, f"a key: {key.fact}"))
            elif str(key) in found:
                self.found.append(((*loc, key), f"the key '{one_line(str(key))}' is there twice, once as text"))
            else:
                found[str(key)] = self.of(value, (*loc, key), above)
        return found


def plain(node: Any) -> Any:
    """Return the YAML tree as plain dicts, lists and scalars; raises UnusableError where there are none."""
    flat = _Flat(MOST_VALUES)
    value = flat.of(node, (), ())
    if flat.found:
        raise UnusableError(flat.found)
    return value


def describe(source: Source, model: type[BaseModel], mistake: Any) -> str:
    """Return one of pydantic's errors as one line, with file, line and key."""
    loc, kind = mistake["loc"], mistake["type"]
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(str(loc[-1]), list(_keys(model, loc[:-1])), n=1)
        guess = f"; did you mean '{close[0]}'?" if close else ""
        return source.at(loc, f"unknown key{guess}")
    if kind == "missing":
        return source.at(loc[:-1], f"the key '{loc[-1]}' is missing")
    if kind == HIDDEN:
        return source.at(loc, mistake["msg"])
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
