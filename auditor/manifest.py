"""What a run says of itself: who was audited, with what, when and at what price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

import auditor
from auditor.config import Config
from auditor.engines.interface import EngineInfo
from auditor.meter import cost, host
from auditor.plan import Plan, ProbePlan
from auditor.schedule import Exchange
from auditor.types import Graded, Status, Verdict

VerdictKey = tuple[str, int, int]
"""item id, sample, repeat"""
PROBE_FIELDS = {"id", "version", "title", "failure_title", "description", "severity", "licence", "tags"}


def draft_manifest(plan: Plan, command: Sequence[str]) -> dict[str, Any]:
    """Return what can be said before anything is asked."""
    name, _, version = plan.model_id.partition("@")
    return {
        "auditor_version": auditor.__version__,
        "command": list(command),
        "model": {
            "name": name,
            "version": version,
            "model_id": plan.model_id,
            "source": plan.target.model,
            "target": plan.target.model_dump(mode="json"),
            "fingerprint": {
                "digest": plan.fingerprint.digest,
                "pieces": dict(plan.fingerprint.pieces),
                "claimed": plan.fingerprint.claimed,
            },
        },
        "suite": {
            "id": plan.suite.id,
            "version": plan.suite.version,
            "title": plan.suite.title,
            "seed": plan.suite.seed,
            "hash": plan.suite_digest,
            "whole": plan.whole,
        },
        "confidence": plan.confidence,
        "probes": [_probe_entry(planned) for planned in plan.probes],
        "pooled": [pooled.model_dump(mode="json") for pooled in plan.pooled],
        "host": host(),
    }


def _probe_entry(planned: ProbePlan) -> dict[str, Any]:
    doc = planned.probe.doc
    return {
        **doc.model_dump(mode="json", include=PROBE_FIELDS),
        "battery": doc.battery,
        "references": [link.model_dump(mode="json") for link in doc.references],
        "hash": planned.probe.digest,
        "grader": {
            "name": planned.grader.name,
            "version": planned.grader.version,
            "settings": doc.grader.settings,
        },
        "metrics": [metric.model_dump(mode="json") for metric in doc.metrics],
        "items": len(planned.items),
        "families": len({item.family_id for item in planned.items}),
        "all_families": planned.all_families,
    }


def final_manifest(
    plan: Plan,
    config: Config,
    *,
    info: EngineInfo | None,
    exchanges: Sequence[Exchange],
    verdicts: Mapping[VerdictKey, Verdict],
    seconds: Mapping[str, float],
    notes: Sequence[str],
) -> dict[str, Any]:
    """Return what only the end of a run can say; energy and command are the caller's.

    Tokens and money count what this run asked itself, not what earlier runs had answered.
    """
    fresh = {one.request.key: one.response for one in exchanges if not one.cached}
    prompt = sum(response.prompt_tokens for response in fresh.values())
    completion = sum(response.completion_tokens for response in fresh.values())
    model = plan.model_id.partition("@")[0]
    failed = Counter(
        one.response.reason or "no reason given" for one in exchanges if one.response.status is Status.FAILED
    )
    return {
        "engine": msgspec.to_builtins(info, enc_hook=dict) if info else None,
        "counts": {
            "requests": len(exchanges),
            "distinct": len({one.request.key for one in exchanges}),
            "answered": sum(one.response.status is not Status.FAILED for one in exchanges),
            "failed": dict(failed),
            "cached": sum(one.cached for one in exchanges),
            "repeats": sum(one.request.repeat > 0 for one in exchanges),
        },
        "tokens": {"prompt": prompt, "completion": completion},
        "cost": cost(
            config.prices.get(model) or config.prices.get("default"),
            currency=config.currency,
            prompt=prompt,
            completion=completion,
            seconds=seconds.get("wall", 0.0),
        ),
        "noise_floor": noise_floor(exchanges, verdicts),
        "notes": [*notes, *_changes(exchanges)],
    }


def noise_floor(exchanges: Sequence[Exchange], verdicts: Mapping[VerdictKey, Verdict]) -> dict[str, int]:
    """Return how often the same question, asked again, got the same text and the same verdict.

    What failed either time says nothing about the model's noise.
    """
    texts = {
        (request.item_id, request.sample, request.part, request.turn, request.repeat): one.response.text
        for one in exchanges
        if one.response.status is not Status.FAILED
        for request in (one.request,)
    }
    again = [key[:4] for key in texts if key[4] == 1 and (*key[:4], 0) in texts]
    failed = {(one.request.item_id, one.request.sample) for one in exchanges if one.response.status is Status.FAILED}
    judged = [key[:2] for key in verdicts if key[2] == 1 and key[:2] not in failed]
    return {
        "asked": len(again),
        "agreed": sum(texts[*key, 0] == texts[*key, 1] for key in again),
        "verdicts_asked": len(judged),
        "verdicts_agreed": sum(_label(verdicts[*key, 0]) == _label(verdicts[*key, 1]) for key in judged),
    }


def _label(verdict: Verdict) -> str | None:
    return verdict.label if isinstance(verdict, Graded) else None


def _changes(exchanges: Sequence[Exchange]) -> list[str]:
    counts = Counter(note for one in exchanges for note in one.response.notes)
    return [f"{note} ({count} requests)" for note, count in sorted(counts.items())]
