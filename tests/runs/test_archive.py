"""What is carried to another store arrives as it was sealed, or not at all."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from run_samples import ESTIMATE, GRADERS, begin, response, verdict
from test_baseline import made_otherwise

from auditor.errors import AuditorError, ConfigError, DataError, SealError
from auditor.runs.archive import MOST_FILES, pack
from auditor.runs.arrival import PREFIX, import_runs
from auditor.runs.layers import write_layer
from auditor.runs.record import Run, open_run
from auditor.runs.removal import GONE, find_removable, remove
from auditor.runs.seal import verify
from auditor.runs.store import Store
from auditor.runs.stored import State

Sealed = Callable[..., Path]
Member = tuple[tarfile.TarInfo, bytes]


def packed(*runs: Path) -> bytes:
    file = io.BytesIO()
    pack([Run(run) for run in runs], file)
    return file.getvalue()


def members(data: bytes) -> list[Member]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(member, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]


def repacked(found: list[Member], kind: int = tarfile.USTAR_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", format=kind) as archive:
        for member, content in found:
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def member(name: str, content: bytes = b"x", *, kind: bytes = tarfile.REGTYPE, target: str = "") -> Member:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, target, len(content)
    return made, content


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def runs(store: Store) -> dict[str, bytes]:
    """Return all that a store holds, without its lock."""
    return {name: content for name, content in tree(store.folder).items() if name != ".lock"}


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return Store(tmp_path / "other")


def bring(store: Store, data: bytes) -> list[str]:
    return import_runs(store, io.BytesIO(data), "a.tar.gz")


def test_a_run_arrives_as_it_was_with_its_layers(store: Store, sealed: Sealed, other: Store) -> None:
    path = sealed()
    write_layer(path, "strict", [verdict(0)], [ESTIMATE], GRADERS)
    (path / ".half.tmp").write_text("left over")
    assert bring(other, packed(path, sealed("bot@2"))) == [
        f"{path.name}: imported",
        f"{open_run('bot@2', store).run_id}: imported",
    ]
    (path / ".half.tmp").unlink()
    assert runs(other) == runs(store)
    assert verify(other.folder / path.name) == []
    assert open_run("bot@1#strict", other).layer == "strict"
    assert (other.folder / path.name).stat().st_mode & 0o777 == 0o700
    assert (other.folder / path.name / "seal.json").stat().st_mode & 0o777 == 0o600


def test_equal_runs_give_equal_bytes(sealed: Sealed, tmp_path: Path) -> None:
    first, second = sealed(), sealed("bot@2")
    copies = [Path(shutil.copytree(run, tmp_path / "copies" / run.name)) for run in (second, first)]
    for path in (tmp_path / "copies").rglob("*"):
        os.utime(path, (1, 1))
    assert packed(first, second) == packed(*copies)


def test_any_tar_unpacks_it(sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    with tarfile.open(fileobj=io.BytesIO(packed(path))) as archive:
        archive.extractall(tmp_path / "by_hand", filter="data")
    assert tree(tmp_path / "by_hand" / path.name) == tree(path)


def test_what_tar_packed_itself_is_read_too(sealed: Sealed, tmp_path: Path, other: Store) -> None:
    path = sealed()
    subprocess.run(
        ["tar", "--format=ustar", "-czf", tmp_path / "by_hand.tar.gz", "-C", path.parent, f"./{path.name}"], check=True
    )
    assert bring(other, (tmp_path / "by_hand.tar.gz").read_bytes()) == [f"{path.name}: imported"]
    assert verify(other.folder / path.name) == []


def test_a_broken_run_is_not_packed(sealed: Sealed) -> None:
    path = sealed()
    (path / "estimates.json").write_text("{}")
    with pytest.raises(SealError, match=r"estimates.json has changed"):
        packed(path)


def test_the_same_run_a_second_time_changes_nothing(sealed: Sealed, other: Store) -> None:
    path = sealed()
    bring(other, packed(path))
    before = runs(other)
    assert bring(other, packed(path)) == [f"{path.name}: was here already, nothing to do"]
    assert runs(other) == before


def test_layers_that_are_lacking_are_added(sealed: Sealed, other: Store) -> None:
    path = sealed()
    bring(other, packed(path))
    write_layer(path, "strict", [verdict(0)], [ESTIMATE], GRADERS)
    assert bring(other, packed(path)) == [f"{path.name}: was here already, imported its layers strict"]
    assert tree(other.folder / path.name) == tree(path)
    assert verify(other.folder / path.name) == []
    shutil.rmtree(path / "layers")
    assert bring(other, packed(path)) == [f"{path.name}: was here already, nothing to do"]


def test_another_layer_of_the_same_name_is_refused(sealed: Sealed, other: Store) -> None:
    path = sealed()
    shutil.copytree(path, other.folder / path.name)
    write_layer(path, "strict", [verdict(0)], [ESTIMATE], GRADERS)
    write_layer(other.folder / path.name, "strict", [verdict(1)], [ESTIMATE], GRADERS)
    before = runs(other)
    with pytest.raises(DataError, match="has another layer 'strict' here"):
        bring(other, packed(path))
    assert runs(other) == before


def test_another_run_of_the_same_id_is_refused_and_so_is_all_beside_it(sealed: Sealed, other: Store) -> None:
    first, path = sealed("apt@1"), sealed()
    bring(other, packed(path))
    before = runs(other)
    made_otherwise(path)
    with pytest.raises(DataError, match="is here already and is another run: their seals differ"):
        bring(other, packed(first, path))
    assert runs(other) == before


def test_what_is_damaged_or_under_way_here_is_not_written_over(store: Store, sealed: Sealed, other: Store) -> None:
    path = sealed()
    data = packed(path)
    (path / "responses.jsonl.gz").write_bytes(b"changed")
    before = runs(store)
    with pytest.raises(SealError, match=r"responses.jsonl.gz has changed"):
        bring(store, data)
    (path / "seal.json").rename(path / "plan.json")
    with pytest.raises(ConfigError, match="is here already, damaged"):
        bring(store, data)
    (path / "plan.json").rename(path / "seal.json")
    assert runs(store) == before


def test_a_store_at_a_url_gets_it_too(sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    url = f"file://{tmp_path}/bucket"
    assert bring(Store(url, folder=tmp_path / "a"), packed(path)) == [f"{path.name}: imported"]
    files, root = fsspec.url_to_fs(url)
    assert len(files.find(root)) == len(tree(path))
    there = Store(url, folder=tmp_path / "b")
    assert open_run("bot@1", there).problems == []
    assert bring(there, packed(path)) == [f"{path.name}: was here already, nothing to do"]
    with pytest.raises(ConfigError, match="is at a URL, where nothing is removed"):
        find_removable(there, "bot@1")


NAME = "bot@1.20260101-000000.01234567"


@pytest.mark.parametrize(
    ("bad", "fact"),
    [
        (member("../evil"), "is no file of a run"),
        (member("/etc/evil"), "is no file of a run"),
        (member(f"{NAME}/../../evil"), "is no file of a run"),
        (member(f"{NAME}/layers/../../evil"), "is no file of a run"),
        (member(f"{NAME}/layers/a/b/c"), "is no file of a run"),
        (member(f"{NAME}/.hidden"), "is no file of a run"),
        (member(f".{NAME}/seal.json"), "is no file of a run"),
        (member(f"{NAME}/sub/seal.json"), "is no file of a run"),
        (member("seal.json"), "is no file of a run"),
        (member(f"{NAME}/plan.json"), "is no file of a run"),
        (member(f"{NAME}/lock"), "is no file of a run"),
        (member(f"{NAME}/a\nb"), "is no file of a run"),
        (member(f"{NAME}/a\x1b[2J"), "is no file of a run"),
        (member(f"{NAME}/seal.json", b"", kind=tarfile.SYMTYPE, target="/etc/passwd"), "is not a regular file"),
        (member(f"{NAME}/seal.json", b"", kind=tarfile.LNKTYPE, target="../../x"), "is not a regular file"),
        (member(f"{NAME}", b"", kind=tarfile.SYMTYPE, target="/etc"), "is not a regular file"),
        (member(f"{NAME}/pipe", b"", kind=tarfile.FIFOTYPE), "is not a regular file"),
        (member(f"{NAME}/null", b"", kind=tarfile.CHRTYPE), "is not a regular file"),
        (member(f"{NAME}/disk", b"", kind=tarfile.BLKTYPE), "is not a regular file"),
        (member("../up", b"", kind=tarfile.DIRTYPE), "is not a regular file"),
        (member(f"{NAME}/sparse", b"", kind=tarfile.GNUTYPE_SPARSE), "is not a regular file"),
    ],
    ids=lambda value: repr(value[0].name) if isinstance(value, tuple) else "",
)
def test_a_member_that_no_run_has_is_refused(sealed: Sealed, other: Store, bad: Member, fact: str) -> None:
    data = repacked([*members(packed(sealed())), bad])
    with pytest.raises(DataError, match=fact) as caught:
        bring(other, data)
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)
    assert list(other.folder.iterdir()) == []
    assert sorted(path.name for path in other.folder.parent.iterdir()) == ["audits", "other"]


def renamed(found: list[Member], name: str) -> list[Member]:
    for entry, _ in found:
        entry.name = f"{name}/{entry.name.partition('/')[2]}"
    return found


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda found: [*found, found[0]], "is in it twice"),
        (lambda found: found[1:], "estimates.json is missing"),
        (lambda found: found[:-2] + found[-1:], "seal.json: there is no such file"),
        (lambda found: [*found, member(f"{found[0][0].name.partition('/')[0]}/more")], "more is not in the seal"),
        (lambda found: [(found[0][0], b"y" * found[0][0].size), *found[1:]], "estimates.json has changed"),
        (lambda found: renamed(found, "bot@1.20200101-000000.01234567"), "holds the run 'bot@1.2"),
        (lambda _: [], "holds no run"),
        (lambda found: renamed(found, "bot@1" + "x" * 90), "holds the run 'bot@1.2"),
    ],
)
def test_a_run_that_is_not_as_it_was_sealed_is_refused(
    sealed: Sealed, other: Store, change: Callable[[list[Member]], list[Member]], fact: str
) -> None:
    data = repacked(change(members(packed(sealed()))))
    with pytest.raises(DataError, match=fact) as caught:
        bring(other, data)
    assert str(caught.value).startswith("a.tar.gz: ") and PREFIX not in str(caught.value)
    assert list(other.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "there", "fact"),
    [(200 << 20, 200 << 20, "no run is packed so tightly"), ((1 << 33) - 1, 9, "ends in the middle")],
)
def test_a_bomb_is_put_out_early(other: Store, said: int, there: int, fact: str) -> None:
    entry = tarfile.TarInfo(f"{NAME}/responses.jsonl.gz")
    entry.size = said
    with pytest.raises(DataError, match=fact):
        bring(other, gzip.compress(entry.tobuf(tarfile.USTAR_FORMAT) + bytes(there), 1))
    assert list(other.folder.iterdir()) == []


def test_an_archive_of_countless_files_is_refused(other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.runs.archive.MOST_FILES", 20)
    assert MOST_FILES > 1000
    with pytest.raises(DataError, match="holds more than 20 files"):
        bring(other, repacked([member(f"{NAME}/f{number}") for number in range(30)]))


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        (b"", "ends in the middle|cannot be read"),
        (b"PK\x03\x04 not a gzip file", "cannot be read"),
        (gzip.compress(b"not a tar file" * 99, mtime=0), "not an archive of runs"),
        (gzip.compress(b"\x80" * 512, mtime=0), "not an archive of runs"),
        (gzip.compress(b"", mtime=0), "ends in the middle"),
    ],
)
def test_what_is_no_archive_is_refused(other: Store, data: bytes, fact: str) -> None:
    with pytest.raises(DataError, match=fact):
        bring(other, data)


def test_any_archive_cut_short_or_with_a_flipped_bit_is_refused_or_the_same(sealed: Sealed, other: Store) -> None:
    path = sealed()
    data = packed(path)
    for place in range(0, len(data), max(1, len(data) // 60)):
        for bad in (data[:place], data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]):
            try:
                bring(other, bad)
            except AuditorError:
                assert [one for one in other.folder.iterdir() if one.name != ".lock"] == []
            else:
                assert tree(other.folder / path.name) == tree(path)
                shutil.rmtree(other.folder / path.name)


def test_a_removed_run_is_gone_and_the_others_stay(store: Store, sealed: Sealed) -> None:
    path, kept = sealed(), sealed("bot@2")
    remove(store, find_removable(store, "bot@1"))
    assert [run.run_id for run in store.runs()] == [kept.name]
    assert not path.exists() and not (store.folder / GONE).exists()


def test_what_is_damaged_or_unfinished_is_removed_too(store: Store, sealed: Sealed) -> None:
    damaged = sealed()
    (damaged / "manifest.json").write_text("{")
    with begin(store, "bot@2", "f" * 16) as writer:
        writer.add(response(0))
    for path in (damaged, writer.path):
        remove(store, find_removable(store, path.name))
    assert store.runs() == []


def test_a_link_to_a_run_is_not_followed(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path, kept = sealed(), sealed("bot@2")
    outside = path.rename(tmp_path / "outside")
    for target in (outside, kept):
        path.symlink_to(target)
        with pytest.raises(ConfigError, match="is not in the store"):
            find_removable(store, str(path))
        path.unlink()


def test_a_run_that_is_being_written_stays(store: Store, sealed: Sealed) -> None:
    with begin(store, "bot@2", "f" * 16) as writer:
        writer.add(response(0))
        with pytest.raises(DataError, match="is being written by another process"):
            remove(store, find_removable(store, writer.run_id))
        writer.add(response(1))
    assert [run.state for run in store.runs()] == [State.UNFINISHED]


def test_a_run_elsewhere_and_a_layer_are_not_removed(store: Store, sealed: Sealed, tmp_path: Path) -> None:
    path = sealed()
    elsewhere = tmp_path / "elsewhere" / path.name
    shutil.copytree(path, elsewhere)
    with pytest.raises(ConfigError, match="is not in the store"):
        find_removable(store, str(elsewhere))
    write_layer(path, "strict", [verdict(0)], [ESTIMATE], GRADERS)
    with pytest.raises(ConfigError, match="a run is removed whole"):
        find_removable(store, "bot@1#strict")
    assert find_removable(store, str(path)).path == path


KILLED = """
import os, sys
from pathlib import Path
import {module} as module
from auditor.runs.store import Store
calls = 0
def dying(*_, **__):
    global calls
    calls += 1
    if calls > {calls}:
        os._exit(9)
    return original(*_, **__)
