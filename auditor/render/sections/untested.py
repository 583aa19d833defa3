"""Section 10, what was not tested: what failed, what could not be graded, and what was never asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.polarity import State
from auditor.render.address import cell_link
from auditor.render.catalogue import counted
from auditor.render.catalogue import gettext as _
from auditor.render.material import Material
from auditor.render.transcripts import Transcript
from auditor.render.versions import Version, side_by_side
from auditor.render.wording import THIN_FAMILIES, metric_name
from auditor.types import Estimate, Status

BATTERIES = ("bias", "hallucination", "harm")
"""The concerns that an audit is expected to cover."""
REASONS = 12
"""Reasons listed for each kind; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One kind of missing answer in one version, by reason."""

    kind: str
    total: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Thin:
    """A metric whose numbers, or some of them, have too few families behind them."""

    source: str
    metric: str
    cells: Sequence[str]
    numbers: int
    """How many it has in all."""
    link: str

    @property
    def thin(self) -> int:
        """How many of them are thin."""
        return len(self.cells)


@dataclass(frozen=True, slots=True)
class Untested:
    """Everything that the numbers do not cover."""

    gaps: Mapping[str, Sequence[Gap]]
    thin: Sequence[Thin]
    scope: Sequence[str]
    thin_families: int = THIN_FAMILIES

    @property
    def thin_numbers(self) -> int:
        """How many numbers are thin."""
        return sum(metric.thin for metric in self.thin)


def build(material: Material) -> Untested:
    """Return the gaps of every version, and the candidate's thin cells and limits."""
    return Untested(
        gaps={
            version.label: gaps(material.transcripts, material.versions.index(version))
            for version in side_by_side(material.versions)
        },
        thin=_thin(material.candidate),
        scope=[
            *_unmeasured(material),
            *_not_asked(material.versions),
            *_left_out(material.candidate),
            _languages(material.candidate),
            _turns(material.transcripts),
            _(
                "No probe gives the model tools, files, pictures or a search engine; "
                "how it acts with them was not tested."
            ),
            _(
                "Only the prompts of the probes were asked: not your own system prompt, users or documents, "
                "unless the target brings them along."
            ),
        ],
    )


def _thin(version: Version) -> list[Thin]:
    """Return the metrics with thin numbers, each with its thin cells."""
    metrics: dict[tuple[str, str], list[Estimate]] = defaultdict(list)
    for found in version.run.estimates:
        metrics[found.probe_id, found.metric].append(found)
    return [
        Thin(source, metric_name(metric), cells, len(found), cell_link(version, source, metric, "all"))
        for (source, metric), found in metrics.items()
        if (cells := [one.cell.replace("=", " ") for one in found if one.families < THIN_FAMILIES])
    ]


def in_short(material: Material) -> str:
    """Return what was not tested in one line."""
    turns = max((len(found.item["turns"]) for found in material.transcripts), default=0)
    spoken = _spoken(material.candidate)
    return ", ".join(
        [
            *(
                _("anything about {battery}").format(battery=battery)
                for battery in BATTERIES
                if battery not in material.batteries
            ),
            *(
                _("{left:,} of the {all:,} families of the probes").format(left=every - asked, all=every)
                for asked, every in _part_asked(material.candidate)
            ),
            _("any language but {languages}").format(languages=_(" and ").join(spoken) or _("English")),
            _("a second turn") if turns <= 1 else _("a conversation beyond {turns} turns").format(turns=turns),
            _("tools, files or pictures"),
            _("your own prompts and documents"),
        ]
    )


def gaps(transcripts: Sequence[Transcript], place: int) -> list[Gap]:
    """Return what is missing in one version, counted by reason."""
    replies = [transcript.replies[place] for transcript in transcripts]
    responses = [row for reply in replies for row in reply.responses if row["repeat"] == 0]
    found = {
        _("Failed"): Counter(
            row["reason"] or _("no reason given") for row in responses if row["status"] == Status.FAILED
        ),
        _("Filtered"): Counter(
            row["reason"] or _("unknown filter") for row in responses if row["status"] == Status.FILTERED
        ),
        _("Empty"): Counter(_("no visible character") for row in responses if row["status"] == Status.EMPTY),
        _("Cut"): Counter(_("the token limit was reached") for row in responses if row["status"] == Status.LENGTH),
        _("Undetermined"): Counter(reply.label for reply in replies if reply.state is State.UNDETERMINED),
        _("No verdict"): Counter(_(reply.label) for reply in replies if reply.state is State.MISSING),
    }
    return [Gap(kind, reasons.total(), _largest(reasons)) for kind, reasons in found.items()]


def _largest(reasons: Counter[str]) -> dict[str, int]:
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = ranked[REASONS:]
    told = dict(ranked[:REASONS])
    if rest:
        told[counted("{n} other reason", "{n} other reasons", len(rest))] = sum(amount for _, amount in rest)
    return told


def _unmeasured(material: Material) -> list[str]:
    absent = [battery for battery in BATTERIES if battery not in material.batteries]
    return [_("Nothing was asked about {battery}.").format(battery=battery) for battery in absent]


def _not_asked(versions: Sequence[Version]) -> list[str]:
    """Name the probes that an earlier version was asked and the candidate was not."""
    earlier = {probe: version.label for version in versions[:-1] for probe in version.probes}
    return [
        _("The probe {probe} was asked of {version} and not of {candidate}.").format(
            probe=probe, version=label, candidate=versions[-1].label
        )
        for probe, label in earlier.items()
        if probe not in versions[-1].probes
    ]


def _left_out(version: Version) -> Iterator[str]:
    """Say how much of its probes a run leaves out."""
    said = _("Of the {all:,} families of its probes this run asks {asked:,}; the others were not tested.")
    for asked, every in _part_asked(version):
        yield said.format(asked=asked, all=every)


def _part_asked(version: Version) -> Iterator[tuple[int, int]]:
    """Yield how many families were asked and how many there are, where that is known and not all."""
    probes = version.probes.values()
    if all("all_families" in probe for probe in probes):
        asked, every = (sum(probe[name] for probe in probes) for name in ("families", "all_families"))
        if asked < every:
            yield asked, every


def _languages(version: Version) -> str:
    found = _spoken(version)
    if not found:
        return _("No probe names a language: take all of them to be in English. No other language was tested.")
    return _("Languages asked in: {languages}. No other language was tested.").format(languages=", ".join(found))


def _spoken(version: Version) -> list[str]:
    """Return the languages that the probes name."""
    return sorted(
        {language for probe in version.probes.values() for language in _listed(probe["tags"].get("language"))}
    )


def _listed(value: str | Sequence[str] | None) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or []


def _turns(transcripts: Sequence[Transcript]) -> str:
    longest = max((len(found.item["turns"]) for found in transcripts), default=0)
    if longest <= 1:
        return _("Every item is a single question; what the model does later in a conversation was not tested.")
    return _("The longest conversation has {turns} turns; longer ones were not tested.").format(turns=longest)
