"""How an amount of a metric is written: one form everywhere, so that the same number reads the same."""

from __future__ import annotations


def is_share(low_bound: float | None, high_bound: float | None) -> bool:
    """Tell whether a metric is a share of something, to be said in percent."""
    return (low_bound, high_bound) == (0.0, 1.0)


def amount(number: float, low_bound: float | None, high_bound: float | None) -> str:
    """Return a value in the unit of a metric with these bounds."""
    if is_share(low_bound, high_bound):
        return f"{100 * number:.1f}%"
    text = f"{number:+z.2f}" if low_bound is None or low_bound < 0 else f"{number:.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def change(number: float, low_bound: float | None, high_bound: float | None) -> str:
    """Return a difference of two values, signed; of shares in percentage points."""
    text = f"{100 * number:+z.1f} points" if is_share(low_bound, high_bound) else f"{number:+z.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def margin(number: float, low_bound: float | None, high_bound: float | None) -> str:
    """Return the size of a difference; of shares in percentage points."""
    return f"{100 * number:g} points" if is_share(low_bound, high_bound) else f"{number:g}"
