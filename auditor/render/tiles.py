"""Headline numbers as cards: one a concern, with the number's course over versions drawn small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.types import Estimate

from .catalogue import gettext as _
from .charts import series, spark
from .versions import Version
from .wording import Move, Number, direction, metric_name, metric_sentence, number

HEADLINES = 4
"""Numbers shown for each battery."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline number."""

    sentence: str
    direction: str
    number: Number
    move: Move | None
    spark: Markup


@dataclass(frozen=True, slots=True)
class Card:
    """The headline numbers of one concern."""

    name: str
    tiles: Sequence[Tile]


def tile(versions: Sequence[Version], estimate: Estimate, move: Move | None, link: str = "") -> Tile:
    """Return a number of the newest of some versions."""
    sentence = metric_sentence(versions[-1], estimate)
    return Tile(
        sentence=sentence,
        direction=direction(estimate),
        number=number(estimate, link),
        move=move,
        spark=spark(
            series(versions, estimate.probe_id, estimate.metric),
            _("{sentence}: {metric}, over versions").format(sentence=sentence, metric=metric_name(estimate.metric)),
        ),
    )


def headlines(version: Version, battery: str) -> list[Estimate]:
    """Return a battery's most telling numbers: the suite's pooled ones, then each probe's first, no metric twice."""
    ranked = sorted(
        (rank, place, (probe["id"], metric["name"], "all"))
        for place, probe in enumerate(version.battery_probes(battery))
        for rank, metric in enumerate(probe["metrics"])
    )
    pooled = [key for key in version.estimates if key[0] == battery and key[2] == "all"]
    chosen: dict[str, Estimate] = {}
    for key in [*pooled, *(row[-1] for row in ranked)]:
        if key in version.estimates and len(chosen) < HEADLINES:
            chosen.setdefault(key[1], version.estimates[key])
    return list(chosen.values())
