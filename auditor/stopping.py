"""Asking until a policy is decided: which families come next, and which rules still need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.claims import ORDER, Claim, Sides, check_rules, claims_of, until_digest
from auditor.decision import FEWEST_FAMILIES, Outcome
from auditor.errors import ConfigError, DataError
from auditor.gate import settle
from auditor.manifest import draft_manifest
from auditor.pairing import Pair, Row, Side
from auditor.plan import Plan
from auditor.policy import PolicyFile
from auditor.runs.layout import BASE
from auditor.runs.record import Run

BATCH = FEWEST_FAMILIES
"""Fewest families that each open rule is given between two looks."""
GROWTH = 0.1
"""More of them as there are more: looks cost time, and change less."""


@dataclass(frozen=True)
class Draft:
    """What is there of a run under way, as pairing reads it."""

    manifest: Mapping[str, Any]
    items: Sequence[Row]
    verdicts: Sequence[Row]
    layer: str = BASE

    @property
    def run_id(self) -> str:
        """See `Run`."""
        return "the run under way"

    @property
    def model_id(self) -> str:
        """See `Run`."""
        return str(self.manifest["model"]["model_id"])

    def iter_items(self) -> Iterator[Row]:
        """See `Run`."""
        return iter(self.items)

    def iter_verdicts(self) -> Iterator[Row]:
        """See `Run`."""
        return iter(self.verdicts)


@dataclass
class Rest:
    """The families that one rule is still to be given, in the random order."""

    id: str
    probes: tuple[str, ...]
    families: list[str]
    in_full: bool
    """Its number has no one order: it takes all families, and is looked at once, at the end."""
    given: int = 0
    decided: bool = False

    @property
    def open(self) -> bool:
        """Whether it is to be given more."""
        return not self.decided and self.given < len(self.families)

    def take(self) -> list[str]:
        """Return its next families."""
        step = len(self.families) if self.in_full else max(BATCH, round(GROWTH * self.given))
        taken = self.families[self.given : self.given + step]
        self.given += len(taken)
        return taken


@dataclass
class Lookout:
    """Looks at a policy's rules while a candidate is asked."""

    file: PolicyFile
    base: Run
    plan: Plan
    rests: list[Rest] = field(default_factory=list)
    _manifest: Mapping[str, Any] = field(default_factory=dict)
    _claims: int = 0
    """That the gate will see together; those against an anchor are not looked at, and count."""

    def __post_init__(self) -> None:
        """Line up the families of every rule."""
        if "until_decided" in self.base.manifest:
            raise ConfigError(
                f"the baseline {self.base.run_id} was itself asked only until it was decided",
                hint="choose a baseline that was asked in full",
            )
        policy = self.file.policy
        if policy.suite is not None and policy.suite != self.plan.suite.id:
            raise ConfigError(f"the policy is on the suite '{policy.suite}', the plan on '{self.plan.suite.id}'")
        self._manifest = {**draft_manifest(self.plan, []), "until_decided": {}}
        same = Pair(Side(self.base), Side(self.base))
        sides = self._sides(Draft(self._manifest, list(self.base.iter_items()), list(self.base.iter_verdicts())))
        check_rules(self.file, sides)
        whole = set(policy.probes)
        for rule in policy.rules:
            if rule.severity is not None:
                whole |= {one.probe.id for one in self.plan.probes if one.probe.doc.severity == rule.severity}
                continue
            for claim in claims_of(rule, sides):
                self.rests.append(self._rest(claim, same))
                self._claims += 2 if rule.relative and policy.anchor else 1
        self.rests += [self._in_full(f"required[{probe}]", (probe,)) for probe in sorted(whole)]

    def next(self) -> dict[str, set[str]]:
        """Return probe -> the families to ask next; empty where every rule is decided or has all of its own."""
        chosen: dict[str, set[str]] = {}
        for rest in self.rests:
            if rest.open:
                for probe in rest.probes:
                    chosen.setdefault(probe, set())
                families = rest.take()
                for probe in rest.probes:
                    chosen[probe] |= set(families)
        return chosen

    def look(self, items: Sequence[Row], verdicts: Sequence[Row]) -> None:
        """Close the rules that the verdicts so far decide, whatever is still to come: as the gate will do it."""
        policy = self.file.policy
        sides = self._sides(Draft(self._manifest, items, verdicts))
        in_order = {rest.id: rest for rest in self.rests if not rest.in_full}
        claims = [
            claim
            for rule in policy.rules
            if rule.severity is None
            for claim in claims_of(rule, sides)
            if isinstance(claim, Claim) and claim.id in in_order and claim.ordered is not None
        ]
        for result in settle(claims, policy, unseen=self._claims - len(claims)):
            if result.outcome is not Outcome.INCONCLUSIVE:
                in_order[result.id].decided = True

    def record(self, asked: int, planned: int) -> dict[str, Any]:
        """Return what the manifest says of the end."""
        return {
            "base": self.base.run_id,
            "policy": str(self.file.source.path),
            "digest": until_digest(self.file.policy, self.base),
            "decided": [rest.id for rest in self.rests if rest.decided],
            "undecided": [rest.id for rest in self.rests if not rest.decided],
            "not_needed": planned - asked,
        }

    def _sides(self, draft: Draft) -> Sides:
        return Sides(self.file.policy, draft, self.base, None)

    def _rest(self, claim: Claim | Any, same: Pair) -> Rest:
        if not isinstance(claim, Claim):
            raise DataError(f"rule '{claim.id}' cannot be held against {self.base.run_id}: {claim.text}")
        weights = same.weights(claim.source, claim.metric)
        found = same.ordered(claim.source, claim.metric, claim.cell, ORDER)
        if found is None:
            return self._in_full(claim.id, tuple(weights))
        probe = next(iter(weights))
        spec = same.spec(claim.source, claim.metric)
        return Rest(claim.id, (probe,), same.base.order(probe, spec, claim.cell, ORDER), in_full=False)

    def _in_full(self, name: str, probes: tuple[str, ...]) -> Rest:
        planned = [one for one in self.plan.probes if one.probe.id in probes]
        families = dict.fromkeys(item.family_id for one in planned for item in one.items)
        return Rest(name, probes, list(families), in_full=True)
