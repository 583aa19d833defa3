"""What every section is built from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from auditor.agreement import Label, Labelled, labelled_verdicts
from auditor.compare import Comparison, Difference, compare
from auditor.decision import Decision
from auditor.errors import DataError

from .beside import Beside
from .catalogue import gettext as _
from .distinct import Key, identities, key
from .embed import Embedded, embed
from .extent import DEFAULT, Extent, Sharing, keep
from .failing import Failing, find_failing, wordless
from .picks import Cell, Pick, asked_again, confused, like_texts
from .redact import Redaction, severe_items
from .transcripts import Transcript, read_transcripts
from .veil import Blank, Veil, veil_transcript, veil_version
from .versions import Version

if TYPE_CHECKING:
    from auditor.runs.record import Run

T = TypeVar("T")


@dataclass(frozen=True)
class Material:
    """All versions and their transcripts, read once; the comparison, made once.

    Numbers, states and comparison are those of the runs as they were recorded; every text is as the report shows it.
    """

    recorded: Sequence[Version]
    """The versions as the runs hold them: no section reads these."""
    made_by: tuple[str, ...] = ()
    """The words of the command line that made the report; none where a program did."""
    decided: Decision | None = None
    """What a policy made of the candidate, as it was decided."""
    again: Run | None = None
    """The baseline asked again."""
    labels: Sequence[Label] = ()
    """What people say that answers are."""
    sharing: Sharing = DEFAULT
    beside: Beside | None = None
    """What takes the transcripts in place of the page."""

    @cached_property
    def veil(self) -> Veil | None:
        """What every text goes through; None where all are shown as they are."""
        if self.sharing.redact:
            blank = self.sharing.transcripts is Extent.NONE
            return Redaction(severe_items(self._read), blank=blank)
        return Blank() if self.sharing.transcripts is Extent.NONE else None

    @property
    def command(self) -> str | None:
        """The command line that made the report."""
        return shlex.join(self._shown(self.made_by)) or None

    @cached_property
    def decision(self) -> Decision | None:
        """What a policy made of the candidate, where there is one."""
        return self._shown(self.decided)

    def _shown(self, value: T) -> T:
        return value if self.veil is None else self.veil.names(value)

    @cached_property
    def versions(self) -> Sequence[Version]:
        """The versions as they are shown, oldest first."""
        veil = self.veil
        return self.recorded if veil is None else [veil_version(version, veil) for version in self.recorded]

    @property
    def candidate(self) -> Version:
        """The newest version."""
        return self.versions[-1]

    @property
    def baseline(self) -> Version | None:
        """The version that it is held against."""
        return next((version for version in self.versions if version.role == "baseline"), None)

    @property
    def batteries(self) -> list[str]:
        """The candidate's batteries, in the order in which they were asked."""
        return list(dict.fromkeys(probe["battery"] for probe in self.candidate.probes.values()))

    @cached_property
    def transcripts(self) -> list[Transcript]:
        """Every item of every version; one that is not `kept` shows no text in the report."""
        veil = self.veil
        kept = keep(self._read, self.sharing.transcripts)
        if veil is None:
            return kept
        shown = {before.label: after for before, after in zip(self.recorded, self.versions, strict=True)}
        return [veil_transcript(transcript, shown, veil) for transcript in kept]

    @cached_property
    def _read(self) -> list[Transcript]:
        compared, _ = self._compared
        turned = {item.candidate_id: item for item in compared.items} if compared else None
        return read_transcripts(self.recorded, turned)

    @cached_property
    def labelled(self) -> Sequence[Labelled]:
        """Every verdict on an answer that people labelled."""
        return self._shown(labelled_verdicts([version.run for version in self.recorded], self.labels))

    @cached_property
    def failing(self) -> list[Failing]:
        """What newly broken items have in common, where there is a baseline, and what all failed items have."""
        found = find_failing(self._read, self.baseline is not None)
        if self.veil is not None or self.sharing.transcripts is Extent.SAMPLE:
            found = [wordless(failing) for failing in found]
        return self._shown(found)

    @cached_property
    def embedded(self) -> Embedded:
        """The transcripts as the page's script reads them."""
        return embed(self.transcripts, self.versions, self.picks, self.beside)

    @cached_property
    def picks(self) -> Sequence[Pick]:
        """What an address picks out by number."""
        return [*like_texts(self.failing), *self.confused.values(), *self.asked_again.values()]

    @cached_property
    def confused(self) -> Mapping[Cell, Pick]:
        """What is in each cell, row and column of the graders' confusion tables."""
        return confused(self.versions, self.labelled, first=1 + self._patterns)

    @cached_property
    def asked_again(self) -> Mapping[str, Pick]:
        """First probe of a grader -> what was asked again of those that it judges."""
        return asked_again(self.versions, self.transcripts, first=1 + self._patterns + len(self.confused))

    @property
    def _patterns(self) -> int:
        """How many numbers the patterns of failures have taken."""
        return sum(len(one.patterns) for one in self.failing)

    @property
    def comparison(self) -> Comparison | None:
        """The candidate against the baseline, item by item; None where they do not compare."""
        return self._shown_comparison[0]

    @property
    def not_compared(self) -> Sequence[str]:
        """Why the candidate and the baseline do not compare, one line each; empty where they do."""
        return self._shown_comparison[1]

    @cached_property
    def _shown_comparison(self) -> tuple[Comparison | None, Sequence[str]]:
        return self._shown(self._compared)

    @cached_property
    def _compared(self) -> tuple[Comparison | None, Sequence[str]]:
        base = next((version for version in self.recorded if version.role == "baseline"), None)
        if base is None:
            return None, ()
        try:
            return compare(base.run, [self.recorded[-1].run], again=self.again)[0], ()
        except DataError as problem:  # the page says so, and tells each version by itself
            return None, str(problem).splitlines()
        except ValidationError as problem:
            return None, [
                _("What the runs say of their metrics cannot be read: {why}.").format(why=problem.errors()[0]["msg"])
            ]

    @cached_property
    def differences(self) -> Mapping[Key, Difference]:
        """(probe or battery, metric, cell) -> its change from the baseline; empty where nothing is compared."""
        found = self.comparison.differences if self.comparison else ()
        return {key(one): one for one in found}

    @cached_property
    def identities(self) -> Mapping[Key, Key]:
        """Name of a number -> the name that all names of this number have in common."""
        return identities(self.differences.values())
