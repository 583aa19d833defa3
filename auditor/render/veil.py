"""Takes texts out of what a report is made of, before any section, chart or data block sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

from auditor.polarity import Row, State
from auditor.runs.record import Run
from auditor.types import Estimate

from .catalogue import gettext as _
from .transcripts import Reply, Transcript
from .versions import Version

T = TypeVar("T")

TEXTS = {
    "turns": "prompt",
    "messages": "prompt",
    "system": "prompt",
    "system_prompt": "prompt",
    "few_shot": "prompt",
    "options": "option",
    "candidates": "option",
    "continuation": "option",
    "text": "answer",
    "reasoning": "reasoning",
    "logprobs": "answer",
    "reason": "reason",
    "evidence": "evidence",
    "notes": "note",
}
"""Field of a row that holds text -> what it is called where it is hidden."""
NAMED_KEYS = ("few_shot", "messages", "options")
"""Fields of mappings whose `role` is a name and no text."""


class Veil(ABC):
    """What is done to texts, and to names, which stay tellable apart."""

    @abstractmethod
    def text(self, kind: str, text: str, item_id: str) -> str:
        """Return what stands in place of one text of an item."""

    @abstractmethod
    def names(self, value: T) -> T:
        """Return anything else (estimates, a comparison, the words of a command) as it is shown."""

    @abstractmethod
    def manifest(self, manifest: Row) -> dict[str, Any]:
        """Return what a run says of itself as it is shown."""

    @abstractmethod
    def hides(self, item_id: str) -> bool:
        """Tell whether all texts of an item are taken out."""

    def row(self, row: Row) -> dict[str, Any]:
        """Return the row of an item, a response or a verdict as it is shown."""
        item_id = row["item_id"]
        return {
            name: self._texts(name, value, item_id) if name in TEXTS else self.names(value)
            for name, value in row.items()
        }

    def _texts(self, name: str, value: Any, item_id: str) -> Any:
        if name in NAMED_KEYS and value:
            return [{key: self._texts(key, inner, item_id) for key, inner in one.items()} for one in value]
        if name == "role":
            return value
        return each_text(value, lambda text: self.text(TEXTS.get(name, "prompt"), text, item_id) if text else text)


class Blank(Veil):
    """Leaves no text of a model and no prompt; names and numbers stay."""

    def text(self, kind: str, text: str, item_id: str) -> str:
        """See `Veil.text`."""
        return ""

    def hides(self, item_id: str) -> bool:
        """See `Veil.hides`."""
        return True

    def names(self, value: T) -> T:
        """Return the value as it is."""
        return value

    def manifest(self, manifest: Row) -> dict[str, Any]:
        """Return the manifest with the target's own system prompt left out."""
        model = manifest["model"]
        if not model["target"].get("system_prompt"):
            return dict(manifest)
        target = {**model["target"], "system_prompt": _("not in this file")}
        return {**manifest, "model": {**model, "target": target}}


class VeiledRun(Run):
    """A run as a report shows it: all that is read from it went through a veil."""

    def __init__(self, run: Run, veil: Veil) -> None:
        super().__init__(run.path, run.layer)
        self.manifest = veil.manifest(self.manifest)
        self._run, self._veil = run, veil

    @cached_property
    def problems(self) -> list[str]:
        """See `Run.problems`."""
        return self._veil.names(self._run.problems)

    @cached_property
    def estimates(self) -> list[Estimate]:
        """See `Run.estimates`."""
        return self._veil.names(self._run.estimates)

    def iter_items(self) -> Iterator[dict[str, Any]]:
        """See `Run.iter_items`."""
        return map(self._veil.row, self._run.iter_items())

    def iter_responses(self) -> Iterator[dict[str, Any]]:
        """See `Run.iter_responses`."""
        return map(self._veil.row, self._run.iter_responses())

    def iter_verdicts(self) -> Iterator[dict[str, Any]]:
        """See `Run.iter_verdicts`."""
        return map(self._veil.row, self._run.iter_verdicts())


def veil_version(version: Version, veil: Veil) -> Version:
    """Return a version whose run and label went through a veil."""
    return Version(VeiledRun(version.run, veil), veil.names(version.label), version.role)


def veil_transcript(transcript: Transcript, versions: Mapping[str, Version], veil: Veil) -> Transcript:
    """Return a transcript whose texts went through a veil; what was decided about it stays.

    `versions` are those that are shown, by the label that they had before.
    """
    return replace(
        transcript,
        item=veil.row(transcript.item),
        probe=veil.names(transcript.probe),
        replies=[_reply(reply, versions[reply.version.label], veil) for reply in transcript.replies],
        hidden=veil.hides(transcript.item["item_id"]),
    )


def _reply(reply: Reply, version: Version, veil: Veil) -> Reply:
    item_id = reply.item["item_id"] if reply.item else ""
    label = veil.names(reply.label)
    if reply.state is State.UNDETERMINED:  # its label is a reason, which may quote an answer
        label = veil.text("reason", reply.label, item_id) or str(reply.state)
    return Reply(
        version,
        reply.state,
        label,
        veil.row(reply.item) if reply.item else None,
        [veil.row(row) for row in reply.responses],
        [veil.row(row) for row in reply.verdicts],
    )


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return plain data or dataclasses with every string changed, keys too."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {each_text(key, change): each_text(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        changed = [each_text(inner, change) for inner in value]
        return type(value)(*changed) if hasattr(value, "_fields") else type(value)(changed)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: each_text(getattr(value, one.name), change) for one in fields(value)})
    return value
