"""A server that speaks streamable HTTP, with the guard in front of it: an ASGI app that passes each
message of a POST and each event of an answer through the session."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from threegate.errors import ThreegateError
from threegate.gateway.access.auth import LOOPBACK, host_of
from threegate.gateway.asgi import BODY_S, ClientLeft, WhileConnected
from threegate.mcp.messages import Json, error_response, unreadable
from threegate.mcp.session import McpSession, Routed
from threegate.trust import trusted
from threegate.wire import json as strict_json
from threegate.wire.limits import MAX_BODY_BYTES, MAX_RESPONSE_BYTES
from threegate.wire.sse import ServerSentEvent, SSEDecoder, encode

SESSION = "mcp-session-id"
SENT = (
    *("accept", "authorization", "content-type", "last-event-id", "traceparent"),
    *("mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name"),
)
RETURNED = ("content-type", "www-authenticate", "retry-after", "cache-control", "allow")
"""Headers that are forwarded, in addition to those that begin with `mcp-`."""
_TOKEN = re.compile(r"[!-~]{0,256}")
"""A name or an id of the protocol: room for no sentence."""
MAX_SESSIONS = 1024
EVENTS = "text/event-stream"
CLIENT_LEFT = 499


def outbound() -> httpx.AsyncClient:
    """The connections to the server. A call may take any time, and a listening client keeps its
    connection, so their number has no separate limit: each belongs to one client connection and
    ends with it."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    timeout = httpx.Timeout(60, read=None)
    return httpx.AsyncClient(verify=trusted(), timeout=timeout, limits=limits, trust_env=False)


@dataclass(slots=True)
class HttpProxy:
    """`upstream` is the server's URL; `session` creates the state of a new MCP session, named by
    the guard's own id. `hosts`: names under which browsers may call, besides this machine's."""

    upstream: str
    session: Callable[[str], McpSession]
    client: httpx.AsyncClient
    hosts: tuple[str, ...] = ()
    _sessions: OrderedDict[str, McpSession] = field(default_factory=OrderedDict, repr=False)

    async def answer(self, request: Request) -> Response:
        if not self._may_call(request):
            return JSONResponse(error_response(None, "this origin or host may not call"), 403)
        message = None
        if request.method == "POST":
            try:
                message = strict_json.parse(await _body(request))
            except (ThreegateError, TimeoutError):
                return JSONResponse(unreadable(), 400)
        try:  # nobody waits for the server on behalf of a client that is gone
            async with WhileConnected(request.scope, request.receive):
                return await self._answered(request, message)
        except ClientLeft:
            return Response(status_code=CLIENT_LEFT)

    async def _answered(self, request: Request, message: Json | None) -> Response:
        session = self._of(request.headers.get(SESSION, ""))
        if message is None:
            return await self._forward(request, session, b"")
        routed = await session.from_client(message)
        if routed.on is None:
            return JSONResponse(routed.back) if routed.back else Response(status_code=202)
        edited = routed.on != message
        return await self._forward(request, session, orjson.dumps(routed.on), edited=edited)

    def _may_call(self, request: Request) -> bool:
        """Web pages of other sites must not reach a server on this machine, under their own name or
        one that resolves to it."""
        host, origin = (request.headers.get(name) for name in ("host", "origin"))
        named = [host_of(f"//{host}")] if host else []
        if origin is not None:  # `null`, which any page can produce, names no host
            named.append(host_of(origin))
        return all(name in (*LOOPBACK, *self.hosts) for name in named)

    def _of(self, session_id: str) -> McpSession:
        """A call without a session has one of its own, as has one whose session the server has not
        accepted yet: ids that a client made up must not crowd out those of others."""
        key = _key(session_id)
        return self._sessions.get(key) or self.session(key)

    def _keep(self, session_id: str, session: McpSession) -> McpSession:
        """Registers a session that the server knows, or has just opened. Returns the one registered
        before, where there is one, which then waits for the same answers."""
        key = _key(session_id)
        kept = self._sessions.setdefault(key, session)
        if kept is not session:
            kept.take_over(session)
        self._sessions.move_to_end(key)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return kept

    async def _forward(
        self, request: Request, session: McpSession, body: bytes, *, edited: bool = False
    ) -> Response:
        headers = _sent(request, edited=edited) | {"accept-encoding": "identity"}
        sent = self.client.build_request(
            request.method, self.upstream, headers=headers, content=body or None
        )
        try:
            reply = await self.client.send(sent, stream=True)
        except httpx.HTTPError:
            return JSONResponse(error_response(None, "the MCP server cannot be reached"), 502)
        if reply.headers.get("content-encoding", "identity") != "identity":
            await reply.aclose()
            return JSONResponse(error_response(None, "the MCP server compresses its answer"), 502)
        given, opened = request.headers.get(SESSION), reply.headers.get(SESSION)
        if given and reply.is_success:
            session = self._keep(given, session)
        elif opened and not given:
            first, session = session, self._keep(opened, self._of(opened))
            session.take_over(first)
        headers = _returned(reply)
        if reply.headers.get("content-type", "").startswith(EVENTS):
            events = self._events(reply, session)
            return StreamingResponse(events, reply.status_code, headers)
        return await self._whole(reply, session, headers)

    async def _whole(
        self, reply: httpx.Response, session: McpSession, headers: dict[str, str]
    ) -> Response:
        try:
            data = await _read(reply)
        except (httpx.HTTPError, ValueError):
            return JSONResponse(error_response(None, "the MCP server's answer broke off"), 502)
        finally:
            await reply.aclose()
        if not data.strip():
            return Response(status_code=reply.status_code, headers=headers)
        try:
            routed = await session.from_server(strict_json.parse(data))
        except ThreegateError:
            status = reply.status_code if reply.status_code >= 400 else 502
            return JSONResponse(
                error_response(None, "the MCP server's answer is no message"), status
            )
        return JSONResponse(routed.on, reply.status_code, headers)

    async def _events(self, reply: httpx.Response, session: McpSession) -> AsyncIterator[bytes]:
        decoder = SSEDecoder()
        try:
            async for data in reply.aiter_bytes():
                for event in map(_plain, decoder.feed(data)):
                    if not event.data:
                        yield encode(event)
                        continue
                    routed = await self._event(event.data, session)
                    await self._back(reply, routed)
                    if routed.on is not None:
                        event.data = orjson.dumps(routed.on).decode()
                        yield encode(event)
        except (httpx.HTTPError, ThreegateError):
            return
        finally:
            await reply.aclose()

    async def _event(self, data: str, session: McpSession) -> Routed:
        try:
            return await session.from_server(strict_json.parse(data.encode()))
        except ThreegateError:
            return Routed()

    async def _back(self, reply: httpx.Response, routed: Routed) -> None:
        """Answers the server's own request in place of the client."""
        if routed.back is not None:
            asked = reply.request.headers.items()
            headers = {k: v for k, v in asked if k not in ("content-length", "last-event-id")}
            headers |= {"content-type": "application/json", "accept": f"application/json, {EVENTS}"}
            data = orjson.dumps(routed.back)
            async with self.client.stream("POST", self.upstream, headers=headers, content=data):
                pass  # the server's reply to that is not read


