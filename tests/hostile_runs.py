"""Runs in which every text that a model, a probe, a file or a server can reach is hostile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from auditor.decision import Decision, Measurement, Outcome, Result, Why
from auditor.runs.record import Run
from auditor.types import Better, Message, Status

HOSTILE = "".join(
    [
        "</script><script>window.owned=1</script><img src=http://127.0.0.1:9/x onerror=window.owned=1><!-- ",
        "{{ 7*7 }}{% include 'x' %}{{ view }} $& $` $' %s {0} ]]> \u2028\u2029 \u202eltr \u200b \x00 \x1b[31m ",
        "\ud800 \U000e0041 ' onload='window.owned=1 \" onload=\"window.owned=1 </style></title></textarea></svg> ",
        "=cmd|x & &lt; javascript:window.owned=1 <img src=http://127.0.0.1:9/y onerror=window.owned=1>",
    ]
)
KEPT_KEYS = {"kind", "better", "severity", "schema_version", "hash", "outcome"}
"""Fields whose values are ours, from a fixed list."""
KEPT_NAMES = {"harm", "choice", "refusal", "ambiguous", "clear"}
"""Values that decide what is drawn, so that the poisoned report still draws all of it."""


def poison(value: Any, text: str = HOSTILE) -> Any:
    """Put the hostile text behind every string that a model, a probe, a file or a server can reach."""
    if isinstance(value, Enum) or value is None:
        return value
    if isinstance(value, str):
        return value if value in KEPT_NAMES else value + text
    if isinstance(value, Mapping):
        return {key: inner if key in KEPT_KEYS else poison(inner, text) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(poison(inner, text) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: poison(getattr(value, field.name), text) for field in fields(value)}
        return replace(value, **changed)
    return value


def comparable(value: Any) -> Any:
    """Leave out what a metric cannot hold: a name that is none, a lone surrogate."""
    if isinstance(value, Mapping):
        return {
            key: inner.removesuffix(HOSTILE) if key in ("name", "metric") else comparable(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    return value.replace("\ud800", "") if isinstance(value, str) else value


def decided(base: Run) -> Decision:
    """Return a decision whose every text is hostile."""
    named = {"source": "harm.direct" + HOSTILE, "metric": "non_refusal_rate", "cell": "all", "method": HOSTILE}
    sides = {"before": 0.1, "after": 0.4, "regression": 0.3, "low": 0.2, "high": 0.4, "limit": 0.1, "p": 0.01}
    sizes = {"families": 20, "compared": 20, "missing": 0, "discordant": 6}
    bounds = {"better": Better.LOWER, "ideal": None, "low_bound": 0.0, "high_bound": 1.0}
    measurement = Measurement(**named, **sides, **sizes, **bounds)
    results = [
        Result(
            HOSTILE, HOSTILE, HOSTILE, outcome, why, HOSTILE, measurement=measurement, items=[HOSTILE], waiver=waiver
        )
        for outcome in Outcome
        for why in (None, *Why)
        for waiver in (None, HOSTILE)
    ]
    names = dict.fromkeys(("text", "candidate_model", "candidate_run", "base_model", "policy"), HOSTILE)
    rest = {"confidence": 0.95, "changed": {}, "unmatched_waivers": [HOSTILE], "notes": [HOSTILE]}
    return Decision(Outcome.FAIL, **names, base_run=base.run_id, results=results, **rest)


def poison_open_keys(manifest: dict[str, Any], text: str = HOSTILE) -> dict[str, Any]:
    """Poison also the keys that are names: settings, software, fingerprint pieces, reasons."""
    manifest["engine"]["settings"] = {"dtype" + text: text}
    manifest["engine"]["software"] = {"vllm" + text: text}
    manifest["model"]["fingerprint"]["pieces"] = {"weights" + text: text}
    manifest["counts"]["failed"] = {"timeout" + text: 5}
    manifest["noise_floor"] = {"asked": 20, "agreed": 19, "verdicts_asked": 20, "verdicts_agreed": 20}
    return manifest


def write_hostile(drafts: Sequence[Any], folder: Path, *, compared: bool) -> list[Run]:
    """Return the drafts as sealed runs, poisoned; `compared` leaves them such that they still compare."""
    made = []
    for place, draft in enumerate(drafts):
        bad = replace(
            draft,
            manifest=poison_open_keys(poison(draft.manifest)),
            items=[
                replace(poison(item), system=HOSTILE, few_shot=(Message("user" + HOSTILE, HOSTILE),))
                for item in draft.items
            ],
            responses=[
                (
                    poison(request),
                    replace(poison(response), reasoning=HOSTILE, notes=(HOSTILE,), logprobs={HOSTILE: -1.0}),
                )
                for request, response in draft.responses
            ],
            verdicts=[(poison(item), poison(verdict)) for item, verdict in draft.verdicts],
            estimates=poison(draft.estimates),
        )
        if compared:
            for probe in bad.manifest["probes"]:
                probe["metrics"] = comparable(probe["metrics"])
            bad.manifest["pooled"] = comparable(bad.manifest["pooled"])
            bad.estimates = [
                replace(one, metric=one.metric.removesuffix(HOSTILE), cell="all" if whole.cell == "all" else one.cell)
                for whole, one in zip(draft.estimates, bad.estimates, strict=True)
            ]
        first, response = bad.responses[0]
        bad.responses[0] = (first, replace(response, status=Status.STOP, text=HOSTILE + "x" * 1_000_000))
        made.append(bad.write(folder / str(place)))
    return made
