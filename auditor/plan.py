"""What a run will ask, settled before anything is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from auditor.battery.library import Library, Probe
from auditor.battery.schema import Pooled, ProbeDoc, SuiteDoc
from auditor.battery.suites import choose, pooled_of, read_suite, whole
from auditor.config import Config
from auditor.documents import Source
from auditor.engines.interface import Fingerprint
from auditor.errors import ConfigError, ProbeError, nearest
from auditor.graders.interface import Grader
from auditor.graders.registry import grader_class, grader_names, load_grader
from auditor.metrics.needs import unmet
from auditor.requests import Asker, digest, resolve_sampling
from auditor.target import Target
from auditor.types import Ask, Item, Request

FEW_REQUESTS = 2000
"""Up to here a plan that also scores gets one engine; see `Plan.starts_once`."""
MOST_NAMED = 20
"""Items of a probe that are named when they do not fit its grader; the others are counted."""


@dataclass(frozen=True)
class Selection:
    """What a person chose to ask."""

    suite: str | None = None
    batteries: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    limit: int | None = None
    """At most so many families of each probe."""
    whole: bool = False
    """Ask the named probes whole, whatever a suite takes of them, and nothing a second time."""


@dataclass(frozen=True)
class ProbePlan:
    """One probe with its grader and the items that are asked."""

    probe: Probe
    grader: Grader
    items: Sequence[Item]
    asker: Asker
    all_families: int
    """Families of the whole probe, those that are not asked too."""

    @cached_property
    def asks(self) -> dict[str, list[Ask]]:
        """Item id -> what is asked about it."""
        return {item.item_id: list(self.grader.asks(item)) for item in self.items}

    @property
    def samples(self) -> int:
        """How often each item is asked in one go."""
        return self.probe.doc.sampling.samples

    @cached_property
    def first_requests(self) -> dict[str, list[Request]]:
        """Item id -> what `requests` returns: made once, since every request is hashed and all are kept."""
        return {item.item_id: self._make_requests(item, repeat=0) for item in self.items}

    def requests(self, item: Item, *, repeat: int = 0) -> list[Request]:
        """Return the first requests about one item, one for each sample and ask."""
        return self._make_requests(item, repeat=repeat) if repeat else self.first_requests[item.item_id]

    def _make_requests(self, item: Item, *, repeat: int) -> list[Request]:
        return [
            self.asker.first(item, ask, sample=sample, repeat=repeat)
            for sample in range(self.samples)
            for ask in self.asks[item.item_id]
        ]


@dataclass(frozen=True)
class Plan:
    """All that one run asks of one model version."""

    model_id: str
    target: Target
    fingerprint: Fingerprint
    suite: SuiteDoc
    suite_digest: str
    probes: Sequence[ProbePlan]
    confidence: float
    whole: bool = True
    """Whether the suite is asked as it is, with nothing left out."""
    until: str | None = None
    """What ends the run before all is asked: a baseline and a policy."""

    @cached_property
    def first_requests(self) -> list[Request]:
        """The first request of every item, sample and ask."""
        return [request for planned in self.probes for item in planned.items for request in planned.requests(item)]

    @cached_property
    def repeated(self) -> list[tuple[ProbePlan, Item]]:
        """The items that are asked a second time, in shuffled order; scored items are left out."""
        pool = [
            (planned, item)
            for planned in self.probes
            for item in planned.items
            if all(ask.continuation is None for ask in planned.asks[item.item_id])
        ]
        draw = random.Random(self.suite.seed)
        return draw.sample(pool, min(self.suite.repeats, len(pool)))

    @property
    def requests_planned(self) -> int:
        """Requests in all, every turn and repeat counted."""
        main = sum(len(planned.requests(item)) * len(item.turns) for planned in self.probes for item in planned.items)
        return main + sum(len(planned.requests(item)) * len(item.turns) for planned, item in self.repeated)

    @property
    def unused_sampling(self) -> list[str]:
        """Fields of the target's sampling that every probe sets itself."""
        given = [name for name, value in self.target.sampling if value is not None]
        return [name for name in given if all(getattr(one.probe.doc.sampling, name) is not None for one in self.probes)]

    @property
    def starts_once(self) -> bool:
        """Whether one engine, set up for scoring, answers everything.

        Starting a second one costs more than the prefix cache saves where the plan is small. It is the plan that
        decides, so that an interrupted run goes on with the same engine.
        """
        scores = any(ask.continuation is not None for one in self.probes for asks in one.asks.values() for ask in asks)
        return scores and self.requests_planned <= FEW_REQUESTS

    @cached_property
    def pooled(self) -> list[Pooled]:
        """The suite's pooled numbers whose probes are all asked."""
        return pooled_of(self.suite, [planned.probe.id for planned in self.probes])

    @cached_property
    def digest(self) -> str:
        """Hash of all that the run measures and how: two runs with one digest measure the same."""
        graders = [
            [planned.probe.id, planned.probe.digest, planned.grader.name, planned.grader.version]
            for planned in self.probes
        ]
        keys = sorted(request.key for request in self.first_requests)
        said: list[Any] = [self.suite_digest, graders, keys, self.fingerprint.digest, self.confidence]
        if self.until is not None:
            said.append(self.until)
        return digest(said)


