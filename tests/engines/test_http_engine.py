from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import log
from typing import Any

import pytest
from aiohttp import web

from auditor.engines import http, http_client
from auditor.engines.http import HttpEngine
from auditor.engines.openai_api import base_url, read_reply
from auditor.engines.server_key import key_warning, server_key, without_key
from auditor.errors import ConfigError, EngineError
from auditor.target import Target, TargetSampling
from auditor.types import Profile, Request, Sampling, Status

KEY = "sk-secret-0123456789abcdef"
PAGE = "<!doctype html><title>502</title>"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BACKOFF_SECONDS", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def started(server: Any) -> AsyncIterator[Callable[..., Any]]:
    """A function that starts an engine on the server; the first question is not counted."""
    engines: list[HttpEngine] = []

    async def start(**changes: Any) -> HttpEngine:
        target = Target(**{"model": server.url, "retries": 2, **changes})
        engines.append(HttpEngine(target))
        await engines[-1].start(Profile.GENERATE)
        server.bodies.clear()
        return engines[-1]

    yield start
    for engine in engines:
        await engine.close()


async def test_a_request_says_everything_and_a_reply_is_read(
    server: Any, started: Any, ask: Any, make_request: Any
) -> None:
    engine = await started(template_args={"enable_thinking": False})
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=40, max_tokens=33, seed=5, stop=("END",))
    request = make_request("Hi", "Hello", "Capital of France?", system="Be brief.", sampling=sampling)
    response = (await ask(engine, request))["k"]
    assert (response.status, response.text, response.attempt) == (Status.STOP, "Paris.", 1)
    assert (response.prompt_tokens, response.completion_tokens) == (9, 2)
    assert response.seconds > 0
    assert response.notes == ()
    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": "Capital of France?"},
            ],
            "temperature": 0.7,
            "top_p": 0.9,
            "top_k": 40,
            "seed": 5,
            "max_tokens": 33,
            "stop": ["END"],
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "n": 1,
            "stream": False,
            "chat_template_kwargs": {"enable_thinking": False},
        }
    ]


async def test_every_request_is_answered_once_and_no_more_at_once_than_allowed(
    server: Any, started: Any, ask: Any, make_request: Any
) -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.005)
        return await server.says(server.answer())(request)

    engine = await started(concurrency=7)
    server.usual, server.most_at_once = slowly, 0
    await ask(engine, *[make_request("Hi", key=str(number)) for number in range(100)])
    await ask(engine, make_request("once more"))
    assert server.most_at_once == 7
    assert len(server.bodies) == 101


async def test_requests_are_pulled_only_when_there_is_room(started: Any, make_request: Any) -> None:
    engine = await started(concurrency=2)
    pulled = 0

    async def endless() -> AsyncIterator[Request]:
        nonlocal pulled
        while True:
            pulled += 1
            yield make_request("Hi")

    responses = engine.generate(endless())
    await anext(responses)
    await asyncio.sleep(0.2)
    assert pulled <= 6
    await responses.aclose()


async def test_a_request_may_wait_for_the_answer_to_another(started: Any, make_request: Any) -> None:
    engine, answered = await started(), asyncio.Event()

    async def script() -> AsyncIterator[Request]:
        yield make_request("first", key="1")
        await answered.wait()
        yield make_request("second", key="2")

    keys = []
    async for response in engine.generate(script()):
        keys.append(response.key)
        answered.set()
    assert keys == ["1", "2"]


async def test_a_fault_of_the_asker_comes_out_as_it_is(started: Any, make_request: Any) -> None:
    async def broken() -> AsyncIterator[Request]:
        yield make_request("Hi")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        [_ async for _ in (await started()).generate(broken())]


