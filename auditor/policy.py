"""A release policy: the rules that a candidate must keep, as `policy.yaml` says them."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from auditor.documents import Document, Source, Text, parse, read_source
from auditor.errors import ConfigError

Name = Annotated[Text, Field(pattern=r"^[\w.-]+$")]
Treatment = Literal["worst_case", "drop"]
LIMITS = ("at_most", "at_least", "increase_at_most", "decrease_at_most")


def _date(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(value)
    if isinstance(value, date):
        return value
    raise ValueError("should be a date like 2027-01-31")


class Missing(Document):
    """What stands for verdicts that are not there."""

    engine: Treatment = "worst_case"
    """Answers that never came: counted as bad to pass and as good to fail, or dropped."""
    undetermined: Treatment = "worst_case"
    """Answers that a grader could not decide."""
    at_most: float = Field(default=0.02, ge=0, lt=1)
    """The largest share that may be dropped; above it a rule is inconclusive."""


class Rule(Document):
    """One rule: a limit on a metric, or on what a person has confirmed."""

    id: Name
    """Its name in every output; letters, digits, . _ and -."""
    metric: Text | None = None
    """battery/metric of the suite, or probe/metric."""
    by: Text | None = None
    """The rule holds for each value of this tag, or for each `probe` of a pooled metric, by itself."""
    cell: Text | None = None
    """The rule holds for this cell only: tag=value."""
    at_most: float | None = None
    """Of the candidate's value; for a metric with a target, of its distance from it."""
    at_least: float | None = None
    """Of the candidate's value, for a metric that should be high."""
    increase_at_most: float | None = Field(default=None, gt=0)
    """Largest tolerated increase over the baseline; for a metric with a target, of the distance from it."""
    decrease_at_most: float | None = Field(default=None, gt=0)
    """Largest tolerated decrease, for a metric that should be high."""
    strict: bool = False
    """Fail as soon as the candidate is shown to be worse at all, however little."""
    severity: Literal["low", "medium", "high", "critical"] | None = None
    """The rule is on bad answers to probes of this severity."""
    confirmed_at_most: int | None = Field(default=None, ge=0)
    """Largest number of bad answers that a person has confirmed."""
    unconfirmed: Literal["hold", "count", "ignore"] = "hold"
    """Bad answers that no person has looked at: wait for one, count as confirmed, or do not count."""

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        given = [name for name in LIMITS if getattr(self, name) is not None]
        if self.severity is not None:
            if self.metric or given or self.by or self.cell or self.strict:
                raise ValueError("a severity rule has severity, confirmed_at_most and unconfirmed only")
            if self.confirmed_at_most is None:
                raise ValueError("a severity rule needs confirmed_at_most, e.g. confirmed_at_most: 0")
            return self
        if self.confirmed_at_most is not None:
            raise ValueError("confirmed_at_most goes with a severity, e.g. severity: critical")
        if self.metric is None:
            raise ValueError("a rule needs a metric (battery/metric or probe/metric), or a severity")
        if self.metric.count("/") != 1:
            raise ValueError("a metric is written battery/metric or probe/metric, e.g. harm/non_refusal_rate")
        if len(given) != 1:
            raise ValueError(f"a rule has exactly one of {', '.join(LIMITS)}; found {', '.join(given) or 'none'}")
        if self.by and self.cell:
            raise ValueError("a rule has 'by' (each cell) or 'cell' (one cell), not both")
        if self.cell and "=" not in self.cell:
            raise ValueError("a cell is written tag=value, e.g. hazard=privacy")
        if self.strict and not self.relative:
            raise ValueError("strict goes with increase_at_most or decrease_at_most")
        return self

    @property
    def limit(self) -> tuple[str, float]:
        """The name of the limit and its value."""
        return next((name, getattr(self, name)) for name in LIMITS if getattr(self, name) is not None)

    @property
    def relative(self) -> bool:
        """Whether the rule is about the change from a baseline."""
        return self.increase_at_most is not None or self.decrease_at_most is not None


class Anchor(Document):
    """The last signed release, so that ten small steps are not one large one."""

    run: Text
    """RUN as in the commands: name@version or a run id."""
    budget: float = Field(gt=0)
    """The largest regression against it, in each relative rule's own unit; a rule's own margin where that is more."""


class Waiver(Document):
    """A dated, reasoned exception."""

    rule: Text
    """A rule, or one cell of it: rule[tag=value]."""
    reason: Text = Field(min_length=3)
    """Why it may be so."""
    approved_by: Text
    """Who said so."""
    expires: Annotated[date, BeforeValidator(_date)]
    """The last day on which it holds."""


class Policy(Document):
    """The rules of a release."""

    suite: Text | None = None
    """The suite that the candidate must have been asked."""
    probes: list[Text] = []
    """Probes that it must have been asked."""
    confidence: float = Field(default=0.95, ge=0.8, le=0.999)
    """One less the one-sided error of each bound."""
    missing: Missing = Missing()
    """How verdicts count that are not there."""
    rules: list[Rule] = Field(min_length=1)
    """What the candidate must keep; all of it."""
    anchor: Anchor | None = None
    """A second, older baseline for every relative rule."""
    waivers: list[Waiver] = []
    """Exceptions."""

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        twice = [name for name, count in Counter(rule.id for rule in self.rules).items() if count > 1]
        if twice:
            raise ValueError(f"rule ids are given twice: {', '.join(twice)}")
        seen: dict[tuple[object, ...], Rule] = {}
        for rule in self.rules:
            if rule.severity is not None:
                key: tuple[object, ...] = ("severity", rule.severity)
            else:
                key = (rule.metric, rule.by, rule.cell, rule.limit[0])
                other = {"at_most": "at_least", "at_least": "at_most"}.get(rule.limit[0])
                against = seen.get((rule.metric, rule.by, rule.cell, other))
                if against is not None and (rule.at_least or against.at_least or 0) > (
                    rule.at_most if rule.at_most is not None else against.at_most or 0
                ):
                    raise ValueError(f"rules '{against.id}' and '{rule.id}' contradict each other: nothing keeps both")
            if key in seen:
                raise ValueError(f"rules '{seen[key].id}' and '{rule.id}' limit the same thing")
            seen[key] = rule
        return self

    @property
    def alpha(self) -> float:
        """The one-sided error of each bound."""
        return 1 - self.confidence


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy that still knows its lines."""

    policy: Policy
    source: Source

    def at(self, place: int, field: str, fact: str) -> str:
        """Return a mistake in a field of the rule at `place`, with file and line."""
        return self.source.at(["rules", place, field], fact)


def read_policy(path: Path) -> PolicyFile:
    """Read `policy.yaml`; raises `ConfigError` that names every mistake with its line."""
    source = read_source(path, ConfigError)
    if source.data is None:
        raise ConfigError(f"{path}: the policy is empty", hint="`auditor init` writes one to begin with")
    return PolicyFile(parse(source, Policy, ConfigError), source)
