"""One model over its versions: how its numbers moved, which behaviours are new, and how far it has drifted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.compare import Comparison, Difference, Standing, compare
from auditor.drift import Drift, Number, concerning, drift
from auditor.errors import ConfigError, nearest
from auditor.first_seen import FirstSeen, first_seen
from auditor.pairing import Pair, Side
from auditor.runs.layers import layers
from auditor.runs.record import Run
from auditor.runs.store import Store
from auditor.runs.stored import State, Stored
from auditor.types import Better, Estimate


@dataclass(frozen=True, slots=True)
class Version:
    """One version, told by one of its runs."""

    model_id: str
    run_id: str
    layer: str
    created: str
    suite: str
    changed: Sequence[str]
    """Pieces of the fingerprint that differ from the version before."""
    instrument: Sequence[str]
    """How it was measured otherwise than the version before: its numbers do not follow from those."""


@dataclass(frozen=True, slots=True)
class Point:
    """A number at one version."""

    value: float | None
    low: float | None
    high: float | None
    """Of the run's own interval."""
    families: int
    standing: Standing | None
    """Against the version before, as `compare` tells it; None for the first one and over a gap."""
    regression: float | None
    """How much worse than there, over what both were asked."""
    gap: str
    """Why it cannot be held against the version before; empty where it can."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A number over all versions."""

    battery: str
    source: str
    metric: str
    better: Better
    ideal: float | None
    low_bound: float | None
    high_bound: float | None
    points: Sequence[Point | None]
    """One for each version; None where it was not asked."""


@dataclass(frozen=True, slots=True)
class History:
    """What became of a model."""

    name: str
    versions: Sequence[Version]
    trends: Sequence[Trend]
    first_seen: Sequence[FirstSeen]
    """The severest first, then those with the most items that are still bad."""
    drift: Drift
    notes: Sequence[str]


def model_name(store: Store, asked: str | None) -> str:
    """Return the model's name that is meant; the only one of the store where none is given."""
    sealed = (run for run in store.runs() if run.state is State.SEALED)
    names = list(dict.fromkeys(run.model_id.rpartition("@")[0] for run in sealed))
    if asked is None and len(names) == 1:
        return names[0]
    if not names:
        raise ConfigError(f"the store {store.root} holds no finished run", hint="auditor run MODEL")
    if asked is None:
        raise ConfigError(f"the store {store.root} holds several models", hint=f"name one: {', '.join(sorted(names))}")
    name = asked.partition("@")[0]
    if name not in names:
        raise ConfigError(f"there is no finished run of '{name}'", hint=nearest(name, names))
    return name


def versions_of(store: Store, name: str, layer: str | None = None) -> tuple[list[Run], list[str]]:
    """Return one intact run of each version of a model, oldest version first, and what to say of the others.

    A version that was audited more than once is told by the run of the newest version's suite, the largest and
    newest of these. `layer` is the grading to look through where a run has it.
    """
    found: dict[str, list[Stored]] = {}
    notes = []
    for run in store.runs():
        if run.state is State.SEALED and run.model_id.rpartition("@")[0] == name:
            found.setdefault(run.model_id, []).append(run)
        elif run.state is State.DAMAGED and run.path.name.startswith(f"{name}@"):
            notes.append(f"{run.run_id} is left out: {run.problem}")
    suite = max(found[list(found)[-1]], key=_size).manifest["suite"]["hash"]
    chosen = []
    for model_id, runs in found.items():
        ranked = sorted(runs, key=lambda run: (run.manifest["suite"]["hash"] == suite, *_size(run)), reverse=True)
        intact, broken = _first_intact(store, ranked, layer)
        chosen += intact
        notes += broken
        if len(runs) > 1:
            notes.append(
                f"{model_id} was audited {len(runs)} times: {', '.join(run.run_id for run in intact)} is told."
            )
    return chosen, notes


def _size(run: Stored) -> tuple[int, str]:
    return run.manifest["counts"]["requests"], run.created


def _first_intact(store: Store, runs: Iterable[Stored], layer: str | None) -> tuple[list[Run], list[str]]:
    broken: list[str] = []
    for stored in runs:
        path = store.fetch(stored)
        run = Run(path, layer if layer in layers(path) else None)
        if not run.problems:
            return [run], broken
        broken.append(f"{run.run_id} is left out: it is not as it was sealed: {'; '.join(run.problems)}")
    return [], broken