original = module.{name}
module.{name} = dying
{act}
"""
REMOVE = "module.remove(Store('audits'), module.find_removable(Store('audits'), 'bot@1'))"
IMPORT = "module.import_runs(Store('other'), open('a.tar.gz', 'rb'), 'a.tar.gz')"


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Callable[..., None]]:
    def run(module: str, name: str, act: str, calls: int = 0) -> None:
        code = KILLED.format(module=f"auditor.runs.{module}", name=name, act=act, calls=calls)
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, timeout=60)
        assert done.returncode == 9

    yield run


@pytest.mark.parametrize(("name", "stays"), [("_delete", True), ("os.rename", True), ("sync_folder", False)])
def test_a_kill_while_removing_leaves_a_store_that_works(
    store: Store, sealed: Sealed, killed: Callable[..., None], name: str, stays: bool
) -> None:
    path, kept = sealed(), sealed("bot@2")
    whole = tree(path)
    killed("removal", name, REMOVE)
    assert [run.run_id for run in store.runs()] == [*([path.name] if stays else []), kept.name]
    if stays:
        assert tree(path) == whole
        remove(store, find_removable(store, "bot@1"))
    remove(store, find_removable(store, "bot@2"))
    assert [entry.name for entry in store.folder.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("module", "name", "calls", "arrived"),
    [
        ("archive", "replacing", 3, 0),
        ("arrival", "require_intact", 1, 0),
        ("arrival", "_check_room", 0, 0),
        ("arrival", "_place", 1, 1),
        ("arrival", "sync_folder", 1, 2),
    ],
)
def test_a_kill_while_importing_leaves_a_store_that_works(
    store: Store,
    sealed: Sealed,
    other: Store,
    killed: Callable[..., None],
    tmp_path: Path,
    module: str,
    name: str,
    calls: int,
    arrived: int,
) -> None:
    paths = [sealed(), sealed("bot@2")]
    (tmp_path / "a.tar.gz").write_bytes(packed(*paths))
    act = (
        IMPORT if module == "arrival" else IMPORT.replace("module.", "importlib.import_module('auditor.runs.arrival').")
    )
    killed(module, name, f"import importlib\n{act}", calls)
    found = other.runs()
    assert [run.state for run in found] == [State.SEALED] * arrived
    assert [verify(run.path) for run in found] == [[]] * arrived
    bring(other, packed(*paths))
    assert [run.run_id for run in other.runs()] == [path.name for path in paths]
    (draft,) = other.folder.glob(f"{PREFIX}*")
    long_ago = time.time() - 2 * 86_400
    os.utime(draft, (long_ago, long_ago))
    bring(other, packed(*paths))
    assert list(other.folder.glob(f"{PREFIX}*")) == []
