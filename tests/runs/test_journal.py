"""An answer that was kept stays kept: kill -9, full disks and torn lines."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from run_samples import response

from auditor.errors import DataError
from auditor.runs import journal
from auditor.runs.codec import encode, to_row
from auditor.runs.journal import Journal, read

ROOT = Path(__file__).parents[2]

CHILD = """
import os, sys
from pathlib import Path
from auditor.runs.journal import Journal
from auditor.types import Response, Status
kept = Journal(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    kept.append(Response(f"key{number}", Status.STOP, "an answer " * (number % 300)))
    os.write(1, b"key%d\\n" % number)
    number += 1
"""


def lines(*numbers: int) -> bytes:
    return b"".join(encode(to_row(response(number))) + b"\n" for number in numbers)


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    answers = [response(number, text="\ud800\n\x00") for number in range(5)]
    with Journal(tmp_path / "j") as kept:
        for answer in answers:
            kept.append(answer)
            assert list(read(tmp_path / "j"))[-1] == answer
    assert list(read(tmp_path / "j")) == answers
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_no_file_has_no_answers(tmp_path: Path) -> None:
    assert list(read(tmp_path / "j")) == []


def test_kill_9_loses_nothing_that_append_returned_for(tmp_path: Path) -> None:
    path, chance, promised = tmp_path / "j", random.Random(1), set[str]()
    for session in range(10):
        arguments = [sys.executable, "-c", CHILD, str(path), str(session * 10_000_000)]
        here = os.environ | {"PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(arguments, stdout=subprocess.PIPE, bufsize=0, env=here)
        assert child.stdout is not None
        said = child.stdout.readline()
        killer = subprocess.Popen(["sleep", f"{chance.uniform(0, 0.05):.4f}"])
        while killer.poll() is None:
            said += os.read(child.stdout.fileno(), 1 << 16)
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read()
        child.wait()
        child.stdout.close()
        promised |= {line.decode() for line in said.split(b"\n")[:-1]}
        assert promised <= {answer.key for answer in read(path)}
    assert len(promised) > 100


@pytest.mark.parametrize("cut", [1, 5, len(lines(2)) - 1])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    path.write_bytes(lines(0, 1, 2)[:-cut])
    assert [answer.key for answer in read(path)] == ["key0", "key1"]
    with Journal(path) as kept:
        assert path.read_bytes() == lines(0, 1)
        kept.append(response(3))
    assert path.read_bytes() == lines(0, 1, 3)


def test_a_torn_line_longer_than_a_block_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(lines(0) + b'{"key":"' + b"x" * (3 * journal.CHUNK))
    Journal(path).close()
    assert path.read_bytes() == lines(0)


@pytest.mark.parametrize("broken", [b"{\n", b"[]\n", b"\x00\x00\n", b'{"key": 1, "status": "stop"}\n', b"\xff\n"])
def test_a_broken_line_in_the_middle_is_named(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(lines(0) + broken + lines(1))
    with pytest.raises(DataError) as caught:
        list(read(path))
    assert str(caught.value).startswith(f"{path}:2: broken: ")
    assert caught.value.hint == "delete line 2: its answer is then asked again, all others are kept"


def test_a_full_disk_keeps_whole_lines_and_goes_on(small_disk: Path) -> None:
    path, count = small_disk / "j", 0
    with pytest.raises(DataError) as caught, Journal(path) as kept:
        while True:
            kept.append(response(count, text="x" * 1000))
            count += 1
    assert str(caught.value) == (
        f"{path}: cannot be written: No space left on device; the {count} answers in it are kept"
    )
    assert "same command" in str(caught.value.hint)
    assert path.read_bytes().endswith(b"}\n")
    assert len(list(read(path))) == count > 10
    (small_disk / "filler").unlink()
    with Journal(path) as kept:
        kept.append(response(count))
    assert len(list(read(path))) == count + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    (tmp_path / "filler").write_bytes(b"x" * 16_384)
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_short_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    kept, write = Journal(path), os.write
    kept.append(response(0))
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    with pytest.raises(DataError, match="the 1 answers in it are kept"):
        kept.append(response(1))
    monkeypatch.undo()
    assert path.read_bytes() == lines(0)
    kept.append(response(2))
    kept.close()
    assert path.read_bytes() == lines(0, 2)


def test_a_disk_that_fails_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    kept = Journal(tmp_path / "j")
    kept.append(response(0))
    monkeypatch.setattr(journal, "sync_data", fail)
    with pytest.raises(DataError, match="Input/output error; the 1 answers"):
        kept.close()


def test_answers_reach_the_disk_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, now = [], [100.0]
    monkeypatch.setattr(journal, "sync_data", synced.append)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Journal(tmp_path / "j") as kept:
        for step in range(50):
            now[0] = 100 + step / 10
            kept.append(response(step))
        assert len(synced) == 4
    assert len(synced) == 5


def test_an_answer_that_is_no_json_changes_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as kept:
        with pytest.raises(DataError, match="score is nan"):
            kept.append(response(0, score=float("nan")))
        kept.append(response(1))
    assert (tmp_path / "j").read_bytes() == lines(1)


def test_an_append_takes_microseconds(tmp_path: Path) -> None:
    answer, rounds = response(0, text="x" * 1000), 2000
    with Journal(tmp_path / "j") as kept:
        best = min(_seconds(kept, answer, rounds) for _ in range(5)) / rounds
    assert best < 60e-6, f"{best * 1e6:.0f} us"  # 15 us on an idle machine


def _seconds(kept: Journal, answer: Any, rounds: int) -> float:
    start = time.perf_counter()
    for _ in range(rounds):
        kept.append(answer)
    return time.perf_counter() - start