def make_plan(
    target: Target,
    fingerprint: Fingerprint,
    selection: Selection,
    *,
    model_id: str,
    library: Library,
    config: Config,
) -> Plan:
    """Return the plan of a run; raises ConfigError or ProbeError for what does not exist or does not fit."""
    suite, suite_digest, whole_suite = _suite(selection, library, config)
    plans = []
    for entry in suite.probes:
        probe = library.probe(entry.probe)
        every = library.items_of(entry.probe, entry.orders)
        items = choose(every, entry, seed=suite.seed, limit=selection.limit)
        sampling = resolve_sampling(probe.doc.sampling, target)
        asker = Asker(model_id=model_id, fingerprint=fingerprint.digest, target=target, sampling=sampling)
        families = len({item.family_id for item in every})
        plans.append(ProbePlan(probe, grader_of(probe, items), items, asker, families))
    return Plan(model_id, target, fingerprint, suite, suite_digest, plans, config.confidence, whole_suite)


def _suite(selection: Selection, library: Library, config: Config) -> tuple[SuiteDoc, str, bool]:
    """Return the suite that a selection means, cut to its batteries and probes, and whether nothing was cut."""
    named = library.select(selection.probes)
    if selection.whole:
        doc = whole(named, library)
        return doc, digest([doc.id, named, selection.limit]), selection.limit is None
    suite = read_suite(selection.suite or config.suite, library)
    doc, suite_digest = suite.doc, suite.digest
    entries = list(doc.probes)
    if selection.batteries:
        known = {library[name].battery for name in library}
        for battery in selection.batteries:
            if battery not in known:
                raise ConfigError(f"battery '{battery}' is unknown", hint=nearest(battery, known))
        entries = [entry for entry in entries if library[entry.probe].battery in selection.batteries]
    if named:
        entries = [entry for entry in entries if entry.probe in named]
        inside = {entry.probe for entry in entries}
        entries += whole([name for name in named if name not in inside], library).probes if set(named) - inside else []
    if not entries:
        raise ConfigError(
            f"the suite '{doc.id}' asks nothing of what was chosen",
            hint="choose another --suite, --battery or --probe",
        )
    if selection.batteries or named or selection.limit:
        doc = doc.model_copy(update={"probes": entries})
        suite_digest = digest([suite_digest, [entry.probe for entry in entries], selection.limit])
    kept = {entry.probe for entry in entries}
    return doc, suite_digest, selection.limit is None and all(entry.probe in kept for entry in suite.doc.probes)


def grader_of(probe: Probe, items: Sequence[Item]) -> Grader:
    """Return the probe's grader, after checking the names that the probe takes from it."""
    mistakes = grader_mistakes(probe.doc, probe.source, items, whole=False)
    if mistakes:
        raise ProbeError("\n".join(mistakes))
    return load_grader(probe.doc.grader.name, probe.doc.grader.settings)


def grader_mistakes(doc: ProbeDoc, source: Source, items: Sequence[Item], *, whole: bool = True) -> list[str]:
    """Return what does not fit between a probe and its grader, one a line with file and line.

    Unless `items` are the `whole` probe, nothing is said of what its metrics need of them together.
    """
    if doc.grader.name not in grader_names():
        guess = nearest(doc.grader.name, grader_names())
        fact = f"grader '{doc.grader.name}' is unknown" + (f"; {guess}" if guess else "")
        return [source.at(["grader", "name"], fact)]
    found: list[str] = []
    grader: Any = None
    try:
        grader = grader_class(doc.grader.name)  # its labels are known even where its settings are wrong
        grader = load_grader(doc.grader.name, doc.grader.settings)
    except ProbeError as problem:
        found.append(source.at(["grader"], str(problem)))
    else:
        found += _lacking(grader, source, items)
    return [*found, *_metric_mistakes(doc, source, items, grader, whole=whole)]


def _lacking(grader: Grader, source: Source, items: Sequence[Item]) -> Iterator[str]:
    lacking = [(item, lack) for item in items if (lack := grader.check(item))]
    for item, lack in lacking[:MOST_NAMED]:
        yield source.at(["data"], f"item '{item.item_id}': {lack}")
    if len(lacking) > MOST_NAMED:
        yield source.at(["data"], f"{len(lacking) - MOST_NAMED} more items lack what the grader needs")


def _metric_mistakes(
    doc: ProbeDoc, source: Source, items: Sequence[Item], grader: Any, *, whole: bool
) -> Iterator[str]:
    """Yield what does not fit between the metrics and the grader, or its class where none could be made."""
    own = getattr(grader, "labels", ())
    labels = set(own if isinstance(own, tuple) else ()) or {option.role for item in items for option in item.options}
    for place, metric in enumerate(doc.metrics):
        for label in metric.of:
            if labels and label not in labels:
                guess = nearest(label, labels)
                fact = f"the grader '{doc.grader.name}' has no label '{label}'" + (f"; {guess}" if guess else "")
                yield source.at(["metrics", place, "of"], fact)
        for key, fact in unmet(
            metric, labels, items if whole else (), gives_value=getattr(grader, "gives_value", True)
        ):
            yield source.at(["metrics", place, key], fact)
        if metric.ideal is not None:
            from auditor.metrics.kinds import KINDS

            kind = KINDS[metric.kind]
            if not kind.low <= metric.ideal <= kind.high:
                fact = f"{metric.ideal:g} can never be reached: {metric.kind} is between {kind.low:g} and {kind.high:g}"
                yield source.at(["metrics", place, "ideal"], fact)