@pytest.mark.parametrize(
    ("behaviour", "seen"),
    [
        (lambda server: server.says(PAGE, 502), "502"),
        (lambda server: server.says(PAGE), "not JSON: <!doctype html>"),
        (lambda server: server.says('{"choices": [{"mess'), "not JSON"),
        (lambda server: server.says("[" * 100_000), "not JSON"),
        (lambda server: server.says(""), "not JSON: it is empty"),
        (lambda server: server.refuses("overloaded", 503), "503: overloaded"),
        (lambda server: server.refuses("slow down", 429), "429: slow down"),
        (lambda server: server.refuses("too early", 425), "425: too early"),
        (lambda server: server.says({"error": {"message": "upstream", "code": 502}}), "502: upstream"),
        (lambda server: server.resets, "disconnected"),
        (lambda server: server.breaks_off, ""),
    ],
)
async def test_a_passing_fault_is_asked_again(
    server: Any, started: Any, ask: Any, make_request: Any, behaviour: Any, seen: str
) -> None:
    engine = await started()
    server.next = [behaviour(server)] * 2
    response = (await ask(engine, make_request("Hi")))["k"]
    assert (response.status, response.attempt) == (Status.STOP, 3)
    server.next = [behaviour(server)] * 3
    response = (await ask(engine, make_request("Hi")))["k"]
    assert (response.status, response.attempt) == (Status.FAILED, 3)
    assert seen in response.reason
    assert len(response.reason) < 400
    assert len(server.bodies) == 6


@pytest.mark.parametrize("behaviour", ["hangs", "hangs_halfway"])
async def test_a_server_that_hangs_is_given_up(
    server: Any, started: Any, ask: Any, make_request: Any, behaviour: str
) -> None:
    engine = await started(request_timeout=0.2, retries=1)
    server.next = [getattr(server, behaviour)] * 3
    responses = await ask(engine, make_request("Hi"))
    assert (responses["k"].status, responses["k"].reason) == (Status.FAILED, "no reply in time")
    assert (await ask(engine, make_request("Hi")))["k"].attempt == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_is_not_asked_again(
    server: Any, started: Any, ask: Any, make_request: Any, status: int
) -> None:
    engine = await started()
    server.next = [server.refuses("no such thing", status)]
    response = (await ask(engine, make_request("Hi")))["k"]
    assert (response.status, response.reason) == (Status.FAILED, f"{status}: no such thing")
    assert len(server.bodies) == 1


@pytest.mark.parametrize("form", ["seconds", "date", "nonsense"])
async def test_the_server_says_how_long_to_wait(
    server: Any, started: Any, ask: Any, make_request: Any, form: str
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    wait = {"seconds": "1", "date": soon, "nonsense": "in a while"}[form]
    engine = await started()
    server.next = [server.says({}, 429, Retry_After=wait)]
    began = time.monotonic()
    assert (await ask(engine, make_request("Hi")))["k"].status is Status.STOP
    assert (time.monotonic() - began >= 0.9) == (form != "nonsense")


async def test_a_server_that_asks_to_wait_too_long_has_failed(
    server: Any, started: Any, ask: Any, make_request: Any
) -> None:
    engine = await started()
    server.next = [server.says({"error": "come back tomorrow"}, 429, Retry_After="86400")]
    response = (await ask(engine, make_request("Hi")))["k"]
    assert (response.status, response.attempt) == (Status.FAILED, 1)
    assert response.reason == "429: come back tomorrow"


def test_the_back_off_grows_is_capped_and_has_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[tuple[float, float]] = []
    monkeypatch.setattr(http, "BACKOFF_SECONDS", 1.0)
    monkeypatch.setattr(http.random, "uniform", lambda low, high: waits.append((low, high)) or 0.0)

    async def fail(attempt: int) -> None:
        raise http_client.PassingFaultError("no")

    with pytest.raises(http_client.PassingFaultError):
        asyncio.run(HttpEngine(Target(model="http://x"))._patiently(fail, 7))
    assert waits == [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (0, 30), (0, 30)]


async def test_limits_of_time_and_number_end_the_rest(server: Any, started: Any, ask: Any, make_request: Any) -> None:
    engine = await started(max_requests=3, concurrency=1)
    server.next = [server.resets]
    responses = await ask(engine, *[make_request("Hi", key=str(number)) for number in range(5)])
    assert [responses[str(n)].reason for n in range(5)] == [None, None, *["limit of 3 requests"] * 3]
    engine = await started(total_timeout=0.3, concurrency=1)
    server.bodies.clear()
    server.next = [server.says(server.answer()), server.hangs]
    responses = await ask(engine, *[make_request("Hi", key=str(number)) for number in range(4)])
    assert [responses[str(n)].reason for n in range(4)] == [None, *["total time limit of 0.3 s"] * 3]
    assert len(server.bodies) == 2


async def test_a_server_that_goes_away_ends_the_audit(server: Any, started: Any, ask: Any, make_request: Any) -> None:
    engine = await started()
    await server.stop()
    with pytest.raises(EngineError, match=rf"the server at {server.url}/v1 is gone"):
        await ask(engine, *[make_request("Hi", key=str(number)) for number in range(200)])


@pytest.mark.parametrize(
    ("document", "status", "text", "reason"),
    [
        ({}, "failed", "", "the reply holds no choices"),
        ([], "failed", "", "the reply holds no choices"),
        (7, "failed", "", "the reply holds no choices"),
        ({"choices": None}, "failed", "", "the reply holds no choices"),
        ({"choices": []}, "failed", "", "the reply holds no choices"),
        ({"choices": ["x"]}, "failed", "", "the reply holds no choices"),
        ({"choices": [{}]}, "failed", "", "the answer has no content"),
        ({"choices": [{"message": None}]}, "failed", "", "the answer has no content"),
        ({"choices": [{"message": {"content": 7}}]}, "failed", "", "the answer has no content"),
        ({"choices": [{"message": {"content": None, "tool_calls": [{}]}}]}, "failed", "", "the answer is a tool call"),
        ({"choices": [{"message": {"content": "x"}}], "usage": "?"}, "stop", "x", None),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}, "empty", "", None),
        ({"choices": [{"message": {"content": None}, "finish_reason": "length"}]}, "length", "", None),
        ({"choices": [{"message": {"content": None, "refusal": "No."}}]}, "stop", "No.", None),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"text": "b"}]}}]}, "stop", "ab", None),
        (
            {"choices": [{"message": {"content": "Par"}, "finish_reason": "content_filter"}]},
            "filtered",
            "Par",
            "the server's content filter",
        ),
    ],
)
def test_an_odd_reply_is_never_a_crash(
    make_request: Any, document: Any, status: str, text: str, reason: str | None
) -> None:
    response = read_reply(make_request("Hi"), document)
    assert (response.status, response.text, response.reason) == (status, text, reason)


