"""What failures have in common: the probes, tags and groups of like texts that hold more of them than chance would."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.alike import Alike, Term, group_texts
from auditor.stats.association import association_p, ratio_interval
from auditor.stats.means import weighted_mean
from auditor.stats.multiplicity import benjamini_hochberg
from auditor.stats.proportions import rate_interval

LEVEL = 0.05
"""Of the patterns that are named a share of at most this is expected to be false."""
FEWEST_FAMILIES = 5
"""With a mark and without it, for the mark to be tested at all."""
FEWEST_FAILED = 5
"""In a probe, for its texts to be put into groups."""
MOST_TEXTS = 4_000
"""Items whose texts are put into groups; beyond it whole families are drawn."""

Mask = NDArray[np.bool_]


class Kind(StrEnum):
    """What items have in common."""

    PROBE = "probe"
    TAG = "tag"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Case:
    """An item that was judged."""

    item_id: str
    probe: str
    family: str
    tags: Mapping[str, str]
    failed: bool
    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many items so many failed; the interval takes families as what was drawn."""

    failed: int
    n: int
    families: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something that items have in common, and that fail more often with it than without it."""

    kind: Kind
    names: Sequence[str]
    """The probe, the tags as `name: value` (several where they mark the same items), or a probe's group number."""
    probes: Sequence[str]
    """Where it was looked at."""
    items: Sequence[str]
    """Failed items with it: one of each family before a second; of a group of texts the nearest to its middle first."""
    inside: Share
    outside: Share
    """Of items without it; where there are several probes each counts as it does among those with it."""
    ratio: tuple[float, float, float]
    """How many times as often, and its interval; infinite where none failed without it."""
    p: float
    q: float
    """The p-value adjusted for all tests."""
    terms: Sequence[Term] = ()
    """Words that tell the failed items of a group from the probe's other items."""
    tags: Sequence[tuple[str, int]] = ()
    """Tags that most failed items of a group have and most others do not, with how many have them."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """What was found, and how much was looked at."""

    patterns: Sequence[Pattern]
    """Those first that are surely the most times as often."""
    tested: Mapping[Kind, int]
    items: int
    failed: int
    texts: int
    """Items whose texts were put into groups."""
    texts_of: int
    """Items that would have been, were there no limit."""


@dataclass(frozen=True)
class Groups:
    """Like texts of each probe."""

    of_probe: Mapping[str, tuple[Sequence[str], Alike]]
    """Probe -> the items looked at, and their groups."""
    looked_at: int
    worth: int
    """Items of probes with enough failures."""


class _Test(NamedTuple):
    kind: Kind
    names: tuple[str, ...]
    marked: Mask
    among: Mask
    """Items of probes that have items with the mark and without it."""


def like_texts(cases: Sequence[Case]) -> Groups:
    """Put the texts of every probe with enough failures into groups; which items failed plays no part in it."""
    failed = Counter(case.probe for case in cases if case.failed)
    worth = sorted((case for case in cases if failed[case.probe] >= FEWEST_FAILED), key=lambda case: case.item_id)
    kept = _draw_families(worth)
    found = {}
    for probe in sorted({case.probe for case in kept}):
        mine = [case for case in kept if case.probe == probe]
        alike = group_texts([case.asked for case in mine], [case.answered for case in mine])
        if alike is not None:
            found[probe] = [case.item_id for case in mine], alike
    return Groups(found, len(kept), len(worth))


def _draw_families(cases: Sequence[Case]) -> Sequence[Case]:
    if len(cases) <= MOST_TEXTS:
        return cases
    sizes = Counter(case.family for case in cases)
    families = sorted(sizes)
    order = np.random.default_rng(0).permutation(len(families))
    totals = np.cumsum([sizes[families[place]] for place in order])
    kept = {families[place] for place in order[totals <= MOST_TEXTS]}
    return [case for case in cases if case.family in kept]


def find_patterns(cases: Sequence[Case], groups: Groups) -> Patterns:
    """Return what failed items have in common beyond chance.

    Every probe is held against the other probes, every tag value and every group of like texts against the other
    items of its probes: by shuffling families, one-sided, and adjusted for all that was tested. What is named has an
    interval above 1 besides.
    """
    table = _Table(sorted(cases, key=lambda case: case.item_id))
    tests = _tests(table, groups) if table.failed.any() and not table.failed.all() else []
    p = _p_values(table, groups, tests)
    q = benjamini_hochberg(p)
    found = [
        _pattern(table, groups, test, float(p[place]), float(q[place]))
        for place, test in enumerate(tests)
        if q[place] <= LEVEL
    ]
    return Patterns(
        patterns=sorted(
            (one for one in found if one.ratio[1] > 1), key=lambda one: (-one.ratio[1], one.kind, one.names)
        ),
        tested={kind: sum(test.kind is kind for test in tests) for kind in Kind},
        items=len(cases),
        failed=int(table.failed.sum()),
        texts=groups.looked_at,
        texts_of=groups.worth,
    )


class _Table:
    """The cases as columns."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        self.place = {case.item_id: place for place, case in enumerate(cases)}
        self.failed = np.array([case.failed for case in cases], dtype=bool)
        self.probe = _codes([case.probe for case in cases])
        self.family = _codes([case.family for case in cases])

    def group_rows(self, groups: Groups, probe: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of a probe's grouped texts that are among the cases, and their rows in the groups."""
        ids = groups.of_probe[probe][0]
        rows = [row for row, item_id in enumerate(ids) if item_id in self.place]
        return np.array([self.place[ids[row]] for row in rows], dtype=np.int64), np.array(rows, dtype=np.int64)


def _codes(names: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each name, by where it is first met: what it is called plays no part."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


def _tests(table: _Table, groups: Groups) -> list[_Test]:
    everything = np.ones(len(table.cases), dtype=bool)
    marks: dict[tuple[Kind, str], list[int]] = defaultdict(list)
    for place, case in enumerate(table.cases):
        marks[Kind.PROBE, case.probe].append(place)
        for name, value in case.tags.items():
            marks[Kind.TAG, f"{name}: {value}"].append(place)
    tests: dict[tuple[Kind, bytes], _Test] = {}
    for (kind, name), places in sorted(marks.items()):
        marked = ~everything
        marked[places] = True
        among = everything if kind is Kind.PROBE else _among(table, marked)
        marked &= among
        same = tests.get((kind, marked.tobytes()))
        tests[kind, marked.tobytes()] = _Test(kind, (*(same.names if same else ()), name), marked, among)
    found = [*tests.values(), *_group_tests(table, groups)]
    return [test for test in found if _tellable(table, test)]


def _among(table: _Table, marked: Mask) -> Mask:
    """Return the items of probes that have items with the mark and without it."""
    both = np.intersect1d(table.probe[marked], table.probe[~marked])
    return np.isin(table.probe, both)


def _group_tests(table: _Table, groups: Groups) -> list[_Test]:
    found = []
    for probe in groups.of_probe:
        places, rows = table.group_rows(groups, probe)
        numbers = groups.of_probe[probe][1].groups[rows]
        for number in range(int(numbers.max(initial=-1)) + 1):
            among, marked = (np.zeros(len(table.cases), dtype=bool) for _ in range(2))
            among[places] = True
            marked[places[numbers == number]] = True
            found.append(_Test(Kind.TEXT, (probe, str(number + 1)), marked, among))
    return found


def _tellable(table: _Table, test: _Test) -> bool:
    sides = (test.marked, test.among & ~test.marked)
    return all(np.count_nonzero(np.bincount(table.family[side])) >= FEWEST_FAMILIES for side in sides)


def _p_values(table: _Table, groups: Groups, tests: Sequence[_Test]) -> NDArray[np.float64]:
    """Return the p-value of each test; families are shuffled over all probes for probes, else within probes."""
    drawn = np.zeros(len(table.cases), dtype=bool)
    for probe in groups.of_probe:
        drawn[table.group_rows(groups, probe)[0]] = True
    strata = {
        Kind.PROBE: np.zeros(len(table.cases), dtype=int),
        Kind.TAG: table.probe,
        Kind.TEXT: 2 * table.probe + drawn,  # an item that was not drawn is exchanged with none that was
    }
    p = np.ones(len(tests))
    for kind, stratum in strata.items():
        places = [place for place, test in enumerate(tests) if test.kind is kind]
        if places:
            marks = np.stack([tests[place].marked for place in places], axis=1)
            p[places] = association_p(table.failed, marks, stratum, table.family, tests=len(tests))
    return p


def _pattern(table: _Table, groups: Groups, test: _Test, p: float, q: float) -> Pattern:
    outside = test.among & ~test.marked
    shares = _share(table, test.marked), _share(table, outside, _weights(table, test, outside))
    ends = [(share.value, share.low, share.high) for share in shares]
    ratio = shares[0].value / shares[1].value if shares[1].value else inf
    hits = np.flatnonzero(test.marked & table.failed)
    found = Pattern(
        kind=test.kind,
        names=test.names,
        probes=sorted({table.cases[place].probe for place in np.flatnonzero(test.marked)}),
        items=[table.cases[place].item_id for place in _one_of_each(table, hits.tolist())],
        inside=shares[0],
        outside=shares[1],
        ratio=(ratio, *ratio_interval(*ends)),
        p=p,
        q=q,
    )
    return found if test.kind is not Kind.TEXT else _told(table, groups, test, found)


def _one_of_each(table: _Table, places: Sequence[int]) -> list[int]:
    turn: Counter[int] = Counter()
    turns = {}
    for place in places:
        turns[place] = turn[int(table.family[place])]
        turn[int(table.family[place])] += 1
    return sorted(places, key=lambda place: (turns[place], place))


def _share(table: _Table, mask: Mask, weights: NDArray[np.float64] | None = None) -> Share:
    values, families = table.failed[mask].astype(float), table.family[mask]
    ends = rate_interval(values, families, weights=weights)
    assert ends is not None  # of too few families nothing is tested
    count = len(np.unique(families))
    return Share(int(values.sum()), len(values), count, weighted_mean(values, weights), ends[0], ends[1])


def _weights(table: _Table, test: _Test, outside: Mask) -> NDArray[np.float64] | None:
    """Return how much an item without the mark counts, so that each probe counts as it does among those with it."""
    if test.kind is Kind.PROBE:
        return None
    sizes = [np.bincount(table.probe[mask], minlength=table.probe.max() + 1) for mask in (test.marked, outside)]
    return np.asarray(sizes[0][table.probe[outside]] / sizes[1][table.probe[outside]])


def _told(table: _Table, groups: Groups, test: _Test, found: Pattern) -> Pattern:
    """Return a pattern of texts with what it is told by: its words, the tags of its items, the nearest items first."""
    places, rows = table.group_rows(groups, test.names[0])
    alike = groups.of_probe[test.names[0]][1]
    failed = test.marked & table.failed
    inside, outside = (np.zeros(len(alike.groups), dtype=bool) for _ in range(2))
    inside[rows[failed[places]]] = True
    outside[rows[~test.marked[places]]] = True
    distance = dict(zip(places.tolist(), alike.distance[rows].tolist(), strict=True))
    nearest = sorted(np.flatnonzero(failed).tolist(), key=lambda place: (distance[place], place))
    return replace(
        found,
        items=[table.cases[place].item_id for place in nearest],
        terms=alike.telling(inside, outside),
        tags=_shared_tags(table, failed, test.among & ~test.marked),
    )


def _shared_tags(table: _Table, inside: Mask, outside: Mask) -> list[tuple[str, int]]:
    """Return the tags that most items inside and less than half of those outside have."""
    one, other = (
        Counter(f"{name}: {value}" for place in np.flatnonzero(mask) for name, value in table.cases[place].tags.items())
        for mask in (inside, outside)
    )
    mostly = [(tag, count) for tag, count in one.items() if 2 * count > inside.sum() and 2 * other[tag] < outside.sum()]
    return sorted(mostly, key=lambda found: (-found[1], found[0]))
