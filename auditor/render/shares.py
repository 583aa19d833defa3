"""Shares that a page counts itself, each with its interval and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from .catalogue import gettext as _
from .catalogue import ngettext


def share(hits: Sequence[bool], families: Sequence[str]) -> str:
    """Return `95.0% (90.2 to 97.8%), n 120 in 40 families`, or that nothing was counted."""
    if not hits:
        return _("nothing was counted (n 0)")
    from auditor.stats.proportions import rate_interval

    found = rate_interval([float(hit) for hit in hits], families)
    interval = _("no interval")
    if found:
        interval = _("{low:.1f} to {high:.1f}%").format(low=100 * found[0], high=100 * found[1])
    return f"{100 * sum(hits) / len(hits):.1f}% ({interval}), {rests_on(len(hits), len(set(families)))}"


def rests_on(n: int, families: int) -> str:
    """Return the items and families behind a number."""
    if n == families:
        return _("n {n:,}").format(n=n)
    many = ngettext("n {n:,} in {families:,} family", "n {n:,} in {families:,} families", families)
    return many.format(n=n, families=families)