@pytest.mark.parametrize(
    ("message", "reasoning", "text", "status"),
    [
        ({"content": "Yes.", "reasoning": "Hm."}, "Hm.", "Yes.", "stop"),
        ({"content": "Yes.", "reasoning_content": "Hm."}, "Hm.", "Yes.", "stop"),
        ({"content": "<think>Hm.</think>Yes."}, "Hm.", "Yes.", "stop"),
        ({"content": "Hm.</think>Yes."}, "Hm.", "Yes.", "stop"),
        ({"content": None, "reasoning": "Hm."}, "Hm.", "", "length"),
        ({"content": "<think>Hm."}, "Hm.", "", "length"),
        ({"content": None, "reasoning": "Hm."}, "Hm.", "", "empty"),
    ],
)
def test_the_thinking_is_kept_apart(
    make_request: Any, message: dict[str, Any], reasoning: str, text: str, status: str
) -> None:
    finish_reason = "length" if status == "length" else "stop"
    document = {"choices": [{"message": message, "finish_reason": finish_reason}]}
    response = read_reply(make_request("Hi"), document)
    assert (response.reasoning, response.text, response.status) == (reasoning, text, status)


async def test_hostile_and_huge_replies_come_through_whole(
    server: Any, started: Any, ask: Any, make_request: Any
) -> None:
    hostile = "\x00\x1b[31m<script>\u202e=1+1\ud800" + "x" * 5_000_000
    engine = await started()
    server.next = [server.says(server.answer(hostile)), server.says('{"choices": [{"text": "caf\udce9"}]}')]
    responses = await ask(engine, make_request("Hi \ud800", key="1"))
    assert responses["1"].text == hostile
    assert server.bodies[0]["messages"][0]["content"] == "Hi \ud800"
    assert (await ask(engine, make_request("Hi")))["k"].text == "caf\udce9"


