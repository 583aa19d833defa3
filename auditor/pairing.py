"""Two runs held side by side: which items are the same, and every number of both over those."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from auditor.asked import Asked, cells_of
from auditor.battery.schema import Pooled
from auditor.battery.suites import rank
from auditor.errors import DataError
from auditor.estimates import COLUMNS
from auditor.metrics.interface import MetricSpec
from auditor.types import Status

if TYPE_CHECKING:
    import pandas as pd

    from auditor.metrics.paired import Paired, Part

Row = Mapping[str, Any]
CONTENT = ("turns", "system", "few_shot", "options", "reference")
"""What makes an item the one that it is."""


Cause = Literal["engine", "undetermined"]
"""Why a verdict is missing: the answer never came, or the grader could not decide."""


def cause(verdict: Row) -> Cause | None:
    """Return why a verdict is missing; None where it is there."""
    if verdict["outcome"] == "graded":
        return None
    status = str(verdict["reason"]).partition(":")[0]
    return "engine" if status in (Status.FAILED, Status.FILTERED) else "undetermined"


class Audited(Protocol):
    """What pairing reads of a run: a sealed one, or what is there of one under way."""

    @property
    def run_id(self) -> str:
        """See `Run`."""

    @property
    def model_id(self) -> str:
        """See `Run`."""

    @property
    def layer(self) -> str:
        """See `Run`."""

    @property
    def manifest(self) -> Row:
        """See `Run`."""

    def iter_items(self) -> Iterator[Row]:
        """See `Run`."""
        ...

    def iter_verdicts(self) -> Iterator[Row]:
        """See `Run`."""
        ...


@dataclass(frozen=True)
class Side:
    """One run as pairing reads it."""

    run: Audited

    @cached_property
    def probes(self) -> dict[str, Row]:
        """Probe id -> its entry in the manifest."""
        return {probe["id"]: probe for probe in self.run.manifest["probes"]}

    @cached_property
    def items(self) -> dict[str, Row]:
        """Item id -> item."""
        return {row["item_id"]: row for row in self.run.iter_items()}

    @cached_property
    def verdicts(self) -> dict[str, list[Row]]:
        """Probe id -> its verdicts; those of questions asked again tell the noise and are left out."""
        found: dict[str, list[Row]] = {probe: [] for probe in self.probes}
        for row in self.run.iter_verdicts():
            if row["repeat"] == 0 and row["probe_id"] in found:
                found[row["probe_id"]].append(row)
        return found

    @cached_property
    def by_content(self) -> dict[tuple[str, str], str]:
        """(probe, content) -> item id; items of one probe with equal content are told apart by their ids."""
        contents = {item_id: content(row) for item_id, row in self.items.items()}
        seen = Counter((self.items[item_id]["probe_id"], found) for item_id, found in contents.items())
        keys = {}
        for item_id, found in contents.items():
            probe = self.items[item_id]["probe_id"]
            keys[probe, found if seen[probe, found] == 1 else f"{found} {item_id}"] = item_id
        return keys

    def order(self, probe: str, spec: MetricSpec, cell: str, seed: int) -> list[str]:
        """Return the families that a number of a probe is over, in the random order of a seed."""
        return sorted(self._sizes(probe, spec, cell), key=lambda family: rank(family, seed))

    def one_size(self, probe: str, spec: MetricSpec, cell: str) -> bool:
        """Tell whether all families of a number have as many items, so that each weighs the same."""
        return len(set(self._sizes(probe, spec, cell).values())) == 1

    def _sizes(self, probe: str, spec: MetricSpec, cell: str) -> Counter[str]:
        rows = (row for row in self.items.values() if row["probe_id"] == probe and cell in cells_of(row["tags"], spec))
        return Counter(row["family_id"] for row in rows)

    def graders(self) -> dict[str, Row]:
        """Return probe id -> the grader of this layer."""
        return {probe: entry["grader"] for probe, entry in self.probes.items()}


def content(item: Row) -> str:
    """Return the hash of what an item asks and of what is right."""
    parts = [item.get(name) for name in CONTENT]
    try:
        text = msgspec.json.encode(parts, order="sorted")
    except UnicodeEncodeError:  # a lone surrogate
        text = json.dumps(parts, sort_keys=True).encode("ascii")
    return hashlib.sha256(text).hexdigest()


@dataclass(frozen=True)
class Pair:
    """A baseline and a candidate over the items that both were asked."""

    base: Side
    candidate: Side
    drop: frozenset[Cause] = frozenset()
    """Items that lack a verdict for such a cause, on either side, are left out of the numbers."""

    @cached_property
    def renamed(self) -> dict[str, str]:
        """Candidate's item id -> the baseline's, for each item with the same content in the same probe."""
        theirs = self.base.by_content
        return {item_id: theirs[key] for key, item_id in self.candidate.by_content.items() if key in theirs}

    @cached_property
    def shared(self) -> set[str]:
        """The baseline's ids of the items that both were asked."""
        return set(self.renamed.values())

    @cached_property
    def only_base(self) -> list[str]:
        """Items that only the baseline was asked."""
        return [item_id for item_id in self.base.items if item_id not in self.shared]

    @cached_property
    def only_candidate(self) -> list[str]:
        """Items that only the candidate was asked."""
        return [item_id for item_id in self.candidate.items if item_id not in self.renamed]

    @cached_property
    def probes(self) -> list[str]:
        """Probes with an item that both were asked, in the candidate's order."""
        asked = {self.base.items[item_id]["probe_id"] for item_id in self.shared}
        return [probe for probe in self.candidate.probes if probe in asked]

    @cached_property
    def pooled(self) -> list[Pooled]:
        """The suite's pooled numbers that both have in the same form."""
        theirs = self.base.run.manifest["pooled"]
        same = [Pooled.model_validate(one) for one in self.candidate.run.manifest["pooled"] if one in theirs]
        return [one for one in same if set(one.weights) <= set(self.probes)]

    @property
    def metrics(self) -> list[tuple[str, str]]:
        """(battery or probe, metric) of every number, the pooled ones first."""
        own = [(probe, metric["name"]) for probe in self.probes for metric in self.candidate.probes[probe]["metrics"]]
        return [*((one.battery, one.metric) for one in self.pooled), *own]

    def spec(self, source: str, metric: str) -> MetricSpec:
        """Return how a number is made; of a pooled one as its first probe says it."""
        probe = next(iter(self.weights(source, metric)))
        for found in self.candidate.probes[probe]["metrics"]:
            if found["name"] == metric:
                return MetricSpec.model_validate(found)
        raise DataError(f"{self.candidate.run.run_id}: {probe} has no metric '{metric}'")

    def weights(self, source: str, metric: str) -> Mapping[str, float]:
        """Return the probes that a number rests on, with their weights."""
        for one in self.pooled:
            if (one.battery, one.metric) == (source, metric):
                return one.weights
        return {source: 1.0}

    def cells(self, source: str, metric: str) -> Mapping[str, Paired]:
        """Return cell -> a number on both sides; made once."""
        key = (source, metric)
        if key not in self._made:
            from auditor.metrics.paired import pair_cells

            self._made[key] = dict(pair_cells(self._parts(source, metric)))
        return self._made[key]

    @cached_property
    def _made(self) -> dict[tuple[str, str], Mapping[str, Paired]]:
        return {}

    def ordered(self, source: str, metric: str, cell: str, seed: int) -> Paired | None:
        """Return a number over the families that were asked without a gap, in the random order of a seed.

        The order is that of all families of the baseline's cell. None where not even the first was asked, and for a
        number that is no mean over families, each counted once, which is all that bounds at every look hold for: one
        over several probes, over families of unequal size, or whose weights depend on the answers.
        """
        key = (source, metric, cell)
        if key not in self._orders:
            self._orders[key] = self._ordered(*key, seed)
        return self._orders[key]

    @cached_property
    def _orders(self) -> dict[tuple[str, str, str], Paired | None]:
        return {}

    def _ordered(self, source: str, metric: str, cell: str, seed: int) -> Paired | None:
        from auditor.metrics.kinds import KINDS
        from auditor.metrics.paired import Pairing, Part, pair_cells
        from auditor.metrics.score_kind import ScoreKind

        parts = self._parts(source, metric)
        if len(parts) > 1:
            return None
        probe, part = next(iter(parts.items()))
        kind = KINDS[part.spec.kind]
        if not isinstance(kind, ScoreKind) or kind.weighed or not self.base.one_size(probe, part.spec, cell):
            return None
        items = self.base.items
        unasked = {
            row["family_id"] for name, row in items.items() if row["probe_id"] == probe and name not in self.shared
        }
        order = takewhile(lambda family: family not in unasked, self.base.order(probe, part.spec, cell, seed))
        places = {family: place for place, family in enumerate(order)}
        if not places:
            return None
        frames = []
        for frame in (part.base, part.candidate):
            place = frame["family_id"].map(places)
            frames.append(frame[place.notna()].assign(place=place).sort_values("place", kind="stable"))
        found = dict(pair_cells({probe: Part(part.weight, part.spec, *frames)})).get(cell)
        return replace(found, in_order=True) if isinstance(found, Pairing) else None

    def _parts(self, source: str, metric: str) -> dict[str, Part]:
        from auditor.metrics.paired import Part

        weights = self.weights(source, metric)
        return {
            probe: Part(weights[probe], spec, *self._frames(probe))
            for probe, spec in self._specs(source, metric).items()
        }

    def _specs(self, source: str, metric: str) -> dict[str, MetricSpec]:
        """Return how each probe of a number makes it; its cells are those that any of them tells."""
        found = {
            probe: MetricSpec.model_validate(one)
            for probe in self.weights(source, metric)
            for one in self.candidate.probes[probe]["metrics"]
            if one["name"] == metric
        }
        breakdown = list(dict.fromkeys(tag for spec in found.values() for tag in spec.breakdown))
        return {probe: spec.model_copy(update={"breakdown": breakdown}) for probe, spec in found.items()}

    def _frames(self, probe: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return both sides' verdicts of the shared items of a probe, named as the baseline names them; made once."""
        if probe not in self._tables:
            mine = [(row["item_id"], row) for row in self.base.verdicts[probe] if row["item_id"] in self.shared]
            theirs = [
                (self.renamed[row["item_id"]], row)
                for row in self.candidate.verdicts[probe]
                if row["item_id"] in self.renamed
            ]
            left_out = {name for name, row in (*mine, *theirs) if cause(row) in self.drop}
            self._tables[probe] = (self._frame(mine, left_out), self._frame(theirs, left_out))
        return self._tables[probe]

    def asked(self, source: str, metric: str) -> Asked:
        """Return the items that both were asked of a number, whether or not they have a verdict; made once."""
        key = (source, metric)
        if key not in self._asked:
            self._asked[key] = self._counted(source, metric, self.base, self.shared)
        return self._asked[key]

    @cached_property
    def _asked(self) -> dict[tuple[str, str], Asked]:
        return {}

    def dropped(self, source: str, metric: str, cell: str) -> float:
        """Return the share of a cell that a number leaves out, in [0, 1]: of its items, each by its probe's weight."""
        if not self.drop:
            return 0.0
        asked, weights = self.asked(source, metric).items.get(cell, {}), self.weights(source, metric)
        lost = {probe: len(items - self._kept(probe)) / len(items) for probe, items in asked.items()}
        total = sum(weights[probe] for probe in lost)
        return sum(weights[probe] * share for probe, share in lost.items()) / total if total else 0.0

    def lost(self, source: str, metric: str, cell: str) -> list[str]:
        """Return the probes of a number of which no item of a cell has a verdict on both sides."""
        asked = self.asked(source, metric).items.get(cell, {})
        return [probe for probe, items in asked.items() if not items & self._graded(probe)]

    def _kept(self, probe: str) -> set[str]:
        return set(self._frames(probe)[0]["item_id"]) & set(self._frames(probe)[1]["item_id"])

    def _graded(self, probe: str) -> set[str]:
        graded = [set(frame.loc[frame["outcome"] == "graded", "item_id"]) for frame in self._frames(probe)]
        return graded[0] & graded[1]

    def unpaired(self, source: str, metric: str, cell: str) -> tuple[int, int, int]:
        """Return how many of a cell's items only the baseline, only the candidate, and both were asked."""
        alone = ((self.base, self.only_base), (self.candidate, self.only_candidate))
        before, after = (self._counted(source, metric, side, names).size(cell) for side, names in alone)
        return before, after, self.asked(source, metric).size(cell)

    def _counted(self, source: str, metric: str, side: Side, names: Iterable[str]) -> Asked:
        return Asked.of(((name, side.items[name]) for name in names), self._specs(source, metric))

    @cached_property
    def _tables(self) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
        return {}

    def _frame(self, named: Sequence[tuple[str, Row]], left_out: set[str]) -> pd.DataFrame:
        import pandas as pd

        kept = [(name, row) for name, row in named if name not in left_out]
        items = [self.base.items[name] for name, _ in kept]
        columns: dict[str, list[Any]] = {column: [row.get(column) for _, row in kept] for column in COLUMNS}
        columns["item_id"] = [name for name, _ in kept]
        for column in ("family_id", "pair_id", "tags", "reference"):
            columns[column] = [item[column] for item in items]
        return pd.DataFrame({column: pd.Series(values, dtype=_KINDS.get(column)) for column, values in columns.items()})


_KINDS = {"sample": "int64", "repeat": "int64", "value": "float64"}


def verdicts_by_item(side: Side) -> Iterator[tuple[str, list[Row]]]:
    """Yield each item of a run with its verdicts; none where it has no verdict."""
    found: dict[str, list[Row]] = defaultdict(list)
    for rows in side.verdicts.values():
        for row in rows:
            found[row["item_id"]].append(row)
    for item_id in side.items:
        yield item_id, found[item_id]
