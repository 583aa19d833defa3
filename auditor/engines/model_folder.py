"""Finds a model's files, and says what a folder lacks before anything is started."""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path

from auditor.errors import ConfigError, nearest

HUB_NAME = re.compile(r"[\w][\w.-]*/[\w.-]+")
WEIGHTS = ("*.safetensors", "*.bin", "*.pt")
DESCRIPTIONS = ("config.json", "generation_config.json", "tokenizer_config.json", "adapter_config.json")
"""Files that hold one JSON object each."""
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt")
COPY_AGAIN = "copy or download the model again"


def is_hub_name(model: str) -> bool:
    """Return whether `model` is `organisation/name` at a hub rather than a path here."""
    return bool(HUB_NAME.fullmatch(model)) and not Path(model).parent.exists()


def check_model_folder(model: str) -> None:
    """Raise `ConfigError` where vLLM could not load the folder."""
    folder = Path(model)
    if not folder.exists():
        beside = folder.parent
        names = [file.parent.name for file in beside.glob("*/config.json")]
        hint = nearest(folder.name, names) or "give a model's folder, a hub name or a server's URL"
        raise ConfigError(f"there is no model at '{model}'", hint=hint)
    if not folder.is_dir():
        hint = "give the folder that holds config.json"
        raise ConfigError(f"'{model}' is a file, expected a folder", hint=hint)
    missing = [] if (folder / "config.json").is_file() else ["config.json"]
    if not _holds(folder, WEIGHTS):
        missing.append("weights (*.safetensors or *.bin)")
    if not _holds(folder, TOKENIZERS):
        missing.append("a tokenizer (tokenizer.json)")
    if missing:
        adapter = (folder / "adapter_config.json").is_file()
        hint = "this is an adapter: name it in a target.yaml as `adapter`, and its base as `model`"
        fact = f"'{model}' is not a whole model; it lacks {', '.join(missing)}"
        raise ConfigError(fact, hint=hint if adapter else None)
    _check_contents(folder)


def check_adapter(adapter: str) -> None:
    """Raise `ConfigError` where the folder holds no LoRA adapter."""
    folder = Path(adapter)
    if not folder.is_dir():
        raise ConfigError(f"adapter: there is no folder '{adapter}'")
    if not (folder / "adapter_config.json").is_file():
        raise ConfigError(f"adapter: '{adapter}' holds no adapter_config.json")
    if not _holds(folder, ("adapter_model.*",)):
        raise ConfigError(f"adapter: '{adapter}' holds no weights (adapter_model.safetensors)")
    _check_contents(folder)


def hub_snapshot(name: str) -> Path | None:
    """Return the folder where the hub's own client keeps this model, if it was downloaded."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    model = cache / f"models--{name.replace('/', '--')}"
    try:
        commit = (model / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    snapshot = model / "snapshots" / commit
    return snapshot if commit and snapshot.is_dir() else None


def _check_contents(folder: Path) -> None:
    """Raise `ConfigError` where a file that is there is not what its name promises."""
    for file in (folder / name for name in DESCRIPTIONS):
        if file.exists():
            _check_object(file)
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.exists() or find_spec("tokenizers") is None:
        return
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_file(str(tokenizer))
    # The library raises nothing narrower.
    except Exception as problem:
        fact = f"{tokenizer}: expected a tokenizer as the tokenizers library saves it: {problem}"
        raise ConfigError(fact, hint=COPY_AGAIN) from None


def _check_object(file: Path) -> None:
    try:
        document = json.loads(file.read_bytes())
    except OSError as problem:
        raise ConfigError(f"{file}: cannot be read: {problem.strerror}") from None
    except RecursionError:
        raise ConfigError(f"{file}: expected a JSON object, found one that is nested too deeply") from None
    except ValueError as problem:
        raise ConfigError(f"{file}: expected a JSON object: {problem}", hint=COPY_AGAIN) from None
    if not isinstance(document, dict):
        raise ConfigError(f"{file}: expected a JSON object, found {json.dumps(document)[:60]}", hint=COPY_AGAIN)


def _holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(file.is_file() for pattern in patterns for file in folder.glob(pattern))
