"""What is said of a comparison and of a decision, the same in every form."""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auditor import amounts
from auditor.compare import Comparison, Difference, ItemTurn, Standing, Turn
from auditor.decision import FEWEST_FAMILIES, Decision, Outcome, Result, Why
from auditor.errors import one_line
from auditor.render.distinct import distinct
from auditor.render.visible import plain

SIGNS = {Standing.WORSE: "✗", Standing.BETTER: "✓", Standing.NOISE: "=", Standing.OPEN: "?"}
OUTCOME_SIGNS = {Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?", Outcome.PASS: "✓"}
OUTCOME_WORDS = {Outcome.FAIL: "broken", Outcome.INCONCLUSIVE: "undecided", Outcome.PASS: "kept"}
"""Of a rule; the words PASS, FAIL and INCONCLUSIVE are the whole gate's alone."""
MOST = 300
"""Characters of one text that is not ours."""
MOST_ITEMS = 20
MOST_SENTENCES = 5
"""Of notes, and of what a comparison was forced against."""
_COMMAND = re.compile(r"(?<!\S)::(?=[A-Za-z])")
"""What GitHub takes for a command at the start of a line; where text wraps, any space may come to stand there."""
_HASH = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True)
class Compared:
    """Comparisons with what their outputs have to know besides."""

    comparisons: Sequence[Comparison]
    again: str | None = None
    """The run that asked the baseline again: where the noise floor is from."""
    all_numbers: bool = False
    all_items: bool = False
    most_numbers: int | None = None
    """So many of the worse and of the better ones are listed; None: all."""
    most_items: int = MOST_ITEMS
    """So many newly broken ones are listed where not all are."""
    names: Sequence[str] = ()
    """What the person called the baseline and the candidates; their run ids where that is empty."""
    options: str = ""
    """What has to stand behind a command so that it finds the same runs."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what its outputs have to know besides."""

    decision: Decision
    lines: Mapping[str, int] = field(default_factory=dict)
    """Rule -> its line in the policy's file."""
    all_rules: bool = False
    name: str = ""
    """What the person called the candidate; its run id where that is empty."""
    options: str = ""


COLUMNS = "q: p-value adjusted for all compared; finds: the change that shows 4 times in 5."
"""What the facts beside a change are."""


def tame(text: object, most: int = MOST) -> str:
    """Return foreign text on one line, without hidden characters, cut where it is too long."""
    said = str(text)
    cut = _COMMAND.sub(":[U+003A]", plain(one_line(said[:most])).replace("\t", " "))
    return cut if len(said) <= most else f"{cut}..."


def title(comparison: Comparison) -> str:
    """Return who is compared with whom, marked where another instrument measured."""
    sides = [
        model if layer == "base" else f"{model}#{layer}"
        for model, layer in (
            (comparison.candidate_model, comparison.candidate_layer),
            (comparison.base_model, comparison.base_layer),
        )
    ]
    return tame(" against ".join(sides)) + (" (forced)" if comparison.forced else "")


def decision_title(decision: Decision) -> str:
    """Return who is judged."""
    return tame(decision.candidate_model + (f" against {decision.base_model}" if decision.base_model else ""))


def runs(found: Comparison | Decision) -> list[str]:
    """Return the runs that were looked at, one line each."""
    candidate, base = found.candidate_run, found.base_run
    if isinstance(found, Comparison):
        candidate, base = reference(candidate, found.candidate_layer), reference(found.base_run, found.base_layer)
    return [tame(f"candidate {candidate}"), *([tame(f"baseline {base}")] if base else [])]


def few(sentences: Sequence[str], kind: str = "") -> list[str]:
    """Return the first sentences, each with its kind before it, and how many more there are."""
    more = len(sentences) - MOST_SENTENCES
    told = [kind + tame(one, 1000) for one in sentences[:MOST_SENTENCES]]
    return [*told, f"and {more} more"] if more > 0 else told


def notes(found: Comparison | Decision) -> list[str]:
    """Return what a reader must know, one line each."""
    return few(found.notes, "Note: ")


