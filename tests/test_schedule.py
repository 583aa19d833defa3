"""Laws of the schedule: in whatever order the answers come, everything is asked once and everything finishes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from small_audits import probe, question

from auditor.battery.expand import expand
from auditor.battery.library import Probe
from auditor.battery.schema import ProbeDoc
from auditor.documents import Source
from auditor.graders.registry import load_grader
from auditor.plan import ProbePlan
from auditor.requests import Asker, resolve_sampling
from auditor.schedule import Known, Schedule
from auditor.target import Target
from auditor.types import Message, Profile, Request, Response, Status

TEXTS = st.lists(st.sampled_from(["How?", "Why?", "Tell me."]), min_size=1, max_size=3)
SCORED = {"name": "refusal_margin", "refusals": ["No."], "compliances": ["Sure.", "Of course."]}


@st.composite
def probe_plans(draw: st.DrawFn) -> list[ProbePlan]:
    """Draw probes whose questions overlap: few texts, up to three turns, samples, several asks of an item."""
    plans = []
    for place in range(draw(st.integers(1, 3))):
        talks = draw(st.lists(TEXTS, min_size=1, max_size=4))
        scored = draw(st.booleans())
        changes: dict[str, Any] = {"grader": SCORED} if scored else {}
        doc = ProbeDoc.model_validate(
            probe(
                f"small.p{place}",
                [question(f"i{number}", turns) for number, turns in enumerate(talks)],
                sampling={"max_tokens": 8, "samples": draw(st.integers(1, 2))},
                **changes,
            )
        )
        target = Target(model="tiny")
        asker = Asker(
            model_id="tiny@1", fingerprint="f", target=target, sampling=resolve_sampling(doc.sampling, target)
        )
        grader = load_grader(doc.grader.name, doc.grader.settings)
        plans.append(
            ProbePlan(Probe(doc, Source(Path("p.yaml"), None), "digest"), grader, expand(doc, {}), asker, len(talks))
        )
    return plans


@dataclass
class Told:
    """An engine's side: answers in an order of its own, some with failures; some keys are known beforehand."""

    draw: random.Random
    failing: int
    remembered: int
    answers: dict[str, Response] = field(default_factory=dict)
    yielded: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        if request.key not in self.answers:
            number = int(request.key, 16)
            failed = self.failing and number % self.failing == 0
            text = f"{request.messages[-1].content} {number % 2}"
            self.answers[request.key] = (
                Response(request.key, Status.FAILED, reason="gone")
                if failed
                else Response(request.key, Status.STOP, text=text, score=-1.0, score_tokens=1)
            )
        return self.answers[request.key]

    def known(self, key: str) -> Known | None:
        """Tell what an earlier run answered, and what was answered in this one."""
        known = self.answers.get(key)
        if known is not None:
            return Known(known, cached=False) if known.status is not Status.FAILED else None
        number = int(key, 16)
        if self.remembered and number % self.remembered == 1:
            return Known(Response(key, Status.STOP, text="as ever", score=-2.0, score_tokens=1), cached=True)
        return None

    async def drive(self, schedule: Schedule, profile: Profile) -> None:
        """Take requests as they come and answer those under way in any order."""
        under_way: list[Request] = []

        async def pull() -> None:
            async for request in schedule.requests(profile):
                assert request.profile is profile
                self.yielded.append(request)
                under_way.append(request)
                if self.draw.random() < 0.5:
                    await asyncio.sleep(0)

        async with asyncio.timeout(10):
            pulling = asyncio.create_task(pull())
            while not pulling.done():
                await asyncio.sleep(0)
                if under_way:
                    request = under_way.pop(self.draw.randrange(len(under_way)))
                    answered = schedule.answered(self.answer(request))
                    assert all(one.key == request.key for one in answered)
            await pulling
        assert not under_way


