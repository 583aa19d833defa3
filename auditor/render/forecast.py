"""A forecast on 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.render.visible import plain

SHOWN = 5


def forecast_table(said: Mapping[str, Any]) -> RenderableType:
    """Return a forecast (see `auditor.forecast.forecast`) for the terminal."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("probe", width=44, no_wrap=True, overflow="ellipsis")
    for name in ("items", "families", "requests"):
        table.add_column(name, justify="right", width=9)
    for probe in said["probes"]:
        table.add_row(plain(probe["id"]), *(str(probe[key]) for key in ("items", "families", "requests")))
    policy = [_policy_table(said["policy"])] if "policy" in said else []
    return Group(
        Text(f"{said['model_id']}  suite {said['suite']}", style="bold"), table, Text("\n".join(_lines(said))), *policy
    )


STYLES = {"can pass": "green", "can only fail": "yellow", "cannot decide": "red"}


def _policy_table(said: Mapping[str, Any]) -> RenderableType:
    """Return what each rule of a policy can come to."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("rule", overflow="fold")
    for name in ("families", "needed", "passes"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for rule in said["rules"]:
        needed = "-" if rule["needed"] is None else f"{rule['needed']:,}"
        power = "-" if rule["power"] is None else f"{rule['power']:.0%}"
        prospect = Text(rule["prospect"], style=STYLES[rule["prospect"]])
        table.add_row(plain(rule["id"]), f"{rule['families']:,}", needed, power, prospect)
    title = Text(f"\nPolicy {plain(said['file'])}", style="bold")
    people = [Text(f"By what people confirm, not told beforehand: {plain(', '.join(said['by_people']))}.")]
    people = people if said["by_people"] else []
    if not said["rules"]:
        return Group(title, *people)
    joint = said["joint_power"]
    words = (
        f"Where nothing changed but {said['discordance']:.0%} of the families each way by chance, every rule passes "
        f"with {joint['independent']:.0%} if the rules were independent, at most {joint['high']:.0%}. "
        "'needed' is the number of families for 80%."
    )
    return Group(title, table, Text(words), *people)


def _lines(said: Mapping[str, Any]) -> Iterable[str]:
    again = said["requests"] - sum(probe["requests"] for probe in said["probes"])
    told = f" ({again} to ask again, for the noise)" if again else ""
    yield (
        f"{said['requests']} requests{told}, {said['distinct']} of them distinct; "
        f"{said['known']} answered by earlier runs, {said['to_ask']} to ask"
    )
    yield (
        f"about {said['prompt_tokens']} prompt tokens ({said['prompt_tokens_method']}), "
        f"at most {said['answer_tokens_at_most']} answer tokens"
    )
    if said["sealed_run"]:
        yield f"this plan was already audited: {said['sealed_run']} (--again repeats it)"
    if said["sealed_run"] or not said["to_ask"]:
        yield "expected: no time, nothing will be asked"
    elif said["expected_seconds"] is not None:
        yield f"expected: {said['expected_seconds']:.0f} s, by the newest run of this model"
    else:
        yield "expected time: unknown, there is no earlier run of this model"
    for long in said["too_long"][:SHOWN]:
        yield (
            f"too long for the context of {said['context']}: {plain(long['item_id'])} "
            f"({long['tokens']} + {long['max_tokens']} tokens)"
        )
    if len(said["too_long"]) > SHOWN:
        yield f"and {len(said['too_long']) - SHOWN} more that are too long"
