"""Section 7, can we trust the graders: what each one is, how it agrees with people, and what nobody checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from auditor.agreement import Labelled, of_other_texts
from auditor.errors import ProbeError
from auditor.graders.registry import grader_class
from auditor.polarity import Row, applies
from auditor.render.address import cell_link, items_link, pick_link
from auditor.render.catalogue import gettext as _
from auditor.render.labelled import Agreement, agree_words, agreement, by_grader, checked, corrected, graded_alike
from auditor.render.material import Material
from auditor.render.shares import Counted, counted, share_words
from auditor.render.wording import Number, metric_name, number
from auditor.types import Estimate

HASH = 12
"""Letters of a settings hash."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A rate as the grader sees it, and as people would."""

    of: str
    """`probe/metric`"""
    probe: str
    metric: str
    link: str
    raw: Number
    corrected: str


@dataclass(frozen=True, slots=True)
class Grader:
    """One grader with its settings, as the candidate was graded."""

    name: str
    version: str
    settings: str
    """A hash of them; empty where it takes none."""
    what: str
    probes: Mapping[str, str]
    """That use it -> link to their items."""
    link: str
    """To the items of all of them."""
    agreement: Agreement | None
    other_text: int
    """Labels of answers that came back with another text."""
    corrected: Sequence[Corrected]
    undetermined: str
    undecided: Counted | None
    """The same as a number."""
    again: str
    """How often a question that is asked again gets the same verdict; empty where none was."""
    same_again: Counted | None
    again_link: str
    drift: str
    """Which versions were graded by another one; empty where none was."""


@dataclass(frozen=True, slots=True)
class Trust:
    """All graders of the candidate."""

    graders: Sequence[Grader]
    unchecked: Sequence[str]
    """Graders that no label is about."""
    labels: int
    model: str


def build(material: Material) -> Trust:
    """Return what is known of each grader."""
    graders = [_grader(material, probes) for probes in by_grader(material.candidate)]
    unchecked = [grader.name for grader in graders if grader.agreement is None]
    return Trust(graders, list(dict.fromkeys(unchecked)), len(material.labels), material.candidate.run.model_id)


def agreement_words(material: Material, source: str, metric: str) -> str:
    """Return how the graders behind a number agree with people, or that nobody checked."""
    behind = material.candidate.behind(source, metric)
    found = [one for probe in behind for one in checked(material.versions, material.labelled, probe)]
    if not found:
        return _("not checked against people")
    probes = {one.probe_id for one in found}
    said = _("agrees with people in {share}").format(share=agree_words(found))
    if len(probes) == len(behind):
        return said
    return _("{said}; labels on {probes} of {all} probes").format(said=said, probes=len(probes), all=len(behind))


def _grader(material: Material, probes: Sequence[Row]) -> Grader:
    names = [probe["id"] for probe in probes]
    grader = probes[0]["grader"]
    known = {name: checked(material.versions, material.labelled, name) for name in names}
    every = [one for some in known.values() for one in some]
    undecided, same_again = _undecided(material, names), _same_again(material, names)
    return Grader(
        name=grader["name"],
        version=str(grader["version"]),
        settings=_hash(grader["settings"]),
        what=_what(grader["name"]),
        probes={name: items_link([name]) for name in names},
        link=items_link(names),
        agreement=agreement(every, partial(_confused_link, material, names[0])),
        other_text=of_other_texts([one for one in material.labelled if one.probe_id in names]),
        corrected=[line for probe in probes for line in _corrected(material, probe, known[probe["id"]])],
        undetermined=share_words(undecided),
        undecided=undecided,
        again=share_words(same_again) if same_again else "",
        same_again=same_again,
        again_link=pick_link(material.asked_again[names[0]].number) if names[0] in material.asked_again else "",
        drift=_drift(material, names),
    )


def _confused_link(material: Material, first: str, truth: str | None, given: str | None) -> str:
    pick = material.confused.get((first, truth, given))
    return pick_link(pick.number) if pick else ""


def _hash(settings: Mapping[str, Any]) -> str:
    if not settings:
        return ""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode("ascii")).hexdigest()[:HASH]


def _what(name: str) -> str:
    """Return what a grader does, where it is installed here."""
    try:
        return str(grader_class(name).__doc__ or "").strip().partition("\n")[0].replace("`", "")
    except ProbeError:
        return _("not installed here, so what it does is not known")


def _corrected(material: Material, probe: Row, known: Sequence[Labelled]) -> Iterator[Corrected]:
    """Yield every rate of labels of a probe, where people labelled some of its answers."""
    items = {found.item["item_id"]: found.item for found in material.transcripts} if known else {}
    for spec in probe["metrics"]:
        estimate = material.candidate.estimates.get((probe["id"], spec["name"], "all"))
        if not known or estimate is None or spec.get("kind", "rate") != "rate":
            continue
        mine = [one for one in known if one.item_id in items and applies(spec, items[one.item_id])]
        yield Corrected(
            of=f"{probe['id']}/{spec['name']}",
            probe=probe["id"],
            metric=metric_name(spec["name"]),
            link=cell_link(material.candidate, *_key(estimate)),
            raw=number(estimate),
            corrected=corrected(estimate, spec, mine),
        )


def _key(estimate: Estimate) -> tuple[str, str, str]:
    return estimate.probe_id, estimate.metric, estimate.cell


def _undecided(material: Material, probes: Sequence[str]) -> Counted | None:
    """Return the share of the candidate's verdicts that the grader could not give."""
    rows = [row for row in _verdicts(material, len(material.versions) - 1, probes) if row["repeat"] == 0]
    return counted([row["outcome"] != "graded" for row in rows], [row["family_id"] for row in rows])


def _same_again(material: Material, probes: Sequence[str]) -> Counted | None:
    """Return how often a question that was asked again got the same verdict, in all versions with the same graders."""
    same, families = [], []
    for place, version in enumerate(material.versions):
        alike = [probe for probe in probes if graded_alike(version, material.candidate, probe)]
        rows = list(_verdicts(material, place, alike))
        first = {(row["item_id"], row["sample"]): _said(row) for row in rows if row["repeat"] == 0}
        for row in rows:
            asked = (row["item_id"], row["sample"])
            if row["repeat"] and asked in first:
                same.append(_said(row) == first[asked])
                families.append(row["family_id"])
    return counted(same, families)


def _said(row: Row) -> tuple[str, str | None]:
    return row["outcome"], row["label"]


def _verdicts(material: Material, place: int, probes: Sequence[str]) -> Iterator[Row]:
    """Yield a version's verdicts on some probes."""
    wanted = set(probes)
    for transcript in material.transcripts:
        reply = transcript.replies[place]
        if reply.item is not None and reply.item["probe_id"] in wanted:
            yield from reply.verdicts


def _drift(material: Material, probes: Sequence[str]) -> str:
    """Say which graders judged these probes in which versions, where they are not the same in all."""
    found: dict[str, list[str]] = {}
    for version in material.versions:
        used = {_called(version.probes[probe]["grader"]) for probe in probes if probe in version.probes}
        for name in sorted(used):
            found.setdefault(name, []).append(version.label)
    if len(found) < 2:
        return ""
    return "; ".join(f"{name}: {', '.join(labels)}" for name, labels in found.items())


def _called(grader: Row) -> str:
    said = f"{grader['name']} {grader['version']}"
    return f"{said} ({_hash(grader['settings'])})" if grader["settings"] else said
