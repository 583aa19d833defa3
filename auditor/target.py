"""The system under audit: `target.yaml`, or what a bare MODEL argument means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from auditor.documents import HIDDEN, Document, PathText, read
from auditor.errors import ConfigError

EngineName = Literal["vllm", "http", "replay"]


def _variable(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        return value
    raise PydanticCustomError(
        HIDDEN, "should be the name of an environment variable (letters, digits and _), not the key itself"
    )


VariableName = Annotated[str, BeforeValidator(_variable)]


class TargetSampling(Document):
    """Sampling as shipped; what is left out is greedy, and a probe's own setting wins."""

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stop: list[str] | None = None


class TargetSettings(Document):
    """Everything about a target but which model it is; `auditor.yaml` may hold it for all."""

    engine: EngineName | None = None
    """Which engine asks it; told from `model` where left out."""
    served_model: PathText | None = None
    """The name at a server that serves several."""
    adapter: PathText | None = None
    """Folder of a LoRA adapter."""
    chat_template: PathText | None = None
    """File of a chat template to use in place of the model's own."""
    template_args: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the chat template, e.g. {enable_thinking: false}."""
    system_prompt: str | None = None
    sampling: TargetSampling = TargetSampling()
    dtype: str = "auto"
    quantization: str | None = None
    kv_cache_dtype: str = "auto"
    tensor_parallel: int = Field(default=1, ge=1)
    gpu_memory: float = Field(default=0.9, gt=0, le=1)
    """Share of the GPU's memory that the engine may take."""
    cpu_memory_gib: int = Field(default=1, ge=1)
    """Memory of the KV cache on a CPU, in GiB."""
    context: int | None = Field(default=None, ge=16)
    """Longest prompt and answer in tokens; default: the model's own."""
    reasoning_parser: str | None = None
    """vLLM's name of the parser that splits thinking from answer, if the model thinks."""
    enforce_eager: bool | None = None
    """Run the model without compiling it first; default: on a CPU, where compiling costs more than it saves."""
    concurrency: int = Field(default=64, ge=1, le=4096)
    """Requests under way at once (http)."""
    max_requests: int | None = Field(default=None, ge=1)
    """Stop asking a server after so many requests, retries included (http)."""
    request_timeout: float = Field(default=120.0, gt=0)
    """Seconds for one request (http)."""
    total_timeout: float | None = Field(default=None, gt=0)
    """Seconds for all requests together (http)."""
    retries: int = Field(default=5, ge=0, le=100)
    """Times that a request is asked again after a passing fault (http)."""
    api_key_env: VariableName = "OPENAI_API_KEY"
    """Name of the environment variable that holds the server's key."""


class Target(TargetSettings):
    """Everything that makes up one model version."""

    model: PathText
    """A folder or hub name (vllm), a URL (http), a .jsonl file of recorded responses (replay)."""

    def engine_name(self) -> EngineName:
        """Return the engine that asks this target."""
        if self.engine:
            return self.engine
        if urlsplit(self.model).scheme in ("http", "https"):
            return "http"
        return "replay" if self.model.endswith((".jsonl", ".jsonl.gz")) else "vllm"


def read_target(
    model: str, *, flags: Mapping[str, Any] | None = None, defaults: TargetSettings | None = None
) -> Target:
    """Return the target that a MODEL argument means; relative paths in a `target.yaml` are beside it.

    `defaults` are settings for every target; a target's own win, and `flags` that are not None win over both.
    """
    target = _read_file(Path(model)) if model.endswith((".yaml", ".yml")) else Target(model=model)
    given = {name: getattr(defaults, name) for name in defaults.model_fields_set} if defaults else {}
    changes = {name: value for name, value in given.items() if name not in target.model_fields_set}
    changes |= {name: value for name, value in (flags or {}).items() if value is not None}
    target = target.model_copy(update=changes)
    _check_url(target.model, target.api_key_env)
    return target


def _check_url(model: str, key_name: str) -> None:
    """Raise `ConfigError` where a URL is none, or holds more than an address: it is recorded with every run."""
    if "://" not in model:
        return
    host = model.partition("://")[2].partition("/")[0]
    held = {"a query": "?" in model, "a fragment": "#" in model, "a name or password": "@" in host}
    for what in (what for what, found in held.items() if found):
        hint = f"give the bare address, and put the key into the environment variable {key_name}"
        raise ConfigError(f"model: the URL holds {what}, which would be recorded", hint=hint)
    try:
        usable = urlsplit(model).port != 0
    except ValueError as problem:
        raise ConfigError(f"model: '{model[:80]}' is not a URL: {problem}") from None
    if not usable:
        raise ConfigError(f"model: '{model[:80]}' is not a URL: there is no port 0")


def _read_file(path: Path) -> Target:
    target = read(path, Target, ConfigError)
    beside = {}
    for name in ("model", "adapter", "chat_template"):
        value = getattr(target, name)
        if value and "://" not in value and (path.parent / value).exists():
            beside[name] = str(path.parent / value)
    return target.model_copy(update=beside)


MODEL_ID = re.compile(r"[A-Za-z0-9][\w.+-]{0,79}@(?!latest$)[A-Za-z0-9][\w.+-]{0,79}", re.ASCII)
"""Names a folder too: one that is neither hidden nor too long, nor means something else on a command line."""


def default_name(target: Target) -> str:
    """Return `name@version` for a target that was given none: its last path segment, version 0."""
    base = target.served_model or urlsplit(target.model).path.rstrip("/").split("/")[-1]
    name = re.sub(r"[^\w.+-]+", "-", base.removesuffix(".gz").removesuffix(".jsonl"), flags=re.ASCII)
    return f"{name.strip('-._+')[:80] or 'model'}@0"
