"""How far a decision hangs on what is missing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable


def tipping_point(decide: Callable[[int], object], missing: int) -> int | None:
    """Return how many of the missing would have to be bad to change the decision.

    Assumes that more bad ones never change the decision back; ``decide`` is called some
    ``log2(missing)`` times.

    Parameters
    ----------
    decide : callable
        The decision when so many of the missing are bad and the others good; compared with ``!=``.
    missing : int
        How many are missing, at least 0.

    Returns
    -------
    int or None
        From 1 to ``missing``; None where the decision stays, however many are bad.

    References
    ----------
    Yan, Lee and Li (2009), Journal of Biopharmaceutical Statistics 19:1085-1098.

    Examples
    --------
    Of 100, 95 answered and 2 of them were bad; at most 5% may be:

    >>> tipping_point(lambda bad: "pass" if (2 + bad) / 100 <= 0.05 else "fail", 5)
    4
    """
    as_it_is = decide(0)
    counts = range(1, missing + 1)
    place = bisect_left(counts, True, key=lambda bad: decide(bad) != as_it_is)
    return counts[place] if place < missing else None
