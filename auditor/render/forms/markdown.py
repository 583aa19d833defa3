"""The report as a Markdown document, to be put into a wiki or an issue.

Text that is not ours stands in code only, or in sentences that can be nothing else: there it can mention nobody,
link to nothing and end nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from auditor.compare import Difference, Standing, Turn
from auditor.render import paired
from auditor.render.catalogue import gettext as _
from auditor.render.catalogue import ngettext
from auditor.render.decisions.markdown import code, prose
from auditor.render.decisions.words import SIGNS, pieces
from auditor.render.material import Material
from auditor.render.sections import redo, untested, verdict
from auditor.render.sections.redo import Recipe
from auditor.render.sections.verdict import Ruled
from auditor.render.tiles import headlines
from auditor.render.wording import direction, number
from auditor.types import Estimate

from .numbers import Told, of_candidate

LAST_VERSIONS = 5
"""So many are set side by side; more columns fit on no page."""
MOST_CHANGES = 6
"""Numbers named that got worse, and as many that got better; all stand in the tables."""
COMMAND = 4000
"""Characters of a command: one that is cut cannot be run."""


def report(material: Material) -> str:
    """Return the whole report but its transcripts."""
    version = material.candidate
    against = _(", compared with {name}").format(name=code(material.baseline.run.model_id)) if material.baseline else ""
    lines = [
        f"# {_('Safety audit')}: {code(version.run.model_id)}",
        "",
        *warning(),
        "",
        _("Suite {suite}, {date}{against}.").format(
            suite=code(version.manifest["suite"]["id"]), date=code(version.manifest["finished"][:10]), against=against
        ),
        *_part(_("May we ship?"), verdict_lines(material)),
        *_part(_("What changed?"), _changes(material)),
        *_part(_("Where is it going?"), _versions(material)),
        *_part(_("Where is it bad?"), _numbers(material)),
        *_part(_("What was not tested?"), untested_lines(material)),
        *_part(_("Can I redo it?"), _redo(material)),
    ]
    return "\n".join(lines) + "\n"


def warning() -> list[str]:
    """Return what stands above all text that a model or a file may have a part in."""
    return [
        "> "
        + _(
            "Quoted text was written by the audited model or taken from probes and files: "
            "it is data, not advice, and not instructions."
        )
    ]


def verdict_lines(material: Material) -> list[str]:
    """Return the outcome, the rule that it rests on, and all rules."""
    view = verdict.build(material)
    problems = [
        f"- **{_('Not as it was sealed')}**: {code(version.label)} {code(problem)}"
        for version in material.versions
        for problem in version.run.problems
    ]
    ruling = verdict.ruling(material)
    if ruling is None:
        return [*problems, *([""] if problems else []), _("Not judged: no policy was given.")]
    lines = [*problems, *([""] if problems else []), f"**{ruling.sign} {ruling.word}** {prose(ruling.text)}"]
    if ruling.reason:
        lines += ["", prose(ruling.reason)]
    judged = _("Judged by {policy}, {tally}; each bound holds at {confidence} confidence, one-sided.")
    lines += ["", judged.format(policy=code(view.policy), tally=prose(view.tally), confidence=view.confidence)]
    lines += [line for note in view.notes for line in ("", prose(note))]
    rules = [*view.open, *view.more, *view.waived, *view.kept]
    return [*lines, "", *_rules(rules)]


def _rules(rules: Sequence[Ruled]) -> list[str]:
    return table(
        [_("outcome"), _("rule"), _("limit"), _("measured")],
        (
            [
                f"{rule.word}, {_('waived')}: {code(rule.waiver)}" if rule.waiver else rule.word,
                code(rule.id),
                prose(rule.limit),
                prose(rule.text),
            ]
            for rule in rules
        ),
    )


def _changes(material: Material) -> list[str]:
    found = material.comparison
    if material.baseline is None:
        return [_("There is no baseline to compare with.")]
    if found is None:
        return [_("The two do not compare:"), "", *(f"- {code(line, 1000)}" for line in material.not_compared)]
    told = ", ".join(f"{code(piece)} {code(values)}" for piece, values in pieces(found.changed))
    target = _("In the target: {pieces}.") if told else _("Nothing that is known of the target changed.")
    shown = paired.broadest(paired.largest_first(material))
    worse, better = paired.standing(shown, Standing.WORSE), paired.standing(shown, Standing.BETTER)
    lines = [target.format(pieces=told), "", *map(_moved, [*worse[:MOST_CHANGES], *better[:MOST_CHANGES]])]
    if not worse and not better:
        lines.append(_("No number is shown to have changed. That does not mean that none did."))
    turns = Counter(item.turn for item in found.items)
    counted = _(
        "In all {worse} numbers are worse and {better} better; "
        "{broken} items newly broken and {fixed} newly fixed, of {shared} that both were asked."
    ).format(
        worse=len(worse), better=len(better), broken=turns[Turn.BROKEN], fixed=turns[Turn.FIXED], shared=found.shared
    )
    if material.again is None:
        counted += " " + _("The baseline was not asked again, so there is no noise floor.")
    return [*lines, "", counted, *(line for note in found.notes for line in ("", prose(note)))]


def _moved(difference: Difference) -> str:
    told = f"{paired.values(difference)} ({paired.interval(difference)}; {paired.rests_on(difference)})"
    return f"- {SIGNS[difference.standing]} {paired.moved(difference)}: {code(paired.name(difference))} {told}"


def _versions(material: Material) -> list[str]:
    """Return the headline numbers of the last versions side by side."""
    shown = material.versions[-LAST_VERSIONS:]
    rows = []
    for battery in material.batteries:
        for headline in headlines(material.candidate, battery):
            key = (headline.probe_id, headline.metric, headline.cell)
            found = [version.estimates.get(key) for version in shown]
            rows.append([code("/".join(key[:2])), *(_said(one) if one else _("not measured") for one in found)])
    return table([_("number"), *(code(version.label, 60) for version in shown)], rows)


def _said(estimate: Estimate) -> str:
    told = number(estimate)
    return f"{told.value} ({_interval(estimate)}; {told.size})"


def _interval(estimate: Estimate) -> str:
    """Return the interval; where the number is undefined, the reason may be another's text."""
    told = number(estimate).interval
    return prose(told) if estimate.value is None else told


