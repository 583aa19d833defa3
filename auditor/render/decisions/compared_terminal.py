"""A comparison on the terminal, for 80 columns and more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.compare import Comparison, Difference, ItemTurn, Standing, Turn

from . import words
from .words import Compared

STYLES = {Standing.WORSE: "red", Standing.BETTER: "green", Standing.NOISE: "dim", Standing.OPEN: "yellow"}


def comparison(compared: Compared) -> RenderableType:
    """Return comparisons: one matrix where they are several, then each."""
    parts: list[RenderableType] = []
    if len(compared.comparisons) > 1:
        parts += [_matrix(compared.comparisons), Text("")]
    for one in compared.comparisons:
        parts += [*_one(one, compared), Text("")]
    parts.append(Text(words.noise_words(compared), style="dim"))
    return Group(*parts)


def _one(comparison: Comparison, compared: Compared) -> Iterable[RenderableType]:
    yield Text(words.title(comparison), style="bold")
    yield Text("\n".join(words.treatment(comparison.changed)))
    if comparison.forced:
        told = [f"  {line}" for line in words.few(comparison.forced)]
        yield Text("\n".join(["FORCED: measured by another instrument, the numbers say little:", *told]), "bold red")
    yield from (Text(note, style="yellow") for note in words.notes(comparison))
    for standing, how in ((Standing.WORSE, "worse by"), (Standing.BETTER, "better by")):
        found = words.of_standing(comparison, standing)
        if found:
            yield Text("")
            shown = found[: compared.most_numbers]
            yield _numbers(shown, f"{len(found)} {standing}", standing, how)
            if len(found) > len(shown):
                yield Text(f"and {len(found) - len(shown)} more: auditor compare lists all")
    if words.of_standing(comparison, Standing.WORSE, Standing.BETTER):
        yield Text(words.COLUMNS, style="dim")
    yield Text("")
    yield from _rest(comparison, compared)
    yield Text(words.counts(comparison))
    yield from _broken(comparison, compared)
    yield Text("")
    yield Text("\n".join(words.runs(comparison)), style="dim")


def _numbers(found: Sequence[Difference], heading: str, standing: Standing, how: str) -> Table:
    table = _table(f"{words.SIGNS[standing]} {heading}", STYLES[standing])
    for column in ("before -> after", f"{how} (90%)"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in found:
        said = words.turned_round(one) if standing is Standing.BETTER else one
        facts = (f"q {words.q_value(one)}", f"{one.families} fam", words.detectable(one))
        table.add_row(
            _name(one, STYLES[standing]),
            "\n".join([words.before_after(one), *words.discordance(one)]),
            f"{words.interval(said)}\n{', '.join(filter(None, facts))}",
        )
    return table


def _name(found: Difference, style: str) -> Text:
    cell = [] if found.cell == "all" else [words.tame(found.cell, 100)]
    return Text.assemble((words.tame(found.source), style), *(f"\n  {line}" for line in (found.metric, *cell)))


def _table(heading: str, style: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column(Text(heading, style=f"bold {style}"), overflow="fold", min_width=20)
    return table


def _rest(comparison: Comparison, compared: Compared) -> Iterable[RenderableType]:
    """Yield what is noise and what cannot be told: counted, or listed."""
    noise, open_ = (words.of_standing(comparison, one) for one in (Standing.NOISE, Standing.OPEN))
    if compared.all_numbers:
        for found in filter(None, (noise, open_)):
            yield _plain_numbers(found)
            yield Text("")
        return
    hint = "; --all lists them"
    if noise:
        yield Text(f"{words.SIGNS[Standing.NOISE]} {len(noise)} within noise{words.half_detectable(noise)}{hint}.")
    if open_:
        yield Text(f"{words.SIGNS[Standing.OPEN]} {len(open_)} cannot be told{words.why_open(open_)}{hint}.")


def _plain_numbers(found: Sequence[Difference]) -> Table:
    standing = found[0].standing
    table = _table(f"{words.SIGNS[standing]} {len(found)} {standing}", STYLES[standing])
    table.add_column("before -> after", justify="right", no_wrap=True)
    table.add_column("worse by (90%)", justify="right", no_wrap=True)
    table.add_column("fam", justify="right", no_wrap=True)
    for one in found:
        reason = f"\n  {words.tame(one.reason)}" if one.reason and "families" not in one.reason else ""
        table.add_row(
            f"{words.name(one)}{reason}",
            words.before_after(one),
            words.interval(one),
            str(one.families),
        )
    return table


def _broken(comparison: Comparison, compared: Compared) -> Iterable[RenderableType]:
    """Yield the items that turned: the newly broken ones, or all of them."""
    turns = list(Turn) if compared.all_items else [Turn.BROKEN]
    for turn in turns:
        items = words.of_turn(comparison, turn)
        shown = items if compared.all_items else items[: compared.most_items]
        if not shown:
            continue
        yield Text("")
        yield _items(turn, shown)
        if len(items) > len(shown):
            yield Text(f"and {len(items) - len(shown)} more: --items lists all")
    command = words.show_broken(comparison, compared)
    if command is not None:
        yield Text("")
        yield Text(f"Show one:  {words.continued(command)}", style="dim")


def _items(turn: Turn, items: Sequence[ItemTurn]) -> Table:
    style = {Turn.BROKEN: "red", Turn.FIXED: "green", Turn.STILL: "yellow"}[turn]
    table = _table(f"{turn}", style)
    table.add_column("severity", no_wrap=True)
    table.add_column("before -> after", overflow="fold")
    for item in items:
        labels = f"{words.tame(item.before, 60)} -> {words.tame(item.after, 60)}"
        table.add_row(words.tame(item.candidate_id), item.severity, labels)
    return table


def _matrix(comparisons: Sequence[Comparison]) -> Table:
    """Return every whole number of every candidate."""
    table = _table(f"worse or better than {words.tame(comparisons[0].base_model)}", "default")
    table.add_column("baseline", justify="right", no_wrap=True)
    for comparison in comparisons:
        table.add_column(words.tame(comparison.candidate_model, 40), justify="right", overflow="fold")
    sides = [{(one.source, one.metric): one for one in found.differences if one.cell == "all"} for found in comparisons]
    for key in dict.fromkeys(key for side in sides for key in side):
        row = [side.get(key) for side in sides]
        before = next((words.amount(one, one.before) for one in row if one and one.before is not None), "n/a")
        table.add_row(f"{words.tame(key[0])} {key[1]}", before, *(_cell(one) for one in row))
    return table


def _cell(found: Difference | None) -> Text:
    if found is None:
        return Text("not asked", style="dim")
    value = "n/a" if found.after is None else words.amount(found, found.after)
    sign = words.SIGNS[found.standing]
    word = found.standing if found.standing in (Standing.WORSE, Standing.BETTER) else ""
    return Text(f"{value} {sign}{f' {word}' if word else ''}", style=STYLES[found.standing])
