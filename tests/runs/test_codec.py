"""Every row comes back as it was, whatever a model said."""

from __future__ import annotations

import dataclasses
import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_samples import ESTIMATE, TEXT, item, joined, request, response

from auditor.errors import DataError
from auditor.runs.codec import (
    decode,
    encode,
    estimate_from_row,
    item_from_row,
    request_from_row,
    response_from_row,
    response_row,
    to_row,
    verdict_from_row,
    verdict_row,
)
from auditor.types import (
    Better,
    Estimate,
    Graded,
    Item,
    Message,
    Option,
    Profile,
    Request,
    Response,
    Role,
    Sampling,
    Status,
    Undetermined,
)

NUMBER = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(0, 2**53)
WORDS = TEXT.map(joined)
MESSAGES = st.lists(st.builds(Message, role=WORDS, content=WORDS), max_size=2).map(tuple)
LABELS = st.dictionaries(WORDS, st.lists(WORDS, max_size=2).map(tuple), max_size=2)

ITEMS = st.builds(
    Item,
    item_id=WORDS,
    probe_id=WORDS,
    family_id=WORDS,
    turns=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    pair_id=st.none() | WORDS,
    system=st.none() | WORDS,
    few_shot=MESSAGES,
    options=st.lists(st.builds(Option, text=WORDS, role=WORDS), max_size=2).map(tuple),
    reference=st.dictionaries(WORDS, st.lists(WORDS, max_size=2) | NUMBER | st.none() | st.booleans(), max_size=2),
    tags=st.dictionaries(WORDS, WORDS, max_size=2),
)
REQUESTS = st.builds(
    Request,
    key=WORDS,
    item_id=WORDS,
    probe_id=WORDS,
    family_id=WORDS,
    model_id=WORDS,
    messages=MESSAGES,
    sampling=st.builds(Sampling, temperature=NUMBER, top_p=NUMBER, stop=st.lists(WORDS, max_size=2).map(tuple)),
    pair_id=st.none() | WORDS,
    turn=COUNT,
    role=st.sampled_from(Role),
    profile=st.sampled_from(Profile),
    part=WORDS,
    candidates=LABELS,
    continuation=st.none() | WORDS,
)
RESPONSES = st.builds(
    Response,
    key=WORDS,
    status=st.sampled_from(Status),
    text=WORDS,
    reasoning=st.none() | WORDS,
    reason=st.none() | WORDS,
    logprobs=st.dictionaries(WORDS, NUMBER, max_size=3),
    score=st.none() | NUMBER,
    score_tokens=st.none() | COUNT,
    prompt_tokens=COUNT,
    completion_tokens=COUNT,
    seconds=NUMBER,
    attempt=COUNT,
    notes=st.lists(WORDS, max_size=2).map(tuple),
)
VERDICTS = st.builds(
    Graded, label=WORDS, probability=st.none() | NUMBER, value=st.none() | NUMBER, evidence=WORDS
) | st.builds(Undetermined, reason=WORDS)
ESTIMATES = st.builds(
    Estimate,
    **{
        field.name: {
            "str": WORDS,
            "int": COUNT,
            "float": NUMBER,
            "Better": st.sampled_from(Better),
            "float | None": st.none() | NUMBER,
            "int | None": st.none() | COUNT,
            "Mapping[str, int]": st.dictionaries(WORDS, COUNT, max_size=2),
        }[str(field.type)]
        for field in dataclasses.fields(Estimate)
    },
)


def through(data: Any) -> Any:
    line = encode(to_row(data))
    assert line.isascii() and b"\n" not in line
    return decode(line)


@given(ITEMS)
def test_item(data: Item) -> None:
    assert item_from_row(through(data)) == data


@given(REQUESTS)
def test_request(data: Request) -> None:
    assert request_from_row(through(data)) == data


@given(RESPONSES)
def test_response(data: Response) -> None:
    assert response_from_row(through(data)) == data


@given(VERDICTS)
def test_verdict(data: Graded | Undetermined) -> None:
    assert verdict_from_row(through(data)) == data


@given(ESTIMATES)
def test_estimate(data: Estimate) -> None:
    assert estimate_from_row(through(data)) == data


@given(REQUESTS, RESPONSES, st.booleans())
def test_a_response_row_holds_both_sides(asked: Request, answered: Response, cached: bool) -> None:
    answered = dataclasses.replace(answered, key=asked.key)
    row = decode(encode(response_row(asked, answered, cached=cached)))
    assert (request_from_row(row), response_from_row(row), row["cached"]) == (asked, answered, cached)


@given(TEXT)
def test_text_is_kept_and_only_surrogate_pairs_are_joined(text: str) -> None:
    once = decode(encode(text))
    assert once == joined(text)
    assert decode(encode(once)) == once


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=8,
    )
)
def test_decoding_says_the_same_as_the_standard_library(data: Any) -> None:
    text = encode(data)
    assert repr(decode(text)) == repr(json.loads(text))


def test_five_megabytes() -> None:
    text = "\ud800\x00\u202eé😀" * 1_000_000
    assert through(response(0, text=text))["text"] == text


def test_a_verdict_row_has_every_column() -> None:
    row = verdict_row(item(0), sample=1, repeat=2, grader="g", grader_version=3, verdict=Undetermined("cut"))
    assert row == {
        "item_id": "harm.direct/i0",
        "probe_id": "harm.direct",
        "family_id": "f0",
        "pair_id": None,
        "sample": 1,
        "repeat": 2,
        "grader": "g",
        "grader_version": 3,
        "outcome": "undetermined",
        "label": None,
        "probability": None,
        "value": None,
        "evidence": None,
        "reason": "cut",
    }


def test_other_mappings_and_later_fields_are_welcome() -> None:
    row = to_row(response(0, logprobs=MappingProxyType({"yes": -1.0}))) | {"from_the_future": 1}
    del row["attempt"], row["notes"]
    assert response_from_row(row) == response(0, logprobs={"yes": -1.0})


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"key": 1}, "Expected `str`, got `int` at `key`"),
        ({"status": "done"}, "Invalid enum value 'done' at `status`"),
        ({"status": "\ud800"}, "surrogates not allowed"),
        ({"text": None}, "Expected `str`, got `null` at `text`"),
        ({"logprobs": {"a": "b"}}, "Expected `float`, got `str` at `logprobs[...]`"),
        ({"attempt": True}, "Expected `int`, got `bool` at `attempt`"),
    ],
)
def test_a_wrong_type_is_named(change: dict[str, Any], fact: str) -> None:
    with pytest.raises(DataError) as caught:
        response_from_row(to_row(response(0)) | change)
    assert fact in str(caught.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(DataError, match="not a row of Response: Object missing required field `key`"):
        response_from_row({"status": "stop"})
    with pytest.raises(DataError, match="outcome is None"):
        verdict_from_row({"label": "yes"})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused_by_name(number: float) -> None:
    with pytest.raises(DataError, match=r"logprobs\.yes is -?(nan|inf)"):
        encode(to_row(response(0, logprobs={"no": -1.0, "yes": number})))
    with pytest.raises(DataError, match="value is"):
        encode(to_row(dataclasses.replace(ESTIMATE, value=number)))
    with pytest.raises(ValueError, match="not a number"):
        decode(str(number).replace("nan", "NaN").replace("inf", "Infinity").encode())


def test_deep_nesting_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        decode(b"[" * 100_000)


def test_request_and_response_share_only_the_key() -> None:
    assert set(to_row(request(0))) & set(to_row(response(0))) == {"key"}
