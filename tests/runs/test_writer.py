"""One writer, which can be stopped anywhere and goes on from there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from run_samples import PLAN_HASH, begin, draft, finish, item, response

from auditor.errors import ConfigError, DataError
from auditor.runs import writer as writer_module
from auditor.runs.files import read_json
from auditor.runs.layout import WORKING
from auditor.runs.record import open_run
from auditor.runs.seal import verify
from auditor.runs.store import Store
from auditor.runs.stored import State
from auditor.runs.writer import RunWriter

Sealed = Callable[..., Path]
ROOT = Path(__file__).parents[2]
FILES = [
    "estimates.json",
    "items.jsonl.gz",
    "manifest.json",
    "responses.jsonl.gz",
    "seal.json",
    "verdicts.jsonl.gz",
]


def test_a_finished_run_holds_its_record_and_nothing_of_the_work(store: Store, sealed: Sealed) -> None:
    run = sealed(count=5)
    assert sorted(path.name for path in run.iterdir()) == FILES
    assert verify(run) == []
    manifest = read_json(run / "manifest.json")
    assert manifest["run_id"] == run.name == store.resolve("bot@1").run_id
    assert manifest["plan_hash"] == PLAN_HASH
    assert manifest["model"]["model_id"] == "bot@1"
    assert manifest["created"] <= manifest["finished"]
    assert manifest["created"].endswith("+00:00")


def test_an_interrupted_run_goes_on(store: Store) -> None:
    with begin(store) as first:
        first.add(response(0))
        first.add(response(1, text="early"))
        first.add(response(1, text="late"))
    assert sorted(path.name for path in first.path.iterdir() if path.name != "lock") == sorted(set(WORKING) - {"lock"})
    with begin(store) as second:
        assert second.path == first.path
        assert second.answered == {"key0": response(0), "key1": response(1, text="late")}
        finish(second)
    texts = [row["text"] for row in open_run("bot@1", store).iter_responses()]
    assert texts == ["answer 0", "late", "answer 2"]


def test_each_model_and_plan_has_its_own_run(store: Store) -> None:
    with begin(store) as one, begin(store, "bot@2") as two, begin(store, plan="other") as three:
        assert len({one.path, two.path, three.path}) == 3


def test_a_sealed_plan_is_repeated_only_when_asked(store: Store, sealed: Sealed) -> None:
    run = sealed()
    with pytest.raises(ConfigError, match=f"done already: {run.name}") as caught:
        begin(store)
    assert caught.value.hint == "--again repeats it"
    with begin(store, again=True) as writer:
        writer.add(response(0))
        again = writer.path
    assert again != run
    with begin(store, again=True) as writer:
        assert writer.path == again, "an interrupted repetition goes on as well"
        assert set(writer.answered) == {"key0"}


def test_seconds_add_up_over_sessions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with begin(store) as first:
        first.spend("generate", 3)
        now[0] += 5
    now[0] += 1000
    second = begin(store)
    second.spend("generate", 2)
    second.spend("grade", 1)
    now[0] += 4
    assert second.seconds == {"generate": 5, "grade": 1, "wall": 9}
    run = finish(second)
    assert read_json(run / "manifest.json")["seconds"] == {"generate": 5, "grade": 1, "wall": 9}


def test_energy_adds_up_over_sessions(store: Store) -> None:
    with begin(store) as first:
        first.energy = {"joules": 10.0, "method": "estimate"}
    with begin(store) as second:
        second.energy = {"joules": 2.5, "method": "nvml"}
        run = finish(second)
    assert read_json(run / "manifest.json")["energy"] == {"joules": 12.5, "method": "nvml"}


def test_a_killed_process_forgets_little_of_its_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    writer = begin(store)
    for number in range(30):
        now[0] += 1
        writer.add(response(number))
    assert read_json(writer.path / "session.json")["seconds"]["wall"] == 30
    writer.close()


@pytest.mark.parametrize("text", ["", "[]", '{"seconds": 3}', '{"seconds": {"wall": "x"}}'])
def test_lost_counts_of_time_lose_no_run(store: Store, text: str) -> None:
    with begin(store) as writer:
        writer.add(response(0))
    (writer.path / "session.json").write_text(text)
    with begin(store) as writer:
        assert set(writer.answered) == {"key0"}


class Interrupted(BaseException):
    """Ctrl-C or worse, in the middle of anything."""


def interrupt() -> None:
    raise Interrupted


def end_at(step: int, monkeypatch: pytest.MonkeyPatch, end: Callable[[], None]) -> Callable[[], int]:
    """Call `end` instead of call number `step` of those that change the disk; return their count."""
    count = [0]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == step:
                end()
            return call(*arguments, **options)

        return wrapped

    for name in ("replace", "rename", "fsync", "unlink", "mkdir", "open", "write", "ftruncate"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    return lambda: count[0]


def interrupted_at(step: int, store: Store) -> bool:
    with pytest.MonkeyPatch.context() as monkeypatch:
        steps = end_at(step, monkeypatch, interrupt)
        with contextlib.suppress(Interrupted), begin(store) as writer:
            finish(writer)
        return steps() >= step


def killed_at(step: int, store: Store) -> bool:
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as monkeypatch:
            end_at(step, monkeypatch, lambda: os._exit(9))
            with begin(store) as writer:
                finish(writer)
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize(
    ("end_at_step", "stride"),
    [(killed_at, 4), (interrupted_at, 4), pytest.param(killed_at, 1, marks=pytest.mark.slow)],
)
def test_an_end_anywhere_leaves_a_run_that_goes_on_or_is_sealed(
    tmp_path: Path, end_at_step: Callable[[int, Store], bool], stride: int
) -> None:
    states: list[State | None] = []
    for step in range(1, 200, stride):
        store = Store(tmp_path / str(step))
        if not end_at_step(step, store):
            break
        runs = store.runs()
        assert len(runs) <= 1
        states.append(runs[0].state if runs else None)
        if states[-1] is State.SEALED:
            assert verify(runs[0].path) == []
            store.find_plan(PLAN_HASH)
        else:
            with begin(store) as writer:
                finish(writer)
        run = open_run("bot@1", store)
        assert run.problems == []
        assert sorted(path.name for path in run.path.iterdir()) == FILES
        assert [row["text"] for row in run.iter_responses()] == ["answer 0", "answer 1", "answer 2"]
    only_forward = [None, State.UNFINISHED, State.SEALED]
    assert states == sorted(states, key=only_forward.index)
    assert set(states) == set(only_forward) and len(states) * stride > 40


def test_a_record_that_cannot_be_made_leaves_the_answers(store: Store) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield {"key": "key0"}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), begin(store) as writer:
        writer.add(response(0))
        writer.finish(items=[item(0)], rows=broken(), verdicts=[], estimates=[], manifest=draft())
    with begin(store) as writer:
        assert set(writer.answered) == {"key0"}
        finish(writer)
    assert open_run("bot@1", store).problems == []


CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from run_samples import begin, finish, response
from auditor.runs.store import Store
with begin(Store(sys.argv[1])) as writer:
    writer.add(response(0))
    print("ready", flush=True)
    if sys.stdin.readline() == "finish\\n":
        finish(writer)
"""