def ask_all(plans: list[ProbePlan], told: Told, *, repeat_too: bool = False) -> Schedule:
    """Ask everything there is, and check what must hold of any schedule that has ended."""
    schedule = Schedule({one.probe.id: one for one in plans}, told.known)
    for planned in plans:
        schedule.offer(planned, planned.items)
        if repeat_too:
            schedule.offer(planned, planned.items, repeat=1)

    async def drive() -> None:
        for profile in (Profile.GENERATE, Profile.SCORE):
            await told.drive(schedule, profile)

    asyncio.run(drive())
    assert [schedule.pending(profile) for profile in Profile] == [0, 0]
    return schedule


SEEDS = st.integers(0, 2**16)
PORTIONS = st.sampled_from([0, 2, 3, 5])
"""One in so many; 0 is none."""


@settings(max_examples=60, deadline=None)
@given(plans=probe_plans(), seed=SEEDS, failing=PORTIONS, remembered=PORTIONS, repeat=st.booleans())
def test_everything_is_asked_once_and_everything_finishes(
    plans: list[ProbePlan], seed: int, failing: int, remembered: int, repeat: bool
) -> None:
    told = Told(random.Random(seed), failing, remembered)
    schedule = ask_all(plans, told, repeat_too=repeat)
    assert max(Counter(request.key for request in told.yielded).values(), default=1) == 1
    assert all(told.known(request.key) is None or request.key in told.answers for request in told.yielded)

    repeats = (0, 1) if repeat else (0,)
    wanted = Counter(
        (item.item_id, sample, again)
        for planned in plans
        for item in planned.items
        for sample in range(planned.samples)
        for again in repeats
    )
    assert Counter((one.item.item_id, one.sample, one.repeat) for one in schedule.finished) == wanted
    asks = {item.item_id: planned.asks[item.item_id] for planned in plans for item in planned.items}
    for one in schedule.finished:
        places = {(ask.part, turn) for ask in asks[one.item.item_id] for turn in range(len(one.item.turns))}
        assert set(one.responses) == places
    planned_requests = sum(
        len(planned.requests(item)) * len(item.turns) for planned in plans for item in planned.items
    ) * len(repeats)
    assert len(schedule.exchanges) == planned_requests


@settings(max_examples=60, deadline=None)
@given(plans=probe_plans(), seed=SEEDS, failing=PORTIONS, remembered=PORTIONS)
def test_every_turn_holds_the_answers_before_it(
    plans: list[ProbePlan], seed: int, failing: int, remembered: int
) -> None:
    schedule = ask_all(plans, Told(random.Random(seed), failing, remembered))
    by_place = {
        (one.request.item_id, one.request.sample, one.request.part, one.request.turn): one for one in schedule.exchanges
    }
    for (item_id, sample, part, turn), one in by_place.items():
        assert one.response.key == one.request.key
        if turn == 0:
            continue
        before = by_place[item_id, sample, part, turn - 1]
        if before.response.status is Status.FAILED:
            assert one.response.reason == f"turn {turn} failed: {before.response.reason}"
        else:
            said = (*before.request.messages, Message("assistant", before.response.text))
            assert one.request.messages[:-1] == said


@settings(max_examples=30, deadline=None)
@given(plans=probe_plans(), seeds=st.lists(SEEDS, min_size=2, max_size=2, unique=True), failing=PORTIONS)
def test_the_order_of_the_answers_changes_nothing(plans: list[ProbePlan], seeds: list[int], failing: int) -> None:
    def found(seed: int) -> dict[Any, Response]:
        schedule = ask_all(plans, Told(random.Random(seed), failing, 0))
        return {
            (one.request.item_id, one.request.sample, one.request.part, one.request.turn): one.response
            for one in schedule.exchanges
        }

    assert found(seeds[0]) == found(seeds[1])


def test_where_nothing_is_offered_nothing_is_asked() -> None:
    told = Told(random.Random(0), 0, 0)
    assert list(ask_all([], told).finished) == []
    assert told.yielded == []
