"""Section 2, what changed: what is another in the target, and what that did to every number and item."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor import amounts
from auditor.compare import Comparison, Difference, Standing
from auditor.decision import Outcome
from auditor.render import paired, plot
from auditor.render.address import cell_link, items_link
from auditor.render.material import Material
from auditor.render.plot import Limit
from auditor.render.transcripts import Change
from auditor.render.wording import Move, metric_name, move

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
    has_noise: bool
    rest: str
    """What is not drawn, counted."""
    turned: Sequence[Turned]


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
    drawn, left = _chosen(material)
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
        has_noise=any(told.difference.noise is not None for told in drawn),
        rest=_rest([told.difference for told in left]),
        turned=_turned(material) if found else (),
    )


def _short(value: str) -> str:
    return value if len(value) <= DIGEST else f"{value[:DIGEST]}…"


def _notes(found: Comparison | None) -> list[str]:
    if found is None:
        return []
    only = [
        f"{len(ids):,} items only {model} was asked are left out."
        for ids, model in ((found.only_base, found.base_model), (found.only_candidate, found.candidate_model))
        if ids
    ]
    return [*found.notes, *only]


def _turned(material: Material) -> list[Turned]:
    counts = Counter(transcript.change for transcript in material.transcripts)
    kinds = (Change.BROKEN, Change.FIXED, Change.STILL_BAD)
    return [Turned(change, counts[change], items_link((), change=change)) for change in kinds]


def _chosen(material: Material) -> tuple[list[Told], list[Told]]:
    """Return the numbers to draw, the ones to look at first, and those that are left."""
    limits = _limits(material)
    found = [
        Told(one, limits[paired.identity(material, one.source, one.metric, one.cell)])
        for one in paired.distinct(material)
    ]
    found.sort(key=lambda told: told.rank)
    ruled = [told for told in found if told.rank < REST]
    whole = [told for told in found if told.rank == REST and told.difference.cell == "all"]
    drawn = [*ruled, *whole[: max(0, FILLED - len(ruled))]]
    return drawn, [told for told in found if told not in drawn]


def _limits(material: Material) -> Mapping[tuple[object, ...], list[Limit]]:
    """Return the margins of the rules that hold a number against the baseline, by what number it is."""
    decision, comparison = material.decision, material.comparison
    found: dict[tuple[object, ...], list[Limit]] = defaultdict(list)
    if decision is None or comparison is None or decision.base_run != comparison.base_run:
        return found
    for result in decision.results:
        on = result.measurement
        if on is None or on.before is None or result.id.endswith("@anchor"):
            continue
        found[paired.identity(material, on.source, on.metric, on.cell)].append(
            Limit(
                rule=result.rule,
                words=amounts.margin(on.limit, on.low_bound, on.high_bound),
                at=on.limit,
                outcome=result.outcome,
                waived=result.waiver is not None,
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
        return "Shares, in percentage points"
    if low is None or high is None:
        return f"{metric_name(difference.metric)}, in its own unit"
    return f"Scores from {low:g} to {high:g}".replace("-", "\N{MINUS SIGN}")


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
        standing="" if moving else _standing(material, difference),
        limits=told.limits,
        missing=f"{difference.missing:,} missing" if difference.missing else "",
        noise=_noise(difference),
    )


def _standing(material: Material, difference: Difference) -> str:
    """Return how a number stands where no change is shown, and why."""
    low, high = difference.low, difference.high
    if difference.standing is Standing.NOISE and low is not None and high is not None and not low <= 0 <= high:
        return f"may be chance: one of {len(material.differences):,} numbers"
    return difference.standing + (f": {difference.reason}" if difference.reason else "")


def _noise(difference: Difference) -> str:
    """Return what the baseline did against itself."""
    if difference.noise is None or difference.noise.regression is None:
        return ""
    told = amounts.change(difference.noise.regression, difference.low_bound, difference.high_bound)
    return f"A/A {told.removesuffix(' points')}"


def _rest(left: Sequence[Difference]) -> str:
    """Return how the numbers that are not drawn stand."""
    if not left:
        return ""
    few = sum("families" in one.reason for one in left if one.standing is Standing.OPEN)
    counts = Counter(one.standing for one in left)
    said = [f"{counts[Standing.NOISE]:,} within noise"] if counts[Standing.NOISE] else []
    if counts[Standing.OPEN]:
        why = f", {few:,} of them with fewer than 10 families" if few else ""
        said.append(f"{counts[Standing.OPEN]:,} of which nothing can be told{why}")
    return f"{len(left):,} more numbers are not drawn: {' and '.join(said)}."
