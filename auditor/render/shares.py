"""Shares that a page counts itself, each with its interval and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .catalogue import gettext as _
from .catalogue import ngettext


@dataclass(frozen=True, slots=True)
class Counted:
    """Of `n` so many are hits."""

    hits: int
    n: int
    families: int
    value: float
    low: float | None
    high: float | None
    """Its 95% interval; None with a single family."""


def counted(hits: Sequence[bool], families: Sequence[str]) -> Counted | None:
    """Return the share with its interval, or None where nothing was counted."""
    if not hits:
        return None
    from auditor.stats.proportions import rate_interval

    found = rate_interval([float(hit) for hit in hits], families)
    low, high = (found[0], found[1]) if found else (None, None)
    return Counted(sum(hits), len(hits), len(set(families)), sum(hits) / len(hits), low, high)


def share_words(found: Counted | None) -> str:
    """Return `95.0% (90.2 to 97.8%), n 120 in 40 families`, or that nothing was counted."""
    if found is None:
        return _("nothing was counted (n 0)")
    interval = _("no interval")
    if found.low is not None and found.high is not None:
        interval = _("{low:.1f} to {high:.1f}%").format(low=100 * found.low, high=100 * found.high)
    return f"{100 * found.value:.1f}% ({interval}), {rests_on(found.n, found.families)}"


def rests_on(n: int, families: int) -> str:
    """Return the items and families behind a number."""
    if n == families:
        return _("n {n:,}").format(n=n)
    many = ngettext("n {n:,} in {families:,} family", "n {n:,} in {families:,} families", families)
    return many.format(n=n, families=families)
