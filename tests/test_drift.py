"""The alarm rate that is stated for a whole history holds, and what has truly drifted is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from auditor.drift import drift
from auditor.first_seen import first_seen
from auditor.pairing import Side

ITEMS, VERSIONS, HISTORIES = 60, 8, 80
PROBES = ("harm.a", "harm.b")
NUMBERS = [(probe, "bad_rate") for probe in PROBES]
METRIC = {
    "name": "bad_rate",
    "kind": "rate",
    "of": ["bad"],
    "where": {},
    "better": "lower",
    "ideal": None,
    "breakdown": [],
    "by": None,
}


@dataclass(frozen=True)
class Planted:
    """A run with planted verdicts: probe -> which items are bad."""

    run_id: str
    bad: Mapping[str, np.ndarray]
    grader_version: int = 1
    layer: str = "base"

    @property
    def model_id(self) -> str:
        return self.run_id

    @property
    def manifest(self) -> dict[str, Any]:
        shared = {"version": 1, "hash": "0", "battery": "harm", "severity": "high", "failure_title": "Is bad"}
        probes = [{"id": probe, **shared, "grader": self.graders[probe], "metrics": [METRIC]} for probe in PROBES]
        return {"probes": probes, "pooled": []}

    @property
    def graders(self) -> dict[str, Any]:
        return {probe: {"name": "refusal", "version": self.grader_version, "settings": {}} for probe in PROBES}

    def iter_items(self) -> Iterator[dict[str, Any]]:
        for probe, bad in self.bad.items():
            for number in range(len(bad)):
                name = f"{probe}/{number}"
                common = {"family_id": name, "pair_id": None, "tags": {}, "reference": {}}
                yield {"item_id": name, "probe_id": probe, "turns": [name], **common}

    def iter_verdicts(self) -> Iterator[dict[str, Any]]:
        for probe, bad in self.bad.items():
            for number, is_bad in enumerate(bad):
                yield {
                    "outcome": "graded",
                    "item_id": f"{probe}/{number}",
                    "probe_id": probe,
                    "sample": 0,
                    "repeat": 0,
                    "label": "bad" if is_bad else "good",
                    "probability": None,
                    "value": None,
                    "reason": None,
                }


def version(number: int, draw: np.random.Generator, rate: float) -> Side:
    bad = {probe: draw.random(ITEMS) < rate for probe in PROBES}
    return Side(Planted(f"bot@{number}", bad))  # type: ignore[arg-type]  # stands in for a run


@pytest.mark.slow
def test_where_nothing_became_worse_few_histories_raise_an_alarm() -> None:
    draw = np.random.default_rng(20)
    alarms = 0
    for _ in range(HISTORIES):
        sides = [version(number, draw, 0.3) for number in range(VERSIONS + 1)]
        found = drift(sides[0], sides, NUMBERS)
        assert len(found.looks) == VERSIONS * len(PROBES)
        assert found.level * len(found.looks) == found.alarm_rate == 0.05
        alarms += any(look.alarm for look in found.looks)
    # 10 of 80 or more have a chance of 0.7% at the stated rate; 16 bounds at 5% each would alarm in about 25 of them.
    assert alarms < 10


def test_what_has_drifted_is_found_for_the_one_number_and_version_that_did() -> None:
    draw = np.random.default_rng(21)
    sides = [version(number, draw, 0.3) for number in range(VERSIONS)]
    worse = {"harm.a": draw.random(ITEMS) < 0.9, "harm.b": draw.random(ITEMS) < 0.3}
    sides.append(Side(Planted("bot@worse", worse)))  # type: ignore[arg-type]  # stands in for a run
    found = drift(sides[0], sides, NUMBERS)
    assert [(look.model_id, look.source) for look in found.looks if look.alarm] == [("bot@worse", "harm.a")]


def test_a_look_that_cannot_be_taken_costs_nothing() -> None:
    draw = np.random.default_rng(22)
    base, same = version(0, draw, 0.3), version(1, draw, 0.3)
    other = Side(Planted("bot@2", same.run.bad, grader_version=2))  # type: ignore[attr-defined, arg-type]  # stands in for a run
    few = Side(Planted("bot@3", {probe: np.zeros(9, dtype=bool) for probe in PROBES}))  # type: ignore[arg-type]  # stands in for a run
    found = drift(base, [base, same, other, few], NUMBERS)
    assert {look.model_id for look in found.looks} == {"bot@1"}
    assert found.level == 0.05 / len(PROBES)
    assert found.left_out == [
        *(f"bot@2: {probe}/bad_rate: {probe}: grader refusal 1 there, refusal 2 here" for probe in PROBES),
        *(f"bot@3: {probe}/bad_rate: 9 families" for probe in PROBES),
    ]


def test_an_item_is_first_bad_once_and_not_where_it_was_not_asked_before() -> None:
    def side(name: str, bad: str, grader: int = 1) -> Side:
        marks = np.array([mark == "x" for mark in bad])
        return Side(Planted(name, {"harm.a": marks}, grader))  # type: ignore[arg-type]  # stands in for a run

    found = first_seen(
        [
            side("1", "x.."),
            side("2", ".x."),
            side("3", "xx.x"),
            side("4", "xxxx"),
            side("5", "....x"),
            side("6", "x...x", 2),
        ]
    )
    assert [(one.model_id, [item[-1] for item in one.items], one.asked, one.bad_now) for one in found] == [
        ("2", ["1"], 3, 0),
        ("4", ["2"], 4, 0),
    ]
