"""Asks any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from importlib.metadata import version
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

from auditor.engines.dialect import BAD_REQUEST, Dialect
from auditor.engines.fingerprint import from_pieces, settings
from auditor.engines.http_client import HttpClient, PassingFaultError, RefusedError
from auditor.engines.interface import Capabilities, EngineInfo, Fingerprint
from auditor.engines.openai_api import MODELS, base_url, failed, read_reply, served_models
from auditor.engines.server_key import server_key
from auditor.errors import ConfigError, EngineError, nearest, one_line
from auditor.target import Target
from auditor.types import Message, Profile, Request, Response, Sampling, Status

T = TypeVar("T")

START_RETRIES = 2
"""Few, so that a server that is down is told of soon."""
BACKOFF_SECONDS, BACKOFF_CAP = 1.0, 30.0
LONGEST_WAIT = 300.0
"""Seconds; a server that asks to wait for longer has failed."""
FIRST = Request(
    key="first",
    item_id="",
    probe_id="",
    family_id="",
    model_id="",
    messages=(Message("user", "Hello"),),
    sampling=Sampling(max_tokens=1),
    candidates={"any": ("Hello",)},
)
"""Asked once at the start: is there an answer at all, a chat template, are there log-probabilities?"""


class HttpEngine:
    """The engine for a server; only its URL and the name of the model are known of it."""

    name = "http"

    def __init__(self, target: Target) -> None:
        self.target = target
        self.base = base_url(target.model)
        self._client: HttpClient | None = None
        self._dialect = Dialect(target, target.served_model or "")
        self._deadline: float | None = None
        self._heard = 0.0
        """When the server last answered anything."""

    def check(self) -> None:
        """See `Engine.check`."""
        url = urlsplit(self.target.model)
        if url.scheme not in ("http", "https") or not url.hostname:
            hint = "it looks like http://localhost:8000/v1"
            raise ConfigError(f"model: '{self.target.model}' is not the URL of a server", hint=hint)
        for name in ("adapter", "chat_template"):
            if getattr(self.target, name):
                hint = "set it up at the server, or give the model's folder in place of the URL"
                raise ConfigError(f"{name}: a server cannot be given one", hint=hint)
        key = server_key(self.target)
        if not (key.isascii() and key.isprintable()):
            raise ConfigError(f"the key in {self.target.api_key_env} holds characters that no key has")

    def fingerprint(self) -> Fingerprint:
        """See `Engine.fingerprint`; what a server runs is only claimed."""
        pieces = {
            "engine": self.name,
            "url": self.base,
            "served_model": self.target.served_model or "the only one",
            **settings(self.target),
        }
        return from_pieces(pieces, claimed=True)

    async def start(self, profile: Profile) -> EngineInfo:
        """See `Engine.start`; asks which models there are, then one question of one token."""
        self.check()
        await self.close()
        self._client = HttpClient(self.target, self.base)
        try:
            info = await self._meet(self._client)
        except PassingFaultError as fault:
            await self.close()
            hint = "is the server up, and is this its address?"
            raise EngineError(f"no answer from {self.base}: {fault}", hint=hint) from None
        except RefusedError as refusal:
            await self.close()
            raise self._turned_away(refusal) from None
        except BaseException:
            await self.close()
            raise
        self._client.requests = 0
        limit = self.target.total_timeout
        self._deadline = asyncio.get_running_loop().time() + limit if limit else None
        return info

    async def generate(self, requests: AsyncIterator[Request]) -> AsyncIterator[Response]:
        """See `Engine.generate`; workers, one for each request under way, pull from the iterator."""
        client = self._client
        if client is None:
            raise EngineError("the http engine is not started")
        answers: asyncio.Queue[Response | None] = asyncio.Queue()
        room = asyncio.Semaphore(2 * self.target.concurrency)
        lock = asyncio.Lock()

        async def work() -> None:
            """Ask one request after the other until none is left."""
            while True:
                await room.acquire()
                async with lock:
                    request = await anext(requests, None)
                if request is None:
                    return
                answers.put_nowait(await self._answer(client, request))

        working = asyncio.create_task(_together(work, self.target.concurrency))
        working.add_done_callback(lambda _: answers.put_nowait(None))
        try:
            while (answer := await answers.get()) is not None:
                yield answer
                room.release()
            await working
        finally:
            working.cancel()

    async def close(self) -> None:
        """See `Engine.close`."""
        client, self._client = self._client, None
        if client:
            await client.close()

    async def _meet(self, client: HttpClient) -> EngineInfo:
        models = await self._patiently(lambda _: self._models(client), START_RETRIES)
        self._dialect = Dialect(self.target, self._choose(models))
        server = await self._patiently(lambda _: self._greet(client), START_RETRIES)
        refused = self._dialect.refused
        return EngineInfo(
            name=self.name,
            version="v1",
            capabilities=Capabilities(
                chat=self._dialect.chat,
                logprobs="logprobs" not in refused,
                scoring=False,
                context=(models or {}).get(self._dialect.model),
            ),
            settings={"url": self.base, "served_model": self._dialect.model, "refused": sorted(refused)},
            software={"aiohttp": version("aiohttp"), "server": server},
        )

    async def _models(self, client: HttpClient) -> dict[str, int | None] | None:
        """Return the models that the server lists, or None where it keeps no list."""
        try:
            models = served_models((await client.send("GET", MODELS)).document)
            return {one_line(name): context for name, context in models.items()}
        except RefusedError as refusal:
            if refusal.status in (404, 405):
                return None
            raise

    def _choose(self, models: dict[str, int | None] | None) -> str:
        chosen = self.target.served_model
        if models is None:
            if chosen:
                return chosen
            hint = "name the model with --served-model"
            raise EngineError(f"the server at {self.base} does not list its models", hint=hint)
        if chosen and chosen not in models:
            fact = f"the server at {self.base} has no model '{one_line(chosen)}'"
            raise EngineError(fact, hint=nearest(chosen, models))
        if chosen or len(models) == 1:
            return chosen or next(iter(models))
        if not models:
            raise EngineError(f"the server at {self.base} serves no model")
        known = ", ".join(sorted(models)[:12])
        hint = "choose one with --served-model"
        raise EngineError(f"the server at {self.base} serves several models: {known}", hint=hint)

    async def _greet(self, client: HttpClient) -> str:
        """Ask the first question; returns what the server calls itself."""
        while True:
            path, body = self._dialect.body(FIRST)
            try:
                return (await client.send("POST", path, body)).server
            except RefusedError as refusal:
                # Nothing else is out of the ordinary here, so an unnamed fault is likely theirs.
                adapted = self._dialect.adapt(refusal, body) or (
                    refusal.status in BAD_REQUEST and self._dialect.give_up("logprobs", body)
                )
                if not adapted:
                    raise

    def _turned_away(self, refusal: RefusedError) -> EngineError:
        name = self.target.api_key_env
        if refusal.status not in (401, 403):
            return EngineError(f"the server at {self.base} refuses to answer: {refusal}")
        if not server_key(self.target):
            hint = f"set {name}, or name another variable as api_key_env in target.yaml"
            return EngineError(f"the server at {self.base} wants a key, and {name} is not set", hint=hint)
        hint = f"is the key in {name} the one for this server?"
        return EngineError(f"the server at {self.base} refuses the key in {name}: {refusal}", hint=hint)

    async def _answer(self, client: HttpClient, request: Request) -> Response:
        if request.continuation is not None:
            return failed(request, "the server cannot score a given text")
        began = time.monotonic()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._patiently(lambda attempt: self._ask(client, request, attempt), self.target.retries)
        except TimeoutError:
            return failed(request, self._time_limit())
        except RefusedError as refusal:
            if refusal.code == "content_filter":
                reason = f"the server's content filter, at the prompt: {refusal}"
                return replace(failed(request, reason), status=Status.FILTERED)
            return failed(request, str(refusal))
        except PassingFaultError as fault:
            if fault.unreachable and self._heard < began:
                raise EngineError(f"the server at {self.base} is gone: {fault}") from None
            return replace(failed(request, str(fault)), attempt=fault.attempt)

    async def _ask(self, client: HttpClient, request: Request, attempt: int) -> Response:
        while True:
            self._within_limits(client)
            path, body = self._dialect.body(request)
            began = time.monotonic()
            try:
                reply = await client.send("POST", path, body)
            except RefusedError as refusal:
                if self._dialect.adapt(refusal, body):
                    continue
                raise
            self._heard = time.monotonic()
            response = read_reply(request, reply.document)
            notes = (*response.notes, *self._dialect.notes(request))
            return replace(response, seconds=self._heard - began, notes=notes, attempt=attempt)

    def _within_limits(self, client: HttpClient) -> None:
        most = self.target.max_requests
        if most is not None and client.requests >= most:
            raise RefusedError(f"limit of {most} requests")
        if self._deadline is not None and asyncio.get_running_loop().time() >= self._deadline:
            raise RefusedError(self._time_limit())

    def _time_limit(self) -> str:
        return f"total time limit of {self.target.total_timeout:g} s"

    async def _patiently(self, ask: Callable[[int], Awaitable[T]], retries: int) -> T:
        """Ask until there is an answer, with exponential back-off and full jitter between the tries."""
        for attempt in count(1):
            try:
                return await ask(attempt)
            except PassingFaultError as fault:
                wait = fault.retry_after or 0.0
                if attempt > retries or wait > LONGEST_WAIT:
                    fault.attempt = attempt
                    raise
                most = min(BACKOFF_CAP, BACKOFF_SECONDS * 2 ** (attempt - 1))
                await asyncio.sleep(wait + random.uniform(0, most))
        raise AssertionError("unreachable")


async def _together(work: Callable[[], Coroutine[None, None, None]], workers: int) -> None:
    """Run workers until all are done; the first fault ends them all."""
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except BaseExceptionGroup as faults:
        raise faults.exceptions[0] from None
