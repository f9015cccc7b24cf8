"""The client cannot choose where the proxy connects: a spy on every socket of the process."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.support.running import Running
from tests.security.conftest import Watched
from tests.security.raw import CHAT, ask, exchange, request, sized


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A listener that nobody may call, and a list of the names that were looked up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", _Calls(listener)


class _Calls(list[str]):
    """The connections that a listener got, read when compared."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self._listener = listener

    def heard(self) -> int:
        count = 0
        while True:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Addresses that this process connects to or looks up, from here on."""
    seen: list[Any] = []
    connect, connect_ex, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def note(make: Any, at: int) -> Any:
        def spy(*args: Any, **more: Any) -> Any:
            seen.append(args[at])
            return make(*args, **more)

        return spy

    monkeypatch.setattr(socket.socket, "connect", note(connect, 1))
    monkeypatch.setattr(socket.socket, "connect_ex", note(connect_ex, 1))
    monkeypatch.setattr(socket, "getaddrinfo", note(look_up, 0))
    return seen


FIELDS = ("api_base", "base_url", "api_url", "endpoint", "url", "callback", "webhook", "proxy")


def attempts(evil: str) -> list[tuple[str, dict[str, Any], dict[str, str]]]:
    """(query, body, headers): an address wherever a client can write one."""
    image = [{"type": "image_url", "image_url": {"url": f"{evil}/a.png"}}]
    tool = {"type": "function", "function": {"name": "f", "parameters": {"$ref": f"{evil}/s.json"}}}
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"$ref": f"{evil}/s"}}}
    bodies = [{name: evil} for name in FIELDS]
    bodies += [{"extra_body": {"api_base": evil}}, {"metadata": {"api_base": evil}}]
    bodies += [{"messages": [{"role": "user", "content": image}]}, {"tools": [tool]}]
    bodies += [{"response_format": schema}, {"model": evil}, {"model": f"openai/{evil}"}]
    heads = {"x-api-base": evil, "host": evil.removeprefix("http://"), "x-forwarded-host": evil}
    heads |= {"referer": evil, "forwarded": f"host={evil}", "x-original-url": evil}
    return [
        *(("", body, {}) for body in bodies),
        *(("", {}, {name: value}) for name, value in heads.items()),
        (f"?api_base={evil}&url={evil}", {}, {}),
    ]


def test_no_address_of_a_client_is_connected_to(
    guarded: Running, watched: Watched, elsewhere: tuple[str, _Calls], spied: list[Any]
) -> None:
    evil, calls = elsewhere
    ours = {urlsplit(url).port for url in (guarded.url, guarded.direct)}
    ours |= {urlsplit(u.url).port for u in guarded.deps.settings.upstreams}
    for query, extra, headers in attempts(evil):
        body = {**ask("hello"), **extra}
        reply = httpx.post(f"{guarded.url}{CHAT}{query}", json=body, headers=headers)
        assert reply.status_code in (200, 400), reply.text
        assert not query or query not in watched.seen[-1][1]
    data = json.dumps(ask("hello")).encode()
    target = f"{evil}{CHAT}"
    exchange(guarded, request(data, target=target, headers=sized(data, "Connection: close")))
    httpx.get(f"{guarded.url}/user/balance", params={"url": evil})
    assert calls.heard() == 0
    assert len(spied) > 20
    addresses = {address for address in spied if isinstance(address, tuple)}
    assert {address[1] for address in addresses} <= ours
    assert all(name in ("127.0.0.1", None) for name in spied if not isinstance(name, tuple))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_model_api_is_not_followed(
    guarded: Running, watched: Watched, elsewhere: tuple[str, _Calls], status: int, stream: bool
) -> None:
    evil, calls = elsewhere
    watched.demo.play([b"{}"], status=status, headers=(("location", f"{evil}/x"),))
    reply = httpx.post(f"{guarded.url}{CHAT}", json=ask("hello", stream=stream))
    assert reply.status_code == 502
    assert reply.json()["error"]["code"] == "upstream_redirect"
    assert evil not in reply.text + str(reply.headers)
    assert calls.heard() == 0
