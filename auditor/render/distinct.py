"""Which changes are one number under two names; every form counts by this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.compare import Difference

Key = tuple[str, str, str]
"""Source, metric, cell."""


def key(found: Difference) -> Key:
    """Return the name of a number."""
    return found.source, found.metric, found.cell


def distinct(differences: Sequence[Difference]) -> list[Difference]:
    """Return each number once, in the given order, by its first name."""
    same = identities(differences)
    first: dict[Key, Difference] = {}
    for one in differences:
        first.setdefault(same[key(one)], one)
    return list(first.values())


def identities(differences: Iterable[Difference]) -> Mapping[Key, Key]:
    """Return each number's name -> the name that all names of this number have in common.

    A pooled number that rests on one probe is that probe's, and a cell that holds all of a number is that number.
    """
    known = {key(one): one for one in differences}
    probes: dict[tuple[object, ...], list[Difference]] = {}
    for one in known.values():
        if "." in one.source:
            probes.setdefault((_battery(one), one.cell, _values(one)), []).append(one)
    same = {}
    for name, one in known.items():
        twins = probes.get((_battery(one), one.cell, _values(one)), [])
        own = twins[0] if "." not in one.source and len(twins) == 1 else one
        whole = known.get((own.source, own.metric, "all"), own)
        same[name] = key(whole if _values(whole) == _values(own) else own)
    return same


def _battery(found: Difference) -> str:
    return found.source.partition(".")[0]


def _values(found: Difference) -> tuple[object, ...]:
    sides = (found.metric, found.before, found.after, found.low, found.high)
    return *sides, found.compared, found.missing, found.families, found.discordant
