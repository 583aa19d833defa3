"""The journal: one line an answer, kept the moment it arrives."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from auditor.errors import DataError
from auditor.runs.codec import decode, encode, response_from_row, to_row
from auditor.runs.files import FILE_MODE, require_regular
from auditor.types import Response, Status

SYNC_SECONDS = 1.0
"""Answers are pushed through to the disk at most so often; only a power cut can take the last of them."""
sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has none
CHUNK = 1 << 20


class Journal:
    """Appends answers to a file; has one writer at a time. A torn last line is cut off when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        require_regular(path)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE)
        self._answers, self._size = _whole_lines(self._file)
        os.ftruncate(self._file, self._size)
        self._synced = time.monotonic()
        self._closed = False

    def append(self, response: Response) -> None:
        """Keep an answer: once this returns, the end of this process cannot lose it."""
        line = encode(to_row(response)) + b"\n"
        try:
            written = os.write(self._file, line)
            if written != len(line):
                os.ftruncate(self._file, self._size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._size += written
            self._answers += 1
            if time.monotonic() - self._synced >= SYNC_SECONDS:
                self._sync()
        except OSError as problem:
            raise self._stopped(problem) from problem

    def close(self) -> None:
        """Push what is not yet on the disk through to it; may be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            self._sync()
        except OSError as problem:
            raise self._stopped(problem) from problem
        finally:
            os.close(self._file)

    def __enter__(self) -> Journal:
        """Return the journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _sync(self) -> None:
        sync_data(self._file)
        self._synced = time.monotonic()

    def _stopped(self, problem: OSError) -> DataError:
        return DataError(
            f"{self.path}: cannot be written: {problem.strerror}; the {self._answers} answers in it are kept",
            hint="make room and give the same command again: it goes on from there",
        )


def read(path: Path) -> Iterator[Response]:
    """Yield the answers of a journal in the order of arrival, without a torn last line.

    A line that is broken elsewhere raises `DataError` with file and line. No file means no answers.
    """
    require_regular(path)
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield _answer(line, path, number)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from None


def is_answered(path: Path) -> bool:
    """Return whether a journal holds an answer; requests that failed are none."""
    return any(response.status is not Status.FAILED for response in read(path))


def _answer(line: bytes, path: Path, number: int) -> Response:
    try:
        return response_from_row(decode(line))
    except (DataError, ValueError) as problem:
        raise DataError(
            f"{path}:{number}: broken: {problem}",
            hint=f"delete line {number}: its answer is then asked again, all others are kept",
        ) from None


def _whole_lines(file: int) -> tuple[int, int]:
    """Return how many whole lines a file has, and the bytes that they take."""
    lines = size = offset = 0
    while chunk := os.pread(file, CHUNK, offset):
        lines += chunk.count(b"\n")
        if (last := chunk.rfind(b"\n")) >= 0:
            size = offset + last + 1
        offset += len(chunk)
    return lines, size
