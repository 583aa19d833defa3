"""What the failures have in common: probes, tags and like texts that hold more of them than chance would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

from markupsafe import Markup

from auditor import patterns
from auditor.amounts import amount
from auditor.patterns import Kind, Pattern, Share
from auditor.polarity import State
from auditor.render import marks
from auditor.render.address import item_link, items_link, pick_link
from auditor.render.catalogue import gettext as _
from auditor.render.catalogue import ngettext
from auditor.render.failing import Failing
from auditor.render.material import Material
from auditor.render.transcripts import Change
from auditor.render.versions import Role

NEAREST = 3
FIRST = 8
"""Patterns that are shown at once; the others are folded."""
WIDTH, LINE = 260, 17


@dataclass(frozen=True, slots=True)
class Told:
    """One pattern in words."""

    kind: str
    name: str
    link: str
    inside: str
    outside: str
    ratio: str
    tested: str
    picture: Markup
    asked: str
    """Words that its prompts have in common, and not the others."""
    answered: str
    tags: str
    nearest: Sequence[tuple[str, str]]
    """Item and link."""


@dataclass(frozen=True, slots=True)
class Common:
    """What one kind of failures has in common."""

    heading: str
    lead: str
    first: Sequence[Told]
    more: Sequence[Told]
    tests: str


@dataclass(frozen=True, slots=True)
class View:
    """All kinds of failures."""

    kinds: Sequence[Common]
    fewest: int


def build(material: Material) -> View | None:
    """Return what failures have in common, or None where nothing failed."""
    kinds = [_common(material, failing) for failing in material.failing if failing.found.failed]
    return View(kinds, patterns.FEWEST_FAMILIES) if kinds else None


def _common(material: Material, failing: Failing) -> Common:
    found, told = failing.found, [tell(failing, number) for number in failing.patterns]
    candidate, baseline = material.candidate.label, material.baseline.label if material.baseline else ""
    size = {"failed": f"{found.failed:,}", "items": f"{found.items:,}", "candidate": candidate, "baseline": baseline}
    if failing.newly:
        heading = _("Newly broken since %(baseline)s") % size
        lead = _("%(failed)s of the %(items)s items that both were asked, and that compare, newly broke.") % size
    else:
        heading = _("All failures of %(candidate)s") % size
        lead = _("%(failed)s of %(items)s judged items are bad.") % size
    if not told:
        lead += " " + _("Nothing that they have in common is better than chance.")
    return Common(heading, lead, told[:FIRST], told[FIRST:], _tests(failing))


def _tests(failing: Failing) -> str:
    found = failing.found
    total = sum(found.tested.values())
    if not total:
        return _("Nothing was tested: for that some must fail and some must not, in enough families.")
    counts = {
        "total": f"{total:,}",
        "probes": _counted(ngettext("%(n)s probe", "%(n)s probes", found.tested[Kind.PROBE]), found.tested[Kind.PROBE]),
        "tags": _counted(
            ngettext("%(n)s value of a tag", "%(n)s values of tags", found.tested[Kind.TAG]), found.tested[Kind.TAG]
        ),
        "texts": _counted(
            ngettext("%(n)s group of like texts", "%(n)s groups of like texts", found.tested[Kind.TEXT]),
            found.tested[Kind.TEXT],
        ),
    }
    told = _("Tested: %(total)s (%(probes)s, %(tags)s, %(texts)s).") % counts
    if found.texts < found.texts_of:
        sizes = {"some": f"{found.texts:,}", "all": f"{found.texts_of:,}"}
        told += " " + _("Like texts were looked for among %(some)s of %(all)s items, drawn by whole families.") % sizes
    return told


def _counted(message: str, count: int) -> str:
    return message % {"n": f"{count:,}"}


def tell(failing: Failing, number: int) -> Told:
    """Return one pattern in words."""
    pattern = failing.patterns[number]
    return Told(
        kind={Kind.PROBE: _("probe"), Kind.TAG: _("tag"), Kind.TEXT: _("like texts")}[pattern.kind],
        name=_("%(probe)s, group %(group)s") % dict(zip(("probe", "group"), pattern.names, strict=True))
        if pattern.kind is Kind.TEXT
        else _(" and ").join(pattern.names),
        link=_link(failing, pattern, number),
        inside=_share(pattern.inside),
        outside=_share(pattern.outside),
        ratio=_ratio(pattern),
        tested=_("p %(p)s, after all tests %(q)s") % {"p": _p(pattern.p), "q": _p(pattern.q)},
        picture=_picture(pattern),
        asked=", ".join(term.word for term in pattern.terms if term.field == "asked"),
        answered=", ".join(term.word for term in pattern.terms if term.field == "answered"),
        tags=", ".join(
            _("%(tag)s (%(count)s of %(all)s)") % {"tag": tag, "count": count, "all": len(pattern.items)}
            for tag, count in pattern.tags
        ),
        nearest=[(item_id, item_link(item_id)) for item_id in pattern.items[:NEAREST]],
    )


def _link(failing: Failing, pattern: Pattern, number: int) -> str:
    if pattern.kind is Kind.TEXT:
        return pick_link(number)
    tags = pattern.names if pattern.kind is Kind.TAG else ()
    if failing.newly:
        return items_link(pattern.probes, tags, Change.BROKEN)
    return items_link(pattern.probes, tags, state=State.BAD)


def _share(share: Share) -> str:
    said = {
        "failed": f"{share.failed:,}",
        "n": f"{share.n:,}",
        "share": _percent(share.value),
        "low": _percent(share.low).removesuffix("%"),
        "high": _percent(share.high),
        "families": f"{share.families:,}",
    }
    return _("%(failed)s of %(n)s items in %(families)s families: %(share)s (%(low)s to %(high)s)") % said


def _percent(share: float) -> str:
    return amount(share, 0.0, 1.0)


def _ratio(pattern: Pattern) -> str:
    value, low, high = (f"{one:.3g}" for one in pattern.ratio)
    if isinf(pattern.ratio[2]):
        return _("at least %(low)s times as often") % {"low": low}
    return _("%(value)s times as often (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


def _p(p: float) -> str:
    return _("below 0.001") if p < 0.001 else f"{p:.3f}"


def _picture(pattern: Pattern) -> Markup:
    """Draw both shares with their intervals, on a line from none to all."""
    across = marks.Scale(0.0, 1.0, 6, WIDTH - 6)
    sides: Sequence[tuple[Share, Role]] = ((pattern.inside, "candidate"), (pattern.outside, "earlier"))
    shapes = []
    for line, (share, role) in enumerate(sides):
        y = LINE * (line + 0.5)
        shapes += [
            marks.rule(across(0), y, across(1), y, opacity=0.25),
            marks.whisker(across(share.low), y, across(share.high), y, role),
            marks.dot(across(share.value), y, role, _percent(share.value)),
        ]
    title = _("Share that failed, on a line from 0% to 100%")
    words = {"inside": _share(pattern.inside), "outside": _share(pattern.outside)}
    told = _("With it %(inside)s; without it %(outside)s") % words
    return marks.drawing(WIDTH, 2 * LINE, title, told, *shapes, lettered=False)
