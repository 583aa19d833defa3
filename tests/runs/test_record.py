"""A sealed run is read back as it was, row by row and as DataFrames."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_samples import ESTIMATE, begin, finish, item, request, response, verdict

from auditor.errors import DataError
from auditor.runs.codec import decode, encode, item_from_row, response_from_row, response_row, to_row
from auditor.runs.files import read_json, write_json, write_rows
from auditor.runs.frames import ITEM_COLUMNS, RESPONSE_COLUMNS, VERDICT_COLUMNS
from auditor.runs.lift import lift
from auditor.runs.record import open_run
from auditor.runs.store import Store

Sealed = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def test_a_run_by_name_id_and_path(store: Store, sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sealed()
    for reference in ("bot@1", "bot@latest", path.name, str(path), path):
        run = open_run(reference, store)
        assert (run.run_id, run.model_id, run.path, run.layer) == (path.name, "bot@1", path, "base")
    assert repr(run) == f"<Run {path.name}#base>"
    assert run.estimates == [ESTIMATE]
    assert run.problems == []
    monkeypatch.chdir(store.folder)
    assert open_run(Path(path.name)).run_id == path.name
    monkeypatch.chdir(path)
    assert open_run(".").run_id == path.name


def test_rows_are_what_was_written(store: Store, sealed: Sealed) -> None:
    sealed(count=2)
    run = open_run("bot@1", store)
    assert [item_from_row(row) for row in run.iter_items()] == [item(0), item(1)]
    assert [response_from_row(row) for row in run.iter_responses()] == [response(0), response(1)]
    assert [row["label"] for row in run.iter_verdicts()] == ["full_refusal"] * 2


def test_frames_have_the_documented_columns(store: Store, sealed: Sealed) -> None:
    sealed(count=2)
    run = open_run("bot@1", store)
    for frame, columns in [
        (run.items, ITEM_COLUMNS),
        (run.responses, RESPONSE_COLUMNS),
        (run.verdicts, VERDICT_COLUMNS),
    ]:
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == columns
        assert len(frame) == 2
    assert run.responses is run.responses
    assert run.responses.loc[1, "text"] == "answer 1"
    assert run.items.loc[0, "tags"] == {"hazard": "x"}
    assert run.verdicts["probability"].isna().all()


def test_columns_are_those_of_the_types() -> None:
    assert list(ITEM_COLUMNS) and set(ITEM_COLUMNS) == set(to_row(item(0)))
    assert set(RESPONSE_COLUMNS) == {*to_row(request(0)), *to_row(response(0)), "cached"}


def test_a_run_of_nothing_has_the_columns_too(store: Store) -> None:
    with begin(store) as writer:
        finish(writer, 0)
    run = open_run("bot@1", store)
    assert {name: str(kind) for name, kind in run.responses.dtypes.items()} == RESPONSE_COLUMNS
    assert list(run.verdicts.columns) == list(VERDICT_COLUMNS)


def test_hostile_text_reaches_the_frame_unchanged(store: Store) -> None:
    text = "=cmd()\x00\ud800\x1b[31m<script>\u202e"
    with begin(store) as writer:
        writer.add(response(0, text=text))
        finish(writer, 1)
    assert open_run("bot@1", store).responses.loc[0, "text"] == text


def test_an_unfinished_run_is_not_opened(store: Store) -> None:
    with begin(store) as writer:
        pass
    with pytest.raises(DataError, match="is not finished") as caught:
        open_run(writer.run_id, store)
    assert "it goes on where it stopped" in str(caught.value.hint)


def test_a_changed_run_opens_with_its_problems(store: Store, sealed: Sealed) -> None:
    path = sealed()
    write_rows(path / "items.jsonl.gz", [])
    assert open_run("bot@1", store).problems == ["items.jsonl.gz has changed since it was sealed"]


def test_broken_rows_are_named_by_file_and_line(store: Store, sealed: Sealed) -> None:
    path = sealed(count=400)
    packed = (path / "responses.jsonl.gz").read_bytes()
    (path / "responses.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"responses\.jsonl\.gz:\d+: cannot be read"):
        list(open_run("bot@1", store).iter_responses())
    write_rows(path / "verdicts.jsonl.gz", [verdict(0) | {"grader_version": 2**64 - 1}])
    with pytest.raises(DataError, match=r"verdicts\.jsonl\.gz: column grader_version is not all int64"):
        _ = open_run("bot@1", store).verdicts
    (path / "items.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"items\.jsonl\.gz: there is no such file"):
        _ = open_run("bot@1", store).items


ROWS = {
    "items": decode(encode(to_row(item(0)))),
    "responses": decode(encode(response_row(request(0), response(0), cached=False))),
    "verdicts": verdict(0),
}


@pytest.mark.parametrize(
    ("name", "change", "fact"),
    [
        ("items", {"tags": {"hazard": 3}}, "Expected `str`, got `int` at `tags[...]`"),
        ("items", {"turns": []}, "Expected `array` of length >= 1 at `turns`"),
        ("items", {"options": [{"text": "a"}]}, "Object missing required field `role` at `options[0]`"),
        ("responses", {"text": None}, "Expected `str`, got `null` at `text`"),
        ("responses", {"messages": ["How?"]}, "Expected `object`, got `str` at `messages[0]`"),
        ("responses", {"sampling": {}}, "Object missing required field `temperature` at `sampling`"),
        ("responses", {"probe_id": "no.such"}, "probe_id is 'no.such', which manifest.json does not name"),
        ("verdicts", {"repeat": False}, "Expected `int`, got `bool` at `repeat`"),
        ("verdicts", {"outcome": "lost"}, "Invalid value 'lost' at `outcome`"),
        ("verdicts", {"label": None}, "Expected `str`, got `null` at `label`"),
        ("verdicts", {"outcome": "undetermined"}, "Expected `str`, got `null` at `reason`"),
    ],
)
def test_a_field_that_is_not_as_expected_is_named_by_file_line_and_name(
    store: Store, sealed: Sealed, name: str, change: dict[str, object], fact: str
) -> None:
    path = sealed() / f"{name}.jsonl.gz"
    write_rows(path, [*[ROWS[name]] * 100, ROWS[name] | change, ROWS[name]])
    with pytest.raises(DataError) as caught:
        list(getattr(open_run("bot@1", store), f"iter_{name}")())
    assert str(caught.value) == f"{path}:101: {fact}"


@pytest.mark.parametrize("name", ROWS)
def test_every_field_that_is_lacking_is_named(store: Store, sealed: Sealed, name: str) -> None:
    path = sealed() / f"{name}.jsonl.gz"
    for field in ROWS[name]:
        write_rows(path, [{other: value for other, value in ROWS[name].items() if other != field}])
        with pytest.raises(DataError, match=f":1: Object missing required field `{field}`"):
            list(getattr(open_run("bot@1", store), f"iter_{name}")())
        write_rows(path, [ROWS[name] | {"more": 1}])
        assert list(getattr(open_run("bot@1", store), f"iter_{name}")())


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"estimates": 3}, "estimates is a int, expected a list"),
        ({"estimates": [to_row(ESTIMATE), {"metric": 1}]}, r"estimates\[1\]: not a row of Estimate"),
        ({"estimates": [to_row(ESTIMATE) | {"n": "4"}]}, "Expected `int`, got `str` at `n`"),
        ({"schema_version": 2}, "schema_version 2 was written by a newer auditor"),
    ],
)
def test_broken_estimates_are_named(store: Store, sealed: Sealed, change: dict[str, object], fact: str) -> None:
    path = sealed() / "estimates.json"
    write_json(path, read_json(path) | change)
    with pytest.raises(DataError, match=fact) as caught:
        _ = open_run("bot@1", store).estimates
    assert str(path) in str(caught.value)


def test_lift_passes_the_present_and_refuses_the_future() -> None:
    assert lift({"schema_version": 1, "a": 2}, "seal") == {"schema_version": 1, "a": 2}
    with pytest.raises(DataError, match=r"seal: schema_version 2 was written by auditor 4\.0") as caught:
        lift({"schema_version": 2, "auditor_version": "4.0"}, "seal")
    assert caught.value.hint == "upgrade: pip install --upgrade auditor"
    for version in (None, True, "1", 0, 1.0):
        with pytest.raises(DataError, match="expected 1 to 1"):
            lift({"schema_version": version}, "seal")


def test_reading_rows_needs_no_pandas(store: Store, sealed: Sealed) -> None:
    sealed()
    script = (
        "import sys; from auditor.runs.record import open_run; from auditor.runs.store import Store;"
        f"run = open_run('bot@1', Store({store.root!r}));"
        "assert len(list(run.iter_responses())) == 3 and run.problems == [] and run.estimates;"
        "print([name for name in ('pandas', 'numpy', 'fsspec', 'torch') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout == "[]\n"


MEASURE = """
import resource, sys
from pathlib import Path
from auditor.runs.record import Run
run = Run(Path(sys.argv[1]))
assert len(run.responses) == 50_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_fifty_thousand_answers_fit_in_memory(store: Store) -> None:
    with begin(store) as writer:
        for number in range(50_000):
            writer.add(response(number, text=f"{number} ".ljust(1024, "x")))
        path = finish(writer, 50_000)
    arguments = [sys.executable, "-c", MEASURE, str(path)]
    said = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(said.stdout) < 450, f"{said.stdout} MiB"
