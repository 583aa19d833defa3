"""Files that are there whole or not at all, and JSON documents and rows in them."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from auditor.errors import DataError
from auditor.runs.codec import Row, check, decode, encode

FILE_MODE = 0o600
"""Answers may be sensitive: for the owner's eyes."""
FOLDER_MODE = 0o700
COMPRESSION = 6
CHECKED_TOGETHER = 64
"""Rows; to check each by itself would take eight times as long."""


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only when all of it is on the disk."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb", opener=_private) as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writable(folder: Path, *, kept: str = "") -> Iterator[None]:
    """Turn what the system says about a folder that cannot be written into a `DataError`."""
    try:
        yield
    except OSError as problem:
        fact = f"{folder}: cannot be written: {problem.strerror or problem}"
        raise DataError(
            f"{fact}; {kept}" if kept else fact,
            hint="make room or mend its permissions, or name another folder with --store",
        ) from problem


def write_json(path: Path, document: Mapping[str, Any], *, durable: bool = True) -> None:
    """Write a document as one line."""
    with replacing(path, durable=durable) as file:
        file.write(encode(document) + b"\n")


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as gzipped JSON lines, one at a time; equal rows give equal bytes."""
    with (
        replacing(path) as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed,
    ):
        for row in rows:
            packed.write(encode(row) + b"\n")


def is_irregular(path: Path) -> bool:
    """Return whether something else than a file is there: a pipe or a device would be read without an end."""
    return path.exists() and not path.is_file()


def require_regular(path: Path) -> None:
    """Raise `DataError` where something else than a file bears a file's name."""
    if is_irregular(path):
        raise DataError(f"{path}: is not a regular file", hint="move it aside")


def read_json(path: Path) -> Row:
    """Return a document; raises `DataError` that names the file."""
    require_regular(path)
    try:
        document = decode(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror or problem}") from None
    except ValueError as problem:
        raise DataError(f"{path}: not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise DataError(f"{path}: holds a {type(document).__name__}, expected an object")
    return document


def read_rows(path: Path, kind: Any) -> Iterator[Row]:
    """Yield the rows of gzipped JSON lines; raises `DataError` that names file, line and field.

    `kind` is what every row must be (`schema`).
    """
    require_regular(path)
    lines = _lines(path)
    while some := list(islice(lines, CHECKED_TOGETHER)):
        rows = [_parse_line(line, path, number) for number, line in some]
        try:
            check(rows, list[kind])
        except DataError:
            for (number, _), row in zip(some, rows, strict=True):
                _check_row(row, kind, path, number)
        yield from rows


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with gzip.open(path, "rb") as file:
            for number, line in enumerate(io.BufferedReader(file), 1):  # finds the lines quicker
                yield number, line
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path}:{number + 1}: cannot be read: {problem}") from None


def _parse_line(line: bytes, path: Path, number: int) -> Row:
    try:
        row: Row = decode(line)
    except ValueError as problem:
        raise DataError(f"{path}:{number}: not JSON: {problem}") from None
    return row


def _check_row(row: Row, kind: Any, path: Path, number: int) -> None:
    try:
        check(row, kind)
    except DataError as problem:
        raise DataError(f"{path}:{number}: {problem}") from None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, FILE_MODE)
