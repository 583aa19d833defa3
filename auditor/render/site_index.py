"""The index of a site: every model and version, newest first, with verdict and headline numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from auditor.decision import Outcome

from .sections.verdict import SIGNS, WORDS
from .site_files import Page, safe_name
from .templates import asset, environment, policy
from .tiles import Card, headlines, tile
from .versions import Version, read_versions
from .wording import Move, Number, metric_name, number

COLUMNS = 2
"""Headline numbers of each battery in the table of versions; the newest version's cards hold more."""
DRAWN = 12
"""Versions in a spark: more have no room in a word's size."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the policy made of a version."""

    outcome: str
    sign: str
    word: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One version."""

    label: str
    link: str
    date: str
    suite: str
    judged: Judged | None
    numbers: Sequence[tuple[Number, Move | None] | None]


@dataclass(frozen=True, slots=True)
class Model:
    """One model over its versions, the newest first."""

    anchor: str
    name: str
    cards: Sequence[Card]
    columns: Sequence[tuple[str, str]]
    """Battery and metric."""
    rows: Sequence[Row]
    drawn: int
    """Versions in its sparks."""

    @property
    def newest(self) -> Row:
        """The first row."""
        return self.rows[0]


Told = tuple[str, Version, str, Page]
"""Model, version, path of its report, and what is known of that."""


def render_index(told: Sequence[Told], left_out: Sequence[str], policy_file: str | None) -> str:
    """Return the index; of each model the oldest version comes first in `told`."""
    names = dict.fromkeys(name for name, *_ in told)
    groups = [[one for one in told if one[0] == name] for name in names]
    groups.sort(key=lambda group: group[-1][1].manifest["finished"], reverse=True)
    style = asset("report.css") + asset("site.css")
    return (
        environment()
        .get_template("site.html")
        .render(
            models=[_model(group) for group in groups],
            versions=len(told),
            left_out=left_out,
            judged_by=PurePath(policy_file).name if policy_file else "",
            confidence=", ".join(
                sorted({f"{100 * one.confidence:g}%" for told_ in told for one in told_[1].run.estimates})
            ),
            style=style,
            policy=policy(style),
        )
    )


def _model(group: Sequence[Told]) -> Model:
    name, newest, *_ = group[-1]
    drawn = read_versions([version.run for _, version, *_ in group[-DRAWN:]])
    batteries = list(dict.fromkeys(str(probe["battery"]) for probe in newest.probes.values()))
    columns = [one for battery in batteries for one in headlines(newest, battery)[:COLUMNS]]
    keys = [(one.probe_id, one.metric) for one in columns]
    return Model(
        anchor=f"model-{safe_name(name)}",
        name=name,
        cards=[_card(battery, drawn, group[-1][3]) for battery in batteries],
        columns=[(newest.battery_of(one.probe_id), metric_name(one.metric)) for one in columns],
        rows=[_row(one, keys) for one in reversed(group)],
        drawn=len(drawn),
    )


def _card(battery: str, drawn: Sequence[Version], page: Page) -> Card:
    found = headlines(drawn[-1], battery)
    return Card(battery, [tile(drawn, one, _move(page, one.probe_id, one.metric)) for one in found])


def _row(one: Told, keys: Sequence[tuple[str, str]]) -> Row:
    _, version, path, page = one
    found = [version.estimates.get((*key, "all")) for key in keys]
    return Row(
        label=version.label,
        link=path,
        date=version.manifest["finished"][:10],
        suite=version.manifest["suite"]["id"],
        judged=_judged(page),
        numbers=[
            (number(estimate), _move(page, *key)) if estimate else None
            for key, estimate in zip(keys, found, strict=True)
        ],
    )


def _judged(page: Page) -> Judged | None:
    if page.outcome is None:
        return None
    outcome = Outcome(page.outcome)
    return Judged(outcome, SIGNS[outcome], WORDS[outcome], page.text, page.reason)


def _move(page: Page, source: str, metric: str) -> Move | None:
    tone = page.moves.get(f"{source}/{metric}")
    return Move(tone) if tone else None
