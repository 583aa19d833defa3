"""The response cache: answers of earlier runs of the same fingerprint, read where they already lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from auditor.errors import DataError
from auditor.runs import journal
from auditor.runs.codec import response_from_row
from auditor.runs.files import read_rows
from auditor.runs.layout import JOURNAL, RESPONSES
from auditor.runs.schema import RESPONSE_ROW
from auditor.runs.seal import require_intact
from auditor.runs.stored import State, Stored
from auditor.types import Response, Status

REUSABLE = frozenset({Status.STOP, Status.LENGTH, Status.EMPTY})
"""A failed or filtered request is asked again: the fault may have passed."""


class Answers:
    """Looks up answers by request key, reading run after run only until the key is found.

    Runs that cannot be trusted are left out; `problems` says which and why.
    """

    def __init__(self, runs: Iterable[Stored], fetch: Callable[[Stored], Path]) -> None:
        self.problems: list[str] = []
        self._unread = list(runs)
        self._fetch = fetch
        self._known: dict[str, Response] = {}

    def get(self, key: str) -> Response | None:
        """Return the answer to a request, of the first run that has it."""
        while key not in self._known and self._unread:
            self._read(self._unread.pop(0))
        return self._known.get(key)

    def __contains__(self, key: str) -> bool:
        """Return whether a request has an answer; see `get`."""
        return self.get(key) is not None

    def _read(self, run: Stored) -> None:
        try:
            for response in self._responses(run):
                if response.status in REUSABLE:
                    self._known.setdefault(response.key, response)
        except DataError as problem:
            self.problems.append(f"{run.run_id} is not used as a cache: {problem}")

    def _responses(self, run: Stored) -> Iterator[Response]:
        path = self._fetch(run)
        if run.state is State.UNFINISHED:
            return journal.read(path / JOURNAL)
        require_intact(path)
        return (response_from_row(row) for row in read_rows(path / RESPONSES, RESPONSE_ROW))