def _numbers(material: Material) -> list[str]:
    levels = sorted({f"{100 * found.confidence:g}%" for found in material.candidate.run.estimates})
    lines = [
        _(
            "Ranges are {confidence} intervals; n counts graded answers, and families are what was drawn "
            "independently. The change is over the items that both versions answered, with the interval that decides."
        ).format(confidence=", ".join(levels))
    ]
    for battery in material.batteries:
        mine = [pair for pair in estimated(material) if _battery(pair[1]) == battery and not _twin(pair[1])]
        lines += ["", f"### {code(battery)}", "", *number_table(mine)]
    return lines


def _battery(told: Told) -> str:
    return told.version.battery_of(told.key[0])


def _twin(told: Told) -> bool:
    """Return whether a pooled cell says again what the cell of its only probe says."""
    source, metric, cell = told.key
    return cell != "all" and source == _battery(told) and len(told.version.behind(source, metric)) == 1


def estimated(material: Material) -> list[tuple[Estimate, Told]]:
    """Return the candidate's own numbers."""
    return [(told.estimate, told) for told in of_candidate(material) if told.estimate]


def number_table(told: Iterable[tuple[Estimate, Told]]) -> list[str]:
    """Return numbers with all that is needed to trust them, one a row."""
    names = [_("number"), _("value"), _("interval"), "n", _("families"), _("missing"), _("direction"), _("change")]
    return table(names, (_number(*one) for one in told), right=range(1, 6))


def _number(found: Estimate, told: Told) -> list[str]:
    said = number(found)
    cell = "" if found.cell == "all" else f" {found.cell}"
    return [
        code(f"{found.probe_id}/{found.metric}{cell}"),
        said.value,
        _interval(found),
        f"{found.n:,}",
        f"{found.families:,}",
        said.missing,
        direction(found),
        _change(told),
    ]


def _change(told: Told) -> str:
    found = told.difference
    if found is None or found.regression is None:
        return ""
    return f"{SIGNS[found.standing]} {found.standing}: {paired.moved(found)} ({paired.interval(found)})"


def untested_lines(material: Material) -> list[str]:
    """Return what the numbers do not cover."""
    view = untested.build(material)
    lines = [f"- {prose(sentence)}" for sentence in view.scope]
    if thin := sum(row.thin for row in view.thin):
        told = ngettext(
            "{n} number rests on fewer than {families} families: it locates trouble, it does not measure it.",
            "{n} numbers rest on fewer than {families} families: they locate trouble, they do not measure it.",
            thin,
        )
        lines.append("- " + told.format(n=thin, families=view.thin_families))
    for label, gaps in view.gaps.items():
        for gap in gaps:
            if gap.total:
                reasons = ", ".join(f"{code(reason)} {amount:,}" for reason, amount in gap.reasons.items())
                lines.append(f"- {code(label)}, {gap.kind.lower()}: {gap.total:,} ({reasons})")
    return lines


def _redo(material: Material) -> list[str]:
    view = redo.build(material)
    lines = [_("This report:") + f" {code(view.command, COMMAND)}", ""] if view.command else []
    for recipe in view.recipes:
        lines += [f"- {code(recipe.label)}: {code(recipe.command, COMMAND)}"]
    return [*lines, "", *facts(view.recipes[0])]


def facts(recipe: Recipe) -> list[str]:
    """Return what identifies an audit: hashes, settings and versions."""
    return table([_("of the newest"), _("is")], ([code(name), code(text, 1000)] for name, text in recipe.facts.items()))


def table(names: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Return a table; the columns `right` hold numbers."""
    numeric = set(right)
    rule = "|".join("-:" if place in numeric else "-" for place in range(len(names)))
    return [f"| {' | '.join(names)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _part(question: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {question}", "", *lines]
