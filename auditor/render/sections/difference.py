"""Section 2, what changed: what is another in the target, and what that did to every number and item."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from auditor import amounts
from auditor.compare import Comparison, Difference, Standing, Turn
from auditor.decision import Outcome
from auditor.render import paired, plot
from auditor.render.address import cell_link, items_link
from auditor.render.catalogue import counted
from auditor.render.catalogue import gettext as _
from auditor.render.decisions import words
from auditor.render.distinct import Key, key
from auditor.render.material import Material
from auditor.render.plot import Limit
from auditor.render.transcripts import Change
from auditor.render.wording import Move, metric_name, move

from .seen import Seen, seen

SHOWN, FILLED = 20, 12
"""Numbers of a unit that are drawn; those that neither changed nor break a rule only fill up to the smaller one."""
DIGEST = 12
"""Characters of a value that a person compares."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that is another in the target."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """One number of the plot."""

    what: str
    link: str
    strip: Markup
    moved: str
    interval: str
    values: str
    size: str
    move: Move | None
    standing: str
    """Where nothing is shown: how it stands, and why."""
    limits: Sequence[Limit]
    missing: str
    noise: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Numbers of one unit on one scale."""

    title: str
    axis: Markup
    rows: Sequence[Row]
    folded: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Turned:
    """How many items turned in one way."""

    change: str
    items: int
    link: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed."""

    baseline: str
    candidate: str
    pieces: Sequence[Piece]
    one_factor: str
    refused: Sequence[str]
    """Why nothing is compared, one line each."""
    shared: int
    notes: Sequence[str]
    plots: Sequence[Plot]
    has_limits: bool
    has_strict: bool
    has_noise: bool
    asked_again: bool
    """Whether the baseline was asked again."""
    counted: str
    """How all numbers stand, as `auditor compare` counts them, and how many are drawn."""
    turned: Sequence[Turned]
    seen: Sequence[Seen]


@dataclass(frozen=True, slots=True)
class Told:
    """A number's change, with the limits that hold it against the baseline."""

    difference: Difference
    limits: Sequence[Limit]

    @property
    def rank(self) -> int:
        """How early it is told: a broken limit, worse, an open limit, better, a kept limit, the rest."""
        outcomes = {limit.outcome for limit in self.limits}
        standing = self.difference.standing
        said = (
            Outcome.FAIL in outcomes,
            standing is Standing.WORSE,
            Outcome.INCONCLUSIVE in outcomes,
            standing is Standing.BETTER,
            bool(outcomes),
        )
        return said.index(True) if True in said else REST


KEPT, REST = 4, 5
"""Ranks."""


def build(material: Material) -> Changes | None:
    """Return what changed, or None where there is no baseline."""
    if material.baseline is None:
        return None
    found = material.comparison
    drawn = _chosen(material)
    return Changes(
        baseline=material.baseline.label,
        candidate=material.candidate.label,
        pieces=[Piece(name, _short(old), _short(new)) for name, (old, new) in found.changed.items()] if found else (),
        one_factor=(found.one_factor or "") if found else "",
        refused=material.not_compared,
        shared=found.shared if found else 0,
        notes=_notes(found),
        plots=_plots(material, drawn),
        has_limits=any(told.limits for told in drawn),
        has_strict=any(limit.strict for told in drawn for limit in told.limits),
        has_noise=any(told.difference.noise is not None for told in drawn),
        asked_again=material.again is not None,
        counted=_counted(found, len(drawn)) if found else "",
        turned=_turned(found) if found else (),
        seen=seen(material),
    )


def _short(value: str) -> str:
    return value if len(value) <= DIGEST else f"{value[:DIGEST]}…"


def _notes(found: Comparison | None) -> list[str]:
    if found is None:
        return []
    only = [
        counted(
            "{n} item only {model} was asked is left out.",
            "{n} items only {model} was asked are left out.",
            len(ids),
            model=model,
        )
        for ids, model in ((found.only_base, found.base_model), (found.only_candidate, found.candidate_model))
        if ids
    ]
    return [*found.notes, *only]


def _turned(found: Comparison) -> list[Turned]:
    counts = Counter(item.turn for item in found.items)
    return [Turned(turn, counts[turn], items_link((), change=Change(turn))) for turn in Turn]


