"""Another grading is added whole or not at all, and the run stays as it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from run_samples import ESTIMATE, GRADERS, begin, verdict

from auditor.errors import AuditorError, ConfigError, DataError
from auditor.runs.layers import layer_folder, layers, write_layer
from auditor.runs.record import open_run
from auditor.runs.seal import verify
from auditor.runs.store import Store

Sealed = Callable[..., Path]
VERDICT = verdict(0) | {"label": "full_compliance"}


def add(run: Path, name: str) -> Path:
    return write_layer(run, name, [VERDICT], [dataclasses.replace(ESTIMATE, value=1.0)], GRADERS)


def test_a_layer_is_opened_by_its_name(store: Store, sealed: Sealed) -> None:
    run = sealed()
    before = (run / "seal.json").read_bytes()
    add(run, "people")
    assert layers(run) == ["base", "people"]
    assert (run / "seal.json").read_bytes() == before
    base, people = open_run("bot@1", store), open_run("bot@1#people", store)
    assert (base.layer, people.layer, open_run("bot@1#base", store).layer) == ("base", "people", "base")
    assert (base.estimates[0].value, people.estimates[0].value) == (0.25, 1.0)
    assert list(people.iter_verdicts()) == [VERDICT]
    assert people.layers == ["base", "people"]
    assert list(people.iter_responses()) == list(base.iter_responses())
    assert people.problems == []


def test_an_unknown_layer_names_the_nearest(store: Store, sealed: Sealed) -> None:
    add(sealed(), "people")
    with pytest.raises(ConfigError, match="has no layer 'peple'") as caught:
        open_run("bot@1#peple", store)
    assert caught.value.hint == "did you mean 'people'?"


@pytest.mark.parametrize("name", ["", "base", "../x", "a/b", ".hidden", "a b"])
def test_a_name_that_is_none_is_refused(sealed: Sealed, name: str) -> None:
    with pytest.raises(ConfigError, match="a name is letters"):
        add(sealed(), name)


def test_a_layer_never_changes(sealed: Sealed) -> None:
    run = sealed()
    add(run, "people")
    with pytest.raises(ConfigError, match="layers never change"):
        add(run, "people")


def test_an_unfinished_run_has_no_layers(store: Store) -> None:
    with begin(store) as writer, pytest.raises(DataError, match="not sealed yet"):
        add(writer.path, "people")


def test_a_crash_leaves_no_half_layer(sealed: Sealed) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield VERDICT
        raise KeyboardInterrupt

    run = sealed()
    with pytest.raises(KeyboardInterrupt):
        write_layer(run, "people", broken(), [ESTIMATE], {})
    assert layers(run) == ["base"]
    assert verify(run) == []
    assert layer_folder(run, "base") == run
    add(run, "people")
    assert verify(run) == []


def test_a_layer_that_cannot_be_written_is_told(sealed: Sealed) -> None:
    run = sealed()
    (run / "layers").write_text("in the way")
    with pytest.raises(AuditorError, match="cannot be written"):
        add(run, "people")
