"""Requests that two parsers may read differently: the model API never sees one that the guard did
not check, whatever the framing, the target or the headers.

Each planted body holds an ID number that the base policy masks; it must not reach the model API.
"""

from __future__ import annotations

import gzip
import json
import logging
from uuid import UUID

import httpx
import pytest
from threegate.server.http_protocol import HEAD_BYTES
from threegate.wire.limits import MAX_BODY_BYTES

from tests.e2e.support.running import Running
from tests.security.conftest import Watched
from tests.security.raw import CHAT, ask, chat, exchange, request, sized
from tests.waiting import PATIENCE_S

ID = "11010519491231002X"
PLANTED = chat(f"我的身份证是{ID}。")
INNER = request(PLANTED, headers=sized(PLANTED))
CHECKED = {
    ("POST", CHAT),
    ("GET", "/v1/models"),
    ("GET", "/user/balance"),
}


def chunked(body: bytes, extension: bytes = b"", end: bytes = b"\r\n") -> bytes:
    head = f"{len(body):x}".encode() + extension + end
    return head + body + end + b"0" + end + end


LAST = request(method="GET", target="/healthz", headers=("Connection: close",))
"""After it the server closes, so that a test need not wait."""

TE = "Transfer-Encoding: chunked"
FRAMING: dict[str, bytes] = {
    "length and chunked": request(chunked(PLANTED), headers=(*sized(PLANTED), TE)),
    "chunked then length": request(chunked(PLANTED), headers=(TE, *sized(PLANTED))),
    "short length, smuggled rest": request(b"{}" + INNER, headers=sized(b"{}")),
    "two lengths": request(PLANTED, headers=(*sized(PLANTED), "Content-Length: 2")),
    "two equal lengths": request(PLANTED, headers=(*sized(PLANTED), sized(PLANTED)[1])),
    "a list of lengths": request(PLANTED, headers=(f"Content-Length: {len(PLANTED)}, 2",)),
    "a signed length": request(PLANTED, headers=(f"Content-Length: +{len(PLANTED)}",)),
    "a hexadecimal length": request(PLANTED, headers=(f"Content-Length: 0x{len(PLANTED):x}",)),
    "a negative length": request(PLANTED, headers=("Content-Length: -1",)),
    "a blank before the colon": request(PLANTED, headers=(f"Content-Length : {len(PLANTED)}",)),
    "bare line feeds": INNER.replace(b"\r\n", b"\n"),
    "a bare carriage return": request(PLANTED, headers=(*sized(PLANTED), "X-A: b\rX-C: d")),
    "an obsolete fold": request(PLANTED, headers=(*sized(PLANTED), "X-A: b\r\n c")),
    "a folded encoding": request(
        chunked(PLANTED), headers=("Transfer-Encoding:\r\n chunked", *sized(PLANTED))
    ),
    "a chunk extension": request(chunked(PLANTED, b";a=b"), headers=(TE,)),
    "an extension with a line feed": request(chunked(PLANTED, b";a\nb"), headers=(TE,)),
    "chunks with bare line feeds": request(chunked(PLANTED, end=b"\n"), headers=(TE,)),
    "an oversized chunk length": request(
        b"f" * 17 + b"\r\n" + PLANTED + b"\r\n0\r\n\r\n", headers=(TE,)
    ),
    "chunked twice": request(chunked(PLANTED), headers=("Transfer-Encoding: chunked, chunked",)),
    "chunked, not last": request(chunked(PLANTED), headers=("Transfer-Encoding: chunked, gzip",)),
    "an unknown encoding": request(chunked(PLANTED), headers=("Transfer-Encoding: xchunked",)),
    "a hidden encoding": request(
        chunked(PLANTED), headers=("Transfer-Encoding: \x0bchunked", *sized(PLANTED))
    ),
    "trailers": request(chunked(PLANTED)[:-2] + b"Authorization: Bearer x\r\n\r\n", headers=(TE,)),
    "no length at all": request(PLANTED),
    "an upgrade": request(
        PLANTED, headers=(*sized(PLANTED), "Connection: upgrade", "Upgrade: websocket")
    ),
    "an upgrade to http/2": request(
        PLANTED, headers=(*sized(PLANTED), "Connection: upgrade", "Upgrade: h2c")
    ),
    "pipelined": INNER + INNER,
    "http/1.0 with chunks": request(chunked(PLANTED), headers=(TE,)).replace(b"1.1", b"1.0", 1),
    "http/0.9": b"GET /v1/models\r\n\r\n",
    "an http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a NUL in a header": request(PLANTED, headers=(*sized(PLANTED), "X-A: a\0b")),
    "a NUL in a name": request(PLANTED, headers=(*sized(PLANTED), "X\0A: b")),
    "two hosts": request(PLANTED, headers=(*sized(PLANTED), "Host: other.test")),
    "a bad host": INNER.replace(b"guard.test", b"a/b?c#d@e"),
    "a host that is a path": INNER.replace(b"guard.test", b"guard.test/v1/files?x="),
    "no host": INNER.replace(b"Host: guard.test\r\n", b""),
}
TARGETS: dict[str, str] = {
    "absolute": "http://evil.test/v1/chat/completions",
    "absolute with a user": "http://a@evil.test:1/v1/chat/completions",
    "two slashes": "//v1/chat/completions",
    "authority": "//evil.test/v1/chat/completions",
    "dots": "/v1/x/../chat/completions",
    "encoded dots": "/v1/%2e%2e/v1/chat/completions",
    "encoded dots twice": "/v1/%252e%252e/chat/completions",
    "dots past a door": "/v1/chat/completions/../../files",
    "encoded slash": "/v1%2fchat%2fcompletions",
    "encoded letter": "/v1/%63hat/completions",
    "upper case": "/V1/Chat/Completions",
    "slash at the end": "/v1/chat/completions/",
    "semicolon": "/v1/chat/completions;a=b",
    "query": "/v1/chat/completions?api_base=http://evil.test&path=/v1/files",
    "fragment": "/v1/chat/completions#/v1/files",
    "backslash": "/v1\\chat\\completions",
    "encoded NUL": "/v1/chat/completions%00",
    "encoded line end": "/v1/chat/completions%0d%0aHost:%20evil.test",
    "encoded query": "/v1/chat/completions%3fa=b",
    "balance past a door": "/user/balance/../../v1/files",
    "encoded balance": "/user/%62alance",
    "star": "*",
    "empty": "",
}


