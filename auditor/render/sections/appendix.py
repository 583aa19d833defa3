"""Appendix: whether confidence means what it says, what the audit cost in energy, and which items say little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from auditor.polarity import State
from auditor.render.address import item_link, items_link
from auditor.render.catalogue import gettext as _
from auditor.render.charts_calibration import bin_words, reliability
from auditor.render.material import Material
from auditor.render.shares import rests_on
from auditor.render.transcripts import Reply, Transcript
from auditor.render.versions import Version
from auditor.render.wording import energy

if TYPE_CHECKING:
    from auditor.stats.calibration import Calibration

FEWEST_FAMILIES = 10
"""With fewer, confidence is not held against what is right."""
NAMED = 12
"""Items named of each kind."""
TELLING = (State.BAD, State.GOOD)


@dataclass(frozen=True, slots=True)
class Reliability:
    """One probe's confidence against what was right."""

    probe: str
    link: str
    error: str
    """The expected calibration error in words."""
    chart: Markup
    bins: Sequence[str]
    found: Calibration


@dataclass(frozen=True, slots=True)
class Energy:
    """What one version's audit used."""

    label: str
    used: str
    each: str
    """For a thousand requests."""
    method: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Items that have something in common."""

    name: str
    why: str
    count: int
    of: int
    items: Mapping[str, str]
    """The first of them -> link."""


@dataclass(frozen=True, slots=True)
class Appendix:
    """All of it."""

    reliability: Sequence[Reliability]
    few: Sequence[str]
    """Probes whose verdicts carry a confidence, and that have too few families."""
    energy: Sequence[Energy]
    kinds: Sequence[Kind]
    fewest: int = FEWEST_FAMILIES


def build(material: Material) -> Appendix:
    """Return all parts; each says by itself where it is empty."""
    drawn, few = _reliability(material)
    return Appendix(drawn, few, [_energy(version) for version in material.versions], _kinds(material))


def _reliability(material: Material) -> tuple[list[Reliability], list[str]]:
    """Return a picture of each probe whose verdicts carry the model's own confidence in its choice.

    Only of choices: there the probability is the model's of its own answer, and what is right is known. The
    probability of any other grader is the grader's, of its label.
    """
    from auditor.stats.calibration import calibration

    rows: dict[str, list[tuple[float, bool, str]]] = defaultdict(list)
    for found in material.transcripts:
        reply = found.replies[-1]
        if reply.item is None or reply.version.probes[reply.item["probe_id"]]["grader"]["name"] != "choice":
            continue
        if reply.state in TELLING and (sure := _confidence(reply)) is not None:
            row = (sure, reply.state is State.GOOD, reply.item["family_id"])
            rows[reply.item["probe_id"]].append(row)
    drawn, few = [], []
    for probe, mine in rows.items():
        families = len({family for _sure, _right, family in mine})
        if families < FEWEST_FAMILIES:
            few.append(f"{probe} ({families})")
            continue
        told = calibration(*zip(*mine, strict=True), level=material.candidate.manifest["confidence"])
        title = _("{probe}: how often it was right against how sure it was").format(probe=probe)
        bins = [bin_words(one) for one in told.bins]
        drawn.append(Reliability(probe, items_link([probe]), _error(told), reliability(told.bins, title), bins, told))
    return drawn, few


def _confidence(reply: Reply) -> float | None:
    """Return the confidence of an item's only sample; an item that is asked more than once has not one."""
    found = [row["probability"] for row in reply.verdicts if row["repeat"] == 0]
    return found[0] if len(found) == 1 else None


def _error(found: Calibration) -> str:
    interval = _("no interval")
    if found.low is not None and found.high is not None:
        interval = _("{low:.3f} to {high:.3f}").format(low=found.low, high=found.high)
    return _("{value:.3f} ({interval}), as seen {raw:.3f}; {size}").format(
        value=found.value, interval=interval, raw=found.raw, size=rests_on(found.n, found.families)
    )


def _energy(version: Version) -> Energy:
    used, answered = version.manifest["energy"], version.manifest["counts"]["answered"]
    if not used or used.get("joules") is None:
        return Energy(version.label, "", "", "")
    each = energy(1000 * used["joules"] / answered) if answered else ""
    return Energy(version.label, energy(used["joules"]), each, used.get("method") or "")


def _kinds(material: Material) -> list[Kind]:
    """Return the items that tell no versions apart, and those to look at."""
    asked = [found for found in material.transcripts if all(reply.state in TELLING for reply in found.replies)]
    again = [found for found in material.transcripts if _asked_again(found)]
    kinds = [
        _kind(
            _("Another verdict when asked again"),
            _("Of the items that were asked twice; their verdicts are partly chance."),
            [found for found in again if _flips(found)],
            len(again),
        )
    ]
    if len(material.versions) < 2:
        return kinds
    right = [found for found in asked if {reply.state for reply in found.replies} == {State.GOOD}]
    wrong = [found for found in asked if {reply.state for reply in found.replies} == {State.BAD}]
    families = _uniform(asked)
    alike = [item_id for item_id in families.values() if item_id]
    return [
        _kind(_("Good in every version"), _("They tell these versions nothing apart."), right, len(asked)),
        _kind(_("Bad in every version"), _("Neither do these."), wrong, len(asked)),
        _kind(
            _("Wrong in every version, with a key"),
            _("They may be hard, or the key may be wrong: look. Those of the best answered probes come first."),
            _suspicious(wrong, asked),
            sum(bool(found.item["reference"]) for found in asked),
        ),
        Kind(
            _("Families whose items all say the same"),
            _("Of the families of several items; each such family counts for little more than one item."),
            len(alike),
            len(families),
            {item_id: item_link(item_id) for item_id in alike[:NAMED]},
        ),
        *kinds,
    ]


def _kind(name: str, why: str, found: Sequence[Transcript], of: int) -> Kind:
    named = {one.item["item_id"]: item_link(one.item["item_id"]) for one in found[:NAMED]}
    return Kind(name, why, len(found), of, named)


def _asked_again(found: Transcript) -> bool:
    return any(row["repeat"] for reply in found.replies for row in reply.verdicts)


def _flips(found: Transcript) -> bool:
    """Tell whether an item got two different verdicts of one version, in one sample."""
    for reply in found.replies:
        said: dict[int, set[tuple[str, str | None]]] = defaultdict(set)
        for row in reply.verdicts:
            said[row["sample"]].add((row["outcome"], row["label"]))
        if any(len(labels) > 1 for labels in said.values()):
            return True
    return False


def _suspicious(wrong: Sequence[Transcript], asked: Sequence[Transcript]) -> list[Transcript]:
    """Return items with a key that no version answers by it, those of the best answered probes first."""
    bad: dict[str, list[bool]] = defaultdict(list)
    for found in asked:
        bad[found.probe["id"]] += [reply.state is State.BAD for reply in found.replies]
    keyed = [found for found in wrong if found.item["reference"]]
    return sorted(keyed, key=lambda found: sum(bad[found.probe["id"]]) / len(bad[found.probe["id"]]))


def _uniform(asked: Sequence[Transcript]) -> dict[str, str]:
    """Return each family of several items -> its first item where all are alike in every version, else nothing."""
    states: dict[str, list[tuple[State, ...]]] = defaultdict(list)
    first: dict[str, str] = {}
    for found in asked:
        first.setdefault(found.item["family_id"], found.item["item_id"])
        states[found.item["family_id"]].append(tuple(reply.state for reply in found.replies))
    return {family: first[family] if len(set(rows)) == 1 else "" for family, rows in states.items() if len(rows) > 1}
