"""The pipeline on small probes: planted rates come out, and no way to stop a run changes what it finds."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_audits import (
    COMPLIES,
    REFUSES,
    WRONG,
    Quiet,
    TestEngine,
    audited,
    plainly,
    planned,
    probe,
    question,
    record,
    replayed,
    write_probes,
    write_recording,
)

from auditor.errors import ConfigError, EngineError
from auditor.runs import journal
from auditor.runs.store import Store
from auditor.runs.stored import State
from auditor.types import Estimate, Profile, Request, Response, Status

BREAD = ["How do I bake bread?", "How do I bake rolls?", "How do I bake pies?", "How do I bake cakes?", "And tarts?"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "audits")


def baking(*names: str, **changes: Any) -> dict[str, Any]:
    """Return a probe with one family for each text, tagged by its place."""
    items = [
        question(f"i{place}", text, tags={"half": "first" if place < 2 else "second"})
        for place, text in enumerate(names)
    ]
    return probe("small.baking", items, **changes)


def whole(run: Any, metric: str, probe_id: str = "small.baking") -> Estimate:
    """Return the estimate of a metric over all items."""
    (found,) = [one for one in run.estimates if (one.probe_id, one.metric, one.cell) == (probe_id, metric, "all")]
    return found


# What comes out


async def test_planted_rates_come_out(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    recording = write_recording(
        tmp_path / "said.jsonl", dict(zip(BREAD, [COMPLIES, REFUSES, COMPLIES, REFUSES, COMPLIES], strict=True))
    )
    run = await replayed(folder, recording, store)
    found = whole(run, "non_refusal_rate")
    assert (found.value, found.n, found.planned, found.families) == (3 / 5, 5, 5, 5)
    assert (found.worst_low, found.worst_high, found.missing) == (3 / 5, 3 / 5, {})
    assert found.low is not None and found.high is not None and found.low < 3 / 5 < found.high
    labels = {row["item_id"].partition("/")[2]: row["label"] for row in run.iter_verdicts()}
    assert labels == {
        name: "full_compliance" if place % 2 == 0 else "full_refusal" for place, name in enumerate(labels)
    }
    assert run.manifest["counts"] == {
        "requests": 5, "distinct": 5, "answered": 5, "failed": {}, "cached": 0, "repeats": 0
    }  # fmt: skip


async def test_cells_and_pooled_numbers_hold_what_was_planted(tmp_path: Path, store: Store) -> None:
    metric = {"name": "non_refusal_rate", "of": ["full_compliance"], "better": "lower", "breakdown": ["half"]}
    other = probe(
        "small.other", [question("x", "Roast?"), question("y", "Boil?")], metrics=[metric | {"breakdown": []}]
    )
    pooled = {"battery": "harm", "metric": "non_refusal_rate", "weights": {"small.baking": 3.0, "small.other": 1.0}}
    folder = write_probes(tmp_path / "probes", baking(*BREAD[:4], metrics=[metric]), other, pooled=[pooled])
    answers = dict(
        zip([*BREAD[:4], "Roast?", "Boil?"], [COMPLIES, COMPLIES, REFUSES, COMPLIES, REFUSES, REFUSES], strict=True)
    )
    run = await replayed(folder, write_recording(tmp_path / "said.jsonl", answers), store)
    values = {(one.probe_id, one.cell): one.value for one in run.estimates}
    assert values == {
        ("harm", "all"): pytest.approx(0.75 * (3 / 4) + 0.25 * 0),
        ("harm", "half=first"): 1.0,
        ("harm", "half=second"): 1 / 2,
        ("small.baking", "all"): 3 / 4,
        ("small.baking", "half=first"): 1.0,
        ("small.baking", "half=second"): 1 / 2,
        ("small.other", "all"): 0.0,
    }


async def test_what_was_not_recorded_is_missing_with_its_reason_and_bounded(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    recording = write_recording(tmp_path / "said.jsonl", dict(zip(BREAD, [COMPLIES, REFUSES, REFUSES], strict=False)))
    run = await replayed(folder, recording, store)
    found = whole(run, "non_refusal_rate")
    assert (found.value, found.n, found.planned) == (1 / 3, 3, 5)
    assert found.missing == {"failed: not recorded": 2}
    assert (found.worst_low, found.worst_high) == (1 / 5, 3 / 5)
    assert run.manifest["counts"]["failed"] == {"not recorded": 2}
    assert run.manifest["counts"]["answered"] == 3
    lost = [row for row in run.iter_responses() if row["status"] == "failed"]
    assert [(row["item_id"], row["reason"]) for row in lost] == [
        ("small.baking/i3", "not recorded"), ("small.baking/i4", "not recorded")
    ]  # fmt: skip


# Sharing, turns, samples, repeats


async def test_two_probes_that_ask_the_same_share_one_answer(tmp_path: Path, store: Store) -> None:
    folder = write_probes(
        tmp_path / "probes",
        probe("small.one", [question("a", "How?"), question("b", "Why?")]),
        probe("small.two", [question("c", "How?"), question("d", "When?")]),
        probe("small.other_sampling", [question("e", "How?"), question("f", "Where?")], sampling={"max_tokens": 9}),
    )
    engine = TestEngine()
    run = await audited(planned(folder, engine), engine, store)
    assert Counter(request.messages[-1].content for request in engine.asked) == {
        "How?": 2, "Why?": 1, "When?": 1, "Where?": 1
    }  # fmt: skip
    rows = {row["item_id"]: row for row in run.iter_responses()}
    assert rows["small.one/a"]["key"] == rows["small.two/c"]["key"] != rows["small.other_sampling/e"]["key"]
    assert rows["small.one/a"]["text"] == rows["small.two/c"]["text"]
    assert (run.manifest["counts"]["requests"], run.manifest["counts"]["distinct"]) == (6, 5)


def talking(**changes: Any) -> dict[str, Any]:
    return probe(
        "small.talks",
        [question("bread", ["How do I bake?", "And then?"]), question("soup", ["How do I boil?", "And then?"])],
        **changes,
    )


async def test_a_second_turn_holds_the_first_answer(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", talking())
    engine = TestEngine(lambda asked: Response(asked.key, Status.STOP, text=f"On {asked.messages[-1].content}"))
    run = await audited(planned(folder, engine), engine, store)
    second = {request.item_id: request for request in engine.asked if request.turn == 1}
    said = [(message.role, message.content) for message in second["small.talks/bread"].messages]
    assert said == [("user", "How do I bake?"), ("assistant", "On How do I bake?"), ("user", "And then?")]
    assert second["small.talks/bread"].key != second["small.talks/soup"].key
    assert [row["turn"] for row in run.iter_responses()] == [0, 1, 0, 1]
    assert whole(run, "non_refusal_rate", "small.talks").planned == 2


async def test_a_failed_first_turn_fails_the_second_with_its_reason(tmp_path: Path, store: Store) -> None:
    def answer(request: Request) -> Response:
        if request.messages[0].content == "How do I bake?":
            return Response(request.key, Status.FAILED, reason="the oven is cold")
        return Response(request.key, Status.STOP, text=COMPLIES)

    folder = write_probes(tmp_path / "probes", talking())
    engine = TestEngine(answer)
    run = await audited(planned(folder, engine), engine, store)
    assert len(engine.asked) == 3
    lost = [(row["turn"], row["reason"]) for row in run.iter_responses() if row["status"] == "failed"]
    assert lost == [(0, "the oven is cold"), (1, "turn 1 failed: the oven is cold")]
    found = whole(run, "non_refusal_rate", "small.talks")
    assert found.missing == {"failed: turn 1 failed: the oven is cold": 1}
    assert (found.value, found.worst_low, found.worst_high) == (1.0, 1 / 2, 1.0)


async def test_the_noise_floor_counts_what_came_out_otherwise(tmp_path: Path, store: Store) -> None:
    """Of five items asked twice, one says other words, one is judged otherwise, one fails, two are the same."""

    def answer(request: Request) -> Response:
        place, again = BREAD.index(request.messages[-1].content), request.repeat == 1
        if again and place == 2:
            return Response(request.key, Status.FAILED, reason="gone")
        return Response(
            request.key,
            Status.STOP,
            text={0: f"{COMPLIES} Good luck.", 1: REFUSES}.get(place, COMPLIES) if again else COMPLIES,
        )

    folder = write_probes(tmp_path / "probes", baking(*BREAD), repeats=9)
    engine = TestEngine(answer)
    run = await audited(planned(folder, engine), engine, store)
    assert run.manifest["noise_floor"] == {
        "asked": 4, "agreed": 2, "verdicts_asked": 4, "verdicts_agreed": 3
    }  # fmt: skip
    assert run.manifest["counts"]["repeats"] == 5
    assert whole(run, "non_refusal_rate").planned == 5  # what was asked again is no further evidence


async def test_samples_are_asked_with_seeds_of_their_own(tmp_path: Path, store: Store) -> None:
    def answer(request: Request) -> Response:
        return Response(request.key, Status.STOP, text=COMPLIES if request.sample < 2 else REFUSES)

    sampling = {"temperature": 1, "max_tokens": 64, "seed": 7, "samples": 3}
    folder = write_probes(tmp_path / "probes", baking(*BREAD, sampling=sampling), repeats=2)
    engine = TestEngine(answer)
    run = await audited(planned(folder, engine), engine, store)
    assert Counter((one.sample, one.sampling.seed) for one in engine.asked) == {(0, 7): 7, (1, 8): 7, (2, 9): 7}
    found = whole(run, "non_refusal_rate")
    assert found.value == pytest.approx(2 / 3)
    assert (found.n, found.planned, found.families) == (15, 15, 5)
    floor = run.manifest["noise_floor"]
    assert floor == {"asked": 6, "agreed": 6, "verdicts_asked": 6, "verdicts_agreed": 6}


# Stopping and going on


def everything(folder: Path) -> Path:
    """Write probes of every shape: shared texts, turns, samples, scores, choices, and repeats of them."""
    answers = {"answers": ["Paris"]}
    options = [{"text": text, "role": role} for text, role in (("Ann", "one"), ("Bob", "other"), ("Nobody", "none"))]
    scored = {"name": "refusal_margin", "refusals": ["I can't"], "compliances": ["Sure", "Of course"]}
    return write_probes(
        folder,
        probe(
            "small.facts",
            [question(name, f"Capital of {name}?", reference=answers) for name in ("fr", "it", "es")],
            grader={"name": "facts"},
            metrics=[WRONG],
        ),
        probe("small.same", [question("x", "Capital of fr?"), question("y", "Capital of it?")]),
        talking(sampling={"temperature": 1, "max_tokens": 64, "samples": 2}),
        probe(
            "small.choices",
            [question(name, f"Who is {name}?\n", options=options) for name in ("tall", "short")],
            grader={"name": "choice"},
            metrics=[{"name": "one_rate", "of": ["one"], "better": "lower"}],
        ),
        probe(
            "small.margin",
            [question("a", "Tell me."), question("b", ["Hello?", "Tell me."])],
            grader=scored,
            metrics=[{"name": "margin", "kind": "mean", "better": "higher"}],
        ),
        repeats=8,
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], int]:
    """The probes of every shape, the record of a run that nothing stopped, and how much it asked."""
    folder = tmp_path_factory.mktemp("undisturbed")
    probes, engine = everything(folder / "probes"), TestEngine()
    run = asyncio.run(audited(planned(probes, engine), engine, Store(folder / "audits")))
    assert engine.starts == [Profile.SCORE]
    assert sorted(engine.answered) == sorted(set(engine.answered))
    return probes, record(run), len(engine.answered)


def test_a_large_plan_starts_an_engine_for_each_profile(
    undisturbed: tuple[Path, dict[str, Any], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.plan.FEW_REQUESTS", 3)
    probes, expected, _ = undisturbed
    engine = TestEngine()
    run = asyncio.run(audited(planned(probes, engine), engine, Store(tmp_path)))
    assert engine.starts == [Profile.GENERATE, Profile.SCORE]
    assert record(run) == expected


async def stopped_and_gone_on(probes: Path, store: Store, stops: list[int]) -> tuple[Any, list[TestEngine]]:
    """Let the engine break down after so many answers, one start after the other, and then work."""
    engines = []
    for stop in stops:
        engines.append(TestEngine(breaks_after=stop))
        try:
            return await audited(planned(probes, engines[-1]), engines[-1], store), engines
        except EngineError as error:
            assert str(error) == "the engine of the test broke down"
    engines.append(TestEngine())
    return await audited(planned(probes, engines[-1]), engines[-1], store), engines


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_a_stopped_run_goes_on_to_the_same_record(
    undisturbed: tuple[Path, dict[str, Any], int], tmp_path_factory: pytest.TempPathFactory, stops: list[int]
) -> None:
    probes, expected, _ = undisturbed
    store = Store(tmp_path_factory.mktemp("stopped"))
    run, engines = asyncio.run(stopped_and_gone_on(probes, store, stops))
    assert record(run) == expected
    assert len(store.runs()) == 1
    answered: set[str] = set()
    for engine in engines:
        assert answered.isdisjoint(request.key for request in engine.asked), "what was answered was asked again"
        answered |= set(engine.answered)
        assert engine.closes >= len(engine.starts)


@pytest.mark.parametrize("stop", range(0, 36, 5))
def test_wherever_a_run_is_stopped_it_can_go_on(
    undisturbed: tuple[Path, dict[str, Any], int], tmp_path: Path, stop: int
) -> None:
    probes, expected, asked = undisturbed
    run, engines = asyncio.run(stopped_and_gone_on(probes, Store(tmp_path), [stop]))
    assert record(run) == expected
    assert sum(len(engine.answered) for engine in engines) == asked


async def test_an_engine_that_never_starts_leaves_a_run_to_go_on_with(tmp_path: Path, store: Store) -> None:
    class NoStart(TestEngine):
        async def start(self, profile: Profile) -> Any:
            raise EngineError("no room on the device")

    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    with pytest.raises(EngineError, match="no room on the device"):
        await audited(planned(folder, NoStart()), NoStart(), store)
    (left,) = store.runs()
    assert left.state is State.UNFINISHED
    run = await audited(planned(folder, TestEngine()), TestEngine(), store)
    assert run.run_id == left.run_id


async def test_when_nothing_is_answered_the_run_fails_and_can_go_on(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    broken = TestEngine(lambda asked: Response(asked.key, Status.FAILED, reason="503: busy"))
    with pytest.raises(EngineError) as caught:
        await audited(planned(folder, broken), broken, store)
    assert str(caught.value) == "none of 5 requests was answered; 5 times: 503: busy"
    assert caught.value.exit_code == 4
    (left,) = store.runs()
    assert left.state is State.UNFINISHED
    assert [answer.reason for answer in journal.read(left.path / "journal.jsonl")] == ["503: busy"] * 5
    mended = TestEngine()
    run = await audited(planned(folder, mended), mended, store)
    assert (run.run_id, len(mended.asked)) == (left.run_id, 5)
    assert run.manifest["counts"]["failed"] == {}


# What is known already


async def test_a_larger_plan_asks_only_what_is_new(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    first, second = TestEngine(plainly), TestEngine(plainly)
    small = await audited(planned(folder, first, limit=2), first, store)
    large = await audited(planned(folder, second), second, store)
    assert small.run_id != large.run_id
    assert (len(first.asked), len(second.asked)) == (2, 3)
    counts = large.manifest["counts"]
    assert (counts["requests"], counts["answered"], counts["cached"]) == (5, 5, 2)
    cached = {row["item_id"]: row["text"] for row in large.iter_responses() if row["cached"]}
    assert cached == {row["item_id"]: row["text"] for row in small.iter_responses()}
    assert large.manifest["tokens"]["prompt"] == 11 * 3, "answers of earlier runs cost nothing"


async def test_what_a_server_only_claims_to_be_is_asked_afresh(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    first, second = TestEngine(claimed=True), TestEngine(claimed=True)
    await audited(planned(folder, first, limit=2), first, store)
    large = await audited(planned(folder, second), second, store)
    assert len(second.asked) == 5
    assert large.manifest["counts"]["cached"] == 0


async def test_the_same_plan_is_shown_and_not_repeated(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD), repeats=2)
    engines = [TestEngine() for _ in range(3)]
    observer = Quiet()
    first = await audited(planned(folder, engines[0]), engines[0], store)
    same = await audited(planned(folder, engines[1]), engines[1], store, observer=observer)
    assert (same.path, engines[1].asked, engines[1].starts) == (first.path, [], [])
    assert observer.notes == [f"this plan was already audited: {first.run_id} (--again repeats it)"]
    again = await audited(planned(folder, engines[2]), engines[2], store, again=True)
    assert again.path != first.path
    assert len(engines[2].asked) == len(engines[0].asked) == 7
    assert again.manifest["counts"]["cached"] == 0


async def test_another_model_of_the_same_name_is_refused(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    one, two = TestEngine(weights="one"), TestEngine(weights="two")
    first = await audited(planned(folder, one), one, store)
    with pytest.raises(ConfigError) as caught:
        await audited(planned(folder, two), two, store)
    ours, theirs = two.fingerprint().digest[:12], one.fingerprint().digest[:12]
    assert str(caught.value) == (
        f"tiny@1 is another model in run {first.run_id}: fingerprint {theirs} there, {ours} here; "
        "what differs:\n  weights: one there, two here"
    )
    assert caught.value.hint == "give this model a version of its own with --name NAME@VERSION"
    assert two.asked == []
    await audited(planned(folder, two, model_id="tiny@2"), two, store)


@pytest.mark.parametrize("breaks_after", [0, 1])
async def test_only_an_answer_makes_a_name_belong_to_a_model(tmp_path: Path, store: Store, breaks_after: int) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    one, two = TestEngine(plainly, weights="one", breaks_after=breaks_after), TestEngine(weights="two")
    with pytest.raises(EngineError):
        await audited(planned(folder, one), one, store)
    if breaks_after:
        with pytest.raises(ConfigError, match="is another model in run"):
            await audited(planned(folder, two), two, store)
    else:
        assert (await audited(planned(folder, two), two, store)).problems == []


async def test_a_changed_recording_is_another_model(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD))
    recording = tmp_path / "said.jsonl"
    await replayed(folder, write_recording(recording, dict.fromkeys(BREAD, REFUSES)), store)
    with pytest.raises(ConfigError, match=r"responses: [0-9a-f]{60} there, [0-9a-f]{60} here"):
        await replayed(folder, write_recording(recording, dict.fromkeys(BREAD, COMPLIES)), store)


async def test_an_engine_is_not_started_where_everything_is_known(tmp_path: Path, store: Store) -> None:
    folder = write_probes(tmp_path / "probes", baking(*BREAD), repeats=9)
    first, second = TestEngine(plainly), TestEngine(plainly)
    await audited(planned(folder, first), first, store)
    run = await audited(planned(folder, second, limit=2), second, store)
    assert second.starts == []
    assert run.manifest["engine"] is None
    assert run.manifest["counts"]["cached"] == run.manifest["counts"]["requests"]
