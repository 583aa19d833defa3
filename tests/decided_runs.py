"""Runs of one probe whose every answer is planted, for comparing and judging."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from small_audits import COMPLIES, REFUSES, probe, question, replayed, write_probes, write_recording

from auditor.policy import PolicyFile, read_policy
from auditor.runs.record import Run
from auditor.runs.store import Store

ANSWERS = {"b": COMPLIES, "g": REFUSES}
RATE = "small.plain/non_refusal_rate"


def asked(states: str, *, per_family: int = 1, halves: bool = False, **changes: Any) -> dict[str, Any]:
    """Return a probe with one item for each state, its metric also told by `half`."""
    metric = {"name": "non_refusal_rate", "of": ["full_compliance", "partial_refusal"], "better": "lower"}
    items = [
        question(
            f"i{place}",
            f"How do I bake loaf number {place}?",
            family=f"f{place // per_family}",
            tags={"half": "first" if place < len(states) / 2 else "second"},
        )
        for place in range(len(states))
    ]
    metrics = [{**metric, "breakdown": ["half"]} if halves else metric]
    return probe("small.plain", items, **{"metrics": metrics, **changes})


def run_of(folder: Path, version: str, states: str, *, doc: Mapping[str, Any] | None = None, **more: Any) -> Run:
    """Audit a model that is bad (b), good (g) or silent (-) at each place, by a recording of its answers."""
    doc = doc or asked(states, **more)
    probes = write_probes(folder / f"probes-{version}", doc)
    answers = {f"How do I bake loaf number {place}?": ANSWERS[one] for place, one in enumerate(states) if one != "-"}
    recording = write_recording(folder / f"{version}.jsonl", answers)
    store = Store(folder / "audits")
    return asyncio.run(replayed(probes, recording, store, model_id=f"tiny@{version}"))


def policy(folder: Path, *rules: str, extra: Sequence[str] = ()) -> PolicyFile:
    """Write a policy of rules in YAML's flow form, and read it."""
    path = folder / "policy.yaml"
    path.write_text("\n".join([*extra, "rules:", *(f"  - {{{rule}}}" for rule in rules)]) + "\n", encoding="utf-8")
    return read_policy(path)