@pytest.fixture
def other_process(store: Store) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, store.root, str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline() == "ready\n"
    yield child
    child.kill()
    child.communicate()


def test_a_second_writer_is_told_who_is_first(store: Store, other_process: subprocess.Popen[str]) -> None:
    run = store.runs()[0]
    with pytest.raises(DataError) as caught:
        begin(store)
    assert str(caught.value).startswith(f"{run.run_id} is being written by process {other_process.pid} on ")
    assert run.state is State.UNFINISHED
    other_process.communicate("finish\n")
    assert other_process.returncode == 0
    assert store.runs()[0].state is State.SEALED


def test_a_killed_writer_holds_nothing(store: Store, other_process: subprocess.Popen[str]) -> None:
    other_process.kill()
    other_process.wait()
    with begin(store) as writer:
        assert set(writer.answered) == {"key0"}
        finish(writer)
    assert len(store.runs()) == 1


def test_many_processes_begin_one_run(store: Store) -> None:
    script = CHILD.replace("sys.stdin.readline()", "''")
    arguments = [sys.executable, "-c", script, store.root, str(Path(__file__).parent)]
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=here) for _ in "1234"
    ]
    said = [child.communicate()[1].decode() for child in children]
    assert len(store.runs()) == 1
    for child, text in zip(children, said, strict=True):
        assert child.returncode == 0 or "is being written by process" in text


def test_a_run_that_another_has_just_finished_is_left_alone(store: Store) -> None:
    with begin(store) as writer:
        run = finish(writer)
    with pytest.raises(DataError, match="was just finished by another process"):
        writer_module._take(run)
    assert verify(run) == []


def test_a_store_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/audits: cannot be \w+: Not a directory") as caught:
        begin(Store(tmp_path / "file" / "audits"))
    assert "--store" in str(caught.value.hint)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "audits"
    folder.mkdir()
    if os.geteuid() == 0:  # whom no mode stops
        for words in (["--bind", str(folder), str(folder)], ["-o", "remount,ro,bind", str(folder)]):
            mounted = subprocess.run(["mount", *words], capture_output=True, text=True)
            if mounted.returncode:
                pytest.skip(f"a read-only folder cannot be mounted here: {mounted.stderr.strip()}")
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)


def test_a_read_only_store_is_told(read_only: Path) -> None:
    with pytest.raises(DataError, match=f"{read_only}: cannot be written: (Read-only|Permission)") as caught:
        begin(Store(read_only))
    assert "--store" in str(caught.value.hint)
    assert Store(read_only).runs() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_disk_that_is_full_at_the_end_keeps_the_answers(small_disk: Path) -> None:
    store = Store(small_disk)
    noise = os.urandom(60_000).hex()
    full = pytest.raises(DataError, match="No space left on device; the answers are kept in its journal")
    with full, begin(store) as writer:
        writer.add(response(0, text=noise))
        (small_disk / "filler").write_bytes(b"x" * 90_000)
        finish(writer, 1)
    assert [path.name for path in writer.path.glob("*.gz*")] == ["items.jsonl.gz"]
    (small_disk / "filler").unlink()
    with begin(store) as writer:
        assert writer.answered["key0"].text == noise
        finish(writer, 1)
    assert open_run("bot@1", store).problems == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", WORKING)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_run_with_something_else_in_place_of_a_file_is_told(
    store: Store, name: str, make: Callable[[Path], None]
) -> None:
    with begin(store) as writer:
        pass
    (writer.path / name).unlink(missing_ok=True)
    make(writer.path / name)
    with pytest.raises(DataError, match=f"{name}: is not a regular file"):
        begin(store)


def test_a_store_whose_lock_is_a_folder_is_told(store: Store) -> None:
    (store.folder / ".lock").mkdir(parents=True)
    with pytest.raises(DataError, match="lock: is not a regular file") as caught:
        begin(store)
    assert caught.value.hint == "move it aside"


def test_the_writer_may_be_closed_twice(store: Store) -> None:
    writer = begin(store)
    writer.close()
    writer.close()
    assert isinstance(writer, RunWriter)
