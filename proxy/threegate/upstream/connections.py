"""The connections to model APIs: one request over HTTP, the first bytes of its answer, and
rejection of answers that no model API should give."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from threegate.errors import UpstreamError
from threegate.i18n.messages import localized
from threegate.upstream import headers as crossing
from threegate.upstream.reply import ModelRequest
from threegate.upstream.target import Target

FIRST_BYTES_S = 2.0
"""Seconds to wait for the first byte after the status. If it were longer, a client would not get
the comments that keep its connection alive."""

LATE_S = 0.25
"""A connect timeout that fires this late shows that this process was slow, not the upstream."""

IDLE_S = 4.0
"""How long an idle connection is kept: uvicorn, and so vLLM and SGLang, close after 5."""


def _session(**connector: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, **connector),  # each target limits its own
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("user-agent",),
        auto_decompress=False,
    )


@dataclass(slots=True)
class Connections:
    """Created inside a running loop. `fresh` keeps no connection."""

    kept: aiohttp.ClientSession = field(
        default_factory=lambda: _session(keepalive_timeout=IDLE_S), repr=False
    )
    fresh: aiohttp.ClientSession = field(
        default_factory=lambda: _session(force_close=True), repr=False
    )

    async def aclose(self) -> None:
        await self.kept.close()
        await self.fresh.close()
        await asyncio.sleep(0)  # the transports close in the next turn of the loop

    async def response_with_retry(
        self, target: Target, request: ModelRequest
    ) -> aiohttp.ClientResponse:
        """Retries once on a new connection if a kept one failed: the other side may just have
        closed it, and after a pause all of them. Also retries if the connect timeout fired while
        this process was busy: the connection may have been established, and nothing was sent."""
        started = asyncio.get_running_loop().time()
        try:
            return await self.response(target, request, self.kept)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            return await self.response(target, request, self.fresh)
        except aiohttp.ConnectionTimeoutError:
            waited = asyncio.get_running_loop().time() - started
            if waited < target.settings.connect_s + LATE_S:
                raise
            return await self.response(target, request, self.fresh)

    async def response(
        self, target: Target, request: ModelRequest, client: aiohttp.ClientSession
    ) -> aiohttp.ClientResponse:
        """The head of an upstream's answer; its body has yet to be read. Raises
        aiohttp.ClientError, TimeoutError."""
        upstream = target.settings
        headers = crossing.sent(request.headers, target.key, body=bool(request.body))
        async with asyncio.timeout(min(upstream.first_byte_s, upstream.total_s)):
            return await client.request(
                request.method,
                URL(upstream.url + request.path, encoded=True),
                data=request.body or None,
                headers=headers,
                timeout=target.timeout,
                allow_redirects=False,
                proxy=upstream.proxy or None,
                ssl=target.tls,
            )


async def first_bytes(response: aiohttp.ClientResponse) -> bytes | None:
    """The first bytes of the body, if they arrive soon. An answer that breaks off before has not
    reached the client, so another upstream can be tried."""
    try:
        if first := response.content.read_nowait():
            return first
        async with asyncio.timeout(FIRST_BYTES_S):
            return await response.content.readany()
    except TimeoutError:
        return None
    except BaseException:
        response.close()
        raise


def accepted(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    try:
        refuse_unexpected(response.status, response.headers)
    except UpstreamError:
        response.close()
        raise
    return response


def refuse_unexpected(status: int, headers: Mapping[str, str]) -> None:
    """Raises UpstreamError for the head of an answer that no model API should give."""
    if not 200 <= status < 600:
        raise UpstreamError(localized("upstream-status", status=status), code="upstream_status")
    if 300 <= status < 400:
        raise UpstreamError(localized("upstream-redirects"), code="upstream_redirect")
    if headers.get("content-encoding", "identity") != "identity":
        raise UpstreamError(localized("upstream-compresses"), code="upstream_encoding")
