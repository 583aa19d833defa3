"""The run to beat is known again on another machine, or it is said why not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from run_samples import ESTIMATE, GRADERS, begin, response, verdict

from auditor.errors import AuditorError, ConfigError, DataError, SealError
from auditor.runs.baseline import (
    Baseline,
    baseline_reference,
    open_against,
    open_baseline,
    read_baseline,
    write_baseline,
)
from auditor.runs.files import read_json, write_json
from auditor.runs.layers import write_layer
from auditor.runs.layout import ESTIMATES, ITEMS, MANIFEST, RESPONSES, SEAL, VERDICTS
from auditor.runs.record import open_run
from auditor.runs.seal import seal
from auditor.runs.store import Store

Sealed = Callable[..., Path]


def made_otherwise(run: Path) -> None:
    """Make another run of the same id."""
    write_json(run / MANIFEST, read_json(run / MANIFEST) | {"notes": ["made elsewhere"]})
    (run / SEAL).unlink()
    seal(run, (MANIFEST, ITEMS, RESPONSES, VERDICTS, ESTIMATES))


def test_what_is_written_is_read_and_opened_again(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    written = write_baseline(tmp_path, open_run("bot@1", store))
    assert read_baseline(tmp_path) == written
    assert written == Baseline(
        run=path.name,
        model="bot@1",
        fingerprint="d1",
        suite="small",
        suite_hash="0b",
        date=read_json(path / MANIFEST)["created"],
        seal=read_json(path / SEAL)["digest"],
    )
    assert baseline_reference(tmp_path) == path.name
    assert open_baseline(written, store).path == path
    assert (tmp_path / "baseline.yaml").read_text().startswith("# The run to beat: `auditor baseline set RUN`")


def test_a_later_run_of_the_version_does_not_take_its_place(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    first = sealed()
    write_baseline(tmp_path, open_run("bot@1", store))
    second = sealed(again=True)
    assert open_run("bot@1", store).path == second
    again = open_against(None, store, tmp_path)
    assert again is not None and again.path == first


def test_a_layer_is_part_of_what_is_meant(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    write_layer(path, "strict", [verdict(0)], [ESTIMATE], GRADERS)
    write_baseline(tmp_path, open_run("bot@1#strict", store))
    assert baseline_reference(tmp_path) == f"{path.name}#strict"
    found = open_against("baseline", store, tmp_path)
    assert found is not None and (found.path, found.layer) == (path, "strict")


@pytest.mark.parametrize(
    ("reference", "is_set", "opened"),
    [
        (None, False, None),
        (None, True, "bot@1"),
        ("baseline", True, "bot@1"),
        ("bot@2", True, "bot@2"),
        ("bot@2", False, "bot@2"),
    ],
)
def test_against_means_the_file_unless_it_names_a_run(
    store: Store, sealed: Sealed, tmp_path: Path, reference: str | None, is_set: bool, opened: str | None
) -> None:
    sealed()
    sealed("bot@2")
    if is_set:
        write_baseline(tmp_path, open_run("bot@1", store))
    found = open_against(reference, store, tmp_path)
    assert (found and found.model_id) == opened


def test_the_word_without_the_file_says_how_to_write_it(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no .*baseline.yaml") as caught:
        open_against("baseline", store, tmp_path)
    assert caught.value.hint == "`auditor baseline set RUN` writes it"
    assert (read_baseline(tmp_path), baseline_reference(tmp_path)) == (None, None)


def test_a_store_without_the_run_says_which_and_how_to_get_it(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    write_baseline(tmp_path, open_run("bot@1", store))
    with pytest.raises(ConfigError, match=f"names the run {path.name}, which the store .*elsewhere does not") as caught:
        open_against("baseline", Store(tmp_path / "elsewhere"), tmp_path)
    assert caught.value.hint is not None and "`auditor runs import FILE.tar.gz`" in caught.value.hint


def test_another_run_of_the_same_id_is_not_taken_for_it(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    write_baseline(tmp_path, open_run("bot@1", store))
    made_otherwise(path)
    assert open_run("bot@1", store).problems == []
    with pytest.raises(DataError, match="is another run than .*: their seals differ"):
        open_against(None, store, tmp_path)


def test_a_damaged_or_unfinished_run_is_not_set(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    (path / "responses.jsonl.gz").write_bytes(b"changed")
    with pytest.raises(SealError, match=r"responses.jsonl.gz has changed since it was sealed"):
        write_baseline(tmp_path, open_run("bot@1", store))
    with begin(store, "bot@2") as writer:
        writer.add(response(0))
    with pytest.raises(AuditorError, match="has no finished run"):
        open_run("bot@2", store)
    assert not (tmp_path / "baseline.yaml").exists()


def test_a_baseline_that_was_damaged_since_is_named(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    write_baseline(tmp_path, open_run("bot@1", store))
    (path / SEAL).unlink()
    with pytest.raises(DataError, match=r"cannot be read: .*seal.json: there is no such file"):
        open_against(None, store, tmp_path)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "keys with values are expected"),
        ("run: [1]\n", r"baseline.yaml:1: run: .*string"),
        ("runn: x\n", r"baseline.yaml:1: runn: unknown key; did you mean 'run'\?"),
        ("run: x\n", "the key 'seal' is missing"),
        ("run: '..'\n", "the key 'model' is missing"),
        ("run: [\n", "not valid YAML"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, fact: str) -> None:
    (tmp_path / "baseline.yaml").write_text(text)
    with pytest.raises(ConfigError, match=fact):
        read_baseline(tmp_path)


def test_a_path_in_the_file_opens_nothing(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    written = write_baseline(tmp_path, open_run("bot@1", store))
    outside = tmp_path / "outside"
    shutil.copytree(path, outside)
    with pytest.raises(ConfigError, match="does not hold"):
        open_baseline(written.model_copy(update={"run": str(outside)}), store)
