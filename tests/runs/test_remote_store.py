"""A store at a URL: written here, copied there when sealed, fetched where it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from run_samples import GRADERS, PLAN_HASH, begin, finish, response, verdict

from auditor.errors import ConfigError, DataError
from auditor.runs.layers import write_layer
from auditor.runs.record import open_run
from auditor.runs.remote import Remote
from auditor.runs.store import Store
from auditor.runs.stored import State

Machine = Callable[[str], Store]


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        yield f"file://{tmp_path}/bucket/audits"
        return
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield "memory://bucket/audits"


@pytest.fixture
def machine(url: str, tmp_path: Path) -> Machine:
    """Return the store as a machine of that name sees it."""
    return lambda name: Store(url, folder=tmp_path / name)


def files(url: str) -> list[str]:
    system, root = fsspec.url_to_fs(url)
    return sorted(path.rsplit("/audits/", 1)[1] for path in system.find(root))


def test_a_run_goes_there_when_it_is_sealed(url: str, machine: Machine) -> None:
    with begin(machine("a")) as writer:
        writer.add(response(0))
        assert files(url) == []
        assert [run.state for run in machine("a").runs()] == [State.UNFINISHED]
        assert machine("b").runs() == []
        path = finish(writer)
    assert {name.split("/")[0] for name in files(url)} == {path.name}
    assert sorted(name.split("/")[1] for name in files(url)) == sorted(file.name for file in path.iterdir())
    for name in ("a", "b"):
        store = machine(name)
        assert [(run.run_id, run.state) for run in store.runs()] == [(path.name, State.SEALED)]
        run = open_run("bot@1", store)
        assert run.problems == []
        assert [row["text"] for row in run.iter_responses()] == ["answer 0", "answer 1", "answer 2"]


def test_a_listing_fetches_manifests_only(url: str, machine: Machine) -> None:
    with begin(machine("a")) as writer:
        finish(writer)
    store = machine("b")
    run = store.resolve("bot@latest")
    assert sorted(path.name for path in run.path.iterdir()) == ["manifest.json", "seal.json"]
    store.fetch(run)
    assert len(list(run.path.iterdir())) == 6


def test_answers_and_plans_of_other_machines(machine: Machine) -> None:
    with begin(machine("a")) as writer:
        path = finish(writer)
    store = machine("b")
    assert store.find_sealed(PLAN_HASH, "bot@1") == store.folder / path.name
    assert store.answers("d1").get("key1") == response(1)
    with pytest.raises(ConfigError, match="done already"):
        begin(store)


def test_a_layer_is_copied_and_seen_everywhere(machine: Machine) -> None:
    here, there = machine("a"), machine("b")
    with begin(here) as writer:
        path = finish(writer)
    open_run("bot@1", there)
    write_layer(path, "people", [verdict(0)], [], GRADERS)
    here.settle(path)
    run = open_run("bot@1#people", there)
    assert list(run.iter_verdicts()) == [verdict(0)]
    assert run.problems == []


def test_a_copy_that_was_cut_off_is_completed_by_the_same_command(
    url: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(self: Remote, folder: Path) -> None:
        raise DataError(f"store '{url}': no route to host")

    store = machine("a")
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Remote, "push", unreachable)
        with pytest.raises(DataError, match="no route"), begin(store) as writer:
            finish(writer)
    assert files(url) == []
    assert [run.state for run in store.runs()] == [State.SEALED]
    assert store.find_sealed(PLAN_HASH, "bot@1") == writer.path
    assert len(files(url)) == 6
    assert sorted(path.name for path in writer.path.iterdir()) == sorted(name.split("/")[1] for name in files(url))


def test_what_is_copied_in_part_is_no_run_yet(url: str, machine: Machine) -> None:
    with begin(machine("a")) as writer:
        path = finish(writer)
    system, root = fsspec.url_to_fs(url)
    system.rm(f"{root}/{path.name}/seal.json")
    (found,) = machine("b").runs()
    assert found.state is State.DAMAGED and "seal.json" in str(found.problem)
    machine("a").settle(path)
    (found,) = machine("b").runs()
    assert found.state is State.SEALED


def test_a_run_that_was_removed_there_is_gone(url: str, machine: Machine) -> None:
    with begin(machine("a")) as writer:
        path = finish(writer)
    system, root = fsspec.url_to_fs(url)
    system.rm(f"{root}/{path.name}", recursive=True)
    assert machine("a").runs() == []


def test_a_sealed_run_there_is_never_written_over(url: str, machine: Machine) -> None:
    with begin(machine("a")) as writer:
        path = finish(writer)
    system, root = fsspec.url_to_fs(url)
    system.pipe_file(f"{root}/{path.name}/seal.json", b"another")
    with pytest.raises(DataError, match="is another run, and sealed runs never change"):
        machine("a").settle(path)


def test_damage_there_is_found(url: str, machine: Machine) -> None:
    with begin(machine("a")) as writer:
        path = finish(writer)
    system, root = fsspec.url_to_fs(url)
    system.pipe_file(f"{root}/{path.name}/items.jsonl.gz", b"broken")
    assert open_run("bot@1", machine("b")).problems == ["items.jsonl.gz has changed since it was sealed"]


def test_an_unknown_kind_of_url_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="store 'nowhere://x' cannot be opened: Protocol not known"):
        Store("nowhere://x", folder=tmp_path).runs()


def test_the_working_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    one, two = Store("memory://bucket/audits"), Store("memory://bucket-audits")
    assert one.folder.parent == two.folder.parent == tmp_path / "auditor"
    assert one.folder != two.folder
    assert not one.folder.exists()
