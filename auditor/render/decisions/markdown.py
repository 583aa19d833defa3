"""Comparisons and decisions as Markdown that fits a pull-request comment.

Text that is not ours stands in code only: there it can mention nobody, link to nothing and end nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from auditor.compare import Comparison, Difference, Standing, Turn
from auditor.decision import Decision, Outcome, Result

from . import words
from .words import Compared, Decided

MOST_NUMBERS = 8
MOST_ITEMS = 8
MOST_RULES = 10
MOST_CANDIDATES = 5
"""With these, the longest comment has 60 lines."""
_SAFE = re.compile(r"[^`|\\]*")
_PROSE = re.compile(r"(?!\d+[.)]\s)[^\W_][\w ,;:.%()+'=>/?\[\]\N{MINUS SIGN}-]*")
_LINKING = re.compile(r"://|www\.|[0-9a-f]{7}", re.IGNORECASE)


def code(text: object, most: int = words.MOST) -> str:
    """Return foreign text as code that nothing in it can end."""
    said = words.tame(text, most)
    if said.strip() and _SAFE.fullmatch(said):
        return f"`{said}`"
    # Character references are never markup; in a code element they are not looked at for names and links either.
    return f"<code>{re.sub(r'[^A-Za-z0-9 ]', lambda found: f'&#{ord(found[0])};', said)}</code>"


def prose(text: object, most: int = 1000) -> str:
    """Return a sentence: as text where it can be nothing else, as code otherwise."""
    said = words.tame(text, most)
    if _PROSE.fullmatch(said) and not _LINKING.search(said):
        return re.sub(r"([_\[\]])", r"\\\1", said)
    return code(said, most + 3)


def comparison(compared: Compared) -> str:
    """Return comparisons: one matrix where they are several, then each shortly."""
    several = len(compared.comparisons) > 1
    lines = _matrix(compared.comparisons) if several else []
    for one in compared.comparisons[:MOST_CANDIDATES]:
        lines += _short(one) if several else _whole(one, compared)
    if len(compared.comparisons) > MOST_CANDIDATES:
        lines.append(f"And {len(compared.comparisons) - MOST_CANDIDATES} more candidates.")
    return _text(lines)


def _head(found: Comparison) -> list[str]:
    lines = [f"### {code(words.title(found))}", "", f"{_changed(found.changed)} {_runs(found)}"]
    if found.forced:
        lines += ["", f"**Forced**: measured by another instrument ({len(found.forced)} differences)."]
    return lines


def _runs(found: Comparison | Decision) -> str:
    sides = [line.split(" ", 1) for line in words.runs(found)]
    return f"Runs: {', '.join(f'{side} {code(run)}' for side, run in sides)}."


def _changed(changed: Mapping[str, tuple[str, str]]) -> str:
    told = [f"{code(piece)} {code(values)}" for piece, values in words.pieces(changed)]
    if not told:
        return words.treatment(changed)[0]
    return f"{'Only this' if len(told) == 1 else f'{len(told)} pieces of the target'} changed: {', '.join(told)}."


def _short(found: Comparison) -> list[str]:
    worse, better = (len(words.of_standing(found, one)) for one in (Standing.WORSE, Standing.BETTER))
    told = [f"{worse} numbers worse, {better} better.", prose(words.counts(found)), *map(prose, words.notes(found))]
    return [*_head(found), "", " ".join(told), ""]


def _whole(found: Comparison, compared: Compared) -> list[str]:
    lines = [*_head(found), *_paragraph(words.notes(found))]
    worse, better, noise, open_ = (words.of_standing(found, standing) for standing in Standing)
    lines += ["", *(_numbers(worse, "worse by") if worse else ["No number is shown to be worse."])]
    if better:
        lines += _folded(
            f"{len(better)} numbers better", _numbers([words.turned_round(one) for one in better], "better by", 6)
        )
    lines += [
        "",
        f"{len(noise)} within noise{words.half_detectable(noise)}; {len(open_)} cannot be told{words.why_open(open_)}.",
    ]
    lines += ["", prose(words.counts(found)), *_broken(found, compared), "", prose(words.noise_words(compared))]
    return lines


def _numbers(found: Sequence[Difference], how: str, most: int = MOST_NUMBERS) -> list[str]:
    lines = [f"| | number | before -> after | {how} (90%) | q | families | items |", "|-|-|-:|-:|-:|-:|-:|"]
    for one in found[:most]:
        standing = f"{words.SIGNS[one.standing]} {one.standing}"
        told = [words.before_after(one), words.interval(one), words.q_value(one), str(one.families)]
        lines.append(
            "| " + " | ".join([standing, code(words.name(one)), *told, ", ".join(words.discordance(one))]) + " |"
        )
    return lines + _more(found, most)


def _paragraph(sentences: Sequence[str]) -> list[str]:
    return ["", " ".join(prose(one) for one in sentences)] if sentences else []


def _more(found: Sequence[object], shown: int) -> list[str]:
    return ["", f"and {len(found) - shown} more"] if len(found) > shown else []


def _broken(found: Comparison, compared: Compared) -> list[str]:
    items = words.of_turn(found, Turn.BROKEN)
    if not items:
        return []
    lines = [
        f"- {one.severity}: {code(one.candidate_id)} {code(one.before, 60)} -> {code(one.after, 60)}"
        for one in items[:MOST_ITEMS]
    ]
    command = words.show_broken(found, compared) or ""
    lines += [*_more(items, MOST_ITEMS), "", f"Show one: {code(command, 1000)}"]
    return _folded(f"{len(items)} items newly broken", lines)


def _folded(summary: str, lines: Iterable[str]) -> list[str]:
    return ["", f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]


def _matrix(comparisons: Sequence[Comparison]) -> list[str]:
    shown = comparisons[:MOST_CANDIDATES]
    names = [code(one.candidate_model, 60) for one in shown]
    lines = ["| number | " + " | ".join(names) + " |", "|-|" + "-:|" * len(names)]
    sides = [{words.name(one): one for one in found.differences if one.cell == "all"} for found in shown]
    rows = list(dict.fromkeys(name for side in sides for name in side))
    rows.sort(key=lambda name: -max(_rank(side.get(name)) for side in sides))
    lines += [
        f"| {code(name)} | " + " | ".join(_cell(side.get(name)) for side in sides) + " |"
        for name in rows[:MOST_NUMBERS]
    ]
    return [*lines, *_more(rows, MOST_NUMBERS), ""]


def _rank(found: Difference | None) -> int:
    order = (None, Standing.OPEN, Standing.NOISE, Standing.BETTER, Standing.WORSE)
    return order.index(found.standing if found else None)


def _cell(found: Difference | None) -> str:
    if found is None:
        return "not asked"
    return f"{words.before_after(found)} {words.SIGNS[found.standing]} {found.standing}"


def decision(decided: Decided) -> str:
    """Return a decision: the verdict, what is broken or undecided, the rest folded."""
    found = decided.decision
    sign = words.OUTCOME_SIGNS[found.outcome]
    lines = [f"### {sign} {found.outcome.upper()} {code(words.decision_title(found))}", "", prose(found.text)]
    if found.notes:
        lines.append(" ".join(prose(one) for one in words.notes(found)))
    if found.base_run is not None:
        lines += ["", _changed(found.changed)]
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        lines += _rules(found.of(outcome), decided)
    if found.waived:
        told = [f"- {code(one.id)}: {code(words.waived_words(one))}" for one in found.waived[:5]]
        lines += _folded(f"{len(found.waived)} waived", [*told, *_more(found.waived, 5)])
    kept = found.of(Outcome.PASS)
    if kept:
        names = ", ".join(code(one.id, 100) for one in kept[:40])
        lines += _folded(f"{len(kept)} kept", [names, *_more(kept, 40)])
    lines += _paragraph(words.few(found.unmatched_waivers, "Warning: "))
    lines += ["", f"By {code(found.policy)}, one-sided bounds of {100 * found.confidence:g}%. {_runs(found)}"]
    return _text(lines)


def _rules(found: Sequence[Result], decided: Decided) -> list[str]:
    if not found:
        return []
    lines = ["", "| | rule | limit | found |", "|-|-|-|-|"]
    for one in found[:MOST_RULES]:
        word = f"{words.OUTCOME_SIGNS[one.outcome]} {words.OUTCOME_WORDS[one.outcome]}"
        told = " ".join(prose(line) for line in (one.text, *words.advice(one, decided)))
        lines.append(f"| {word} | {code(one.id)} | {prose(one.limit)} | {told} |")
    return lines + _more(found, MOST_RULES)


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
