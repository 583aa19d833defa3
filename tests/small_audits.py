"""Small probes and suites, recordings with planted answers, and an engine of the tests' own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from auditor.audit import run_audit
from auditor.battery.library import Library
from auditor.config import Config
from auditor.engines.fingerprint import from_pieces
from auditor.engines.interface import Capabilities, Engine, EngineInfo, Fingerprint
from auditor.engines.registry import load_engine
from auditor.errors import EngineError
from auditor.plan import Plan, Selection, make_plan
from auditor.runs.codec import to_row
from auditor.runs.record import Run, open_run
from auditor.runs.seal import seal
from auditor.runs.store import Store
from auditor.target import Target
from auditor.types import Profile, Request, Response, Status

REFUSES = "I'm sorry, but I can't help with that."
COMPLIES = "Sure. Mix flour and water, and bake it for an hour."
NON_REFUSAL = {"name": "non_refusal_rate", "of": ["full_compliance", "partial_refusal"], "better": "lower"}
WRONG = {"name": "hallucination_rate", "of": ["incorrect"], "better": "lower"}


def question(name: str, text: str | Sequence[str], **more: Any) -> dict[str, Any]:
    """Return one item of a probe file; several texts are the turns of a conversation."""
    said = {"text": text} if isinstance(text, str) else {"turns": list(text)}
    return {"id": name, **said, **more}


def probe(name: str, items: Iterable[Mapping[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return a probe file; it is graded for refusals unless `changes` say otherwise."""
    return {
        "id": name,
        "title": "Declines",
        "failure_title": "Goes along",
        "description": "Made for a test.",
        "licence": "CC0-1.0",
        "tags": {"battery": "harm"},
        "version": 1,
        "data": {"items": list(items)},
        "sampling": {"temperature": 0, "max_tokens": 64},
        "grader": {"name": "refusal"},
        "metrics": [NON_REFUSAL],
        "severity": "high",
        **changes,
    }


def write_probes(folder: Path, *probes: Mapping[str, Any], repeats: int = 0, pooled: Sequence[Any] = ()) -> Path:
    """Write probe files and the suite `small` that asks all of them; JSON is YAML too."""
    for doc in probes:
        battery, _, name = doc["id"].partition(".")
        write_json(folder / battery / f"{name}.yaml", doc)
    suite = {
        "id": "small",
        "title": "Small",
        "description": "Made for a test.",
        "version": 1,
        "seed": 5,
        "repeats": repeats,
        "probes": [{"probe": doc["id"], "version": doc["version"]} for doc in probes],
        "pooled": list(pooled),
    }
    write_json(folder / "suites" / "small.yaml", suite)
    return folder


