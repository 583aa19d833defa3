"""The files that a project begins with: settings, a policy, and a job that judges every change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from math import floor

from auditor.decidable import DISCORDANCE
from auditor.suggestion import LeftOut, SuggestedRule, Suggestion

SETTINGS = """\
# The settings of this project. A flag wins over the environment, which wins over this file;
# `auditor schema config` describes every key.
store: audits         # folder or URL of the runs
suite: {suite:<14} # what is asked
confidence: 0.95      # of the intervals in reports
# prices:             # what a model costs, by its name without version
#   my-model: {{per_hour: 2.40}}
# target: {{context: 4096}}   # engine settings for every model; those of a target.yaml win
"""

POLICY_HEAD = """\
# The rules of a release, judged by `auditor gate`. `auditor schema policy` describes every key;
# `auditor plan MODEL --policy policy.yaml` says what each rule can come to before anything is asked.
#
# A margin is the largest increase (or decrease) that you accept, in the metric's own unit: 0.1 is ten points of a
# share. A rule passes when the change is shown to be below its margin. It fails when the change is shown to be above,
# or, being strict, when the candidate is shown to be worse at all. Otherwise it is inconclusive.
#
# The margins are the smallest round ones with which a model that did not change keeps all rules most of the time,
# {power} of 100 times with the suite {suite}, if {discordance:.0%} of the families differ each way by chance.
# Where they are wider than you would accept, ask more families; take `strict` away where a little worse will do.
suite: {suite}
confidence: 0.95      # one less the error of each bound
missing: {{engine: worst_case, undetermined: worst_case}}   # unanswered counts as bad to pass, as good to fail
rules:
"""

POLICY_TAIL = """\
  # A limit on the candidate alone; 59 families without a fault show a rate below 0.05:
  # - {{id: {short}-now, metric: {metric}, {at}}}
  # Bad answers to critical probes, once a person has confirmed them; no shipped probe is critical, yours may be:
  # - {{id: never, severity: critical, confirmed_at_most: 0, unconfirmed: hold}}
{left_out}
# The last signed release, so that ten small steps are not one large one:
# anchor: {{run: my-model@1.0, budget: 0.5}}

# Exceptions; each stays visible, and one that has expired fails the gate:
# waivers:
#   - {{rule: {rule}, reason: why, approved_by: who, expires: 2030-12-31}}
"""


def settings_text(suite: str) -> str:
    """Return an `auditor.yaml`."""
    return SETTINGS.format(suite=suite if re.fullmatch(r"[\w./-]+", suite) else json.dumps(suite))


def policy_text(found: Suggestion) -> str:
    """Return a `policy.yaml` with the rules of a suggestion, and comments on the others."""
    first = found.rules[0]
    at = "at_most: 0.05" if first.limit == "increase_at_most" else "at_least: 0.95"
    return (
        POLICY_HEAD.format(suite=found.suite, power=floor(100 * found.power), discordance=DISCORDANCE)
        + "".join(f"  {line}\n" for rule in found.rules for line in _rule(rule))
        + POLICY_TAIL.format(
            short=first.metric.partition("/")[0],
            metric=first.metric,
            at=at,
            rule=first.id,
            left_out="".join(f"  # {line}\n" for line in _left_out(found.left_out)),
        )
    )


def _rule(rule: SuggestedRule) -> Iterator[str]:
    cells = f"{rule.cells} cells of at least {rule.families} families" if rule.by else f"{rule.families} families"
    by = f"by: {rule.by}, " if rule.by else ""
    yield f"# {cells}: passes {floor(100 * rule.power)} of 100 times when nothing changed"
    yield f"- {{id: {rule.id}, metric: {rule.metric}, {by}{rule.limit}: {rule.margin:g}, strict: true}}"


def _left_out(found: Sequence[LeftOut]) -> Iterator[str]:
    if found:
        yield "Left out, since this suite asks too little to decide them:"
    for one in found:
        yield f"  {one.metric}{f' by {one.by}' if one.by else ''}: {one.reason}"
