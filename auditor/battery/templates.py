"""Fills `{name}` into texts; nothing that is filled in is ever expanded again."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter


def scan(template: str) -> tuple[list[str], str | None]:
    """Return the names that a template uses, as far as its braces can be read, and what is wrong with them."""
    found: list[str] = []
    problem = None
    try:
        for _, name, form, conversion in Formatter().parse(template):
            if name is None:
                continue
            if name.isidentifier() and not form and not conversion:
                found.append(name)
            else:
                problem = problem or f"'{{{name}}}' is not a plain {{name}}; a literal brace is written twice"
    except ValueError:
        problem = problem or "a brace stands alone; a literal brace is written twice"
    return found, problem


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its names replaced; raises KeyError for a name without value."""
    parts = []
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(values[name])
    return "".join(parts)
