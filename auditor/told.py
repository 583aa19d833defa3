"""What a rule on a number came to, in words that can be checked against its limit."""

from __future__ import annotations

from auditor import amounts
from auditor.amounts import UNCHANGED, count
from auditor.claims import Claim
from auditor.decision import Measurement
from auditor.types import Better


def told(claim: Claim, found: Measurement) -> str:
    """Return what was measured: the value, or both, and the interval of what is limited."""
    size = count(found.compared, "item")
    if found.compared != found.families:
        size += f" in {count(found.families, 'family')}"
    if claim.rule.relative:
        return _change(found, size)
    ends = _ends(found, signed=False)
    return f"{_value(found, found.after)}{_off(found, found.after)} ({ends or 'no interval'}; {size})"


def how_broken(claim: Claim, found: Measurement) -> str:
    """Return what broke a rule where its limit and the interval do not show it."""
    assert found.low is not None
    way = (
        ""
        if found.low > claim.threshold
        else f", by a test of the families' signs (p {found.p:.2g}) sharper than the interval"
    )
    if claim.rule.strict and found.regression is not None and found.regression <= claim.margin:
        return f": within the limit, but shown to be worse{way}, and the rule is strict"
    return f": shown{way}" if way else ""


def _change(found: Measurement, size: str) -> str:
    sides = f"{_value(found, found.before)} to {_value(found, found.after)}"
    if found.regression is None:
        return f"{sides}: no change can be told ({size})"
    if found.better is Better.TARGET:
        before, after = (_off(found, value).removeprefix(", ") for value in (found.before, found.after))
        sides += f", {before.partition(' from ')[0]} to {after}"
    better = found.regression < -UNCHANGED
    ends = _ends(found, signed=True, turned=better)
    return f"{sides}: {_how(found, better)} ({ends or 'no interval'}; {size})"


def _how(found: Measurement, better: bool) -> str:
    assert found.regression is not None
    if abs(found.regression) <= UNCHANGED:
        return "the distance did not change" if found.better is Better.TARGET else "no change"
    bounds, places = _form(found)
    way = "better" if better else "worse"
    change = amounts.change(abs(found.regression), *bounds, places)
    if not any(digit in change for digit in "123456789"):
        least = 10.0**-places / (100 if amounts.is_share(*bounds) else 1)
        return f"{way} by less than {amounts.margin(least, *bounds)}"
    return f"{way} by {change}"


def _form(found: Measurement) -> tuple[tuple[float | None, float | None], int]:
    """Return the metric's bounds, and the decimals that its limit takes."""
    bounds = (found.low_bound, found.high_bound)
    return bounds, amounts.decimals(found.limit, *bounds)


def _value(found: Measurement, value: float | None) -> str:
    bounds, places = _form(found)
    return "undefined" if value is None else amounts.amount(value, *bounds, places)


def _off(found: Measurement, value: float | None) -> str:
    """Return how far a value is from the ideal, where there is one: that is what is limited."""
    if found.better is not Better.TARGET or value is None:
        return ""
    bounds, places = _form(found)
    ideal = found.ideal or 0.0
    return f", {amounts.distance(value - ideal, *bounds, places)} from {amounts.exact(ideal, *bounds)}"


def _ends(found: Measurement, *, signed: bool, turned: bool = False) -> str:
    """Return the interval of what is limited: of a change, of the distance from the ideal, or of the value."""
    bounds, places = _form(found)
    ends = [None if end is None else -end for end in (found.high, found.low)] if turned else [found.low, found.high]
    if signed:
        said = [amounts.change(end, *bounds, places).removesuffix(" points") for end in ends if end is not None]
    elif found.better is Better.TARGET:
        said = [amounts.distance(end, *bounds, places) for end in ends if end is not None]
    else:
        said = [amounts.amount(end, *bounds, places) for end in ends if end is not None]
    return " to ".join(said)
