"""Sealed runs in one file, to be carried to another store.

An archive is a plain ustar file in gzip that any tar unpacks; equal runs give equal bytes. It comes from anywhere, so
only regular files with the names that a run's files have are taken out of it, and no run is let in whose seal does not
hold.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from io import UnsupportedOperation
from pathlib import Path
from typing import IO

from auditor.errors import DataError
from auditor.runs.files import COMPRESSION, FOLDER_MODE, replacing
from auditor.runs.layers import layers
from auditor.runs.layout import BASE, LAYERS, is_passing
from auditor.runs.record import Run
from auditor.runs.seal import require_intact

BLOCK = tarfile.BLOCKSIZE
CHUNK = 1 << 20
ROOM = 64 << 20
RATIO = 50
"""What is unpacked is at most ROOM bytes and RATIO times what was read: most of a run is packed already."""
MOST_FILES = 10_000
PART = r"\w[\w.+@-]*"
MEMBER = re.compile(rf"{PART}/(?:{LAYERS}/{PART}/)?{PART}")
FOLDER = re.compile(rf"(?:\./)?{PART}(?:/{LAYERS}(?:/{PART})?)?/?|\./?")


def pack(runs: Sequence[Run], file: IO[bytes]) -> None:
    """Write sealed runs with all their layers; raises `SealError` where one is not as it was sealed."""
    for run in runs:
        require_intact(run.path)
    with (
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for run in sorted(runs, key=lambda run: run.run_id):
            for name in _members(run.path):
                _add(archive, run.path / name, f"{run.run_id}/{name}")


def _members(run: Path) -> list[str]:
    folders = [run, *(run / LAYERS / layer for layer in layers(run) if layer != BASE)]
    files = (path for folder in folders for path in folder.iterdir() if path.is_file() and not is_passing(path.name))
    return sorted(path.relative_to(run).as_posix() for path in files)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = path.stat().st_size, 0o600
    try:
        with open(path, "rb") as file:
            archive.addfile(member, file)
    except ValueError as problem:
        raise DataError(f"{path}: cannot be packed: {problem}", hint="copy its folder as it is") from None


def unpack(file: IO[bytes], source: str, folder: Path) -> list[Path]:
    """Write what an archive holds into a fresh folder and return the runs' folders; their seals are not checked.

    Raises `DataError` that names `source` where it is no archive of runs, or one that was made to do harm.
    """
    reader = _Reader(file, source)
    seen: set[str] = set()
    for member in reader.members():
        name = member.name.removeprefix("./")
        if member.type == tarfile.DIRTYPE and FOLDER.fullmatch(member.name):
            continue
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise DataError(f"{source}: {member.name!r:.200} is not a regular file")
        if not MEMBER.fullmatch(name) or is_passing(name.rpartition("/")[2]):
            raise DataError(f"{source}: {member.name!r:.200} is no file of a run")
        if name in seen:
            raise DataError(f"{source}: {name!r:.200} is in it twice")
        seen.add(name)
        if len(seen) > MOST_FILES:
            raise DataError(f"{source}: holds more than {MOST_FILES} files")
        target = folder / name
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with replacing(target) as kept:
            for chunk in reader.content(member):
                kept.write(chunk)
    if not seen:
        raise DataError(f"{source}: holds no run", hint="`auditor runs export RUN -o FILE.tar.gz` makes one")
    return sorted(folder / name for name in {name.partition("/")[0] for name in seen})


class _Reader:
    """Reads a gzipped ustar file from its beginning to its end, with an eye on how much comes out of how little."""

    def __init__(self, file: IO[bytes], source: str) -> None:
        self._packed = _Counted(file)
        self._file = gzip.GzipFile(fileobj=self._packed, mode="rb")
        self._source = source
        self._unpacked = 0

    def members(self) -> Iterator[tarfile.TarInfo]:
        """Yield the header of each member; its content must be read before the next one."""
        while (block := self._read(BLOCK)).strip(b"\0"):
            try:
                yield tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.HeaderError as problem:
                raise DataError(f"{self._source}: not an archive of runs: {problem}") from None

    def content(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        """Yield the bytes of the member whose header came last."""
        if member.size < 0:
            raise DataError(f"{self._source}: {member.name!r:.200} says that it has {member.size} bytes")
        for start in range(0, member.size, CHUNK):
            yield self._read(min(CHUNK, member.size - start))
        self._read(-member.size % BLOCK)

    def _read(self, size: int) -> bytes:
        try:
            found: bytes = self._file.read(size)
        except (OSError, EOFError, zlib.error) as problem:
            raise DataError(f"{self._source}: cannot be read: {problem}") from None
        if len(found) < size:
            raise DataError(f"{self._source}: ends in the middle", hint="it was not copied whole: fetch it again")
        self._unpacked += size
        if self._unpacked > ROOM + RATIO * self._packed.taken:
            raise DataError(
                f"{self._source}: {self._packed.taken} bytes of it unpack to more than {self._unpacked}: "
                "no run is packed so tightly"
            )
        return found


class _Counted:
    """A file that knows how much was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """Read as the file does."""
        found = self._file.read(size)
        self.taken += len(found)
        return found

    def seek(self, offset: int) -> int:
        """Refuse: it is read once, from its beginning."""
        raise UnsupportedOperation("seek")
