"""The model APIs behind the proxy: send one request, get status, headers and bytes as they come.

The client can never choose an upstream, a path beyond the known ones, or a header outside the
allow-list. Redirects are not followed, bodies are asked for uncompressed, and no answer is retried
once a byte of it has been released.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
from yarl import URL

from threegate.errors import RequestError, UpstreamError
from threegate.policy.model import matches
from threegate.settings import UpstreamSettings

log = logging.getLogger(__name__)

FORWARDED = frozenset(
    {
        "anthropic-version",
        "anthropic-beta",
        "openai-organization",
        "openai-project",
        "accept-language",
        "x-request-id",
    }
)
"""Request headers that reach the model API; everything else stays here."""

RETURNED = frozenset(
    {
        "content-type",
        "x-request-id",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
    }
)
"""Answer headers that reach the client, besides the rate limits'."""

_RETURNED_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")


@dataclass(slots=True)
class Reply:
    """An answer as it comes. `chunks` ends with UpstreamError when the upstream breaks off."""

    status: int
    headers: Mapping[str, str]
    response: aiohttp.ClientResponse = field(repr=False)
    idle_s: float = 120.0
    starts_in_reasoning: bool = False
    own_key: bool = False  # the proxy's key was sent, not the client's

    async def chunks(self) -> AsyncIterator[bytes]:
        content = self.response.content
        silence = _Silence(content, self.idle_s)
        try:
            while chunk := content.read_nowait() or await silence.bounded(content.readany()):
                yield chunk
        except TimeoutError:
            raise UpstreamError(
                "the model API fell silent", status=504, code="upstream_timeout"
            ) from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamError("the model API broke off its answer") from None
        finally:
            silence.over()

    async def aclose(self) -> None:
        self.response.close()


class _Silence:
    """Ends a read that waits for `seconds`: one timer for an answer, not one for each of its
    chunks."""

    def __init__(self, content: aiohttp.StreamReader, seconds: float) -> None:
        self._content, self._seconds = content, seconds
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer = self._loop.call_later(seconds, self._look)

    async def bounded(self, read: Awaitable[bytes]) -> bytes:
        self._since = self._loop.time()
        try:
            return await read
        finally:
            self._since = None

    def over(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        waited = 0.0 if self._since is None else self._loop.time() - self._since
        if waited >= self._seconds:
            self._content.set_exception(TimeoutError())
        else:
            self._timer = self._loop.call_later(self._seconds - waited, self._look)


Seen = Callable[[str, str, float], None]
"""Told of each attempt: upstream, status or error code, seconds."""


@dataclass(slots=True)
class Upstreams:
    """Chooses an upstream by model and weight; falls back to the next while nothing was
    released. Made inside a running loop."""

    settings: tuple[UpstreamSettings, ...]
    keys: Mapping[str, str] = field(repr=False)
    seen: Seen = lambda name, outcome, seconds: None
    client: aiohttp.ClientSession = field(init=False, repr=False)
    _turn: Any = field(default_factory=count, init=False, repr=False)

    def __post_init__(self) -> None:
        most = sum(u.max_connections for u in self.settings) or 1024
        self.client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=most),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("user-agent",),
            auto_decompress=False,
        )

    async def aclose(self) -> None:
        await self.client.close()
        await asyncio.sleep(0)  # the transports close in the next turn of the loop

    def candidates(self, model: str) -> list[UpstreamSettings]:
        """All that serve a model, any for a call without one; the first by weight, in turn."""
        fit = [u for u in self.settings if not model or _serves(u, model)]
        weighted = [u for u in fit for _ in range(max(1, u.weight))]
        if not weighted:
            raise UpstreamError(
                "no model API serves this model", status=404, code="model_not_found"
            )
        first = weighted[next(self._turn) % len(weighted)]
        return [first, *(u for u in fit if u is not first)]

    async def send(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        model: str = "",
    ) -> Reply:
        """Raises UpstreamError when none of the upstreams answers."""
        failed: UpstreamError | None = None
        for upstream in self.candidates(model):
            started = time.perf_counter()
            try:
                reply = await self._send(upstream, method, path, body, headers)
                self.seen(upstream.name, str(reply.status), time.perf_counter() - started)
                return reply
            except UpstreamError as error:
                failed = error
                self.seen(upstream.name, error.code, time.perf_counter() - started)
                log.warning("upstream %s: %s", upstream.name, error.code)
        assert failed is not None
        raise failed

    async def _send(
        self,
        upstream: UpstreamSettings,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        sent = self._headers(upstream, headers, body)
        try:
            async with asyncio.timeout(upstream.first_byte_s):
                response = await self.client.request(
                    method,
                    URL(upstream.url + path, encoded=True),
                    data=body or None,
                    headers=sent,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=upstream.connect_s),
                    allow_redirects=False,
                )
        except TimeoutError:
            raise UpstreamError(
                "the model API did not answer in time", status=504, code="upstream_timeout"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise UpstreamError("the model API cannot be reached") from None
        return _checked(response, upstream, own_key=upstream.name in self.keys)

    def _headers(
        self, upstream: UpstreamSettings, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        out = {k: _plain(k, v) for k, v in headers.items() if k in FORWARDED}
        out |= {
            "accept-encoding": "identity",
            "accept": _plain("accept", headers.get("accept", "*/*")),
        }
        if body:
            out["content-type"] = "application/json"
        key = self.keys.get(upstream.name, "")
        for name in ("authorization", "x-api-key"):
            if key:
                value = f"Bearer {key}" if name == "authorization" else key
            else:
                value = _plain(name, headers.get(name, ""))
            if value and (not key or name in headers or name == "authorization"):
                out[name] = value
        return out


def _serves(upstream: UpstreamSettings, model: str) -> bool:
    return not upstream.models or any(matches(p, model) for p in upstream.models)


def _plain(name: str, value: str) -> str:
    """Header values go on in printable ASCII alone: what lies beyond is read differently."""
    if value.isascii() and value.isprintable():
        return value
    raise RequestError("this header must be printable ASCII", param=name)


def _checked(
    response: aiohttp.ClientResponse, upstream: UpstreamSettings, *, own_key: bool
) -> Reply:
    if 300 <= response.status < 400:
        response.close()
        raise UpstreamError("the model API redirects", code="upstream_redirect")
    if response.headers.get("content-encoding", "identity") != "identity":
        response.close()
        raise UpstreamError("the model API compresses its answer", code="upstream_encoding")
    headers = {
        k: v
        for k, v in ((name.lower(), value) for name, value in response.headers.items())
        if (k in RETURNED or k.startswith(_RETURNED_PREFIXES)) and v.isascii() and v.isprintable()
    }
    return Reply(
        response.status,
        headers,
        response,
        upstream.idle_s,
        upstream.starts_in_reasoning,
        own_key,
    )
