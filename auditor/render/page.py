"""A report's contents: which sections there are, in order, and what each is given to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from auditor.render.sections import (
    appendix,
    difference,
    fair,
    items,
    patterns,
    redo,
    safer,
    show,
    summary,
    trend,
    trust,
    untested,
    verdict,
    where,
)

from .catalogue import N_
from .catalogue import gettext as _
from .extent import Extent
from .material import Material


@dataclass(frozen=True, slots=True)
class Section:
    """One question that the report answers."""

    id: str
    """Anchor, and name of the template in `reports/sections`."""
    name: str
    """In the navigation."""
    question: str
    build: Callable[[Material], Any]
    """Returns what the template shows, or None where there is nothing to show."""
    empty: str = ""
    """What is said in its place, and what would fill it."""
    textless: str = ""
    """The same where the report holds no texts, of a section that is made of them."""

    def spoken(self) -> Section:
        """Return the section with its words in the reader's language."""
        return replace(
            self,
            name=_(self.name),
            question=_(self.question),
            empty=_(self.empty),
            textless=_(self.textless),
        )


SECTIONS = (
    Section("summary", N_("Summary"), N_("What is this?"), summary.build),
    Section("verdict", N_("Verdict"), N_("May we ship?"), verdict.build),
    Section(
        "difference",
        N_("Changed"),
        N_("What changed?"),
        difference.build,
        empty=N_("There is no baseline to compare with: name an earlier run before this one, or with --against."),
    ),
    Section(
        "safer",
        N_("Safer?"),
        N_("Safer, or only refusing more?"),
        safer.build,
        empty=N_(
            "No run measured both what is let through and what is refused without need: ask the whole harm battery."
        ),
    ),
    Section("trend", N_("Trend"), N_("Where is it going?"), trend.build),
    Section(
        "where",
        N_("Where"),
        N_("Where is it bad?"),
        where.build,
        empty=N_("No number is told by category: a metric with a breakdown would fill this."),
    ),
    Section(
        "fair",
        N_("Fair?"),
        N_("Fair across groups?"),
        fair.build,
        empty=N_("No number tells groups of people: ask the bias battery, whose probes do."),
    ),
    Section("trust", N_("Graders"), N_("Can we trust the graders?"), trust.build),
    Section(
        "show",
        N_("Show me"),
        N_("Show me"),
        show.build,
        empty=N_("There is no baseline, and no item was judged bad: an earlier run, or failures, would fill this."),
        textless=N_("This file holds no prompts and no answers: make it with --transcripts failures to see them here."),
    ),
    Section(
        "patterns",
        N_("Patterns"),
        N_("What do the failures have in common?"),
        patterns.build,
        empty=N_("No item was judged bad, so there is nothing to look for: failures of a run would fill this."),
    ),
    Section("items", N_("All items"), N_("All items"), items.build),
    Section("untested", N_("Not tested"), N_("What was not tested?"), untested.build),
    Section("redo", N_("Redo"), N_("Can I redo it?"), redo.build),
    Section("appendix", N_("Appendix"), N_("Appendix: confidence, energy, items"), appendix.build),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A section together with what it shows."""

    section: Section
    view: Any
    empty: str
    """What is said where the view is None."""


def build_page(material: Material) -> list[Shown]:
    """Return all sections; the view of one that has nothing to show is None."""
    none = material.sharing.transcripts is Extent.NONE
    return [
        Shown(section, section.build(material), section.textless if none and section.textless else section.empty)
        for section in map(Section.spoken, SECTIONS)
    ]
