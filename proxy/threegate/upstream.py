"""The model APIs behind the proxy: send one request, get status, headers and bytes as they come.

The client can never choose an upstream, a path beyond the known ones, or a header outside the
allow-list. Redirects are not followed, bodies are asked for uncompressed, and no answer is retried
once a byte of it has been released.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from threegate.errors import UpstreamError
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
    }
)
"""Request headers that reach the model API; everything else stays here."""

RETURNED = frozenset(
    {"content-type", "x-request-id", "openai-processing-ms", "openai-version", "request-id"}
)
"""Answer headers that reach the client, besides `x-ratelimit-*` and `retry-after`."""


@dataclass(slots=True)
class Reply:
    """An answer as it comes. `chunks` ends with UpstreamError when the upstream breaks off."""

    status: int
    headers: Mapping[str, str]
    response: httpx.Response = field(repr=False)
    idle_s: float = 120.0
    starts_in_reasoning: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        stream = self.response.aiter_raw()
        while True:
            try:
                async with asyncio.timeout(self.idle_s):
                    chunk = await anext(stream, None)
            except TimeoutError:
                raise UpstreamError(
                    "the model API fell silent", status=504, code="upstream_timeout"
                ) from None
            except httpx.HTTPError:
                raise UpstreamError("the model API broke off its answer") from None
            if chunk is None:
                return
            yield chunk

    async def aclose(self) -> None:
        await self.response.aclose()


@dataclass(slots=True)
class Upstreams:
    """Chooses an upstream by model and weight; falls back to the next while nothing was
    released."""

    settings: tuple[UpstreamSettings, ...]
    keys: Mapping[str, str] = field(repr=False)
    client: httpx.AsyncClient = field(init=False, repr=False)
    _turn: Any = field(default_factory=count, init=False, repr=False)

    def __post_init__(self) -> None:
        most = sum(u.max_connections for u in self.settings) or 1024
        limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
        transport = AiohttpTransport(limits=limits, retries=0, trust_env=False)
        self.client = httpx.AsyncClient(
            transport=transport, follow_redirects=False, trust_env=False
        )

    async def aclose(self) -> None:
        await self.client.aclose()

    def candidates(self, model: str) -> list[UpstreamSettings]:
        fit = [u for u in self.settings if not u.models or any(matches(p, model) for p in u.models)]
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
            try:
                return await self._send(upstream, method, path, body, headers)
            except UpstreamError as error:
                failed = error
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
        request = self.client.build_request(
            method,
            upstream.url + path,
            content=body,
            headers=self._headers(upstream, headers, body),
            timeout=httpx.Timeout(upstream.first_byte_s, connect=upstream.connect_s),
        )
        try:
            async with asyncio.timeout(upstream.first_byte_s):
                response = await self.client.send(request, stream=True)
        except (TimeoutError, httpx.TimeoutException):
            raise UpstreamError(
                "the model API did not answer in time", status=504, code="upstream_timeout"
            ) from None
        except httpx.HTTPError:
            raise UpstreamError("the model API cannot be reached") from None
        return await _checked(response, upstream)

    def _headers(
        self, upstream: UpstreamSettings, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        out = {k: v for k, v in headers.items() if k in FORWARDED or k == "x-request-id"}
        out |= {"accept-encoding": "identity", "accept": headers.get("accept", "*/*")}
        if body:
            out["content-type"] = "application/json"
        key = self.keys.get(upstream.name, "")
        for name in ("authorization", "x-api-key"):
            if key:
                value = f"Bearer {key}" if name == "authorization" else key
            else:
                value = headers.get(name, "")
            if value and (not key or name in headers or name == "authorization"):
                out[name] = value
        return out


async def _checked(response: httpx.Response, upstream: UpstreamSettings) -> Reply:
    if 300 <= response.status_code < 400:
        await response.aclose()
        raise UpstreamError("the model API redirects", code="upstream_redirect")
    if response.headers.get("content-encoding", "identity") != "identity":
        await response.aclose()
        raise UpstreamError("the model API compresses its answer", code="upstream_encoding")
    headers = {
        k: v
        for k, v in response.headers.items()
        if k in RETURNED
        or k == "retry-after"
        or k.startswith(("x-ratelimit-", "anthropic-ratelimit-"))
    }
    return Reply(
        response.status_code, headers, response, upstream.idle_s, upstream.starts_in_reasoning
    )
