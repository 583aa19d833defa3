"""A grader's verdicts beside people's labels: how often they agree, by label, and what that makes of a rate."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.agreement import UNDETERMINED, Labelled
from auditor.polarity import Row
from auditor.types import Estimate

from .address import item_link
from .catalogue import gettext as _
from .shares import Counted, counted, rests_on, share_words
from .versions import Version
from .wording import value

FEWEST_FAMILIES = 10
"""Families that people call bad, and good, from which a rate can be corrected."""
NAMED = 8
"""Disagreements named."""


@dataclass(frozen=True, slots=True)
class ByLabel:
    """How well one label is given."""

    label: str
    recall: str
    """Of the answers that people gave it."""
    precision: str
    """Of the answers that the grader gave it."""
    recalled: Counted | None
    precise: Counted | None
    people: str
    """Link to the items that people give it; empty where there are none."""
    grader: str
    """Link to those that the grader gives it."""


@dataclass(frozen=True, slots=True)
class Confused:
    """A cell of the table of what people say and what the grader says."""

    count: int
    link: str
    """To its items; empty where there are none."""
    same: bool
    """Whether people and grader say the same."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """A grader beside people."""

    share: str
    link: str
    """To the labelled items."""
    labels: Sequence[str]
    table: Mapping[str, Sequence[Confused]]
    """People's label -> how often the grader gave each of `labels`."""
    by_label: Sequence[ByLabel]
    wrong: Mapping[str, str]
    """Items on which they do not agree -> link."""
    more: int
    """Such items that are not named."""
    agreed: Counted | None


def by_grader(version: Version) -> list[list[Row]]:
    """Return the probes, those with the same grader and settings together."""
    groups: dict[str, list[Row]] = {}
    for probe in version.probes.values():
        grader = probe["grader"]
        identity = json.dumps([grader["name"], grader["version"], grader["settings"]], sort_keys=True)
        groups.setdefault(identity, []).append(probe)
    return list(groups.values())


def graded_alike(version: Version, candidate: Version, probe: str) -> bool:
    """Tell whether the grader that judged the candidate's answers to a probe judged this version's too."""
    return probe in version.probes and version.probes[probe]["grader"] == candidate.probes[probe]["grader"]


def checked(versions: Sequence[Version], labelled: Sequence[Labelled], probe: str) -> list[Labelled]:
    """Return a probe's verdicts with a label, of all versions that the candidate's grader judged."""
    alike = {version.run.reference for version in versions if graded_alike(version, versions[-1], probe)}
    return [one for one in labelled if one.probe_id == probe and one.same_text and one.run in alike]


def agreement(found: Sequence[Labelled], link: Callable[[str | None, str | None], str]) -> Agreement | None:
    """Return how a grader's verdicts agree with people, or None where there is no label.

    `link` leads to the items that people call so and the grader so, None being whatever they call it; empty where
    there are none.
    """
    if not found:
        return None
    labels = sorted({one.truth for one in found} | {one.given for one in found})
    counts = Counter((one.truth, one.given) for one in found)
    wrong = list(dict.fromkeys(one.item_id for one in found if one.truth != one.given))
    return Agreement(
        share=agree_words(found),
        link=link(None, None),
        labels=labels,
        table={
            truth: [Confused(counts[truth, given], link(truth, given), truth == given) for given in labels]
            for truth in labels
        },
        by_label=[_by_label(found, label, link) for label in labels if label != UNDETERMINED],
        wrong={item_id: item_link(item_id) for item_id in wrong[:NAMED]},
        more=max(0, len(wrong) - NAMED),
        agreed=_agreed(found),
    )


def agree_words(found: Sequence[Labelled]) -> str:
    """Return the share of verdicts that are what people say."""
    return share_words(_agreed(found))


def _agreed(found: Sequence[Labelled]) -> Counted | None:
    return counted([one.truth == one.given for one in found], [one.family_id for one in found])


def _by_label(found: Sequence[Labelled], label: str, link: Callable[[str | None, str | None], str]) -> ByLabel:
    recalled = _agreed([one for one in found if one.truth == label])
    precise = _agreed([one for one in found if one.given == label])
    return ByLabel(
        label=label,
        recall=share_words(recalled),
        precision=share_words(precise),
        recalled=recalled,
        precise=precise,
        people=link(label, None),
        grader=link(None, label),
    )


def corrected(estimate: Estimate, spec: Mapping[str, Any], found: Sequence[Labelled]) -> str:
    """Return a rate corrected for the grader's error, or what is lacking for that.

    The labels say how often the grader finds what is bad and lets pass what is good (Rogan and Gladen). Weighing
    labels against verdicts one by one would need to know how the labelled answers were chosen, and no file of labels
    says so. Answers count for no more than their families.
    """
    from auditor.stats.misclassified import corrected_rate

    graded = [one for one in found if one.given != UNDETERMINED]
    bad, good = ([one for one in graded if (one.truth in spec["of"]) is wanted] for wanted in (True, False))
    families = [len({one.family_id for one in some}) for some in (bad, good)]
    if min(families) < FEWEST_FAMILIES:
        return _(
            "not corrected: that needs labels in {fewest} families that the rate counts and in {fewest} that it does "
            "not, and there are {counting} and {other}"
        ).format(fewest=FEWEST_FAMILIES, counting=families[0], other=families[1])
    if estimate.value is None or not estimate.families:
        return _("not corrected: the rate is undefined")
    hits = [sum((one.given in spec["of"]) is wanted for one in some) for some, wanted in ((bad, True), (good, False))]
    told = corrected_rate(
        estimate.value,
        estimate.families,
        hits[0] / len(bad),
        families[0],
        hits[1] / len(good),
        families[1],
        confidence=estimate.confidence,
    )
    if told is None:
        return _("not corrected: the grader tells them apart no better than chance")
    return _("{value} ({low} to {high}), labels {size}").format(
        value=value(estimate, told[0]),
        low=value(estimate, told[1]).removesuffix("%"),
        high=value(estimate, told[2]),
        size=rests_on(len(graded), len({one.family_id for one in graded})),
    )
