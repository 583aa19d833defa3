"""What a plan will cost, told before anything is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from auditor.plan import Plan
from auditor.runs.store import Store
from auditor.target import Target
from auditor.types import Request

LETTERS_PER_TOKEN = 4
"""Usual for English text; used where there is no tokenizer to ask."""
TEMPLATE_TOKENS = 16
"""Room for what a chat template adds to a prompt."""


def forecast(plan: Plan, store: Store) -> dict[str, Any]:
    """Return requests, tokens, what is known already, prompts that cannot fit, and the expected time."""
    requests = [
        *plan.first_requests,
        *(request for planned, item in plan.repeated for request in planned.requests(item, repeat=1)),
    ]
    distinct = {request.key: request for request in requests}
    known = _known(plan, store, distinct)
    to_ask = [request for key, request in distinct.items() if key not in known]
    lengths, method = _count(plan.target, to_ask)
    context = plan.target.context or _context(plan.target)
    too_long = [
        {"item_id": request.item_id, "tokens": length, "max_tokens": request.sampling.max_tokens}
        for request, length in zip(to_ask, lengths, strict=True)
        if context and length + request.sampling.max_tokens > context
    ]
    done = store.find_sealed(plan.digest, plan.model_id)
    return {
        "schema_version": 1,
        "model_id": plan.model_id,
        "fingerprint": plan.fingerprint.digest,
        "plan_hash": plan.digest,
        "suite": plan.suite.id,
        "sealed_run": done.name if done else None,
        "requests": plan.requests_planned,
        "distinct": len(distinct),
        "known": len(known),
        "to_ask": len(to_ask),
        "prompt_tokens": sum(lengths),
        "prompt_tokens_method": method,
        "answer_tokens_at_most": sum(
            0 if request.continuation is not None else request.sampling.max_tokens for request in to_ask
        ),
        "context": context,
        "too_long": too_long,
        "expected_seconds": _expected_seconds(plan, store, 0 if done else len(to_ask)),
        "probes": [
            {
                "id": planned.probe.id,
                "items": len(planned.items),
                "families": len({item.family_id for item in planned.items}),
                "requests": sum(len(planned.requests(item)) * len(item.turns) for item in planned.items),
            }
            for planned in plan.probes
        ],
    }


def policy_outlook(plan: Plan, policy: Path) -> dict[str, Any]:
    """Return what the rules of a policy file can come to with what is planned."""
    import msgspec

    from auditor.decidable import DISCORDANCE, Planned, outlooks
    from auditor.policy import read_policy

    file = read_policy(policy)
    found = outlooks(file, Planned.of(plan))
    return {
        "file": str(policy),
        "discordance": DISCORDANCE,
        "joint_power": found.joint._asdict(),
        "rules": [msgspec.to_builtins(rule) for rule in found.rules],
        "by_people": [
            one.id for one in file.policy.rules if one.severity and one.id not in {rule.id for rule in found.rules}
        ],
    }


def _known(plan: Plan, store: Store, keys: Iterable[str]) -> set[str]:
    if plan.fingerprint.claimed:
        return set()
    answers = store.answers(plan.fingerprint.digest)
    return {key for key in keys if answers.get(key) is not None}


def _count(target: Target, requests: Sequence[Request]) -> tuple[list[int], str]:
    texts = ["\n".join(message.content for message in request.messages) for request in requests]
    counter = _tokenizer(target)
    if counter is None:
        return [len(text) // LETTERS_PER_TOKEN + 1 for text in texts], f"estimate: {LETTERS_PER_TOKEN} letters a token"
    return [counter(text) + TEMPLATE_TOKENS for text in texts], "the model's tokenizer"


def _tokenizer(target: Target) -> Callable[[str], int] | None:
    file = Path(target.model) / "tokenizer.json"
    if not file.is_file() or find_spec("tokenizers") is None:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    return lambda text: len(tokenizer.encode(text.encode("utf-8", "replace").decode()).ids)


def _context(target: Target) -> int | None:
    file = Path(target.model) / "config.json"
    try:
        value = json.loads(file.read_text(encoding="utf-8")).get("max_position_embeddings")
    except (OSError, ValueError):
        return None
    return value if isinstance(value, int) else None


def _expected_seconds(plan: Plan, store: Store, to_ask: int) -> float | None:
    """Return the time that the newest run of this model, else of its name, suggests; None without one.

    Where nothing is left to ask, no engine starts.
    """
    if to_ask == 0:
        return 0.0
    name = plan.model_id.partition("@")[0]
    same = (run.manifest for run in reversed(store.runs()) if run.digest == plan.fingerprint.digest)
    for manifest in [*same, *store.manifests(name)]:
        if "counts" not in manifest:  # not finished
            continue
        asked = manifest["counts"]["distinct"] - manifest["counts"]["cached"]
        seconds = manifest["seconds"]
        if asked > 0 and "generate" in seconds:
            return round(float(seconds.get("engine_start", 0.0) + seconds["generate"] / asked * to_ask), 1)
    return None