SILENT = ("an upgrade", "an upgrade to http/2")
"""After these nothing more is read, and the server closes when it is tired of waiting."""


def unchecked(watched: Watched, since: int) -> list[object]:
    """What reached the model API without having been checked."""
    return [
        (method, path, body)
        for method, path, _, body in watched.seen[since:]
        if (method, path) not in CHECKED or ID.encode() in body
    ]


@pytest.mark.parametrize("name", FRAMING)
def test_no_framing_carries_anything_past_the_guard(
    guarded: Running, watched: Watched, name: str
) -> None:
    since = len(watched.seen)
    said = exchange(guarded, FRAMING[name] + LAST, wait_s=3 if name in SILENT else PATIENCE_S)
    assert unchecked(watched, since) == []
    assert not [status for status in said.statuses if status >= 500]
    assert httpx.get(f"{guarded.url}/healthz").status_code == 200


REFUSED = (
    *("length and chunked", "chunked then length", "two lengths", "a list of lengths"),
    *("a signed length", "a hexadecimal length", "a negative length", "a blank before the colon"),
    *("a bare carriage return", "chunked twice", "an unknown encoding", "a hidden encoding"),
    *("an oversized chunk length", "an extension with a line feed", "a NUL in a header"),
)


@pytest.mark.parametrize("name", REFUSED)
def test_ambiguous_framing_is_refused(guarded: Running, watched: Watched, name: str) -> None:
    since = len(watched.seen)
    assert 200 not in exchange(guarded, FRAMING[name]).statuses
    assert watched.seen[since:] == []


HALF = request(b"{", headers=("Content-Type: application/json", "Content-Length: 99"))
NO_HTTP = b"\x16\x03\x01 no HTTP\r\n\r\n"


@pytest.mark.parametrize("data", [NO_HTTP, HALF, *(FRAMING[n] for n in SILENT)])
def test_a_stranger_writes_nothing_to_the_log(
    guarded: Running, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    exchange(guarded, data, wait_s=3)
    httpx.get(f"{guarded.url}/healthz")
    assert [r for r in caplog.records if not r.name.startswith("http")] == []


def test_what_is_no_http_is_counted(guarded: Running) -> None:
    value = guarded.deps.metrics.registry.get_sample_value
    before = value("threegate_malformed_requests_total")
    assert exchange(guarded, NO_HTTP).statuses == [400]
    assert value("threegate_malformed_requests_total") == before + 1


def test_pipelined_requests_are_checked_one_by_one(guarded: Running, watched: Watched) -> None:
    since = len(watched.seen)
    said = exchange(guarded, INNER + INNER + LAST)
    assert said.statuses == [200, 200, 200]
    assert len(watched.seen) - since == 2
    assert unchecked(watched, since) == []


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "HEAD", "TRACE", "OPTIONS", "CONNECT"])
@pytest.mark.parametrize("name", TARGETS)
def test_no_target_reaches_another_path(
    guarded: Running, watched: Watched, name: str, method: str
) -> None:
    since = len(watched.seen)
    headers = sized(PLANTED, "Connection: close")
    data = request(PLANTED, target=TARGETS[name], method=method, headers=headers)
    said = exchange(guarded, data)
    assert unchecked(watched, since) == []
    assert not [status for status in said.statuses if status >= 500]


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "x", "identity, gzip"])
def test_an_encoded_request_is_refused(guarded: Running, watched: Watched, encoding: str) -> None:
    since = len(watched.seen)
    headers = {"content-encoding": encoding}
    reply = httpx.post(f"{guarded.url}{CHAT}", content=gzip.compress(PLANTED), headers=headers)
    assert reply.status_code == 415
    assert watched.seen[since:] == []


