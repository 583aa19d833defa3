"""Every number of the report with all that is said of it, for the forms that list them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.compare import Difference
from auditor.decision import Outcome, Result
from auditor.render.distinct import Key
from auditor.render.material import Material
from auditor.render.versions import Version
from auditor.types import Estimate

ORDER = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)


@dataclass(frozen=True, slots=True)
class Told:
    """A version's number, its change from the baseline, and the rules that it was judged by."""

    version: Version
    key: Key
    estimate: Estimate | None
    difference: Difference | None = None
    """Only the candidate has one, and only where the two compare."""
    results: Sequence[Result] = ()

    @property
    def verdict(self) -> Outcome | None:
        """The worst that its rules came to; a waived one does not count."""
        outcomes = {result.outcome for result in self.results if result.waiver is None}
        return next((outcome for outcome in ORDER if outcome in outcomes), None)


def numbers(material: Material) -> Iterator[Told]:
    """Yield every number of every version, oldest version first.

    The paired comparison and the rules also know cells of pooled numbers that a run may not have estimated by itself.
    """
    for version in material.versions:
        if version is material.candidate:
            yield from of_candidate(material)
        else:
            yield from (Told(version, key, estimate) for key, estimate in version.estimates.items())


def of_candidate(material: Material) -> list[Told]:
    """Return the candidate's numbers."""
    version, rules = material.candidate, _rules(material)
    keys = dict.fromkeys([*version.estimates, *material.differences, *rules])
    return [
        Told(version, key, version.estimates.get(key), material.differences.get(key), rules.get(key, ()))
        for key in keys
    ]


def _rules(material: Material) -> Mapping[Key, Sequence[Result]]:
    found = defaultdict[Key, list[Result]](list)
    for result in material.decision.results if material.decision else ():
        on = result.measurement
        if on is not None:
            found[on.source, on.metric, on.cell].append(result)
    return found
