"""The pipeline: plan, generate, grade, estimate, record."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from auditor.config import Config
from auditor.engines.fingerprint import differing
from auditor.engines.interface import Engine, EngineInfo, Fingerprint
from auditor.errors import ConfigError, EngineError
from auditor.estimates import estimate_run
from auditor.graders.registry import grade_answers
from auditor.manifest import VerdictKey, draft_manifest, final_manifest
from auditor.meter import EnergyMeter
from auditor.plan import Plan, ProbePlan
from auditor.runs.codec import Row, response_row, to_row, verdict_row
from auditor.runs.store import Store
from auditor.runs.writer import RunWriter
from auditor.schedule import Exchange, Known, Schedule
from auditor.stopping import Lookout
from auditor.types import Answer, Item, Profile, Response, Status, Verdict

NO_TEMPLATE = "The model has no chat template: it was asked in completion mode, as plain text."


class Observer(Protocol):
    """Watches a run; the command line draws a progress bar, a notebook may do nothing."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of `total` requests; 0 where there is nothing to count."""
        ...

    def advance(self, response: Response) -> None:
        """One more request of the stage is answered."""
        ...

    def note(self, text: str) -> None:
        """Say what a reader must know, once."""
        ...


async def run_audit(
    plan: Plan,
    engine: Engine,
    *,
    store: Store,
    config: Config,
    observer: Observer,
    command: Sequence[str],
    again: bool = False,
    lookout: Lookout | None = None,
) -> Path:
    """Ask a plan's questions of an engine and return the folder of the sealed run.

    A sealed run of the same plan is returned as it is unless `again`; an unfinished one goes on. With a `lookout`
    families are asked in its order, until it needs no more.
    Raises EngineError when the engine is gone or nothing at all could be had; what was answered is kept.
    """
    check_identity(plan, store)
    if not again and (done := store.find_sealed(plan.digest, plan.model_id)) is not None:
        observer.note(f"this plan was already audited: {done.name} (--again repeats it)")
        return done
    draft = draft_manifest(plan, command)
    with RunWriter.open(
        store, model_id=plan.model_id, plan_hash=plan.digest, manifest_draft=draft, again=again
    ) as writer:
        earlier = None if plan.fingerprint.claimed or again else store.answers(plan.fingerprint.digest)

        def known(key: str) -> Known | None:
            """Return what an earlier sitting or run answered."""
            response = writer.answered.get(key)
            if response is not None and response.status is not Status.FAILED:
                return Known(response, cached=False)
            response = earlier.get(key) if earlier is not None else None
            return Known(response, cached=True) if response is not None else None

        schedule = Schedule({planned.probe.id: planned for planned in plan.probes}, known)
        sitting = Sitting(plan, engine, writer, schedule, observer, EnergyMeter(config.watts_per_core))
        sitting.shuffled = again
        if plan.unused_sampling:
            sitting.note(f"The target's own {', '.join(plan.unused_sampling)} went unused: every probe sets it itself.")
        if lookout is None:
            await sitting.ask()
        else:
            await sitting.ask_until(lookout)
        _refuse_nothing(schedule.exchanges)
        return sitting.record(config, command)


def check_identity(plan: Plan, store: Store) -> None:
    """Refuse one name@version for two fingerprints; a run without an answer says nothing of who it was."""
    for run in store.runs():
        if run.model_id != plan.model_id or run.digest == plan.fingerprint.digest or not run.is_answered:
            continue
        theirs = run.manifest["model"]["fingerprint"]
        before = Fingerprint(theirs["digest"], theirs["pieces"], theirs["claimed"])
        ours = plan.fingerprint
        lines = [
            f"  {name}: {before.pieces.get(name, 'none')[:60]} there, {ours.pieces.get(name, 'none')[:60]} here"
            for name in differing(before, ours)
        ]
        raise ConfigError(
            f"{plan.model_id} is another model in run {run.run_id}: fingerprint {before.digest[:12]} there, "
            f"{ours.digest[:12]} here; what differs:\n" + "\n".join(lines),
            hint="give this model a version of its own with --name NAME@VERSION",
        )


