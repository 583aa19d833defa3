"""Hides the texts of severe items, and personal data everywhere, and says what was hidden.

It is a veil: nothing that it hides reaches a template, a chart, a link or a data block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, TypeVar, cast

from auditor.polarity import Row, State

from .catalogue import gettext as _
from .personal import hide
from .transcripts import Transcript
from .veil import Blank, Veil, each_text

T = TypeVar("T")
SEVERE = "text of a severe item"
ROOT = r"(?:file://|~\w*|\.\.?|[A-Za-z]:)?[/\\]{1,2}"
"""How a path begins that tells something of this machine."""
PATH = re.compile(rf"{ROOT}(?:.*[/\\])?(?=[^/\\])", re.DOTALL)
"""The folders of a text that is a path: only the file's own name stays."""
PATHS = re.compile(rf"(?<![\w.:/\\\]]){ROOT}(?:[^/\\\s]+[/\\])+")
"""The folders of a path within a text."""


def severe_items(transcripts: Iterable[Transcript]) -> set[str]:
    """Return the ids of severe items, by every name that a version gives them.

    Severe is every item of a probe of critical severity, and of one of high severity those that any version shown
    answered badly.
    """
    return {
        reply.item["item_id"]
        for transcript in transcripts
        if _is_severe(transcript)
        for reply in transcript.replies
        if reply.item is not None
    }


def _is_severe(transcript: Transcript) -> bool:
    severity = transcript.probe["severity"]
    failed = any(reply.state is State.BAD for reply in transcript.replies)
    return bool(severity == "critical" or (severity == "high" and failed))


class Redaction(Veil):
    """Puts a mark in place of what is hidden; a text that looks like a mark of ours is made to look otherwise."""

    def __init__(self, severe: Collection[str] = (), *, blank: bool = False) -> None:
        self._severe = severe
        self._blank = blank
        self._numbers: dict[tuple[str, str], int] = {}
        self._names: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._words = _words()
        opening, _dots, closing = _("[hidden: {}]").partition("{}")
        self._forged = re.compile(re.escape(opening))
        self._marks = re.compile(re.escape(opening) + r"[^\[\]]*" + re.escape(closing))

    def text(self, kind: str, text: str, item_id: str) -> str:
        """See `Veil.text`."""
        if self._blank:
            return ""
        if item_id in self._severe:
            what = _("%(kind)s of %(length)s characters, severe")
            return self._mark(SEVERE, what % {"kind": self._words[kind], "length": f"{len(text):,}"})
        return hide(self._unlike_marks(text), lambda kind, _secret: self._mark(kind, self._words[kind]))

    def hides(self, item_id: str) -> bool:
        """See `Veil.hides`."""
        return self._blank or item_id in self._severe

    def names(self, value: T) -> T:
        """Return a value without personal data and folders; what was different names stays different."""
        return cast(T, each_text(value, self._name))

    def manifest(self, manifest: Row) -> dict[str, Any]:
        """Return the manifest without personal data, folders and the machine that the run was on."""
        shown = self.names(Blank().manifest(manifest) if self._blank else dict(manifest))
        shown["host"] = dict.fromkeys(manifest["host"], self._mark("host", self._words["host"]))
        if manifest["engine"]:  # versions of four numbers look like addresses
            shown["engine"]["software"] = manifest["engine"]["software"]
        return shown

    def counted(self, values: Any) -> Counter[str]:
        """Return how often each kind is hidden in something that went through this veil."""
        found: Counter[str] = Counter()

        def count(text: str) -> str:
            found.update(self._kinds[mark] for mark in self._marks.findall(text))
            return text

        each_text(values, count)
        return found

    def _name(self, text: str) -> str:
        if text not in self._names:
            named = hide(self._unlike_marks(text), self._numbered)
            path = PATH.match(named)
            self._names[text] = self._folder(path) + named[path.end() :] if path else PATHS.sub(self._folder, named)
        return self._names[text]

    def _folder(self, found: re.Match[str]) -> str:
        return self._numbered("folder", found[0]) + "/"

    def _numbered(self, kind: str, secret: str) -> str:
        """Return a mark for a part of a name: the second of its kind has a 2 in it, and so on."""
        of_kind = sum(known == kind for known, _secret in self._numbers)
        number = self._numbers.setdefault((kind, secret), of_kind + 1)
        return self._mark(kind, self._words[kind] + (f" {number}" if number > 1 else ""))

    def _mark(self, kind: str, what: str) -> str:
        mark = _("[hidden: {}]").format(what)
        self._kinds[mark] = self._words[kind]
        return mark

    def _unlike_marks(self, text: str) -> str:
        return self._forged.sub(lambda found: f"[U+005B]{found[0][1:]}", text)


def _words() -> dict[str, str]:
    """Return what can be hidden -> its name in the reader's language."""
    return {
        SEVERE: _("text of a severe item"),
        "prompt": _("prompt"),
        "option": _("option"),
        "answer": _("answer"),
        "reasoning": _("reasoning"),
        "reason": _("reason"),
        "evidence": _("evidence"),
        "note": _("note"),
        "e-mail address": _("e-mail address"),
        "bank account number": _("bank account number"),
        "card number": _("card number"),
        "national id number": _("national id number"),
        "IP address": _("IP address"),
        "phone number": _("phone number"),
        "host": _("host"),
        "folder": _("folder"),
    }
