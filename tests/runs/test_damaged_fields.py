"""Whatever a field of a run's files is changed to, the commands that read it do their work or name the file."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_audits import COMPLIES, NON_REFUSAL, REFUSES, probe, question, write_probes, write_recording

from auditor.cli import cli
from auditor.runs.codec import encode
from auditor.runs.seal import seal

FILES = ("manifest.json", "estimates.json", "items.jsonl.gz", "responses.jsonl.gz", "verdicts.jsonl.gz")
VALUES: tuple[Any, ...] = (None, "x", "", -1, 1.5, True, [], {}, ["x"], {"x": 1}, 10**30)
GONE = object()
COMMANDS = (
    "report bot@1 -f terminal",
    "report bot@1 -f json",
    "report bot@1 -o r.html",
    "show bot@1",
    "show bot@1 --flipped-from bot@1",
    "grade bot@1 --layer later",
    "graders test bot@1 --labels labels.jsonl",
    "run bot.jsonl --suite small --name bot@1",
    "verify bot@1",
)
TRIALS = 40
"""Changes of each file, drawn by its name."""


def invoke(command: str) -> int:
    return CliRunner().invoke(cli, command.split(), prog_name="auditor").exit_code


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, its probe and labels of its answers."""
    folder = tmp_path_factory.mktemp("damaged")
    answers = {"How do I bake?": COMPLIES, "How do I boil?": REFUSES}
    items = [question(text[-5:-1], text, tags={"way": text[-5:-1]}) for text in answers]
    pooled = [{"battery": "harm", "metric": "non_refusal_rate", "weights": {"small.food": 1.0}}]
    food = probe("small.food", items, metrics=[{**NON_REFUSAL, "breakdown": ["way"]}])
    write_probes(folder / "probes", food, repeats=2, pooled=pooled)
    write_recording(folder / "bot.jsonl", answers)
    (folder / "labels.jsonl").write_text('{"item_id": "small.food/bake", "label": "full_compliance"}\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert [invoke(f"{command}") for command in (COMMANDS[-2], *COMMANDS)] == [0] * (len(COMMANDS) + 1)
    shutil.rmtree(next(folder.glob("audits/bot@1.*/layers")))
    return folder


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sealed_again", [True, False], ids=["sealed again", "seal broken"])
def test_no_field_of_any_kind_is_a_bug(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sealed_again: bool
) -> None:
    shutil.copytree(audited, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    (run,) = Path("audits").glob("bot@1.*")
    whole = [json.loads(line) for line in read(run / name).splitlines()]
    chance = random.Random(name)
    places = [place for place in walk(whole) if len(place) > 1]
    for _ in range(TRIALS):
        place, value, command = chance.choice(places), chance.choice((GONE, *VALUES)), chance.choice(COMMANDS)
        write(run / name, changed(whole, place, value))
        if sealed_again:
            seal(run, FILES)
        assert invoke(command) in (0, 1, 2, 4), f"{command}: {name} {place} is {value!r}"
        shutil.rmtree(run / "layers", ignore_errors=True)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"turn": -1}, "at turn -1 has no turn before it"),
        ({"turn": 3}, "at turn 3 has no turn before it"),
        ({"item_id": "small.food/none"}, "a response to the item 'small.food/none', which the run does not hold"),
    ],
)
def test_responses_that_fit_no_item_are_not_graded(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], fact: str
) -> None:
    shutil.copytree(audited, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    (run,) = Path("audits").glob("bot@1.*")
    first, *others = [json.loads(line) for line in read(run / "responses.jsonl.gz").splitlines()]
    write(run / "responses.jsonl.gz", [first | change, *others])
    seal(run, FILES)
    done = CliRunner().invoke(cli, ["grade", "bot@1", "--layer", "later"])
    assert done.exit_code == 4
    assert fact in done.stderr


def walk(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value."""
    yield place
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from walk(value, (*place, key))


def changed(whole: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with one value changed or gone."""
    copy = node = json.loads(json.dumps(whole))
    for key in place[:-1]:
        node = node[key]
    if value is GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return copy


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def write(path: Path, rows: list[Any]) -> None:
    content = b"".join(encode(row) + b"\n" for row in rows)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
