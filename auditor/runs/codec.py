"""The one text codec: plain data to one line of ASCII JSON and back, and the rows of a run.

Every string survives, lone surrogates and NUL included. JSON has one limit: a high and a low surrogate
that stand side by side as two code points are read back as the one character that they spell.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from auditor.errors import DataError
from auditor.types import Estimate, Graded, Item, Request, Response, Undetermined, Verdict

T = TypeVar("T")
Row = dict[str, Any]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number that JSON knows")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(f"{literal:.60} is not a finite number")
    return number


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def encode(obj: Any) -> bytes:
    """Return plain data as one line of ASCII JSON, without the line's end."""
    try:
        return _ENCODER.encode(obj).encode("ascii")
    except ValueError as problem:
        where = _not_finite(obj) or str(problem)
        raise DataError(f"cannot be written down: {where}", hint="numbers must be finite") from None


def decode(data: bytes) -> Any:
    """Return the plain data of one JSON text; raises `ValueError` where it is none."""
    try:
        return msgspec.json.decode(data)  # five times as fast, but it knows no lone surrogates
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _DECODER.decode(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def to_row(data: Any) -> Row:
    """Return the fields of a dataclass as plain data.

    A verdict gets an `outcome` (graded, undetermined) and the fields of both kinds.
    """
    row: Row = msgspec.to_builtins(data, enc_hook=_plain)
    if isinstance(data, Graded | Undetermined):
        outcome = "graded" if isinstance(data, Graded) else "undetermined"
        return {"outcome": outcome} | dict.fromkeys(_VERDICT_FIELDS) | row
    return row


def response_row(request: Request, response: Response, *, cached: bool) -> Row:
    """Return a line of `responses.jsonl.gz`; `cached` says that the answer is an earlier run's."""
    return to_row(request) | to_row(response) | {"cached": cached}


def verdict_row(item: Item, *, sample: int, repeat: int, grader: str, grader_version: int, verdict: Verdict) -> Row:
    """Return a line of `verdicts.jsonl.gz`."""
    return {
        "item_id": item.item_id,
        "probe_id": item.probe_id,
        "family_id": item.family_id,
        "pair_id": item.pair_id,
        "sample": sample,
        "repeat": repeat,
        "grader": grader,
        "grader_version": grader_version,
    } | to_row(verdict)


def item_from_row(row: Mapping[str, Any]) -> Item:
    """Return the item of a row; fields with a default may be missing, unknown ones are passed over."""
    return _from_row(row, Item)


def request_from_row(row: Mapping[str, Any]) -> Request:
    """Return the request of a response row; see `item_from_row`."""
    return _from_row(row, Request)


def response_from_row(row: Mapping[str, Any]) -> Response:
    """Return the response of a response row or a journal line; see `item_from_row`."""
    return _from_row(row, Response)


def estimate_from_row(row: Mapping[str, Any]) -> Estimate:
    """Return the estimate of a row; see `item_from_row`."""
    return _from_row(row, Estimate)


def verdict_from_row(row: Mapping[str, Any]) -> Verdict:
    """Return the verdict of a row; see `item_from_row`."""
    outcome = row.get("outcome")
    if outcome not in ("graded", "undetermined"):
        raise DataError(f"not a verdict: outcome is {outcome!r:.60}, expected graded or undetermined")
    given = {name: value for name, value in row.items() if value is not None}
    return _from_row(given, Graded) if outcome == "graded" else _from_row(given, Undetermined)


_VERDICT_FIELDS = ("label", "probability", "value", "evidence", "reason")


def check(data: Any, kind: Any) -> None:
    """Raise `DataError` that names the field, unless plain data is of a kind (`schema`)."""
    try:
        msgspec.convert(data, kind)
    except (msgspec.ValidationError, ValueError) as problem:
        raise DataError(_explain(problem)) from None


def _from_row(row: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(row, kind)
    except (msgspec.ValidationError, ValueError) as problem:
        raise DataError(f"not a row of {kind.__name__}: {_explain(problem)}") from None


def _explain(problem: Exception) -> str:
    """Return what is wrong with plain data, and where."""
    fact, _, where = str(problem).partition(" - at `$")
    where = where.rstrip("`").removeprefix(".")
    return f"{fact:.200} at `{where:.200}`" if where else f"{fact:.200}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


def _not_finite(obj: Any, where: str = "") -> str | None:
    """Return the first number that is not finite, with the way to it."""
    if isinstance(obj, float) and not math.isfinite(obj):
        return f"{where or 'the value'} is {obj}"
    if isinstance(obj, dict):
        children = list(obj.items())
    else:
        children = list(enumerate(obj)) if isinstance(obj, list | tuple) else []
    found = (_not_finite(value, f"{where}.{key}".lstrip(".")) for key, value in children)
    return next((fact for fact in found if fact), None)
