"""What the store finds, and what RUN means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from run_samples import PLAN_HASH, PROBE, begin, finish, response

from auditor.errors import ConfigError, DataError, SealError
from auditor.runs.files import read_json, write_json
from auditor.runs.layers import write_layer
from auditor.runs.store import Store
from auditor.runs.stored import State
from auditor.types import Response, Status

Sealed = Callable[..., Path]


def interrupted(store: Store, *answers: Response, plan: str = "unfinished", **options: object) -> Path:
    with begin(store, plan=plan, **options) as writer:
        for answer in answers:
            writer.add(answer)
    return writer.path


def change_manifest(run: Path, **fields: object) -> None:
    write_json(run / "manifest.json", read_json(run / "manifest.json") | fields)


def redate(run: Path, created: str) -> None:
    change_manifest(run, created=created)


def test_an_empty_store_lists_nothing_and_makes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "audits")
    assert store.runs() == []
    assert store.find_plan("x") == []
    assert not (tmp_path / "audits").exists()
    with pytest.raises(ConfigError, match="the store is empty"):
        store.resolve("bot@1")


def test_sealed_and_unfinished_runs_are_listed_without_their_answers(store: Store, sealed: Sealed) -> None:
    done, half = sealed(), interrupted(store, response(0))
    (done / "responses.jsonl.gz").write_bytes(b"broken")
    (store.folder / "README.md").write_text("a file beside the runs")
    found = {run.path: run for run in store.runs()}
    assert {path: run.state for path, run in found.items()} == {done: State.SEALED, half: State.UNFINISHED}
    assert found[half].model_id == "bot@1"
    assert found[half].fingerprint["digest"] == "d1"
    assert done.name.startswith("bot@1.20") and done.name.endswith(".01234567")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda run: (run / "manifest.json").unlink(), "manifest.json: there is no such file"),
        (lambda run: (run / "manifest.json").write_text("{"), "manifest.json: not JSON"),
        (lambda run: (run / "manifest.json").write_bytes(b"\xff\x00"), "manifest.json: not JSON"),
        (lambda run: (run / "manifest.json").write_text("[1]"), "holds a list, expected an object"),
        (lambda run: (run / "manifest.json").write_text('{"schema_version": 1}'), "missing required field `run_id`"),
        (lambda run: (run / "manifest.json").write_text('{"schema_version": "1"}'), "schema_version is '1'"),
        (
            lambda run: (run / "manifest.json").write_text('{"schema_version": 7, "auditor_version": "3.1"}'),
            "schema_version 7 was written by auditor 3.1; this one reads up to 1",
        ),
        (lambda run: (run / "seal.json").unlink(), "seal.json: there is no such file"),
        (lambda run: [path.unlink() for path in run.iterdir()], "plan.json: there is no such file"),
        (
            lambda run: change_manifest(run, model=["bot"]),
            "manifest.json: Expected `object`, got `array` at `model`",
        ),
    ],
)
def test_a_damaged_run_is_listed_and_hides_no_other(
    store: Store, sealed: Sealed, damage: Callable[[Path], object], problem: str
) -> None:
    good, bad = sealed(), sealed(plan="other")
    damage(bad)
    assert {run.path: run.state for run in store.runs()} == {good: State.SEALED, bad: State.DAMAGED}
    assert problem in str(next(run.problem for run in store.runs() if run.path == bad))
    assert store.resolve(good.name).path == good
    with pytest.raises(DataError, match=f"{bad.name} is of this plan and cannot be read: ") as caught:
        store.find_plan("other")
    assert caught.value.hint == f"mend it, or move {bad} aside to begin anew"
    assert store.find_plan("other", "bot@2") == []
    for reference in (bad.name, str(bad)):
        with pytest.raises(DataError, match=r"read: .*\.json"):
            store.resolve(reference)


def test_the_answers_of_a_run_whose_plan_is_damaged_are_not_forgotten(store: Store) -> None:
    half = interrupted(store, response(0), plan=PLAN_HASH)
    plan = (half / "plan.json").read_bytes()
    (half / "plan.json").write_bytes(plan[:50])
    with pytest.raises(DataError, match=f"{half.name} is of this plan and cannot be read: {half}/plan.json: not JSON"):
        begin(store)
    assert [run.path for run in store.runs()] == [half]
    interrupted(store, plan="another plan")
    (half / "plan.json").write_bytes(plan)
    with begin(store) as writer:
        assert list(writer.answered) == ["key0"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", "high"),
        ("confidence", 5.0),
        ("probes", [PROBE | {"metrics": [PROBE["metrics"][0] | {"kind": "of a newer auditor"}]}]),
        ("notes", [3]),
        ("counts", {}),
        ("seconds", {"wall": None}),
        ("engine", []),
        ("probes", [PROBE | {"severity": "dire"}]),
        ("probes", [PROBE | {"metrics": [{"name": "x"}]}]),
        ("pooled", [{"battery": "harm", "metric": "x", "weights": {}}]),
    ],
)
def test_a_manifest_with_a_field_that_is_not_as_expected_is_damaged(
    store: Store, sealed: Sealed, field: str, value: object
) -> None:
    run = sealed()
    change_manifest(run, **{field: value})
    (found,) = store.runs()
    assert found.state is State.DAMAGED
    assert f"`{field}" in str(found.problem)


def test_a_number_that_is_not_finite_is_none(store: Store, sealed: Sealed) -> None:
    run = sealed()
    text = (run / "manifest.json").read_text()
    (run / "manifest.json").write_text(text.replace('"confidence":0.95', '"confidence":1e999'))
    (found,) = store.runs()
    assert str(found.problem).endswith("manifest.json: not JSON: 1e999 is not a finite number")


def test_only_an_unfinished_run_can_be_without_an_answer(store: Store, sealed: Sealed) -> None:
    sealed(count=0, plan="nothing to ask")
    interrupted(store, plan="nothing")
    interrupted(store, response(0, status=Status.FAILED, reason="no connection"), plan="failures")
    interrupted(store, response(0, status=Status.FAILED), response(1), plan="one")
    assert {run.plan_hash: run.is_answered for run in store.runs()} == {
        "nothing to ask": True,
        "nothing": False,
        "failures": False,
        "one": True,
    }


@pytest.mark.parametrize("nothing", ["", " ", "#", "#strict"])
def test_what_names_nothing_is_told(store: Store, sealed: Sealed, nothing: str) -> None:
    sealed()
    with pytest.raises(ConfigError, match="names no run"):
        store.resolve(nothing)
    if "#" not in nothing:
        with pytest.raises(ConfigError, match="the store has no name"):
            Store(nothing)


def test_a_damaged_run_is_not_passed_over_for_an_older_one(store: Store, sealed: Sealed) -> None:
    good, bad = sealed(plan="one"), sealed(plan="two")
    older = good.rename(good.with_name("bot@1.20200101-000000.one"))
    write_json(older / "manifest.json", read_json(older / "manifest.json") | {"run_id": older.name})
    (bad / "seal.json").unlink()
    for reference in ("bot@1", "bot@latest"):
        with pytest.raises(SealError, match=f"newest run of '{reference}', {bad.name}, is damaged"):
            store.resolve(reference)
    assert store.resolve(older.name).path == older
    bad.rename(bad.with_name("bot@1.20190101-000000.two"))
    assert store.resolve("bot@1").path == older


def test_a_name_means_its_newest_sealed_run(store: Store, sealed: Sealed) -> None:
    old, new, other = sealed(plan="one"), sealed(plan="two"), sealed("bot@1.5", plan="three")
    interrupted(store)
    redate(old, "2026-01-03T00:00:00+00:00")
    redate(new, "2026-01-04T00:00:00+00:00")
    redate(other, "2026-01-05T00:00:00+00:00")
    assert store.resolve("bot@1").path == new
    assert store.resolve("bot@1.5").path == other
    assert store.resolve("bot@latest").path == other
    for path in (old, new, other):
        assert store.resolve(path.name).path == path
        assert store.resolve(str(path)).path == path


def test_the_start_of_a_run_id_is_enough(store: Store, sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = sealed(plan="aaaaaaaa"), sealed(plan="bbbbbbbb")
    assert store.resolve(one.name[:-4]).path == one
    with pytest.raises(ConfigError, match="could mean one of:") as caught:
        store.resolve(one.name.partition("-")[0] + "-")
    assert one.name in str(caught.value) and two.name in str(caught.value)
    monkeypatch.chdir(store.folder)
    assert Store(".").resolve(one.name).run_id == one.name


def test_a_version_is_never_the_start_of_another(store: Store, sealed: Sealed) -> None:
    sealed("bot@1.5")
    with pytest.raises(ConfigError, match="there is no run 'bot@1'") as caught:
        store.resolve("bot@1")
    assert "bot@1.5" in str(caught.value.hint)


@pytest.mark.parametrize("end", ["2", "20", "20.", "2026"])
def test_a_version_that_was_never_audited_is_no_start_of_a_date(store: Store, sealed: Sealed, end: str) -> None:
    path = sealed("bot@1.0")
    assert path.name.startswith("bot@1.0.20")
    for unknown in (f"bot@1.0.{end}", path.name.partition("-")[0]):
        with pytest.raises(ConfigError, match="there is no run"):
            store.resolve(unknown)


def test_a_copied_run_is_ambiguous_by_its_id(store: Store, sealed: Sealed) -> None:
    run = sealed()
    shutil.copytree(run, store.folder / "copy")
    with pytest.raises(ConfigError, match="could mean one of"):
        store.resolve(run.name)
    assert store.resolve(str(store.folder / "copy")).run_id == run.name


def test_an_unfinished_run_is_found_by_its_id_only(store: Store) -> None:
    path = interrupted(store)
    assert store.resolve(path.name).state is State.UNFINISHED
    with pytest.raises(ConfigError, match=f"'bot@1' has no finished run, only {path.name}"):
        store.resolve("bot@1")


@pytest.mark.parametrize(
    ("reference", "fact", "hint"),
    [
        ("bto@1", "there is no run 'bto@1'", "did you mean 'bot@1'?"),
        ("bot", "there is no run 'bot'", "did you mean 'bot@1'?"),
        ("x/y", "x/y: there is no such folder", None),
        (
            "s3://here/audits/bot@1",
            "is not a run but a URL",
            "--store s3://here/audits and the run as 'bot@1'",
        ),
    ],
)
def test_what_is_unknown_is_told(store: Store, sealed: Sealed, reference: str, fact: str, hint: str | None) -> None:
    sealed()
    with pytest.raises(ConfigError) as caught:
        store.resolve(reference)
    assert fact in str(caught.value)
    assert caught.value.hint == hint
    assert caught.value.exit_code == 2


def test_a_layer_is_part_of_a_reference(store: Store, sealed: Sealed) -> None:
    run = sealed()
    write_layer(run, "strict", [], [], {})
    for reference in ("bot@1", "bot@latest", run.name, str(run)):
        assert store.resolve(f"{reference}#strict").layer == "strict"
        assert store.resolve(reference).layer is None


def test_a_store_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "audits").write_text("")
    with pytest.raises(DataError, match="cannot be read: Not a directory"):
        Store(tmp_path / "audits").runs()


def test_a_plan_is_found_newest_first(store: Store, sealed: Sealed) -> None:
    one, two = sealed(), sealed(again=True)
    redate(one, "2026-01-03T00:00:00+00:00")
    half = interrupted(store)
    assert [run.path for run in store.find_plan("0123456789abcdef")] == [two, one]
    assert store.find_sealed("0123456789abcdef", "bot@1") == two
    assert store.find_sealed("0123456789abcdef", "bot@2") is None
    assert [run.path for run in store.find_plan("unfinished", "bot@1")] == [half]
    assert store.find_sealed("unfinished", "bot@1") is None


def test_manifests_of_a_name(store: Store, sealed: Sealed) -> None:
    one, two = sealed("bot@1"), sealed("bot@2")
    redate(one, "2026-01-03T00:00:00+00:00")
    sealed("other@1")
    interrupted(store)
    assert [manifest["run_id"] for manifest in store.manifests("bot")] == [two.name, one.name]


def test_answers_of_sealed_and_unfinished_runs(store: Store, sealed: Sealed) -> None:
    redate(sealed(count=2), "2026-01-03T00:00:00+00:00")
    interrupted(store, response(1, text="newer"), response(9, status=Status.LENGTH))
    answers = store.answers("d1")
    assert "key2" not in answers
    assert answers.get("key1") == response(1, text="newer")
    assert answers.get("key9") == response(9, status=Status.LENGTH)
    assert answers.problems and "is not used as a cache" in answers.problems[0], "its manifest was changed"


def test_only_runs_that_are_needed_are_read(store: Store, sealed: Sealed) -> None:
    redate(sealed(plan="old"), "2026-01-03T00:00:00+00:00")
    sealed(plan="new")
    answers = store.answers("d1")
    assert answers.get("key0") == response(0)
    assert answers.problems == [], "the older one, which is changed, was not opened"
    assert answers.get("nothing") is None
    assert len(answers.problems) == 1


@pytest.mark.parametrize("status", [Status.FAILED, Status.FILTERED])
def test_what_failed_is_asked_again(store: Store, status: Status) -> None:
    interrupted(store, response(0, status=status, reason="busy"), response(1, status=Status.EMPTY, text=""))
    answers = store.answers("d1")
    assert answers.get("key0") is None
    assert answers.get("key1") is not None


def test_other_models_and_claimed_fingerprints_have_no_answers(store: Store, sealed: Sealed) -> None:
    sealed("api@1", digest="d9", claimed=True)
    assert store.answers("d9").get("key0") is None
    assert store.answers("d1").get("key0") is None


def test_changed_answers_and_broken_journals_are_not_used(store: Store, sealed: Sealed) -> None:
    run, half = sealed(), interrupted(store)
    (run / "responses.jsonl.gz").write_bytes(b"broken")
    (half / "journal.jsonl").write_text("{\n")
    answers = store.answers("d1")
    assert answers.get("key0") is None
    assert sorted(problem.split(" ")[0] for problem in answers.problems) == sorted([run.name, half.name])


def test_the_manifest_is_one_json_line(sealed: Sealed) -> None:
    text = (sealed() / "manifest.json").read_text()
    assert text.count("\n") == 1 and json.loads(text)["notes"] == ["a note"]


def test_finish_is_seen_by_another_store_object(store: Store) -> None:
    with begin(store) as writer:
        assert Store(store.root).runs()[0].state is State.UNFINISHED
        finish(writer)
    assert Store(store.root).runs()[0].state is State.SEALED
