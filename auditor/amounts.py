"""How an amount of a metric is written: one form everywhere, so that the same number reads the same."""

from __future__ import annotations

UNCHANGED = 1e-9
"""Rounding alone makes a difference so small."""


def is_share(low_bound: float | None, high_bound: float | None) -> bool:
    """Tell whether a metric is a share of something, to be said in percent."""
    return (low_bound, high_bound) == (0.0, 1.0)


def decimals(limit: float, low_bound: float | None, high_bound: float | None) -> int:
    """Return how many decimals it takes to write a limit as it was given, and what is held against it."""
    scale, least = (100, 1) if is_share(low_bound, high_bound) else (1, 2)
    return next(places for places in range(least, 13) if abs(round(scale * limit, places) - scale * limit) < UNCHANGED)


def amount(number: float, low_bound: float | None, high_bound: float | None, places: int | None = None) -> str:
    """Return a value in the unit of a metric with these bounds."""
    if is_share(low_bound, high_bound):
        return f"{100 * number:.{places or 1}f}%"
    sign = "+" if low_bound is None or low_bound < 0 else ""
    return f"{number:{sign}z.{places or 2}f}".replace("-", "\N{MINUS SIGN}")


def change(number: float, low_bound: float | None, high_bound: float | None, places: int | None = None) -> str:
    """Return a difference of two values, signed; of shares in percentage points."""
    if is_share(low_bound, high_bound):
        text = f"{100 * number:+z.{places or 1}f} points"
    else:
        text = f"{number:+z.{places or 2}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def distance(number: float, low_bound: float | None, high_bound: float | None, places: int | None = None) -> str:
    """Return a size in the unit of a difference, without a sign."""
    return change(abs(number), low_bound, high_bound, places).removeprefix("+")


def margin(number: float, low_bound: float | None, high_bound: float | None) -> str:
    """Return the size of a difference as it was given; of shares in percentage points."""
    return f"{100 * number:.12g} points" if is_share(low_bound, high_bound) else f"{number:.12g}"


def exact(number: float, low_bound: float | None, high_bound: float | None) -> str:
    """Return a value as it was given."""
    return f"{100 * number:.12g}%" if is_share(low_bound, high_bound) else f"{number:.12g}"


def count(amount: int, noun: str) -> str:
    """Return `1 family`, `2 families`."""
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{amount:,} {noun if amount == 1 else plural}"
