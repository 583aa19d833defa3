"""What a grader is: answers in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from auditor.types import Answer, Ask, Item, Status, Verdict


class Grader(Protocol):
    """Turns answers into verdicts; made from the settings of a probe's `grader` block.

    The constructor takes the settings as keyword arguments and raises `ValueError` that names the
    setting. `version` rises whenever a verdict could change.
    """

    name: str
    version: int
    labels: tuple[str, ...]
    """Every label that it can give; empty where the items' options name them."""
    gives_value: bool
    """Whether its verdicts can hold a number; metrics of numbers need one."""
    accepts: frozenset[Status]
    """Statuses that it may be shown; others become undetermined with the status as reason."""

    def check(self, item: Item) -> str | None:
        """Return what the item lacks for this grader, in one sentence, or None."""
        ...

    def asks(self, item: Item) -> Sequence[Ask]:
        """Return what must be asked about the item."""
        ...

    def grade(self, answers: Sequence[Answer]) -> Sequence[Verdict]:
        """Judge the answers of one family, one verdict each, in order."""
        ...
