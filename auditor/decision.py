"""What a gate decided: plain data that every output reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from auditor.types import Better

FEWEST_FAMILIES = 10
"""A cell of fewer families locates trouble, it does not measure it, and decides nothing."""


class Outcome(StrEnum):
    """What a rule, or the whole gate, comes to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCONCLUSIVE: 3}[self]


class Why(StrEnum):
    """Why a rule is not passed."""

    BROKEN = "the limit is broken"
    WORSE = "worse, margin open"
    FEW = "too few families"
    THIN = "fewer than 10 families"
    MISSING = "missing answers"
    NOT_ASKED = "not asked"
    NO_BASELINE = "no baseline"
    OTHER_INSTRUMENT = "another instrument"
    UNCONFIRMED = "a person must look"
    NONE_CAN_BE_BAD = "no answer can be bad"
    EXPIRED = "the waiver has expired"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The numbers that a rule was decided on, in the metric's unit."""

    source: str
    """The battery, or the probe."""
    metric: str
    cell: str
    better: Better
    ideal: float | None
    low_bound: float | None
    high_bound: float | None
    before: float | None
    """The value of what it is held against; None for a rule on the candidate alone."""
    after: float | None
    """The candidate's value."""
    regression: float | None
    """How much worse it is; None for a rule on the candidate alone."""
    low: float | None
    high: float | None
    """One-sided bounds of what is limited (the regression, or the candidate's value), whatever is missing."""
    limit: float
    """Where they are held against."""
    method: str
    p: float | None
    """Of the claim that the limit is broken, adjusted over all rules after Holm."""
    families: int
    compared: int
    missing: int
    discordant: int
    strict: bool = False
    """Whether it is broken as soon as any worsening is shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one rule, or of one of its cells."""

    id: str
    """The rule's id, with [tag=value] for a cell and @anchor for what is held against the anchor."""
    rule: str
    limit: str
    """The rule in words."""
    outcome: Outcome
    why: Why | None
    """None where it passes."""
    text: str
    """The outcome in one sentence."""
    needed: int | None = None
    """Families in all that would decide it with about 80% power, if what was seen goes on; None where none would."""
    measurement: Measurement | None = None
    items: Sequence[str] = ()
    """Items that a person must look at."""
    waiver: str | None = None
    """Why and by whom it is waived, until when; such a result does not count, and stays visible."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A gate's outcome."""

    outcome: Outcome
    text: str
    """The outcome in one sentence."""
    candidate_model: str
    candidate_run: str
    base_model: str | None
    base_run: str | None
    policy: str
    """The policy's file."""
    confidence: float
    changed: Mapping[str, tuple[str, str]]
    """Piece of the fingerprint -> before, after."""
    results: Sequence[Result]
    unmatched_waivers: Sequence[str]
    """What to say of waivers that match no rule, or that no rule needs."""
    notes: Sequence[str] = ()

    def of(self, outcome: Outcome) -> list[Result]:
        """Return the results that count and came to `outcome`."""
        return [result for result in self.results if result.waiver is None and result.outcome is outcome]

    @property
    def waived(self) -> list[Result]:
        """The results that a waiver covers."""
        return [result for result in self.results if result.waiver is not None]
