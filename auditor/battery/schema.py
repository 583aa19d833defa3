"""What a probe file and a suite file may say."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from auditor.documents import Document, Text
from auditor.metrics.interface import MetricSpec

Name = Annotated[str, Field(pattern=r"^[\w.-]+$")]


def tag_name(text: str) -> str:
    """Return the name of a tag; raises ValueError for one in which a cell, tag=value, could not be told apart."""
    if "=" in text:
        raise ValueError("the name of a tag holds no '=': its cells are written tag=value")
    return text


TagName = Annotated[Text, AfterValidator(tag_name)]
Tags = dict[TagName, str]
BATTERIES = ("bias", "hallucination", "harm")
"""Those that are shipped; anyone may have more."""


class Link(Document):
    """A source that the probe rests on."""

    title: str
    url: str


class OptionDoc(Document):
    """One answer of a choice question."""

    text: Text
    role: Text


class ItemDoc(Document):
    """One hand-written test case."""

    id: Name
    family: Name | None = None
    text: Text | None = None
    turns: list[Text] | None = Field(default=None, min_length=1)
    fill: dict[str, str] = {}
    options: list[OptionDoc] = []
    reference: dict[str, Any] = {}
    tags: Tags = {}

    @model_validator(mode="after")
    def _one_text(self) -> ItemDoc:
        if (self.text is None) == (self.turns is None):
            raise ValueError("an item has either 'text' or 'turns'")
        return self

    @property
    def texts(self) -> list[str]:
        """The user's turns as written."""
        return self.turns if self.turns is not None else [self.text or ""]


class SlotValue(Document):
    """One value of a slot; its id becomes the tag of the slot's name, its tags go to the item."""

    id: Name
    text: str
    tags: Tags = {}


class Contrast(Document):
    """One scene with two people, ambiguous and clear, and two questions about it."""

    id: Name
    stereotyped: Text
    other: Text
    ambiguous: Text
    clear: Text
    negative: Text
    non_negative: Text
    tags: Tags = {}


class Transform(Document):
    """How the items of another probe are wrapped."""

    name: Name
    wrap: str = "{text}"
    encode: Literal["base64"] | None = None


class Data(Document):
    """Where the items come from: exactly one of items, template, contrasts, from, generator."""

    items: list[ItemDoc] | None = None
    template: Text | None = None
    contrasts: list[Contrast] | None = None
    source: Name | None = Field(default=None, alias="from")
    generator: Literal["entities"] | None = None
    slots: dict[TagName, list[str | SlotValue]] = {}
    family: str = "item"
    orders: Literal["all", "rotate"] = "all"
    transform: Transform | None = None
    seed: int = 0
    families: int = Field(default=0, ge=0)
    words: dict[str, Any] = {}

    @model_validator(mode="after")
    def _one_kind(self) -> Data:
        kinds = (self.items, self.template, self.contrasts, self.source, self.generator)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("exactly one of items, template, contrasts, from, generator is expected")
        if self.slots and self.items is None and self.template is None:
            raise ValueError("slots go with items or template only")
        if self.transform and self.source is None:
            raise ValueError("transform goes with 'from' only")
        if self.generator and not self.families:
            raise ValueError("a generator needs 'families', how many to make")
        if self.family != "item" and self.family not in self.slots:
            known = ", ".join(["item", *self.slots])
            raise ValueError(f"family is 'item' or the name of a slot; known: {known}")
        return self


class Shot(Document):
    """One worked example before the item."""

    user: str
    assistant: str


class Prompt(Document):
    """How an item is asked."""

    system: str | None = None
    user: str = "{text}"
    few_shot: list[Shot] = []


class ProbeSampling(Document):
    """How answers are drawn; what is left out comes from the target."""

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stop: list[str] | None = None
    samples: int = Field(default=1, ge=1, le=1000)


class GraderDoc(Document):
    """Which grader judges the answers; all other keys are its settings."""

    model_config = {"extra": "allow", "frozen": True, "strict": True}

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """The grader's own settings."""
        return dict(self.model_extra or {})


class ProbeDoc(Document):
    """A probe file."""

    id: Annotated[str, Field(pattern=r"^[\w-]+\.[\w.-]+$")]
    title: Text
    failure_title: Text
    description: Text
    references: list[Link] = []
    licence: Text
    tags: dict[str, str | list[str]]
    version: int = Field(ge=1)
    data: Data
    prompt: Prompt = Prompt()
    sampling: ProbeSampling = ProbeSampling()
    grader: GraderDoc
    metrics: list[MetricSpec] = Field(min_length=1)
    severity: Literal["low", "medium", "high", "critical"]

    @field_validator("tags", mode="before")
    @classmethod
    def _names_a_battery(cls, tags: Any) -> Any:
        battery = tags.get("battery") if isinstance(tags, dict) else BATTERIES[0]
        if not (isinstance(battery, str) and re.fullmatch(r"[\w.-]+", battery)):
            found = f"found {battery!r:.60}" if "battery" in tags else "it is missing"
            raise ValueError(f"'battery' should be {', '.join(BATTERIES)}, or a name of your own; {found}")
        return tags

    @property
    def battery(self) -> str:
        """The battery that the probe belongs to."""
        return str(self.tags["battery"])


class SuiteEntry(Document):
    """One probe of a suite, pinned, and how much of it is asked."""

    probe: Name
    version: int = Field(ge=1)
    families: int | None = Field(default=None, ge=1)
    per: str | None = None
    """Take `families` of each value of this tag."""
    orders: Literal["all", "rotate"] | None = None


class Pooled(Document):
    """A number of a whole battery: the weighted mean of one metric over probes."""

    battery: str
    metric: str
    weights: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field(min_length=1)


class SuiteDoc(Document):
    """A suite file."""

    id: Name
    title: str
    description: str
    version: int = Field(ge=1)
    seed: int = 0
    repeats: int = Field(default=0, ge=0)
    """Items that are asked a second time, to measure the noise floor."""
    probes: list[SuiteEntry] = Field(min_length=1)
    pooled: list[Pooled] = []