def test_a_body_is_refused_by_its_length_before_it_is_read(guarded: Running) -> None:
    data = request(headers=("Content-Type: application/json", f"Content-Length: {1 << 40}"))
    assert exchange(guarded, data, enough=1).statuses == [413]


def test_a_body_without_a_length_is_read_up_to_the_limit(guarded: Running) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    pieces = MAX_BODY_BYTES // 0x10000 + 2
    data = request(piece * pieces, headers=("Content-Type: application/json", TE))
    assert exchange(guarded, data, enough=1).statuses == [413]


def test_a_body_that_does_not_come_is_not_waited_for(
    guarded: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threegate.gateway.asgi.BODY_S", 0.1)
    monkeypatch.setattr("threegate.server.http_protocol.LINGER_S", 0.1)
    data = request(b'{"model"', headers=sized(PLANTED))
    said = exchange(guarded, data)
    assert said.statuses == [408]
    assert said.closed


@pytest.mark.parametrize("start", [b"", b"POST", INNER[:60]], ids=["nothing", "line", "head"])
def test_a_head_that_does_not_come_is_not_waited_for(
    guarded: Running, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr("threegate.server.http_protocol.HEAD_S", 0.1)
    said = exchange(guarded, start)
    assert said.closed
    assert said.statuses == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * (HEAD_BYTES * 2),
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * (HEAD_BYTES * 2),
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * (HEAD_BYTES // 4),
    ],
    ids=["line", "value", "many"],
)
def test_a_head_is_bounded(guarded: Running, head: bytes) -> None:
    said = exchange(guarded, head)
    assert said.closed
    assert said.statuses in ([400], [])


HOP = {
    "connection": "keep-alive, x-secret-hop",
    "x-secret-hop": "hop-value",
    "keep-alive": "timeout=9",
    "te": "trailers",
    "proxy-authorization": "Basic cHJveHk6cHJveHk=",
    "proxy-connection": "keep-alive",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-host": "evil.test",
    "x-real-ip": "203.0.113.9",
    "forwarded": "for=203.0.113.9",
    "cookie": "session=canary-cookie",
    "referer": "http://evil.test/",
    "origin": "http://localhost:5173",
    "x-http-method-override": "DELETE",
    "x-original-url": "/v1/files",
    "x-rewrite-url": "/v1/files",
    "x-api-base": "http://evil.test",
    "expect": "x",
}


def test_headers_go_on_by_an_allow_list(guarded: Running, watched: Watched) -> None:
    headers = {**HOP, "anthropic-version": "2023-06-01", "x-request-id": "mine"}
    reply = httpx.post(f"{guarded.url}{CHAT}", json=ask("hello"), headers=headers)
    assert reply.status_code == 200
    sent = watched.seen[-1][2]
    assert sent["anthropic-version"] == "2023-06-01"
    assert f"tg_{UUID(sent['x-request-id']).hex}" == reply.headers["x-threegate-request-id"]
    assert sent["accept-encoding"] == "identity"
    assert not (set(HOP) & set(sent)) - {"connection"}
    everything = json.dumps(sent)
    for value in ("hop-value", "203.0.113.9", "evil.test", "canary-cookie", "DELETE"):
        assert value not in everything


@pytest.mark.parametrize("value", ["a\x01b", "a\x7fb", "a\x1bb", "é", "密钥"])
@pytest.mark.parametrize("name", ["Anthropic-Version", "Authorization", "Accept", "X-Api-Key"])
def test_a_header_that_cannot_go_on_is_refused(
    guarded: Running, watched: Watched, name: str, value: str
) -> None:
    since = len(watched.seen)
    line = f"{name}: {value}".encode()
    data = request(PLANTED, headers=sized(PLANTED, "Connection: close")).replace(
        b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1
    )
    assert exchange(guarded, data).statuses == [400]
    assert watched.seen[since:] == []
