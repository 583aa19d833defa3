"""What the graders that read one reply have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from auditor.types import Answer, Ask, Item, Response, Status, Undetermined, Verdict

from .text import EMPTY, NO_WORDS, has_words


def why_missing(response: Response) -> str:
    """Return why there is no text to judge, or none that a grader accepts."""
    match response.status:
        case Status.STOP | Status.EMPTY:
            return EMPTY
        case Status.LENGTH:
            return "cut at the token limit"
        case status:
            return f"{status.value}: {response.reason}" if response.reason else status.value


class OneReplyGrader(ABC):
    """Asks once, and judges the last reply of each answer by itself."""

    gives_value = False

    def check(self, item: Item) -> str | None:
        """See `Grader.check`."""
        return None

    def asks(self, item: Item) -> Sequence[Ask]:
        """See `Grader.asks`."""
        return (Ask(),)

    def grade(self, answers: Sequence[Answer]) -> Sequence[Verdict]:
        """See `Grader.grade`."""
        return [self.judge(answer.item, answer.last) for answer in answers]

    @abstractmethod
    def judge(self, item: Item, response: Response) -> Verdict:
        """Return the verdict on one reply."""


class TextGrader(OneReplyGrader):
    """Judges the text alone."""

    accepts = frozenset({Status.STOP, Status.LENGTH})

    def judge(self, item: Item, response: Response) -> Verdict:
        """See `OneReplyGrader.judge`."""
        if not response.text.strip():
            return Undetermined(why_missing(response))
        if not has_words(response.text):
            return Undetermined(NO_WORDS)
        return self.decide(item, response.text, cut=response.status is Status.LENGTH)

    @abstractmethod
    def decide(self, item: Item, text: str, *, cut: bool) -> Verdict:
        """Return the verdict on a text that has words; `cut` says that it lacks its end."""
