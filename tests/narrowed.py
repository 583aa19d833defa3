"""Every interval and bound of the auditor with its width times 0.8: what a selftest must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from auditor.metrics import gaps, score_kind, scores
from auditor.metrics.paired import Pairing
from auditor.stats import betting, deciding, proportions
from auditor.stats.deciding import FamilySum

FACTOR = 0.8


class Narrowing(NamedTuple):
    """A function whose interval is made too narrow."""

    owner: Any
    name: str
    narrow: Callable[[Callable[..., Any]], Callable[..., Any]]
    check: str
    """The part of the selftest that must notice it."""


def around(centre: Callable[..., float]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return how to bring both ends towards the centre, which is made of the same arguments."""

    def narrow(function: Callable[..., Any]) -> Callable[..., Any]:
        def narrowed(*args: Any, **more: Any) -> Any:
            low, high = function(*args, **more)
            middle = centre(*args, **more)
            return middle + FACTOR * (low - middle), middle + FACTOR * (high - middle)

        return narrowed

    return narrow


def of_method(method: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return how to narrow the bounds of families' sums that are of one method."""

    def narrow(function: Callable[..., Any]) -> Callable[..., Any]:
        def narrowed(self: FamilySum, alpha: float, **more: Any) -> Any:
            found = function(self, alpha, **more)
            if found.method != method:
                return found
            low, high = (self.value + FACTOR * (end - self.value) for end in found[:2])
            return deciding.Bounds(low, high, found.method)

        return narrowed

    return narrow


def worst_case(function: Callable[..., Any]) -> Callable[..., Any]:
    """Narrow what missing verdicts add to the bounds of a change."""

    def narrowed(self: Pairing, alpha: float, *, worst_case: bool = True) -> Any:
        found = function(self, alpha, worst_case=worst_case)
        middle = self.regression
        if not worst_case or not self.missing or middle is None:
            return found
        return deciding.Bounds(*(middle + FACTOR * (end - middle) for end in found[:2]), found.method)

    return narrowed


def halfway(function: Callable[..., Any]) -> Callable[..., Any]:
    """Narrow around the middle of the interval."""

    def narrowed(*args: Any, **more: Any) -> Any:
        low, high = function(*args, **more)
        middle, reach = (low + high) / 2, FACTOR * (high - low) / 2
        return middle - reach, middle + reach

    return narrowed


def stretched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Narrow the bounds that are the means which a p-value does not refute: refute those that are farther out."""

    def narrowed(values: Any, mean: float) -> Any:
        centre = values.mean()
        return function(values, centre + (mean - centre) / FACTOR)

    return narrowed


def greatest(function: Callable[..., Any]) -> Callable[..., Any]:
    """Narrow the bounds of the greatest difference of two groups around the one that is seen."""

    def narrowed(self: gaps.Differences, alpha: float) -> Any:
        seen = float(self.values.max())
        low, high = function(self, alpha)
        return seen + FACTOR * (low - seen), seen + FACTOR * (high - seen)

    return narrowed


def share(successes: float, n: float, **_: Any) -> float:
    return successes / n


NARROWINGS = {
    "wilson": Narrowing(proportions, "wilson_interval", around(share), "rates"),
    "clopper-pearson": Narrowing(proportions, "clopper_pearson_interval", around(share), "rates"),
    "korn-graubard, shown": Narrowing(proportions, "korn_graubard_interval", halfway, "family rates"),
    "korn-graubard, deciding": Narrowing(FamilySum, "bounds", of_method("korn-graubard"), "rate bounds"),
    "clustered t": Narrowing(score_kind, "t_interval", halfway, "means"),
    "family bootstrap": Narrowing(score_kind, "family_bootstrap", halfway, "resampled"),
    "betting": Narrowing(FamilySum, "bounds", of_method("betting"), "rate bounds"),
    "paired t": Narrowing(FamilySum, "bounds", of_method("clustered t"), "change bounds"),
    "gap of groups": Narrowing(gaps.Differences, "greatest", greatest, "gaps"),
    "betting at every look": Narrowing(betting, "_running_p", stretched, "early"),
    "worst case, shown": Narrowing(scores, "worst_case_bounds", halfway, "missing"),
    "worst case, deciding": Narrowing(Pairing, "bounds", worst_case, "missing"),
}


@contextmanager
def narrowed(name: str) -> Iterator[str]:
    """Narrow an interval; yields the check that must notice."""
    found = NARROWINGS[name]
    intact = getattr(found.owner, found.name)
    setattr(found.owner, found.name, found.narrow(intact))
    try:
        yield found.check
    finally:
        setattr(found.owner, found.name, intact)
