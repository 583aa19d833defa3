"""Asks a model through vLLM, which runs in a child process: a crash there takes nothing along."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from auditor.engines.fingerprint import fingerprint_folder, fingerprint_hub_name
from auditor.engines.interface import Capabilities, EngineInfo, Fingerprint
from auditor.engines.model_folder import check_adapter, check_model_folder, hub_snapshot, is_hub_name
from auditor.engines.process import Process
from auditor.errors import ConfigError, EngineError
from auditor.target import Target
from auditor.types import Profile, Request, Response, Status

WINDOW = 512
"""Requests under way at once: enough to keep vLLM's batches full."""
CHILD = "auditor.engines.vllm_child"

MEMORY = "not enough memory: in target.yaml set `context` lower, or `cpu_memory_gib` or `gpu_memory` to fit"
HINTS = (
    (r"KV cache|max seq len|max_model_len|out of memory|Free memory|SIGKILL", MEMORY),
    (r"[Ss]afetensor|incomplete metadata", "a weight file is damaged: copy or download the model again"),
    (r"chat template", "give another one with `chat_template` in target.yaml"),
)
"""What helps against failures of vLLM that are known by their words."""


class VllmEngine:
    """The engine for a model in a folder or at a hub."""

    name = "vllm"

    def __init__(self, target: Target) -> None:
        self.target = target
        self._process: Process | None = None
        self._serials = count()

    def check(self) -> None:
        """See `Engine.check`."""
        if not is_hub_name(self.target.model):
            check_model_folder(self.target.model)
        if self.target.adapter:
            check_adapter(self.target.adapter)
        if self.target.chat_template and not Path(self.target.chat_template).is_file():
            raise ConfigError(f"chat_template: there is no file '{self.target.chat_template}'")
        if find_spec("vllm") is None:
            hint = "install auditor with its extra 'cpu', or 'gpu' on a machine with a GPU"
            raise ConfigError("vLLM is not installed, and a model in a folder is asked through it", hint=hint)

    def fingerprint(self) -> Fingerprint:
        """See `Engine.fingerprint`; a hub name that was never downloaded is only claimed."""
        hub = is_hub_name(self.target.model)
        folder = hub_snapshot(self.target.model) if hub else Path(self.target.model)
        if folder is None:
            return fingerprint_hub_name(self.target, version=vllm_version())
        try:
            return fingerprint_folder(self.target, folder, version=vllm_version())
        except OSError as problem:
            raise ConfigError(f"{problem.filename}: cannot be read: {problem.strerror}") from None

    async def start(self, profile: Profile) -> EngineInfo:
        """See `Engine.start`."""
        self.check()
        await self.close()
        self._process = await Process.spawn(CHILD, child_environment(self.target))
        target = self.target.model_copy(update={"enforce_eager": eager(self.target)})
        await self._process.send({"target": target.model_dump(mode="json"), "profile": profile.value})
        frame = await self._process.receive()
        if frame is None or "fatal" in frame:
            problem = await self._failure("vLLM could not start", frame)
            await self.close()
            raise problem
        ready = frame["ready"]
        return EngineInfo(
            name=self.name,
            version=vllm_version(),
            capabilities=Capabilities(
                chat=ready["chat"], logprobs=True, scoring=ready["scoring"], context=ready["context"]
            ),
            settings=ready["settings"],
            software=ready["software"],
        )

    async def generate(self, requests: AsyncIterator[Request]) -> AsyncIterator[Response]:
        """See `Engine.generate`."""
        process = self._process
        if process is None:
            raise EngineError("the vLLM engine is not started")
        waiting: dict[int, Request] = {}
        room = asyncio.Semaphore(WINDOW)
        feeder = asyncio.create_task(self._feed(process, requests, waiting, room))
        # An empty frame wakes the loop, which may have nothing left to wait for.
        feeder.add_done_callback(lambda _: process.frames.put_nowait({}))
        try:
            while waiting or not feeder.done():
                frame = await process.receive()
                if frame is None or "fatal" in frame:
                    raise await self._failure("vLLM broke down", frame)
                request = waiting.pop(frame.pop("serial", -1), None)
                if request:
                    room.release()
                    yield Response(request.key, Status(frame.pop("status")), **_lifted(frame))
            await feeder
        finally:
            feeder.cancel()

    async def close(self) -> None:
        """See `Engine.close`."""
        process, self._process = self._process, None
        if process:
            await process.end()

    async def _feed(
        self,
        process: Process,
        requests: AsyncIterator[Request],
        waiting: dict[int, Request],
        room: asyncio.Semaphore,
    ) -> None:
        await room.acquire()
        async for request in requests:
            serial = next(self._serials)
            waiting[serial] = request
            await process.send({"serial": serial, **_said(request)})
            await room.acquire()

    async def _failure(self, what: str, frame: dict[str, Any] | None) -> EngineError:
        assert self._process
        if frame:
            why = f"{_short(frame['fatal'])}; its log is {self._process.log}"
            message = f"{what}: {why}"
        else:
            why = await self._process.death()
            message = f"{what}: its process {why}"
        hint = next((hint for pattern, hint in HINTS if re.search(pattern, why)), None)
        return EngineError(message, hint=hint)


def child_environment(target: Target) -> dict[str, str]:
    """Return the environment of the child: nothing is sent home, nothing is fetched for a local model."""
    settings = {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_CPU_KVCACHE_SPACE": str(target.cpu_memory_gib),
    }
    if not is_hub_name(target.model):
        settings["HF_HUB_OFFLINE"] = "1"
    if eager(target):
        # vLLM would still compile its log-probability ranks at the first use, which takes 20 s.
        settings["TORCH_COMPILE_DISABLE"] = "1"
    # On a CPU vLLM pins its threads to cores; where another process holds one of them, it stands still.
    defaults = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    return {**defaults, **os.environ, **settings}


def eager(target: Target) -> bool:
    """Return whether the model runs without being compiled first."""
    return on_cpu() if target.enforce_eager is None else target.enforce_eager


def on_cpu() -> bool:
    """Return whether the installed vLLM is the build for CPUs."""
    try:
        version("vllm-cpu")
    except PackageNotFoundError:
        return False
    return True


def vllm_version() -> str:
    """Return the version of the installed vLLM, without importing it."""
    try:
        return version("vllm-cpu" if on_cpu() else "vllm")
    except PackageNotFoundError:
        return "unknown"


def _said(request: Request) -> dict[str, Any]:
    sampling = asdict(request.sampling)
    return {
        "messages": [[message.role, message.content] for message in request.messages],
        "sampling": {**sampling, "stop": list(request.sampling.stop)},
        "candidates": {label: list(spellings) for label, spellings in request.candidates.items()},
        "continuation": request.continuation,
    }


def _lifted(frame: dict[str, Any]) -> dict[str, Any]:
    return {**frame, "notes": tuple(frame.get("notes", ()))}


def _short(problem: str) -> str:
    """Return the first line of what vLLM said, which can run to pages."""
    return problem.strip().split("\n", 1)[0][:400]
