"""Words that a run or a comparison says in English, and that a page shows: here, so that they can be translated.

They stay English in the data; `_` translates them where they are shown.
"""

from __future__ import annotations

from .catalogue import N_

TERMS = (
    # What a verdict makes of an item (`polarity.State`), and why there is none.
    N_("bad"),
    N_("good"),
    N_("open"),
    N_("undetermined"),
    N_("missing"),
    N_("absent"),
    N_("no verdict"),
    N_("not asked"),
    # What became of an item (`transcripts.Change`).
    N_("newly broken"),
    N_("newly fixed"),
    N_("still broken"),
    N_("still good"),
    N_("not comparable"),
    # How a number stands (`compare.Standing`).
    N_("worse"),
    N_("better"),
    N_("within noise"),
    N_("cannot tell"),
    # How bad a failure is.
    N_("critical"),
    N_("high"),
    N_("medium"),
    N_("low"),
    # Why a rule is not passed (`decision.Why`).
    N_("the limit is broken"),
    N_("worse, margin open"),
    N_("too few families"),
    N_("fewer than 10 families"),
    N_("missing answers"),
    N_("no baseline"),
    N_("another instrument"),
    N_("a person must look"),
    N_("no answer can be bad"),
    N_("the waiver has expired"),
)