def pieces(changed: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what changed in the target: (piece, its value before and after)."""
    return [
        (tame(piece).replace("_", " "), f"{_piece(before)} -> {_piece(after)}")
        for piece, (before, after) in changed.items()
    ]


def treatment(changed: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return what changed in the target: one sentence, and one line for each piece where it is several."""
    told = pieces(changed)
    if not told:
        return ["Nothing that is known of the target changed."]
    if len(told) == 1:
        return [f"Only {told[0][0]} changed ({told[0][1]})."]
    return [f"{len(told)} pieces of the target changed:", *(f"  {piece}: {values}" for piece, values in told)]


def _piece(value: str) -> str:
    return value[:8] if _HASH.fullmatch(value) else tame(value, 60)


def share_unit(found: Difference) -> bool:
    """Tell whether a number is said in percent."""
    return amounts.is_share(found.low_bound, found.high_bound)


def before_after(found: Difference) -> str:
    """Return a number on both sides."""
    sides = ["n/a" if one is None else amount(found, one) for one in (found.before, found.after)]
    return f"{sides[0]} -> {sides[1]}"


def amount(found: Difference, number: float) -> str:
    """Return a value in the metric's unit."""
    return amounts.amount(number, found.low_bound, found.high_bound)


def change(found: Difference, number: float | None) -> str:
    """Return a change in the metric's unit, signed and without the word points."""
    if number is None:
        return "n/a"
    return amounts.change(number + 0.0, found.low_bound, found.high_bound).removesuffix(" points")


def interval(found: Difference) -> str:
    """Return how much worse it is with the interval that decides."""
    if found.low is None or found.high is None:
        return f"{change(found, found.regression)} (no interval)"
    return f"{change(found, found.regression)} ({change(found, found.low)} to {change(found, found.high)})"


def turned_round(found: Difference) -> Difference:
    """Return a difference with its change said as how much better it is."""

    def opposite(number: float | None) -> float | None:
        return None if number is None else -number

    return replace(found, regression=opposite(found.regression), low=opposite(found.high), high=opposite(found.low))


def discordance(found: Difference) -> list[str]:
    """Return how many items differ, and how many do when the baseline is asked again."""
    told = [f"{found.discordant} of {found.compared} differ"]
    return [*told, f"A/A {found.noise.discordant} of {found.noise.compared}"] if found.noise is not None else told


def detectable(found: Difference) -> str:
    """Return the smallest change that would have shown."""
    return "" if found.detectable is None else f"finds {change(found, found.detectable).lstrip('+')}"


def q_value(found: Difference) -> str:
    """Return the adjusted p-value."""
    if found.q is None:
        return "n/a"
    return "<0.001" if found.q < 0.001 else f"{found.q:.3f}"


def name(found: Difference) -> str:
    """Return a number's name on one line."""
    return f"{found.source}/{found.metric}" + ("" if found.cell == "all" else f" {tame(found.cell, 80)}")


def of_standing(comparison: Comparison, *standings: Standing) -> list[Difference]:
    """Return the numbers of these standings, in this order, the largest certain change first; each once."""
    found = [one for one in distinct(comparison.differences) if one.standing in standings]
    return sorted(found, key=lambda one: (standings.index(one.standing), -_certain(one)))


def _certain(found: Difference) -> float:
    """Return the part of a change that is certain, as a share of what the metric can move where that is known."""
    if found.low is None or found.high is None:
        return 0.0
    span = (found.high_bound or 0.0) - (found.low_bound or 0.0)
    return max(found.low, -found.high, 0.0) / (span or 1.0)


def half_detectable(found: Sequence[Difference]) -> str:
    """Return the change that half of these shares would have shown."""
    many = sorted(one.detectable for one in found if one.detectable is not None and share_unit(one))
    return f"; half of them would have shown a change of {100 * many[len(many) // 2]:.0f} points" if many else ""


def why_open(found: Sequence[Difference]) -> str:
    """Return why most of these cannot be told."""
    thin = sum(0 < one.families < FEWEST_FAMILIES for one in found)
    return f", {thin} of them for fewer than {FEWEST_FAMILIES} families" if thin else ""


def of_turn(comparison: Comparison, turn: Turn) -> list[ItemTurn]:
    """Return the items that took this turn, worst first."""
    return [item for item in comparison.items if item.turn is turn]


def noise_words(compared: Compared) -> str:
    """Return where the noise floor is from, and how high it is."""
    if compared.again is None:
        return "No noise floor: the baseline was not asked again (auditor run NEW --repeat-baseline asks it)."
    noise = [found.noise for one in compared.comparisons[:1] for found in one.differences if found.noise]
    moved = sum(found.discordant > 0 for found in noise)
    told = f"{moved} of {len(noise)} numbers moved when {tame(compared.again)} asked the baseline again"
    return f"Noise floor (A/A): {told}" + ("; A/A stands beside each." if moved else ": no change here is of sampling.")


def counts(comparison: Comparison) -> str:
    """Return how many items took which turn."""
    turns = ", ".join(f"{len(of_turn(comparison, turn))} {turn}" for turn in Turn)
    only = [
        f"{len(items)} only in {tame(model)}"
        for items, model in (
            (comparison.only_base, comparison.base_model),
            (comparison.only_candidate, comparison.candidate_model),
        )
        if items
    ]
    return f"Of {comparison.shared} items that both were asked: {turns}" + "".join(f"; {one}" for one in only) + "."


def show_command(run: str, item_id: str, options: str, *, before: str | None = None) -> str:
    """Return the command that shows an item."""
    flipped = f" --flipped-from {shlex.quote(before)}" if before else ""
    return tame(f"auditor show {shlex.quote(run)} --item {shlex.quote(glob.escape(item_id))}{flipped}{options}", 1000)


def show_broken(comparison: Comparison, compared: Compared) -> str | None:
    """Return the command that shows the worst of the newly broken items with both answers."""
    broken = of_turn(comparison, Turn.BROKEN)
    if not broken:
        return None
    place = compared.comparisons.index(comparison) + 1
    base, candidate = (
        (compared.names[0], compared.names[place])
        if compared.names
        else (
            reference(comparison.base_run, comparison.base_layer),
            reference(comparison.candidate_run, comparison.candidate_layer),
        )
    )
    # Where the item was renamed, `show` knows it by its new name only.
    before = base if broken[0].item_id == broken[0].candidate_id else None
    return show_command(candidate, broken[0].candidate_id, compared.options, before=before)


def continued(command: str, width: int = 66) -> str:
    """Return a command on lines that a shell reads as one."""
    if len(command) <= width:
        return command
    return command.replace(" --", " \\\n    --")


def reference(run: str, layer: str) -> str:
    """Return the RUN that opens this layer; one that names a layer already is that."""
    return run if layer == "base" or "#" in run else f"{run}#{layer}"


def ranked(results: Iterable[Result]) -> list[Result]:
    """Return results with the broken ones first, then the undecided ones."""
    order = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
    return sorted(results, key=lambda one: order.index(one.outcome))


def advice(result: Result, decided: Decided) -> list[str]:
    """Return what would decide a rule that is undecided."""
    if result.outcome is not Outcome.INCONCLUSIVE:
        return []
    told = []
    families = result.measurement.families if result.measurement else 0
    if result.needed is not None:
        told.append(f"About {result.needed} families in all would decide it; it has {families}.")
    elif result.why in (Why.FEW, Why.WORSE, Why.THIN):
        told.append("No number of families is known that would decide it.")
    if result.why is Why.MISSING:
        told.append("What lacks a verdict has to be answered or labelled.")
    if result.items:
        more = f" and {len(result.items) - 5} more" if len(result.items) > 5 else ""
        told.append(f"To look at: {', '.join(tame(one, 100) for one in result.items[:5])}{more}.")
        told.append(show_command(decided.name or decided.decision.candidate_run, result.items[0], decided.options))
    return told


def waived_words(result: Result) -> str:
    """Return what a waived rule came to, and why that does not count."""
    return f"{OUTCOME_WORDS[result.outcome]}, waived: {tame(result.waiver)}"
