"""Hashes all that can change an answer, piece by piece, so that a difference can be named."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from auditor.engines.interface import Fingerprint
from auditor.target import Target

WEIGHTS = (".safetensors", ".bin", ".safetensors.index.json", ".bin.index.json")
TOKENIZER = (
    "added_tokens.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
ABSENT = "none"
SETTLED_SECONDS = 2.0
"""A file that was written less than this ago may change again within one tick of the clock."""


def fingerprint_folder(target: Target, folder: Path, *, version: str) -> Fingerprint:
    """Return the fingerprint of a model in a folder that vLLM of this version serves."""
    hashes = FileHashes(cache_file())
    pieces = {
        "weights": hashes.of_files(file for file in folder.iterdir() if file.name.endswith(WEIGHTS)),
        "adapter": _adapter(target, hashes),
        "config": _file(folder / "config.json"),
        "generation_config": _file(folder / "generation_config.json"),
        "tokenizer": _tokenizer(folder),
        "chat_template": _chat_template(target, folder),
        **settings(target),
        **_engine(target, version),
    }
    hashes.save()
    return from_pieces(pieces)


def fingerprint_hub_name(target: Target, *, version: str) -> Fingerprint:
    """Return the fingerprint of a model whose files are not here yet: its name is only claimed."""
    pieces = {"weights": f"hub:{target.model}", **settings(target), **_engine(target, version)}
    return from_pieces(pieces, claimed=True)


def settings(target: Target) -> dict[str, str]:
    """Return the pieces that hold for every engine: what is said to the model, and how."""
    return {
        "system_prompt": _text(target.system_prompt) if target.system_prompt else ABSENT,
        "template_args": _canonical(target.template_args),
        "sampling": _canonical(target.sampling.model_dump(exclude_none=True)),
    }


def from_pieces(pieces: Mapping[str, str], *, claimed: bool = False) -> Fingerprint:
    """Return the fingerprint of named pieces; their order does not matter."""
    return Fingerprint(_text(_canonical(dict(pieces))), dict(pieces), claimed)


def differing(a: Fingerprint, b: Fingerprint) -> tuple[str, ...]:
    """Return the names of the pieces that are not the same in both."""
    names = {**a.pieces, **b.pieces}
    return tuple(sorted(name for name in names if a.pieces.get(name) != b.pieces.get(name)))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Return the folder of this user's caches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "auditor"


def cache_file() -> Path:
    """Return the file that remembers the hashes of weights."""
    return cache_folder() / "weights.json"


class FileHashes:
    """Hashes of big files, remembered for as long as size, time and inode stay the same.

    A memory that cannot be read or written only costs time.
    """

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self._known = _read_memory(memory)
        self._new: dict[str, list[Any]] = {}

    def of_files(self, files: Iterable[Path]) -> str:
        """Return one hash over names and contents."""
        hashes = {file.name: self.of_file(file) for file in sorted(files)}
        return _text(_canonical(hashes)) if hashes else ABSENT

    def of_file(self, path: Path) -> str:
        """Return the SHA-256 of one file, hexadecimal."""
        place, stat = str(path.resolve()), path.stat()
        mark = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        known = self._known.get(place)
        if isinstance(known, list) and known[:3] == mark and isinstance(known[-1], str):
            return known[-1]
        found = hash_file(path)
        if time.time() - stat.st_mtime > SETTLED_SECONDS:
            self._new[place] = [*mark, found]
        return found

    def save(self) -> None:
        """Remember what was hashed."""
        if not self._new:
            return
        # Another process may have saved in the meantime.
        known = {**_read_memory(self.memory), **self._new}
        draft = self.memory.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.memory.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(known, indent=1), encoding="utf-8")
            draft.replace(self.memory)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def _read_memory(memory: Path) -> dict[str, Any]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _engine(target: Target, version: str) -> dict[str, str]:
    return {
        "dtype": target.dtype,
        "quantization": target.quantization or ABSENT,
        "kv_cache_dtype": target.kv_cache_dtype,
        "engine": "vllm",
        "engine_version": version,
    }


def _adapter(target: Target, hashes: FileHashes) -> str:
    if not target.adapter:
        return ABSENT
    wanted = (*WEIGHTS, "adapter_config.json")
    return hashes.of_files(file for file in Path(target.adapter).iterdir() if file.name.endswith(wanted))


def _tokenizer(folder: Path) -> str:
    """Hash the tokenizer without its chat template, which is a piece of its own."""
    found = {name: _file(folder / name) for name in TOKENIZER if (folder / name).exists()}
    config = _json(folder / "tokenizer_config.json")
    if config:
        config.pop("chat_template", None)
        found["tokenizer_config.json"] = _text(_canonical(config))
    return _text(_canonical(found))


def _chat_template(target: Target, folder: Path) -> str:
    if target.chat_template:
        return _file(Path(target.chat_template))
    for name in ("chat_template.jinja", "chat_template.json"):
        if (folder / name).exists():
            return _file(folder / name)
    own = _json(folder / "tokenizer_config.json").get("chat_template")
    if own is None:
        return ABSENT
    return _text(own if isinstance(own, str) else _canonical(own))


def _file(path: Path) -> str:
    return hash_file(path) if path.exists() else ABSENT


def _json(path: Path) -> dict[str, Any]:
    """Return a JSON object, or an empty one for anything else: its bytes are hashed all the same."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _canonical(document: Any) -> str:
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
