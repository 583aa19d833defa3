"""What every section is built from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import ValidationError

from auditor.agreement import Label, Labelled, labelled_verdicts
from auditor.compare import Comparison, Difference, compare
from auditor.decision import Decision
from auditor.errors import DataError

from .distinct import Key, identities, key
from .failing import Failing, find_failing
from .transcripts import Transcript, read_transcripts
from .versions import Version

if TYPE_CHECKING:
    from auditor.runs.record import Run


@dataclass(frozen=True)
class Material:
    """All versions and their transcripts, read once; the comparison, made once."""

    versions: Sequence[Version]
    command: str | None = None
    """The command line that made the report."""
    decision: Decision | None = None
    """What a policy made of the candidate, where there is one."""
    again: Run | None = None
    """The baseline asked again."""
    labels: Sequence[Label] = ()
    """What people say that answers are."""

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
        """Every item of every version."""
        turned = {item.candidate_id: item for item in self.comparison.items} if self.comparison else None
        return read_transcripts(self.versions, turned)

    @cached_property
    def labelled(self) -> Sequence[Labelled]:
        """Every verdict on an answer that people labelled."""
        return labelled_verdicts([version.run for version in self.versions], self.labels)

    @cached_property
    def failing(self) -> list[Failing]:
        """What newly broken items have in common, where there is a baseline, and what all failed items have."""
        return find_failing(self.transcripts, self.baseline is not None)

    @property
    def comparison(self) -> Comparison | None:
        """The candidate against the baseline, item by item; None where they do not compare."""
        return self._compared[0]

    @property
    def not_compared(self) -> Sequence[str]:
        """Why the candidate and the baseline do not compare, one line each; empty where they do."""
        return self._compared[1]

    @cached_property
    def _compared(self) -> tuple[Comparison | None, Sequence[str]]:
        if self.baseline is None:
            return None, ()
        try:
            return compare(self.baseline.run, [self.candidate.run], again=self.again)[0], ()
        except DataError as problem:  # the page says so, and tells each version by itself
            return None, str(problem).splitlines()
        except ValidationError as problem:
            return None, [f"What the runs say of their metrics cannot be read: {problem.errors()[0]['msg']}."]

    @cached_property
    def differences(self) -> Mapping[Key, Difference]:
        """(probe or battery, metric, cell) -> its change from the baseline; empty where nothing is compared."""
        found = self.comparison.differences if self.comparison else ()
        return {key(one): one for one in found}

    @cached_property
    def identities(self) -> Mapping[Key, Key]:
        """Name of a number -> the name that all names of this number have in common."""
        return identities(self.differences.values())
