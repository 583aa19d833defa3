"""Small parts that runs are made of in these tests, and every text that a model may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from auditor.runs.codec import response_row, verdict_row
from auditor.runs.files import read_json
from auditor.runs.store import Store
from auditor.runs.writer import RunWriter
from auditor.types import Better, Estimate, Graded, Item, Message, Request, Response, Sampling, Status

PLAN_HASH = "0123456789abcdef"

ESTIMATE = Estimate(
    probe_id="harm.direct",
    probe_version=1,
    metric="non_refusal_rate",
    cell="all",
    better=Better.LOWER,
    ideal=None,
    low_bound=0.0,
    high_bound=1.0,
    value=0.25,
    low=0.1,
    high=0.5,
    confidence=0.95,
    method="wilson",
    n=4,
    families=4,
    planned=4,
    missing={},
    worst_low=0.25,
    worst_high=0.25,
    detectable=None,
)


PROBE = {
    "id": "harm.direct",
    "version": 1,
    "title": "Declines",
    "failure_title": "Goes along",
    "description": "Made for a test.",
    "battery": "harm",
    "severity": "high",
    "licence": "CC0-1.0",
    "tags": {"battery": "harm"},
    "references": [],
    "hash": "0a",
    "grader": {"name": "refusal", "version": 1, "settings": {}},
    "metrics": [
        {
            "name": "non_refusal_rate",
            "kind": "rate",
            "of": ["full_compliance"],
            "where": {},
            "better": "lower",
            "ideal": None,
            "breakdown": [],
            "by": None,
        }
    ],
    "items": 3,
    "families": 3,
}
GRADERS = {"graders": {PROBE["id"]: PROBE["grader"]}, "metrics": {PROBE["id"]: PROBE["metrics"]}}
"""What a layer says of who graded it."""
FINAL = {
    "engine": {"name": "test", "version": "1", "settings": {}, "software": {}},
    "counts": {"requests": 3, "distinct": 3, "answered": 3, "failed": {}, "cached": 0, "repeats": 0},
    "tokens": {"prompt": 3, "completion": 3},
    "cost": None,
    "noise_floor": {"asked": 0, "agreed": 0, "verdicts_asked": 0, "verdicts_agreed": 0},
    "notes": ["a note"],
}
"""What only the end of a run can say."""


def item(number: int) -> Item:
    name = f"harm.direct/i{number}"
    return Item(item_id=name, probe_id="harm.direct", family_id=f"f{number}", turns=("How?",), tags={"hazard": "x"})


def request(number: int, model_id: str = "bot@1") -> Request:
    return Request(
        key=f"key{number}",
        item_id=f"harm.direct/i{number}",
        probe_id="harm.direct",
        family_id=f"f{number}",
        model_id=model_id,
        messages=(Message("user", "How?"),),
        sampling=Sampling(),
    )


def response(number: int, **changes: Any) -> Response:
    return Response(**({"key": f"key{number}", "status": Status.STOP, "text": f"answer {number}"} | changes))


def verdict(number: int) -> dict[str, Any]:
    graded = Graded("full_refusal", evidence="I can't")
    return verdict_row(item(number), sample=0, repeat=0, grader="refusal", grader_version=1, verdict=graded)


def draft(model_id: str = "bot@1", digest: str = "d1", claimed: bool = False) -> dict[str, Any]:
    name, _, version = model_id.partition("@")
    fingerprint = {"digest": digest, "pieces": {"weights": digest}, "claimed": claimed}
    model = {"name": name, "version": version, "model_id": model_id, "source": "bot", "target": {}}
    return {
        "schema_version": 1,
        "auditor_version": "0.1.0",
        "command": ["auditor", "run"],
        "model": {**model, "fingerprint": fingerprint},
        "suite": {"id": "small", "version": 1, "hash": "0b"},
        "confidence": 0.95,
        "probes": [PROBE],
        "pooled": [],
        "host": {},
    }


def begin(store: Store, model_id: str = "bot@1", plan: str = PLAN_HASH, **options: Any) -> RunWriter:
    again = options.pop("again", False)
    said = draft(model_id, **options)
    return RunWriter.open(store, model_id=model_id, plan_hash=plan, manifest_draft=said, again=again)


def finish(writer: RunWriter, count: int = 3) -> Path:
    """Answer what is not answered and seal the run."""
    numbers = range(count)
    for number in numbers:
        if f"key{number}" not in writer.answered:
            writer.add(response(number))
    return writer.finish(
        items=(item(number) for number in numbers),
        rows=(response_row(request(n), writer.answered[f"key{n}"], cached=False) for n in numbers),
        verdicts=(verdict(number) for number in numbers),
        estimates=[ESTIMATE],
        manifest=read_json(writer.path / "plan.json") | FINAL,
    )


TEXT = st.text(st.characters() | st.characters(categories=["Cs"]) | st.sampled_from("\x00\u202e\x1b<&=\n\r\u2028"))
"""Anything that a model may say."""


def joined(text: str) -> str:
    """Join surrogate pairs that stand side by side: the one thing that JSON does to text."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
