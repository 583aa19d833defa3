"""Two versions of a model in which each item holds one hostile text in every field, and the rest holds them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from hostile_runs import poison, poison_open_keys
from hostile_texts import LINE, TEXTS

from auditor.agreement import Label
from auditor.decision import Decision, Measurement, Outcome, Result, Why
from auditor.metrics.estimate import estimate_metric
from auditor.metrics.interface import MetricSpec
from auditor.runs.record import Run
from auditor.types import Better, Graded, Item, Message, Option, Request, Response, Sampling, Status, Undetermined

ENOUGH = 120
"""Longer texts are not joined to the one that stands in the manifest."""
NAME = "".join(TEXTS[name] for name in ("script", "double quote", "single quote", "backticks", "zero width"))
"""What names of probes end with: they stand in every link."""
TAG = "tag</script><b>'\" & | ` \u202e[x](y)"
PROBES = ("harm.direct", "bias.age")
SURROGATE = re.compile("[\ud800-\udfff]")
BAD, GOOD = "full_compliance", "full_refusal"
TOLD = 4
"""Of so many texts one is a category of the second probe too: all of them are of the first."""
UNDETERMINED = 10
"""One verdict of so many is none."""


@dataclass(frozen=True)
class Planted:
    """Runs, people's labels and a verdict, every text of which is hostile."""

    runs: Sequence[Run]
    labels: Sequence[Label]
    decision: Decision
    command: tuple[str, ...]
    texts: Sequence[str]
    """What the items hold, one text an item: first the items of one probe, then those of the other."""


def plant(drafts: Sequence[Any], folder: Path, change: Callable[[str], str] = str) -> Planted:
    """Return the versions; `change` says what becomes of each text before it is planted."""
    texts = [change(text) for text in TEXTS.values()]
    joined = change(" ".join(text for text in TEXTS.values() if len(text) < ENOUGH))
    runs = []
    for place, draft in enumerate(drafts):
        runs.append(_version(draft, place, texts, joined, change).write(folder / str(place)))
    items = zip(runs[-1].iter_items(), texts, strict=False)
    labels = [Label(row["item_id"], _name(text, "says", place)) for place, (row, text) in enumerate(items)]
    return Planted(runs, labels, _decision(runs[0], texts, joined), ("auditor", "report", joined), texts)


def _name(text: str, word: str, place: int) -> str:
    """Return a text that no other item has; the hostile one comes first, where a formula or a heading would."""
    return f"{text} {word} {place}"


def _version(draft: Any, place: int, texts: Sequence[str], joined: str, change: Callable[[str], str]) -> Any:
    probes = [_probe(draft, name, texts, joined, change) for name in PROBES]
    manifest = poison_open_keys(poison({**draft.manifest, "probes": [], "pooled": []}, joined), joined)
    made = replace(draft, manifest=manifest, items=[], responses=[], verdicts=[], estimates=[])
    manifest |= {"probes": probes, "notes": texts}
    for probe in probes:
        first = len(made.items)
        for number, text in enumerate(texts):
            item = _item(probe["id"], text, number, change(TAG))
            if probe is not probes[0] and number % TOLD:
                item = replace(item, tags={**item.tags, change(TAG): change(TAG)})
            answer = change(LINE) if number == 0 and place else f"{text} answer {place if number % 2 else ''}"
            made.items.append(item)
            made.responses.append(_asked(item, text, answer))
            made.verdicts.append((item, _verdict(item, text, number, bad=(number + place) % 3 == 0)))
        told = rows_of(made.verdicts[first:])
        for spec in probe["metrics"]:
            wanted = MetricSpec.model_validate(spec)
            made.estimates += estimate_metric(wanted, told, probe_id=probe["id"], probe_version=1, confidence=0.95)
    return made


def _probe(draft: Any, name: str, texts: Sequence[str], joined: str, change: Callable[[str], str]) -> dict[str, Any]:
    """Return a probe of which all is hostile but what decides how it is counted."""
    probe = next(probe for probe in draft.manifest["probes"] if probe["id"] == name)
    metric = probe["metrics"][0] | {"breakdown": [change(TAG)]}
    if metric["of"]:
        metric["of"] = [_label(BAD, text) for text in texts]
    made: dict[str, Any] = poison({**probe, "metrics": []}, joined)
    return made | {"id": name + change(NAME), "battery": probe["battery"], "metrics": [metric]}