async def test_a_reply_without_end_is_cut_short(
    server: Any, started: Any, ask: Any, make_request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def bomb(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"})

    monkeypatch.setattr(http_client, "BODY_LIMIT", 3 << 20)
    engine = await started()
    server.next = [bomb]
    response = (await ask(engine, make_request("Hi")))["k"]
    assert (response.status, response.reason) == (Status.FAILED, "the reply is longer than 3 MiB")


async def test_candidates_are_read_from_the_first_token(server: Any, started: Any, ask: Any, make_request: Any) -> None:
    top = [{"token": token, "logprob": log(p)} for token, p in [("A", 0.5), (" A", 0.25), ("B", 0.1)]]
    more = [{"token": "C", "logprob": "nan"}, {"token": "D", "logprob": float("nan")}, {}, None]
    place = {"token": "A", "logprob": log(0.5), "top_logprobs": [*top, *more]}
    engine = await started()
    server.next = [server.says(server.answer("A", logprobs={"content": [place, {}]}))]
    candidates = {"first": ("A", " A"), "second": ("B",), "third": ("C", "D")}
    response = (await ask(engine, make_request("Hi", candidates=candidates)))["k"]
    assert response.logprobs == pytest.approx({"first": log(0.75), "second": log(0.1)})
    assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 20)


async def test_a_given_text_cannot_be_scored(server: Any, started: Any, ask: Any, make_request: Any) -> None:
    response = (await ask(await started(), make_request("Hi", continuation="Yes.")))["k"]
    assert (response.status, response.reason) == (Status.FAILED, "the server cannot score a given text")
    assert server.bodies == []


@pytest.mark.parametrize("message", ["logprobs is not supported here", "unsupported parameter"])
async def test_a_server_without_log_probabilities_is_asked_without(
    server: Any, ask: Any, make_request: Any, message: str
) -> None:
    async def picky(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await (server.refuses(message) if "logprobs" in body else server.says(server.answer()))(request)

    server.usual = picky
    engine = HttpEngine(Target(model=server.url))
    info = await engine.start(Profile.GENERATE)
    assert not info.capabilities.logprobs
    response = (await ask(engine, make_request("Hi", candidates={"yes": ("Yes",)})))["k"]
    assert (response.text, response.logprobs) == ("Paris.", {})
    assert response.notes == ("the server gives no log-probabilities",)
    await engine.close()


async def test_fields_that_a_server_does_not_know_are_left_out_visibly(
    server: Any, started: Any, ask: Any, make_request: Any
) -> None:
    async def picky(request: web.Request) -> web.StreamResponse:
        for name in ("top_k", "seed"):
            if name in await request.json():
                return await server.refuses(f"Unrecognized request argument supplied: {name}")(request)
        return await server.says(server.answer())(request)

    server.usual = picky
    engine = await started()
    warm = make_request("Hi", sampling=Sampling(temperature=1.0, seed=3))
    assert (await ask(engine, warm))["k"].notes == ("the server takes no seed", "the server takes no top_k")
    assert (await ask(engine, make_request("Hi")))["k"].notes == ()


async def test_without_a_chat_template_plain_text_is_completed(server: Any, ask: Any, make_request: Any) -> None:
    async def base_model(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/chat/completions"):
            return await server.refuses("you must provide a chat template if the tokenizer has none")(request)
        top = [{" Lily": log(0.5), " Tom": log(0.25)}]
        choice = {"text": " Lily.", "finish_reason": "stop", "logprobs": {"top_logprobs": top}}
        return await server.says({"choices": [choice]})(request)

    server.usual = base_model
    engine = HttpEngine(Target(model=f"{server.url}/v1/"))
    info = await engine.start(Profile.GENERATE)
    assert not info.capabilities.chat
    request = make_request("a girl named", system="A story.", candidates={"lily": (" Lily",)})
    response = (await ask(engine, request))["k"]
    assert (response.text, response.logprobs) == (" Lily.", pytest.approx({"lily": log(0.5)}))
    assert response.notes == ("asked as plain text: the model has no chat template",)
    assert server.paths[-1] == "/v1/completions"
    assert server.bodies[-1]["prompt"] == "A story.\n\na girl named"
    await engine.close()


async def test_a_template_that_refuses_the_system_role_gets_it_folded(
    server: Any, started: Any, ask: Any, make_request: Any
) -> None:
    async def gemma(request: web.Request) -> web.StreamResponse:
        roles = [message["role"] for message in (await request.json())["messages"]]
        refusal = server.refuses("System role not supported")
        return await (refusal if "system" in roles else server.says(server.answer()))(request)

    engine = await started()
    server.usual = gemma
    response = (await ask(engine, make_request("Hi", system="Be brief.")))["k"]
    assert response.text == "Paris."
    assert response.notes == ("system folded into the first user turn",)
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "Be brief.\n\nHi"}]
    assert (await ask(engine, make_request("Hi")))["k"].notes == ()


async def test_a_filtered_prompt_is_filtered_not_failed(server: Any, started: Any, ask: Any, make_request: Any) -> None:
    engine = await started()
    server.next = [server.refuses("The prompt was filtered", code="content_filter")]
    response = (await ask(engine, make_request("Hi")))["k"]
    assert response.status is Status.FILTERED
    assert response.reason == "the server's content filter, at the prompt: 400: The prompt was filtered"


async def start(model: str, **changes: Any) -> Any:
    engine = HttpEngine(Target(model=model, **changes))
    try:
        return await engine.start(Profile.GENERATE)
    finally:
        await engine.close()


async def test_what_the_server_tells_of_itself(server: Any) -> None:
    info = await start(f"{server.url}/v1")
    assert info.capabilities.chat
    assert info.capabilities.logprobs
    assert not info.capabilities.scoring
    assert info.capabilities.context == 512
    assert info.settings["served_model"] == "tiny"
    assert info.software["server"].startswith("Python/")


@pytest.mark.parametrize(
    ("listing", "served_model", "fact", "hint"),
    [
        ({"data": []}, None, "serves no model", None),
        ({"data": [{"id": "a"}, {"id": "b"}]}, None, "serves several models: a, b", "--served-model"),
        ({"data": [{"id": "llama-8b"}, {"id": "b"}]}, "llama-9b", "has no model 'llama-9b'", "'llama-8b'"),
        ({"models": "?"}, "a", "has no model 'a'", None),
    ],
)
async def test_the_model_must_be_known(
    server: Any, listing: Any, served_model: str | None, fact: str, hint: str | None
) -> None:
    server.listing = server.says(listing)
    with pytest.raises(EngineError, match=fact) as caught:
        await start(server.url, served_model=served_model)
    assert (hint or "") in (caught.value.hint or "")
    assert server.bodies == []


async def test_a_server_that_lists_nothing_needs_the_name(server: Any) -> None:
    server.listing = server.says("not found", 404)
    with pytest.raises(EngineError, match="does not list its models") as caught:
        await start(server.url)
    assert "--served-model" in str(caught.value.hint)
    assert (await start(server.url, served_model="x")).settings["served_model"] == "x"
    server.usual = server.refuses("The model 'x' does not exist", 404)
    with pytest.raises(EngineError, match=r"refuses to answer: 404: The model 'x' does not exist"):
        await start(server.url, served_model="x")


async def test_a_server_that_is_down_is_told_of_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(EngineError, match=rf"no answer from {url}/v1: .*onnect") as caught:
            await start(url)
    assert caught.value.hint == "is the server up, and is this its address?"


@pytest.mark.parametrize("form", ["page", "half", "resets", "hangs"])
async def test_a_server_that_only_misbehaves_is_told_of(server: Any, form: str) -> None:
    forms = {"page": server.says(PAGE), "half": server.says("{"), "resets": server.resets, "hangs": server.hangs}
    server.usual = forms[form]
    with pytest.raises(EngineError, match="no answer from"):
        await start(server.url, request_timeout=0.2)
    assert len(server.bodies) == 3


async def test_the_key_is_sent_and_never_shown(
    server: Any, ask: Any, make_request: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    engine = HttpEngine(Target(model=server.url, api_key_env="MY_KEY", retries=0))
    info = await engine.start(Profile.GENERATE)
    echoes = [server.refuses(f"bad key {KEY}", status) for status in (401, 503)]
    server.next = [*echoes, server.says(server.answer(f"the key is {KEY}"))]
    responses = await ask(engine, *[make_request("Hi", key=str(number)) for number in range(3)])
    await engine.close()
    assert server.keys == {f"Bearer {KEY}"}
    assert "[key]" in str(responses)
    server.listing = server.refuses(f"Incorrect API key: {KEY}", 401)
    with pytest.raises(EngineError, match="refuses the key in MY_KEY: 401") as caught:
        await engine.start(Profile.GENERATE)
    seen = [info, engine.fingerprint(), responses, caught.value, caught.value.hint, caplog.text]
    assert KEY not in str(seen) + repr(vars(engine))


@pytest.mark.parametrize(
    ("key", "shown", "warned"),
    [("4dmn", "say [key]", False), ("abc", "say abc", True), ("EMPTY", "say EMPTY", False), ("", "say ", False)],
)
def test_a_key_of_four_letters_is_hidden_a_shorter_one_warned_of_and_a_placeholder_is_no_secret(
    key: str, shown: str, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    target = Target(model="http://x", api_key_env="MY_KEY")
    assert without_key(f"say {key}", server_key(target)) == shown
    assert bool(key_warning(target)) is warned


async def test_a_key_in_a_header_or_in_escapes_is_hidden_too(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.listing = server.says({}, 302, Location=f"http://elsewhere.example/?k={KEY}")
    with pytest.raises(EngineError) as caught:
        await start(server.url)
    assert KEY not in str(caught.value) and "[key]" in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", "1234")
    server.listing = server.says({"data": [{"id": "tiny-1234", "max_model_len": 12345}]})
    assert (await start(server.url)).capabilities.context == 12345
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    document = json.loads(f'{{"{escaped}": ["{escaped}", 1, null]}}')
    assert http_client._cleaned(document, lambda text: text.replace(KEY, "[key]")) == {"[key]": ["[key]", 1, None]}


@pytest.mark.parametrize(
    "header", ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "Mon, " + "9" * 23 + " Jan 2024"]
)
def test_an_absurd_time_to_wait_is_none(header: str) -> None:
    assert http_client._retry_after(header) is None


async def test_absurd_numbers_are_none(server: Any, started: Any, ask: Any, make_request: Any) -> None:
    huge = 10**400
    top = [{"token": "A", "logprob": -huge}, {"token": "B", "logprob": -0.5}]
    reply = server.answer("B", logprobs={"content": [{"token": "B", "logprob": -0.5, "top_logprobs": top}]})
    engine = await started()
    server.next = [server.says({**reply, "usage": {"prompt_tokens": huge, "completion_tokens": -1}})]
    (response,) = (await ask(engine, make_request("Hi", candidates={"A": ("A",), "B": ("B",)}))).values()
    assert response.logprobs == {"B": -0.5}
    assert (response.prompt_tokens, response.completion_tokens) == (0, 0)


async def test_a_missing_key_is_named(server: Any) -> None:
    server.listing = server.refuses("who are you?", 401)
    with pytest.raises(EngineError, match="wants a key, and OPENAI_API_KEY is not set") as caught:
        await start(server.url)
    assert "api_key_env" in str(caught.value.hint)
    assert server.keys == {None}


async def test_a_redirect_is_not_followed(server: Any) -> None:
    server.listing = server.says({}, 302, Location="http://elsewhere.example/v1/models")
    with pytest.raises(EngineError, match=r"redirects to http://elsewhere\.example/v1/models"):
        await start(server.url)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"model": "http://"}, "is not the URL of a server"),
        ({"model": "ftp://x"}, "is not the URL of a server"),
        ({"model": "http://x", "adapter": "a"}, "adapter: a server cannot be given one"),
        ({"model": "http://x", "chat_template": "a"}, "chat_template: a server cannot be given one"),
        ({"model": "http://x", "api_key_env": "BAD_KEY"}, "the key in BAD_KEY holds characters"),
    ],
)
def test_what_cannot_work_is_said_beforehand(
    changes: dict[str, Any], fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD_KEY", f"{KEY}\n{KEY}")
    with pytest.raises(ConfigError, match=fact) as caught:
        HttpEngine(Target(**changes)).check()
    assert KEY not in str(caught.value)


def test_the_fingerprint_is_claimed_and_holds_what_is_known() -> None:
    plain = HttpEngine(Target(model="http://x/v1")).fingerprint()
    assert plain.claimed
    assert plain == HttpEngine(Target(model="http://x")).fingerprint()
    for changes in ({"system_prompt": "Be kind."}, {"sampling": TargetSampling(seed=1)}, {"served_model": "m"}):
        assert HttpEngine(Target(model="http://x", **changes)).fingerprint().digest != plain.digest


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("http://x:8000", "http://x:8000/v1"),
        ("http://x:8000/", "http://x:8000/v1"),
        ("http://x/v1", "http://x/v1"),
        ("http://x/v1/", "http://x/v1"),
        ("http://x/v1/chat/completions", "http://x/v1"),
        ("https://x/api", "https://x/api/v1"),
        ("https://x/v1beta/openai", "https://x/v1beta/openai"),
        ("https://v1.example", "https://v1.example/v1"),
    ],
)
def test_the_version_may_be_left_out_of_the_url(model: str, base: str) -> None:
    assert base_url(model) == base


async def test_it_must_be_started() -> None:
    async def nothing() -> AsyncIterator[Request]:
        return
        yield

    engine = HttpEngine(Target(model="http://x"))
    with pytest.raises(EngineError, match="not started"):
        [_ async for _ in engine.generate(nothing())]
    await engine.close()
