"""What the files of a run must hold for those who read them; a key that is not named here is passed over.

The rows are told by the types that they were written from, with every field there.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_type_hints

import msgspec

from auditor.metrics.interface import KindName
from auditor.types import Better, Item, Request, Response, Sampling

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Fingerprint(TypedDict):
    """What can change an answer."""

    digest: str
    pieces: dict[str, str]
    claimed: bool


class Model(TypedDict):
    """Who was audited."""

    name: str
    version: str
    model_id: Text
    source: str
    target: dict[str, Any]
    fingerprint: Fingerprint


class Suite(TypedDict):
    """What was asked."""

    id: str
    version: int
    hash: str
    whole: NotRequired[bool]


class Grader(TypedDict):
    """Who judged."""

    name: str
    version: int
    settings: dict[str, Any]


class Metric(TypedDict):
    """What is told of the verdicts."""

    name: str
    kind: KindName
    of: list[str]
    where: dict[str, str | list[str]]
    better: Better
    ideal: float | None
    breakdown: list[str]
    by: str | None


class Link(TypedDict):
    """A source that a probe rests on."""

    title: str
    url: str


class Probe(TypedDict):
    """One probe as it was asked."""

    id: str
    version: int
    title: str
    failure_title: str
    description: str
    battery: str
    severity: Literal["low", "medium", "high", "critical"]
    licence: str
    tags: dict[str, str | list[str]]
    references: list[Link]
    hash: str
    grader: Grader
    metrics: list[Metric]
    items: int
    families: int
    all_families: NotRequired[int]
    """Of the whole probe; runs before it was written do not say."""


class Layer(TypedDict):
    """`layer.json`: how a run was graded again, by probe."""

    graders: dict[str, Grader]
    metrics: NotRequired[dict[str, list[Metric]]]
    """Layers of versions before 0.2.0 do not say."""


class UntilDecided(TypedDict):
    """What ended a run before its plan did."""

    base: str
    policy: str
    digest: str
    """Of baseline and policy, waivers aside."""
    decided: list[str]
    undecided: list[str]
    not_needed: int


class Pooled(TypedDict):
    """A number of a whole battery."""

    battery: str
    metric: str
    weights: Annotated[dict[str, float], msgspec.Meta(min_length=1)]


class Plan(TypedDict):
    """`plan.json`: what can be said of a run before anything is asked."""

    run_id: Text
    plan_hash: Text
    created: Text
    auditor_version: str
    command: list[str]
    model: Model
    suite: Suite
    confidence: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    probes: list[Probe]
    pooled: list[Pooled]
    host: dict[str, Any]
    until_decided: NotRequired[UntilDecided]


class Engine(TypedDict):
    """Who answered."""

    name: str
    version: str
    settings: dict[str, Any]
    software: dict[str, str]


class Counts(TypedDict):
    """How much was asked."""

    requests: int
    distinct: int
    answered: int
    failed: dict[str, int]
    cached: int


class Tokens(TypedDict):
    """What the model read and wrote."""

    prompt: int
    completion: int


class Seconds(TypedDict):
    """Where the time went."""

    wall: float
    engine_start: NotRequired[float]
    generate: NotRequired[float]
    grade: NotRequired[float]


class Energy(TypedDict):
    """What was used, and how that is known."""

    joules: float
    method: str


class Cost(TypedDict):
    """What was paid."""

    amount: float
    currency: str
    basis: str


class Noise(TypedDict):
    """What came of asking again."""

    asked: int
    agreed: int
    verdicts_asked: int
    verdicts_agreed: int


class Manifest(Plan):
    """`manifest.json`."""

    finished: str
    engine: Engine | None
    counts: Counts
    tokens: Tokens
    seconds: Seconds
    energy: Energy
    cost: Cost | None
    noise_floor: Noise
    notes: list[str]


def _row_of(*kinds: type, **more: Any) -> Any:
    """Return a row that holds every field of some dataclasses; `more` adds fields or narrows them."""
    fields = {name: hint for kind in kinds for name, hint in get_type_hints(kind).items()} | more
    return msgspec.defstruct("Row", list(fields.items()))


ITEM_ROW = _row_of(Item, turns=Annotated[list[str], msgspec.Meta(min_length=1)])
RESPONSE_ROW = _row_of(Request, Response, sampling=_row_of(Sampling), cached=bool)


class VerdictRow(msgspec.Struct, tag_field="outcome"):
    """One verdict with the fields of both kinds; those of the other kind are null."""

    item_id: str
    probe_id: str
    family_id: str
    pair_id: str | None
    sample: int
    repeat: int
    grader: str
    grader_version: int
    label: str | None
    probability: float | None
    value: float | None
    evidence: str | None
    reason: str | None


class GradedRow(VerdictRow, tag="graded"):
    """A verdict that says something."""

    label: str
    evidence: str


class UndeterminedRow(VerdictRow, tag="undetermined"):
    """A verdict that says why there is none."""

    reason: str


VERDICT_ROW = GradedRow | UndeterminedRow