def _item(probe: str, text: str, number: int, tag: str) -> Item:
    name = _name(text, "item", number)
    return Item(
        item_id=f"{name} {probe[:4]}",
        probe_id=probe,
        family_id=_name(text, "family", number),
        pair_id=_name(text, "pair", number),
        turns=(text, _name(text, "turn", number)),
        system=text,
        few_shot=(Message("user", text), Message(_name(text, "role", number), text)),
        options=(Option(text, _label("stereotyped", text)), Option(_name(text, "option", number), "other")),
        reference={"correct": "other", _name(text, "key", number): text},
        tags={tag: _name(text, "value", number), _name(text, "key", number): text, "context": "ambiguous"},
    )


def _asked(item: Item, text: str, answer: str) -> tuple[Request, Response]:
    messages = (Message("system", text), Message("user", text))
    request = Request(item.item_id, item.item_id, item.probe_id, item.family_id, text, messages, Sampling(seed=3))
    response = Response(item.item_id, Status.STOP, answer, reasoning=text, reason=text, notes=(text,))
    return request, replace(response, logprobs={text: -1.0}, completion_tokens=9)


def _label(label: str, text: str) -> str:
    """Return a hostile label; a metric can name none that holds half a character."""
    return SURROGATE.sub("", f"{label}{text}")


def _verdict(item: Item, text: str, number: int, *, bad: bool) -> Graded | Undetermined:
    if number % UNDETERMINED == UNDETERMINED - 1:
        return Undetermined(text)
    if item.probe_id.startswith("bias"):
        return Graded(item.options[0].role if bad else "other", evidence=text)
    return Graded(_label(BAD if bad else GOOD, text), evidence=text)


def rows_of(verdicts: Sequence[tuple[Item, Any]]) -> pd.DataFrame:
    """Return verdicts as metrics read them."""
    return pd.DataFrame([_row(item, verdict) for item, verdict in verdicts])


def _row(item: Item, verdict: Graded | Undetermined) -> Mapping[str, Any]:
    graded = isinstance(verdict, Graded)
    return {
        "item_id": item.item_id,
        "family_id": item.family_id,
        "pair_id": item.pair_id,
        "sample": 0,
        "repeat": 0,
        "outcome": "graded" if graded else "undetermined",
        "label": verdict.label if graded else None,
        "value": None,
        "reason": None if graded else verdict.reason,
        "tags": dict(item.tags),
        "reference": dict(item.reference),
    }


def _decision(base: Run, texts: Sequence[str], joined: str) -> Decision:
    """Return a decision with a rule for each text, of all outcomes, waived and not."""
    sides = {"before": 0.1, "after": 0.4, "regression": 0.3, "low": 0.2, "high": 0.4, "limit": 0.1, "p": 0.01}
    sizes = {"families": 20, "compared": 20, "missing": 0, "discordant": 6}
    bounds = {"better": Better.LOWER, "ideal": None, "low_bound": 0.0, "high_bound": 1.0}
    kinds = [(outcome, why) for outcome in Outcome for why in (None, *Why)]
    results = []
    for number, text in enumerate(texts):
        named = {"source": "harm.direct", "metric": "non_refusal_rate", "cell": f"tag={text}", "method": text}
        measurement = Measurement(**named, **sides, **sizes, **bounds)
        result = Result(_name(text, "rule", number), text, text, *kinds[number % len(kinds)], text)
        waiver = text if number % 7 == 0 else None
        results.append(replace(result, measurement=measurement, items=[text], waiver=waiver))
    names = dict.fromkeys(("text", "candidate_model", "candidate_run", "base_model", "policy"), joined)
    rest = {"confidence": 0.95, "changed": {joined: (joined, joined)}, "unmatched_waivers": texts, "notes": texts}
    return Decision(Outcome.FAIL, **names, base_run=base.run_id, results=results, **rest)
