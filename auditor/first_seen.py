"""Behaviours that are new at a version: items that turned bad and never were before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.compare import SEVERITIES
from auditor.pairing import Side, verdicts_by_item
from auditor.polarity import State, worst_state


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """Items of a probe that were bad at a version and at none before, although an earlier one was asked them."""

    model_id: str
    run_id: str
    layer: str
    probe_id: str
    failure_title: str
    severity: str
    asked: int
    """Items of the probe that this version and an earlier one were asked."""
    items: Sequence[str]
    bad_now: int
    """Of these, bad at the newest version."""


def first_seen(sides: Sequence[Side]) -> list[FirstSeen]:
    """Return which items were bad for the first time at which version.

    An item counts only where an earlier version was asked it and was measured in the same way: what a new probe, or
    another grader, brings to light is no new behaviour.
    """
    found: list[FirstSeen] = []
    last = _bad_items(sides[-1])
    known: dict[str, Memory] = {}
    for side in sides:
        bad, graders = _bad_items(side), side.graders()
        of_probe: dict[str, set[str]] = {probe: set() for probe in side.probes}
        for probe, item in side.by_content:
            of_probe[probe].add(item)
        for probe, entry in side.probes.items():
            instrument = (entry["version"], entry["hash"], graders[probe])
            memory = known.get(probe)
            if memory is None or memory.instrument != instrument:
                memory = known[probe] = Memory(instrument, set(), set())
            again = of_probe[probe] & memory.asked
            new = (again & bad[probe]) - memory.bad
            if new:
                found.append(_first_seen(side, probe, new, len(again), len(new & last.get(probe, set()))))
            memory.asked |= of_probe[probe]
            memory.bad |= bad[probe]
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), -one.bad_now, -len(one.items)))


@dataclass
class Memory:
    """What earlier versions had to say of a probe's items, as long as it measures in the same way."""

    instrument: object
    asked: set[str]
    bad: set[str]


def _bad_items(side: Side) -> Mapping[str, set[str]]:
    """Return probe id -> contents of the items that are bad."""
    states = {
        item_id: worst_state(side.probes[side.items[item_id]["probe_id"]], side.items[item_id], rows)[0]
        for item_id, rows in verdicts_by_item(side)
    }
    found: dict[str, set[str]] = {probe: set() for probe in side.probes}
    for (probe, item), item_id in side.by_content.items():
        if states[item_id] is State.BAD:
            found[probe].add(item)
    return found


def _first_seen(side: Side, probe: str, new: set[str], asked: int, bad_now: int) -> FirstSeen:
    entry = side.probes[probe]
    return FirstSeen(
        model_id=side.run.model_id,
        run_id=side.run.run_id,
        layer=side.run.layer,
        probe_id=probe,
        failure_title=entry["failure_title"],
        severity=entry["severity"],
        asked=asked,
        items=sorted(side.by_content[probe, item] for item in new),
        bad_now=bad_now,
    )