def _chosen(material: Material) -> list[Told]:
    """Return the numbers to draw, the ones to look at first."""
    limits = _limits(material)
    found = [Told(one, limits[material.identities[key(one)]]) for one in paired.largest_first(material)]
    found.sort(key=lambda told: told.rank)
    ruled = [told for told in found if told.rank < REST]
    whole = [told for told in found if told.rank == REST and told.difference.cell == "all"]
    return [*ruled, *whole[: max(0, FILLED - len(ruled))]]


def _limits(material: Material) -> Mapping[Key, list[Limit]]:
    """Return the margins of the rules that hold a number against the baseline, by what number it is."""
    decision, comparison = material.decision, material.comparison
    found: dict[Key, list[Limit]] = defaultdict(list)
    if decision is None or comparison is None:
        return found
    if decision.base_run != words.reference(comparison.base_run, comparison.base_layer):
        return found
    for result in decision.results:
        on = result.measurement
        if on is None or on.before is None or result.id.endswith("@anchor"):
            continue
        name = (on.source, on.metric, on.cell)
        found[material.identities.get(name, name)].append(
            Limit(
                rule=result.rule,
                words=amounts.margin(on.limit, on.low_bound, on.high_bound),
                at=on.limit,
                outcome=result.outcome,
                waived=result.waiver is not None,
                strict=on.strict,
                within=on.regression is not None and on.regression <= on.limit,
            )
        )
    return found


def _plots(material: Material, drawn: Sequence[Told]) -> list[Plot]:
    """Draw the numbers of each unit on a scale of their own; the unit of the first number first."""
    units: dict[object, list[Told]] = defaultdict(list)
    for told in drawn:
        bounds = (told.difference.low_bound, told.difference.high_bound)
        units[told.difference.metric if None in bounds else bounds].append(told)
    plots = []
    for alike in units.values():
        first = alike[0].difference
        scale = plot.span([told.difference for told in alike], [limit for told in alike for limit in told.limits])
        rows = [_row(material, told, plot.strip(told.difference, scale, told.limits)) for told in alike]
        shown = max(min(sum(told.rank < KEPT for told in alike), SHOWN), FILLED)
        plots.append(Plot(_unit(first), plot.axis(scale, first), rows[:shown], rows[shown:]))
    return plots


def _unit(difference: Difference) -> str:
    low, high = difference.low_bound, difference.high_bound
    if amounts.is_share(low, high):
        return _("Shares, in percentage points")
    if low is None or high is None:
        return _("{metric}, in its own unit").format(metric=metric_name(difference.metric))
    ends = [f"{end:g}".replace("-", "\N{MINUS SIGN}") for end in (low, high)]
    return _("Scores from {low} to {high}").format(low=ends[0], high=ends[1])


def _row(material: Material, told: Told, strip: Markup) -> Row:
    difference = told.difference
    moving = move(difference)
    return Row(
        what=paired.name(difference),
        link=cell_link(material.candidate, difference.source, difference.metric, difference.cell),
        strip=strip,
        moved=paired.moved(difference),
        interval=paired.interval(difference),
        values=paired.values(difference),
        size=paired.rests_on(difference),
        move=moving,
        standing="" if moving else _standing(difference),
        limits=told.limits,
        missing=_("{n:,} missing").format(n=difference.missing) if difference.missing else "",
        noise=_noise(difference),
    )


def _standing(difference: Difference) -> str:
    """Return how a number stands where no change is shown, and why."""
    return _(difference.standing) + (f": {difference.reason}" if difference.reason else "")


def _noise(difference: Difference) -> str:
    """Return what the baseline did against itself."""
    if difference.noise is None or difference.noise.regression is None:
        return ""
    moved = paired.moved(replace(difference, regression=difference.noise.regression), unit=False)
    return _("A/A {moved}").format(moved=moved)


def _counted(found: Comparison, drawn: int) -> str:
    """Return how all numbers stand, counted as everywhere, and how many are drawn."""
    told = {standing: words.of_standing(found, standing) for standing in Standing}
    return counted(
        "Of {n} number {worse} are worse, {better} better, {noise} within noise and {open} cannot be told{why}; "
        "{drawn} are drawn.",
        "Of {n} numbers {worse} are worse, {better} better, {noise} within noise and {open} cannot be told{why}; "
        "{drawn} are drawn.",
        sum(map(len, told.values())),
        worse=f"{len(told[Standing.WORSE]):,}",
        better=f"{len(told[Standing.BETTER]):,}",
        noise=f"{len(told[Standing.NOISE]):,}",
        open=f"{len(told[Standing.OPEN]):,}",
        why=words.why_open(told[Standing.OPEN]),
        drawn=f"{drawn:,}",
    )