def application(proxy: HttpProxy) -> Starlette:
    """Serves every path; the server's own path is in its URL."""
    methods = ["GET", "POST", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", proxy.answer, methods=methods)])


def _sent(request: Request, *, edited: bool) -> dict[str, str]:
    """Headers can repeat arguments (`mcp-param-…`); those that the guard has edited are dropped."""
    return {
        name: value
        for name, value in request.headers.items()
        if name in SENT or (name.startswith("mcp-") and not edited)
    }


def _returned(reply: httpx.Response) -> dict[str, str]:
    return {
        name: value
        for name, value in reply.headers.items()
        if name in RETURNED or (name.startswith("mcp-") and _TOKEN.fullmatch(value))
    }


def _plain(event: ServerSentEvent) -> ServerSentEvent:
    """Without what is a text in place of a name or an id; a comment only keeps the connection."""
    event.event = event.event if _TOKEN.fullmatch(event.event) else ""
    event.id = event.id if _TOKEN.fullmatch(event.id or "") else None
    event.retry = event.retry if _TOKEN.fullmatch(event.retry or "") else None
    event.comment = None if event.comment is None else ""
    return event


async def _body(request: Request) -> bytes:
    """Raises ThreegateError beyond the limit, and TimeoutError."""
    data = bytearray()
    async with asyncio.timeout(BODY_S):
        async for piece in request.stream():
            data += piece
            if len(data) > MAX_BODY_BYTES:
                raise ThreegateError("too large")
    return bytes(data)


async def _read(reply: httpx.Response) -> bytes:
    """Raises ValueError beyond the limit."""
    data = bytearray()
    async for piece in reply.aiter_bytes():
        data += piece
        if len(data) > MAX_RESPONSE_BYTES:
            raise ValueError("too large")
    return bytes(data)


def _key(session_id: str) -> str:
    """The guard's own id of a session; empty without one."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32] if session_id else ""