def _refuse_nothing(exchanges: Sequence[Exchange]) -> None:
    if exchanges and all(one.response.status is Status.FAILED for one in exchanges):
        reasons = Counter(one.response.reason or "no reason given" for one in exchanges)
        reason, count = reasons.most_common(1)[0]
        raise EngineError(f"none of {len(exchanges)} requests was answered; {count} times: {reason}")


@dataclass
class Sitting:
    """One process's part of a run, from the first question to the seal."""

    plan: Plan
    engine: Engine
    writer: RunWriter
    schedule: Schedule
    observer: Observer
    energy: EnergyMeter
    info: EngineInfo | None = None
    verdicts: dict[VerdictKey, Verdict] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    lookout: Lookout | None = None
    shuffled: bool = False
    """Whether the items come in another order than usual, to show what the order does."""
    _chosen: set[str] = field(default_factory=set)
    """Items that were asked, where a lookout chose them."""
    _families: dict[tuple[str, str, int], list[Answer]] = field(default_factory=lambda: defaultdict(list))
    _expected: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    async def ask(self) -> None:
        """Ask everything that is not known, and grade each family as soon as it is whole."""
        for planned, item, repeat in self._asked():
            self._expected[planned.probe.id, item.family_id, repeat] += planned.samples
        for planned in self.plan.probes:
            self.schedule.offer(planned, planned.items if not self.shuffled else self._shuffled(planned.items))
        self._grade()
        first_time = self.schedule.pending(Profile.GENERATE) > 0
        if not first_time:
            self._offer_repeats()
        if self.schedule.pending(Profile.GENERATE):
            async with self._engine(Profile.SCORE if self.plan.starts_once else Profile.GENERATE):
                if first_time:
                    await self._generate(Profile.GENERATE, "asking")
                    self._offer_repeats()
                await self._generate(Profile.GENERATE, "asking again")
                if self.plan.starts_once:
                    await self._generate(Profile.SCORE, "scoring")
        if self.schedule.pending(Profile.SCORE):
            async with self._engine(Profile.SCORE):
                await self._generate(Profile.SCORE, "scoring")

    async def ask_until(self, lookout: Lookout) -> None:
        """Ask the families that a lookout chooses, until it needs no more; nothing is asked a second time."""
        self.lookout = lookout
        profile = Profile.SCORE if self.plan.starts_once else Profile.GENERATE
        looks = 0
        async with AsyncExitStack() as stack:
            while chosen := lookout.next():
                for planned in self.plan.probes:
                    wanted = chosen.get(planned.probe.id, set())
                    items = [
                        one for one in planned.items if one.family_id in wanted and one.item_id not in self._chosen
                    ]
                    self._chosen.update(item.item_id for item in items)
                    for item in items:
                        self._expected[planned.probe.id, item.family_id, 0] += planned.samples
                    self.schedule.offer(planned, items)
                self._grade()
                looks += 1
                for kind in (Profile.GENERATE, Profile.SCORE):
                    if self.schedule.pending(kind) and self.info is None:
                        await stack.enter_async_context(self._engine(profile))
                    await self._generate(kind, f"asking, look {looks}")
                lookout.look([to_row(item) for _, item, _ in self._asked()], self._rows())
        decided = sum(rest.decided for rest in lookout.rests)
        planned_items = sum(len(planned.items) for planned in self.plan.probes)
        left = planned_items - len(self._chosen)
        self.note(
            f"Asked until decided: {decided} of {len(lookout.rests)} rules were decided early, after {looks} looks; "
            f"{left} of {planned_items} items were not needed. Numbers that no rule is about rest on what was asked."
        )

    def _rows(self) -> list[Row]:
        """Return the verdicts so far, in the order of the plan."""
        return [
            verdict_row(
                item,
                sample=sample,
                repeat=repeat,
                grader=planned.grader.name,
                grader_version=planned.grader.version,
                verdict=self.verdicts[item.item_id, sample, repeat],
            )
            for planned, item, repeat in self._asked()
            for sample in range(planned.samples)
        ]

    def record(self, config: Config, command: Sequence[str]) -> Path:
        """Estimate, write the record and seal it."""
        plan, writer = self.plan, self.writer
        exchanges = sorted(self.schedule.exchanges, key=_order)
        rows = self._rows()
        items = [item for _, item, repeat in self._asked() if repeat == 0]
        by_probe = {
            one.probe.id: (one.probe.doc, [item for item in items if item.probe_id == one.probe.id])
            for one in plan.probes
        }
        with self._stage("grade"):
            estimates = estimate_run(
                by_probe,
                plan.pooled,
                rows,
                confidence=plan.confidence,
                suite_version=plan.suite.version,
            )
        manifest = final_manifest(
            plan,
            config,
            info=self.info,
            exchanges=exchanges,
            verdicts=self.verdicts,
            seconds=writer.seconds,
            notes=self.notes,
        )
        if self.lookout is not None:
            planned = sum(len(one.items) for one in plan.probes)
            manifest["until_decided"] = self.lookout.record(len(items), planned)
        return writer.finish(
            items=items,
            rows=(response_row(one.request, one.response, cached=one.cached) for one in exchanges),
            verdicts=rows,
            estimates=estimates,
            manifest={**draft_manifest(plan, command), **manifest},
        )

    def note(self, text: str) -> None:
        """Say what a reader must know, now and in the record."""
        self.notes.append(text)
        self.observer.note(text)

    def _asked(self) -> Iterator[tuple[ProbePlan, Item, int]]:
        for planned in self.plan.probes:
            for item in planned.items:
                if self.lookout is None or item.item_id in self._chosen:
                    yield planned, item, 0
        for planned, item in self.plan.repeated if self.lookout is None else ():
            yield planned, item, 1

    def _shuffled(self, items: Sequence[Item]) -> list[Item]:
        return random.Random(self.plan.suite.seed).sample(items, len(items))

    def _offer_repeats(self) -> None:
        for planned, item in self.plan.repeated:
            self.schedule.offer(planned, [item], repeat=1)
        self._grade()

    @asynccontextmanager
    async def _engine(self, profile: Profile) -> AsyncIterator[None]:
        self.observer.stage("starting the engine", 0)
        try:
            with self._stage("engine_start"):
                info = await self.engine.start(profile)
            if self.info is None and not info.capabilities.chat:
                self.note(NO_TEMPLATE)
            self.info = self.info or info
            yield
        finally:
            await self.engine.close()

    async def _generate(self, profile: Profile, stage: str) -> None:
        if not self.schedule.pending(profile):
            return
        self.observer.stage(stage, self.schedule.to_come(profile))
        with self._stage("generate"):
            async for response in self.engine.generate(self.schedule.requests(profile)):
                self.writer.add(response)
                self.schedule.answered(response)
                self.observer.advance(response)
                self._grade()

    def _grade(self) -> None:
        """Grade every family whose answers are all there."""
        finished = self.schedule.finished
        while finished:
            answer = finished.popleft()
            key = (answer.item.probe_id, answer.item.family_id, answer.repeat)
            self._families[key].append(answer)
            if len(self._families[key]) == self._expected[key]:
                family = self._families.pop(key)
                grader = self.schedule.probes[answer.item.probe_id].grader
                for one, verdict in zip(family, grade_answers(grader, family), strict=True):
                    self.verdicts[one.item.item_id, one.sample, one.repeat] = verdict

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Count the wall time inside towards a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.writer.spend(name, time.monotonic() - start)
            self.writer.energy = self.energy.used()


def _order(one: Exchange) -> tuple[str, str, int, int, str, int]:
    request = one.request
    return (request.probe_id, request.item_id, request.repeat, request.sample, request.part, request.turn)