def write_json(path: Path, document: Any) -> None:
    """Write one document, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_recording(path: Path, answers: Mapping[str, str] | Iterable[Mapping[str, Any]]) -> Path:
    """Write a file of recorded responses: prompt -> answer, or whole lines."""
    rows = (
        [{"prompt": asked, "response": said} for asked, said in answers.items()]
        if isinstance(answers, dict)
        else answers
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    return path


class Quiet:
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def stage(self, name: str, total: int) -> None: ...

    def advance(self, response: Response) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)


def planned(folder: Path, engine: Engine, *, model: str = "tiny", model_id: str = "tiny@1", **selected: Any) -> Plan:
    """Return the plan that asks the suite `small` of an engine."""
    selection = Selection(**{"suite": "small", **selected})
    library = Library((folder,))
    fingerprint = engine.fingerprint()
    return make_plan(Target(model=model), fingerprint, selection, model_id=model_id, library=library, config=Config())


async def audited(plan: Plan, engine: Engine, store: Store, *, again: bool = False, observer: Any = None) -> Run:
    """Run an audit to its end and open the sealed run."""
    path = await run_audit(
        plan,
        engine,
        store=store,
        config=Config(),
        observer=observer or Quiet(),
        command=["auditor", "run"],
        again=again,
    )
    return open_run(path, store)


async def replayed(folder: Path, recording: Path, store: Store, **options: Any) -> Run:
    """Audit a recording."""
    engine = load_engine(Target(model=str(recording)))
    return await audited(planned(folder, engine, model=str(recording), **options), engine, store)


def same_again(run: Run) -> Run:
    """Return a run of its own in which the same was answered: as if the model had been audited twice."""
    name, _, plan = run.run_id.rsplit(".", 2)
    path = Path(shutil.copytree(run.path, run.path.with_name(f"{name}.20260101-000000.{plan}")))
    sealed = json.loads((path / "seal.json").read_text())["files"]
    manifest = json.loads((path / "manifest.json").read_text())
    for file in path.iterdir():
        file.chmod(0o600)
    (path / "manifest.json").write_text(json.dumps(manifest | {"run_id": path.name}) + "\n")
    seal(path, sealed)
    return Run(path)


def record(run: Run) -> dict[str, Any]:
    """Return all of a run that must not depend on how it came about."""
    passing = {"seconds", "attempt"}
    kept = ("counts", "tokens", "noise_floor", "notes", "probes", "pooled", "suite", "model", "plan_hash")
    return {
        "items": list(run.iter_items()),
        "responses": [
            {name: value for name, value in row.items() if name not in passing} for row in run.iter_responses()
        ],
        "verdicts": list(run.iter_verdicts()),
        "estimates": [to_row(estimate) for estimate in run.estimates],
        **{name: run.manifest[name] for name in kept},
    }


def plainly(request: Request) -> Response:
    """Answer every question with compliance."""
    return Response(request.key, Status.STOP, text=COMPLIES, prompt_tokens=11, completion_tokens=5)


def by_hash(request: Request) -> Response:
    """Answer anything, the same each time, in a way that the graders take in different ways."""
    number = int(hashlib.sha256(request.key.encode()).hexdigest(), 16)
    if request.continuation is not None:
        return Response(request.key, Status.STOP, score=-(number % 97) / 7, score_tokens=3, prompt_tokens=11)
    if number % 11 == 0:
        return Response(request.key, Status.FILTERED, reason="the filter of the test")
    text = (REFUSES, COMPLIES, "It is Paris.", "It is London.", "I do not know.", "A", "")[number % 7]
    status = Status.STOP if text else Status.EMPTY
    return Response(request.key, status, text=text, prompt_tokens=11, completion_tokens=len(text))


class TestEngine:
    """Answers several requests at once and in another order than asked; breaks down after some answers."""

    __test__ = False
    name = "test"

    def __init__(
        self,
        answer: Callable[[Request], Response] = by_hash,
        *,
        breaks_after: int | None = None,
        weights: str = "one",
        claimed: bool = False,
        scoring: bool = True,
    ) -> None:
        self.answer = answer
        self.breaks_after = breaks_after
        self.weights = weights
        self.claimed = claimed
        self.scoring = scoring
        self.asked: list[Request] = []
        self.answered: list[str] = []
        self.starts: list[Profile] = []
        self.closes = 0

    def check(self) -> None: ...

    def fingerprint(self) -> Fingerprint:
        return from_pieces({"weights": self.weights, "engine": self.name}, claimed=self.claimed)

    async def start(self, profile: Profile) -> EngineInfo:
        self.starts.append(profile)
        capabilities = Capabilities(chat=True, logprobs=True, scoring=self.scoring, context=None)
        return EngineInfo(self.name, "1", capabilities)

    async def generate(self, requests: AsyncIterator[Request]) -> AsyncIterator[Response]:
        answers: asyncio.Queue[Response | None] = asyncio.Queue()
        one_at_a_time = asyncio.Lock()

        async def work(seed: int) -> None:
            draw = random.Random(seed)
            while True:
                async with one_at_a_time:
                    request = await anext(requests, None)
                if request is None:
                    return
                self.asked.append(request)
                for _ in range(draw.randrange(5)):
                    await asyncio.sleep(0)
                answers.put_nowait(self.answer(request))

        workers = asyncio.gather(*(work(seed) for seed in range(4)))
        workers.add_done_callback(lambda _: answers.put_nowait(None))
        try:
            while (answer := await answers.get()) is not None:
                if len(self.answered) == self.breaks_after:
                    raise EngineError("the engine of the test broke down")
                self.answered.append(answer.key)
                yield answer
            await workers
        finally:
            workers.cancel()
            with suppress(asyncio.CancelledError):
                await workers

    async def close(self) -> None:
        self.closes += 1
