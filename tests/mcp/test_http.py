"""Streamable HTTP, the official SDK on both sides, of both generations of the protocol."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp_types import ElicitResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from threegate.mcp import http
from threegate.tasks import Tasks

from tests.e2e.support.running import Running
from tests.mcp import server
from tests.mcp.calls import a_masked_value_goes_back_to_the_server, goes_as_the_policy_says, text
from tests.mcp.conftest import app
from tests.service.records import every_event
from tests.serving import serve
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_tools_are_guarded(guarded_url: str, guarding: Running, mode: Any) -> None:
    async with Client(guarded_url, mode=mode, cache=None) as client:
        await goes_as_the_policy_says(client)
    routes = {e["caller"]["route"] for e in every_event(guarding) if "caller" in e}
    assert "/mcp/shop" in routes


async def test_within_a_session_masked_values_go_back_to_the_server(guarded_url: str) -> None:
    async with Client(guarded_url, mode="legacy", cache=None) as client:
        await a_masked_value_goes_back_to_the_server(client)
    assert server.received[-1] == (server.PHONE, "hi")


async def test_made_up_sessions_do_not_crowd_out_those_of_others(
    guarded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_SESSIONS", 2)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with Client(guarded_url, mode="legacy", cache=None) as client:
        customer = await client.call_tool("customer", {"number": 7})
        for number in range(4):
            headers = {"mcp-session-id": f"made-up-{number}", "accept": "application/json"}
            reply = await asyncio.to_thread(httpx.post, guarded_url, json=ping, headers=headers)
            assert reply.status_code >= 400
        placeholder = customer.structured_content["phone"]  # type: ignore[index]
        await client.call_tool("send", {"to": placeholder, "text": "still there"})
    assert server.received[-1] == (server.PHONE, "still there")


async def test_what_a_person_enters_for_the_server_is_judged(guarded_url: str) -> None:
    async def entered(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"answer": f"card {server.CARD}"})

    async with Client(
        guarded_url, mode="legacy", cache=None, elicitation_callback=entered
    ) as client:
        got = text(await client.call_tool("ask", {}))
    assert got.startswith("entered: card")
    assert server.CARD not in got


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),  # of a frame without rights, which any page can make
        ({"origin": "http://["}, 403),
        ({"host": "rebound.example"}, 403),
        ({"origin": "http://localhost:5173"}, 400),
    ],
)
def test_pages_of_other_sites_may_not_call(
    guarded_url: str, headers: dict[str, str], status: int
) -> None:
    reply = httpx.post(guarded_url, content=b"no json", headers=headers)
    assert reply.status_code == status


def test_a_message_with_two_meanings_is_refused(guarded_url: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}'
    reply = httpx.post(guarded_url, content=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, -32700)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_compressed_answer_is_never_unpacked(guarding: Running, kind: str) -> None:
    asked: list[str] = []

    async def bomb(request: Request) -> Response:
        asked.append(request.headers.get("accept-encoding", ""))
        data = b'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'
        headers = {"content-encoding": "gzip", "content-type": kind}
        return Response(gzip.compress(data[6:] if kind.endswith("json") else data), headers=headers)

    routes = [Route("/mcp", bomb, methods=["POST"])]
    with serve(Starlette(routes=routes)) as direct, serve(app(guarding.url, direct)) as url:
        reply = httpx.post(f"{url}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert asked == ["identity"]
    assert reply.status_code == 502


async def test_what_a_server_says_to_a_refusal_is_not_read(guarding: Running) -> None:
    """Its request is answered in place of the client; the answer to that has no end."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create"}
    events = [{**asked, "params": {"message": server.POISON}}, {"jsonrpc": "2.0", "method": "ok"}]

    async def talk(request: Request) -> Response:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)  # else nothing stops it when its client is gone

        if b"error" in await request.body():
            return StreamingResponse(endless())
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return Response(lines, media_type="text/event-stream")

    routes = [Route("/mcp", talk, methods=["POST"])]
    with serve(Starlette(routes=routes)) as direct, serve(app(guarding.url, direct)) as url:
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            reply = await client.post(f"{url}/mcp", json=ping, timeout=30)
    assert reply.text.count("data:") == 1
    assert '"ok"' in reply.text


def test_nothing_is_said_beside_the_messages(guarding: Running) -> None:
    """In names and ids of events, comments and headers of the protocol."""
    said = f"card {server.CARD}"
    event = f'event: {said}\nid: {said}\nretry: {said}\n: {said}\ndata: {{"jsonrpc":"2.0"}}\n\n'
    good = 'id: s1-000000000042\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n: \n\n'

    async def talk(_: Request) -> Response:
        headers = {"mcp-note": said, "mcp-session-id": "s-1"}
        text = f": {said}\n\n{event}{good}"
        return Response(text, headers=headers, media_type="text/event-stream")

    routes = [Route("/mcp", talk, methods=["POST"])]
    with serve(Starlette(routes=routes)) as direct, serve(app(guarding.url, direct)) as url:
        reply = httpx.post(f"{url}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert server.CARD not in reply.text + str(reply.headers)
    assert "id: s1-000000000042" in reply.text
    assert reply.headers["mcp-session-id"] == "s-1"


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def test_a_call_ends_with_its_client(guarding: Running) -> None:
    """A server that does not answer kept every call that was given up."""
    arrived, left = threading.Event(), threading.Event()

    async def silent(request: Request) -> Response:
        await request.body()
        arrived.set()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left.set()
        return Response()

    routes = [Route("/mcp", silent, methods=["POST"])]
    with serve(Starlette(routes=routes)) as direct, serve(app(guarding.url, direct)) as url:
        async with httpx.AsyncClient() as client:
            calls = Tasks()
            calls.spawn(client.post(f"{url}/mcp", json=PING, timeout=PATIENCE_S))
            assert await asyncio.to_thread(arrived.wait, PATIENCE_S)
            await calls.cancel()
        assert await asyncio.to_thread(left.wait, PATIENCE_S)


async def test_those_who_listen_leave_room_for_calls(guarding: Running) -> None:
    async def listened(_: Request) -> Response:
        async def endless() -> AsyncIterator[bytes]:
            yield b": here\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(endless(), media_type="text/event-stream")

    async def pong(_: Request) -> Response:
        return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {}})

    routes = [Route("/mcp", listened), Route("/mcp", pong, methods=["POST"])]
    limits = httpx.Limits(max_connections=None)
    with serve(Starlette(routes=routes)) as direct, serve(app(guarding.url, direct)) as url:
        async with AsyncExitStack() as stack, httpx.AsyncClient(limits=limits) as client:
            for _ in range(101):  # 100 was the bound
                stream = client.stream("GET", f"{url}/mcp", timeout=PATIENCE_S)
                await stack.enter_async_context(stream)
            reply = await client.post(f"{url}/mcp", json=PING, timeout=PATIENCE_S)
            assert reply.json()["result"] == {}
            await stack.aclose()
