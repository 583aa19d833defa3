"""What can be known of the vllm engine without starting it."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest

import auditor.engines
from auditor.engines import vllm
from auditor.engines.model_folder import DESCRIPTIONS, hub_snapshot, is_hub_name
from auditor.engines.vllm import VllmEngine, child_environment
from auditor.errors import ConfigError
from auditor.target import Target
from auditor.types import Profile

TOKENIZER = (
    '{"version": "1.0", "added_tokens": [], "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}'
)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `models` in the current folder, with a model, an adapter and things that are neither."""
    files = {
        "good": ["config.json", "model.safetensors", "tokenizer.json"],
        "adapter": ["adapter_config.json", "adapter_model.safetensors"],
        "bare_adapter": ["adapter_config.json"],
        "empty": [],
    }
    for name, held in files.items():
        (tmp_path / "models" / name).mkdir(parents=True)
        for file in held:
            (tmp_path / "models" / name / file).write_text(TOKENIZER if file == "tokenizer.json" else "{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setattr(vllm, "find_spec", lambda name: object())
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("changes", "fact", "hint"),
    [
        ({"model": "models/goof"}, "there is no model at 'models/goof'", "did you mean 'good'?"),
        ({"model": "models/empt"}, "there is no model at 'models/empt'", "known: good"),
        ({"model": "./nowhere/at/all"}, "there is no model at './nowhere/at/all'", "give a model's folder"),
        ({"model": "models/good/config.json"}, "is a file, expected a folder", "holds config.json"),
        ({"model": "models/empty"}, "it lacks config.json, weights (*.safetensors or *.bin), a tokenizer", None),
        ({"model": "models/adapter"}, "it lacks config.json, a tokenizer", "this is an adapter"),
        ({"adapter": "models/none"}, "adapter: there is no folder 'models/none'", None),
        ({"adapter": "models/good"}, "adapter: 'models/good' holds no adapter_config.json", None),
        ({"adapter": "models/bare_adapter"}, "adapter: 'models/bare_adapter' holds no weights", None),
        ({"chat_template": "own.jinja"}, "chat_template: there is no file 'own.jinja'", None),
    ],
)
async def test_what_is_missing_is_named(models: Path, changes: dict[str, Any], fact: str, hint: str | None) -> None:
    engine = VllmEngine(Target(**{"model": "models/good", **changes}))
    with pytest.raises(ConfigError) as caught:
        engine.check()
    assert fact in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")
    with pytest.raises(ConfigError):
        await engine.start(Profile.GENERATE)


@pytest.mark.parametrize(
    ("file", "text", "fact"),
    [
        *[(file, text, "expected a JSON object") for file in DESCRIPTIONS for text in ("[1]", "null", "{", "[" * 9999)],
        *[("tokenizer.json", text, "expected a tokenizer") for text in ("[1]", "{}", '{"model": 3}', "[" * 9999)],
    ],
)
def test_a_file_that_is_not_what_its_name_promises_is_named(models: Path, file: str, text: str, fact: str) -> None:
    folder = "adapter" if file.startswith("adapter") else "good"
    Path("models", folder, file).write_text(text)
    with pytest.raises(ConfigError) as caught:
        VllmEngine(Target(model="models/good", adapter="models/adapter")).check()
    assert str(caught.value).startswith(f"models/{folder}/{file}: {fact}")


def test_weights_that_cannot_be_read_are_named(models: Path) -> None:
    Path("models/good/more.safetensors").mkdir()
    with pytest.raises(ConfigError, match=r"more\.safetensors: cannot be read: Is a directory"):
        VllmEngine(Target(model="models/good")).fingerprint()


def test_a_whole_model_passes(models: Path) -> None:
    VllmEngine(Target(model="models/good", adapter="models/adapter")).check()


def test_a_machine_without_vllm_is_told_how_to_get_it(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="vLLM is not installed") as caught:
        VllmEngine(Target(model="models/good")).check()
    assert caught.value.hint == "install auditor with its extra 'cpu', or 'gpu' on a machine with a GPU"


@pytest.mark.parametrize(
    ("model", "is_hub"),
    [
        ("org/name", True),
        ("org/name-7B.v2", True),
        ("models/anything", False),
        ("./org/name", False),
        ("/org/name", False),
        ("../org/name", False),
        ("name", False),
        ("org/a/b", False),
    ],
)
def test_a_hub_name_is_told_from_a_path(models: Path, model: str, is_hub: bool) -> None:
    assert is_hub_name(model) == is_hub


def test_a_downloaded_model_is_fingerprinted_by_its_files(models: Path) -> None:
    engine = VllmEngine(Target(model="org/name"))
    engine.check()
    assert engine.fingerprint().claimed
    assert hub_snapshot("org/name") is None
    place = models.parent / "hub" / "hub" / "models--org--name"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("abc123")
    (place / "snapshots").mkdir()
    (models / "good").rename(place / "snapshots" / "abc123")
    assert hub_snapshot("org/name") == place / "snapshots" / "abc123"
    found = engine.fingerprint()
    assert not found.claimed
    assert found.pieces["config"] != "none"


def test_the_child_sends_nothing_home_and_fetches_nothing_for_a_local_model(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_OFFLINE", "VLLM_LOGGING_LEVEL", "TORCH_COMPILE_DISABLE"):
        monkeypatch.delenv(name, raising=False)
    local = child_environment(Target(model="models/good", cpu_memory_gib=3))
    assert local["VLLM_NO_USAGE_STATS"] == local["DO_NOT_TRACK"] == local["HF_HUB_OFFLINE"] == "1"
    assert local["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert local["VLLM_CPU_KVCACHE_SPACE"] == "3"
    assert local["VLLM_LOGGING_LEVEL"] == "ERROR"
    assert local["PATH"] == os.environ["PATH"]
    assert local["VLLM_CPU_OMP_THREADS_BIND"] == "nobind"
    compiled = child_environment(Target(model="models/good", enforce_eager=False))
    assert "TORCH_COMPILE_DISABLE" not in compiled
    assert "HF_HUB_OFFLINE" not in child_environment(Target(model="org/name"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    hub = child_environment(Target(model="org/name", enforce_eager=True))
    assert (hub["HF_HUB_OFFLINE"], hub["VLLM_LOGGING_LEVEL"]) == ("1", "DEBUG")
    assert hub["TORCH_COMPILE_DISABLE"] == "1"


def test_vllm_and_torch_are_imported_in_one_file_and_by_public_names() -> None:
    allowed = {
        "torch": set(),
        "vllm": {"EngineArgs", "LLMEngine", "SamplingParams", "TokensPrompt"},
        "vllm.lora.request": {"LoRARequest"},
        "vllm.sampling_params": {"RequestOutputKind", "StructuredOutputsParams"},
    }
    package = Path(auditor.engines.__path__[0]).parent
    for file in package.rglob("*.py"):
        for module, names in imports(file):
            if module.split(".")[0] in ("vllm", "torch"):
                assert file.name == "vllm_worker.py", f"{file} imports {module}"
                assert names <= allowed[module], f"{file} imports {names} of {module}"


def imports(file: Path) -> list[tuple[str, set[str]]]:
    found: list[tuple[str, set[str]]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, set()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((node.module or "", {alias.name for alias in node.names}))
    return found
