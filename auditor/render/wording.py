"""How numbers are said: one format each, so that the same estimate reads the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ruamel.yaml import YAML

from auditor import amounts
from auditor.amounts import count as count
from auditor.compare import Difference, Standing
from auditor.content import content
from auditor.polarity import Row, applies
from auditor.types import Better, Estimate

from .catalogue import ENGLISH, language
from .catalogue import gettext as _
from .shares import rests_on
from .versions import Version

THIN_FAMILIES = 10
"""A cell with fewer families locates trouble, it does not measure it."""

Tone = Literal["worse", "better"]


@dataclass(frozen=True, slots=True)
class Number:
    """An estimate in words; `raw` is its exact value."""

    of: str
    raw: str
    value: str
    interval: str
    size: str
    missing: str
    defined: bool
    link: str = ""
    """To the items behind it."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change that the paired items show."""

    tone: Tone

    @property
    def sign(self) -> str:
        """The shape that means the same."""
        return {"worse": "✗", "better": "✓"}[self.tone]

    @property
    def word(self) -> str:
        """The tone as a reader is told it."""
        return {"worse": _("worse"), "better": _("better")}[self.tone]


def number(estimate: Estimate, link: str = "") -> Number:
    """Return an estimate in words, with the link to the items behind it."""
    return Number(
        of=f"{estimate.probe_id}/{estimate.metric}/{estimate.cell}",
        raw="" if estimate.value is None else repr(float(estimate.value)),
        value=_("undefined") if estimate.value is None else value(estimate, estimate.value),
        interval=interval(estimate),
        size=rests_on(estimate.n, estimate.families),
        missing=missing(estimate),
        defined=estimate.value is not None,
        link=link,
    )


def is_share(estimate: Estimate) -> bool:
    """Tell whether the metric is a share of something, to be said in percent."""
    return amounts.is_share(estimate.low_bound, estimate.high_bound)


def value(estimate: Estimate, amount: float) -> str:
    """Return an amount in the metric's own unit."""
    return amounts.amount(amount, estimate.low_bound, estimate.high_bound)


def interval(estimate: Estimate) -> str:
    """Return the interval, or why there is none."""
    if estimate.value is None:
        return estimate.method.removeprefix("undefined: ")
    if estimate.low is None or estimate.high is None:
        return _("no interval: too few families")
    low, high = value(estimate, estimate.low).removesuffix("%"), value(estimate, estimate.high)
    return _("{low} to {high}").format(low=low, high=high)


def missing(estimate: Estimate) -> str:
    """Return what the missing verdicts could do to the value, or nothing where none is missing."""
    absent = estimate.planned - estimate.n
    if absent <= 0:
        return ""
    fact = _("{missing:,} of {planned:,} missing").format(missing=absent, planned=estimate.planned)
    if estimate.worst_low is None or estimate.worst_high is None:
        return fact
    low, high = value(estimate, estimate.worst_low).removesuffix("%"), value(estimate, estimate.worst_high)
    return _("{missing}: {low} to {high}").format(missing=fact, low=low, high=high)


def move(difference: Difference | None) -> Move | None:
    """Return the change where the paired items show one."""
    tones: dict[Standing, Tone] = {Standing.WORSE: "worse", Standing.BETTER: "better"}
    tone = tones.get(difference.standing) if difference is not None else None
    return Move(tone) if tone else None


def direction(estimate: Estimate) -> str:
    """Return which way is good."""
    if estimate.better is Better.TARGET:
        return _("{ideal:g} is best").format(ideal=estimate.ideal or 0)
    return _("lower is better") if estimate.better is Better.LOWER else _("higher is better")


def badness(estimate: Estimate) -> float:
    """Return how far a value is from the best, in the metric's unit; larger is worse."""
    if estimate.value is None:
        return 0.0
    if estimate.better is Better.TARGET:
        return abs(estimate.value - (estimate.ideal or 0.0))
    return estimate.value if estimate.better is Better.LOWER else -estimate.value


def heat(estimate: Estimate) -> float | None:
    """Return badness as a share of the worst possible, or None where the metric knows no worst."""
    low, high = estimate.low_bound, estimate.high_bound
    if estimate.value is None or low is None or high is None:
        return None
    best = {Better.LOWER: low, Better.HIGHER: high}.get(estimate.better) or estimate.ideal or 0.0
    return abs(estimate.value - best) / max(abs(high - best), abs(low - best))


def seconds(amount: float) -> str:
    """Return a duration."""
    if amount < 60:
        return f"{amount:.1f} s"
    minutes, rest = divmod(round(amount), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def energy(joules: float) -> str:
    """Return an energy in watt-hours."""
    hours = joules / 3600
    return f"{hours:,.1f} Wh" if hours >= 1 else f"{hours:.2g} Wh"


@cache
def metric_words() -> dict[str, dict[str, str]]:
    """Return the words for metrics that `reports/metrics.yaml` knows."""
    words: dict[str, dict[str, str]] = YAML(typ="safe").load((content("reports") / "metrics.yaml").read_text("utf-8"))
    return words


def metric_name(metric: str) -> str:
    """Return a metric's short name."""
    return _(metric_words().get(metric, {}).get("name", "")) or metric.replace("_", " ")


def within(words: str) -> str:
    """Return words as they stand within a sentence: in English they begin small."""
    return words[:1].lower() + words[1:] if language() == ENGLISH else words


def metric_means(metric: str) -> str:
    """Return what a metric means, where that is known."""
    return _(metric_words().get(metric, {}).get("means", ""))


LEANS = ("bbq_bias_ambiguous", "bbq_bias_clear")
"""Kinds of metrics of probes whose title speaks of the stereotype."""
STEREOTYPED = "stereotyped"


def metric_sentence(version: Version, estimate: Estimate) -> str:
    """Return a sentence that needs no legend: what the model does when the number is high.

    A probe's own titles speak of its first metric.
    """
    probe = _its_probe(version, estimate)
    if probe is not None and probe["metrics"][0]["name"] == estimate.metric:
        return str(probe["title" if estimate.better is Better.HIGHER else "failure_title"])
    return _(metric_words().get(estimate.metric, {}).get("pooled", "")) or metric_name(estimate.metric)


def failure_words(probe: Row, item: Row, label: str) -> str:
    """Return what the model did where an answer with this label is bad for an item.

    A probe's own title speaks of its first metric, or of following the stereotype; other failures are called by the
    metric that counts them.
    """
    metrics = [metric for metric in probe["metrics"] if applies(metric, item)]
    counting = [metric["name"] for metric in metrics if metric["better"] == "lower" and label in metric["of"]]
    if counting and probe["metrics"][0]["name"] not in counting:
        return _(metric_words().get(counting[0], {}).get("pooled", "")) or metric_name(counting[0])
    if metrics and any(metric["kind"] in LEANS for metric in probe["metrics"]) and label != STEREOTYPED:
        return _("Missed: {name}").format(name=metric_name(metrics[0]["name"]))
    return str(probe["failure_title"])


def _its_probe(version: Version, estimate: Estimate) -> Mapping[str, Any] | None:
    """Return the probe of an estimate; for a pooled one, the only probe of the battery that has the metric."""
    if estimate.probe_id in version.probes:
        return version.probes[estimate.probe_id]
    having = [
        probe
        for probe in version.battery_probes(estimate.probe_id)
        if any(metric["name"] == estimate.metric for metric in probe["metrics"])
    ]
    return having[0] if len(having) == 1 else None
