"""Sends one HTTP request and reads a JSON reply, whatever the server does instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from auditor.engines.server_key import server_key, without_key
from auditor.target import Target

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of a reply that are read at most."""
PASSING_STATUSES = frozenset({408, 409, 425, 429})
"""Statuses below 500 that may be gone at the next try."""


class PassingFaultError(Exception):
    """A fault that may be gone at the next try."""

    def __init__(self, reason: str, *, retry_after: float | None = None, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds that the server asks to wait."""
        self.unreachable = unreachable
        """Nobody listens there at all."""
        self.attempt = 1
        """How many times it was tried."""


class RefusedError(Exception):
    """The server will not answer this, however often it is asked."""

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """The server's own word for the error, e.g. content_filter."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON reply with a status below 300."""

    document: Any
    server: str
    """Name and version that the server gives itself, if any."""


class HttpClient:
    """A session with one server. The key comes from the environment and goes only to that server."""

    def __init__(self, target: Target, base: str) -> None:
        self.base = base
        self.requests = 0
        self._key = server_key(target)
        self._proxy = _proxy(base)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=target.request_timeout),
            connector=aiohttp.TCPConnector(limit=target.concurrency),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        """Return the reply; raises `PassingFaultError` or `RefusedError` for anything else."""
        self.requests += 1
        data = None if body is None else json.dumps(body, ensure_ascii=True).encode("ascii")
        try:
            # A redirect is never followed: it would take the key to another place.
            async with self._session.request(
                method, self.base + path, data=data, allow_redirects=False, proxy=self._proxy
            ) as response:
                return _reply(response, await _read(response), self._without_key)
        except TimeoutError:
            raise PassingFaultError("no reply in time") from None
        except (aiohttp.ClientError, OSError) as problem:
            unreachable = isinstance(problem, aiohttp.ClientConnectorError)
            what = self._without_key(str(problem)) or type(problem).__name__
            raise PassingFaultError(what, unreachable=unreachable) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    def _without_key(self, text: str) -> str:
        """Hide the key where a server sends it back."""
        return without_key(text, self._key)


async def _read(response: aiohttp.ClientResponse) -> str:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > BODY_LIMIT:
            raise RefusedError(f"the reply is longer than {BODY_LIMIT >> 20} MiB")
        parts.append(part)
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _reply(response: aiohttp.ClientResponse, body: str, hide: Callable[[str], str]) -> Reply:
    """Return the reply, or raise; `hide` takes the key out of everything that the server says."""
    status, text = response.status, hide(body)
    if 300 <= status < 400:
        place = hide(response.headers.get("Location", "nowhere"))
        raise RefusedError(f"the server redirects to {place}; redirects are not followed", status=status)
    try:
        # An escaped letter spells the key as well as a plain one, and a number may hold the digits of one:
        # it is looked for once the text is read.
        document = _cleaned(json.loads(body), hide)
    except (ValueError, RecursionError):
        document = None
    message, code = _error(document)
    if status == 200 and message and "choices" not in document and re.fullmatch(r"[1-5]\d\d", code):
        status = int(code)  # some relays wrap the failure of the server behind them in a 200
    wait = _retry_after(response.headers.get("Retry-After"))
    if status < 300:
        if document is None:
            raise PassingFaultError(f"the reply is not JSON: {_short(text) or 'it is empty'}", retry_after=wait)
        return Reply(document, hide(response.headers.get("Server", "")))
    said = f"{status}: {_short(message or text) or hide(response.reason or '') or 'without a word'}"
    if status in PASSING_STATUSES or status >= 500:
        raise PassingFaultError(said, retry_after=wait)
    raise RefusedError(said, status=status, code=code)


def _cleaned(document: Any, hide: Callable[[str], str]) -> Any:
    """Return the document with `hide` applied to every text in it."""
    if isinstance(document, str):
        return hide(document)
    if isinstance(document, list):
        return [_cleaned(value, hide) for value in document]
    if isinstance(document, dict):
        return {hide(key): _cleaned(value, hide) for key, value in document.items()}
    return document


def _error(document: Any) -> tuple[str, str]:
    """Return the message and the code of an error in any of the usual forms."""
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error") or document.get("detail") or document.get("message") or ""
    if isinstance(error, dict):
        return str(error.get("message") or error), str(error.get("code") or error.get("type") or "")
    return str(error), str(document.get("code") or "")


def _retry_after(header: str | None) -> float | None:
    """Return the seconds to wait, told as a number or as a date."""
    if not header:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", header.strip()):
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _proxy(base: str) -> str | None:
    # aiohttp's own reading of the environment would also take passwords from ~/.netrc.
    url = urlsplit(base)
    return None if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme)


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