def history(
    name: str, runs: Sequence[Run], base: Run, *, notes: Sequence[str] = (), tell: Callable[[str], None]
) -> History:
    """Follow a model over its versions.

    Parameters
    ----------
    name : str
        The model's.
    runs : sequence of Run
        One of each version, oldest first; at least one.
    base : Run
        What drift is measured from; may be one of the runs.
    notes : sequence of str
        Further things to say.
    tell : callable
        Hears what is being done; a step takes seconds.

    Returns
    -------
    History
    """
    steps = [Step(run) for run in runs[:1]]
    for before, after in zip(runs, runs[1:], strict=False):
        tell(f"comparing {after.model_id} with {before.model_id}")
        steps.append(Step.between(before, after))
    tell(f"looking for drift from {base.model_id}")
    sides = [step.side for step in steps]
    numbers = _numbers(steps)
    return History(
        name=name,
        versions=[step.version for step in steps],
        trends=[_trend(number, steps) for number in numbers],
        first_seen=first_seen(sides),
        drift=drift(Side(base), sides, numbers),
        notes=notes,
    )


@dataclass(frozen=True)
class Step:
    """A version, and what `compare` says of it against the one before."""

    run: Run
    comparison: Comparison | None = None
    """None for the first one, and where the two have no item in common."""
    apart: str = ""
    """Why they cannot be compared at all."""

    @classmethod
    def between(cls, before: Run, after: Run) -> Step:
        """Compare two versions; where an instrument has changed, what it measured becomes a gap."""
        if not Pair(Side(before), Side(after)).shared:
            return cls(after, apart=f"it and {before.model_id} have no item in common")
        return cls(after, compare(before, [after], force=True)[0])

    @cached_property
    def side(self) -> Side:
        """The run as pairing reads it."""
        return Side(self.run)

    @cached_property
    def estimates(self) -> dict[Number, Estimate]:
        """The run's own numbers over all items."""
        return {(one.probe_id, one.metric): one for one in self.run.estimates if one.cell == "all"}

    @cached_property
    def moves(self) -> dict[Number, Difference]:
        """The numbers over all items against the version before."""
        found = self.comparison.differences if self.comparison else ()
        return {(one.source, one.metric): one for one in found if one.cell == "all"}

    @property
    def version(self) -> Version:
        """The version as data."""
        found = self.comparison
        return Version(
            model_id=self.run.model_id,
            run_id=self.run.run_id,
            layer=self.run.layer,
            created=self.run.manifest["created"],
            suite=self.run.manifest["suite"]["id"],
            changed=list(found.changed) if found else [],
            instrument=[*(found.forced if found else ()), *([self.apart] if self.apart else ())],
        )

    def point(self, number: Number) -> Point | None:
        """Return a number at this version."""
        own = self.estimates.get(number)
        if own is None:
            return None
        gap = self._gap(number)
        moved = None if gap else self.moves.get(number)
        return Point(
            value=own.value,
            low=own.low,
            high=own.high,
            families=own.families,
            standing=moved.standing if moved else None,
            regression=moved.regression if moved else None,
            gap=gap,
        )

    def _gap(self, number: Number) -> str:
        if self.comparison is None:
            return self.apart
        changed = concerning(self.comparison.forced, self.side, number)
        if changed or number in self.moves:
            return "; ".join(changed)
        return "the version before has not the same number"


def _numbers(steps: Sequence[Step]) -> list[Number]:
    """Return the pooled numbers of all versions, the newest version's first; a battery without one is told by probe."""
    found: dict[Number, None] = {}
    for step in reversed(steps):
        pooled = [(one["battery"], one["metric"]) for one in step.run.manifest["pooled"]]
        batteries = {battery for battery, _ in pooled}
        alone = [
            (probe["id"], metric["name"])
            for probe in step.run.manifest["probes"]
            if probe["battery"] not in batteries
            for metric in probe["metrics"]
        ]
        found |= dict.fromkeys(number for number in (*pooled, *alone) if number in step.estimates)
    return list(found)


def _trend(number: Number, steps: Sequence[Step]) -> Trend:
    newest = next(step for step in reversed(steps) if number in step.estimates)
    shown = newest.estimates[number]
    return Trend(
        battery=newest.side.probes[number[0]]["battery"] if number[0] in newest.side.probes else number[0],
        source=number[0],
        metric=number[1],
        better=shown.better,
        ideal=shown.ideal,
        low_bound=shown.low_bound,
        high_bound=shown.high_bound,
        points=[step.point(number) for step in steps],
    )
