"""Any change of any byte of a sealed run is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_samples import ESTIMATE, GRADERS

from auditor.errors import DataError, SealError
from auditor.runs.files import write_json
from auditor.runs.layers import write_layer
from auditor.runs.record import open_run
from auditor.runs.seal import _digest, require_intact, seal, verify
from auditor.runs.store import Store

Sealed = Callable[..., Path]


@pytest.fixture
def run(sealed: Sealed) -> Path:
    path = sealed()
    write_layer(path, "strict", [{"item_id": "a"}], [ESTIMATE], GRADERS)
    return path


def test_a_sealed_run_is_intact(run: Path) -> None:
    assert verify(run) == []
    require_intact(run)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255), data=st.data())
def test_every_changed_byte_is_found(run: Path, place: float, change: int, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(path for path in run.rglob("*") if path.is_file())))
    good = path.read_bytes()
    at = int(place * len(good))
    path.write_bytes(good[:at] + bytes([good[at] ^ change]) + good[at + 1 :])
    try:
        problems = verify(run)
        assert problems and path.name in " ".join(problems)
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_every_cut_and_every_longer_file_is_found(run: Path, cut: int) -> None:
    for path in [path for path in run.rglob("*") if path.is_file()]:
        good = path.read_bytes()
        path.write_bytes(good[:-cut] if cut else good + b" ")
        assert verify(run)
        path.write_bytes(good)
    assert verify(run) == []


def test_what_is_missing_or_strange_is_named(run: Path) -> None:
    (run / "items.jsonl.gz").unlink()
    (run / "notes.txt").write_text("mine")
    (run / "more").mkdir()
    (run / "layers" / "strict" / "more.txt").write_text("mine")
    (run / "layers" / "stray.txt").write_text("mine")
    (run / "layers" / "strict" / "estimates.json").unlink()
    assert verify(run) == [
        "items.jsonl.gz is missing",
        "more is not in the seal",
        "notes.txt is not in the seal",
        "layers/stray.txt: is not in the seal",
        "layers/strict: estimates.json is missing",
        "layers/strict: more.txt is not in the seal",
    ]
    with pytest.raises(SealError, match=r"items.jsonl.gz is missing; more is") as caught:
        require_intact(run)
    assert caught.value.exit_code == 1


def test_a_file_that_has_become_a_folder_is_named(run: Path) -> None:
    (run / "items.jsonl.gz").unlink()
    (run / "items.jsonl.gz").mkdir()
    assert verify(run) == ["items.jsonl.gz is not a regular file"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "name", ["manifest.json", "items.jsonl.gz", "verdicts.jsonl.gz", "estimates.json", "seal.json"]
)
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("/dev/zero", path), os.mkdir])
def test_what_is_no_file_is_named_and_never_read(
    run: Path, store: Store, name: str, make: Callable[[Path], None]
) -> None:
    (run / name).unlink()
    make(run / name)
    assert f"{name}{': ' if name == 'seal.json' else ' '}is not a regular file" in verify(run)[0]
    with pytest.raises(DataError, match=f"{name}: is not a regular file|not as it was sealed"):
        opened = open_run(run, store)
        list(opened.iter_items()) and list(opened.iter_verdicts()) and opened.estimates
        require_intact(run)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version":1}', '{"schema_version":1,"files":[]}'])
def test_an_unreadable_seal_is_a_problem(run: Path, text: str) -> None:
    (run / "seal.json").write_text(text)
    problems = verify(run)
    assert "seal.json" in problems[0]
    assert "layers/strict: was made for another seal of the run" in problems


def test_no_seal_is_a_problem(tmp_path: Path) -> None:
    assert verify(tmp_path) == [f"{tmp_path}/seal.json: there is no such file"]


def test_a_seal_of_a_newer_auditor_is_a_problem(run: Path) -> None:
    write_json(run / "seal.json", {"schema_version": 2, "auditor_version": "9.0"})
    assert "schema_version 2 was written by auditor 9.0; this one reads up to 1" in verify(run)[0]


def test_names_that_no_file_can_have_are_a_problem_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    seal(tmp_path, ["a"])
    document = {"schema_version": 1, "files": {"a\x00b": "x", "\ud800": "y"}}
    write_json(tmp_path / "seal.json", document | {"digest": _digest(document)})
    assert [problem.split(" ")[1:4] for problem in verify(tmp_path)[:2]] == [["cannot", "be", "read:"]] * 2


def test_a_layer_belongs_to_one_seal(run: Path, sealed: Sealed) -> None:
    other = sealed(plan="another plan")
    shutil.copytree(run / "layers", other / "layers")
    assert verify(other) == ["layers/strict: was made for another seal of the run"]


def test_equal_runs_are_equal_bytes(sealed: Sealed) -> None:
    one, two = sealed(), sealed(again=True)
    assert one != two
    for name in ("items.jsonl.gz", "responses.jsonl.gz", "verdicts.jsonl.gz", "estimates.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert (one / "items.jsonl.gz").read_bytes()[3:8] == b"\x00" * 5, "neither a name nor a time in the header"


def test_only_the_owner_may_read(run: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in [run, *run.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in run.rglob("*") if path.is_file()} == {0o600}
