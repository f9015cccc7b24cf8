"""Connections that are closed, slow or odd: against real servers."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from threegate.settings import UpstreamSettings
from threegate.settings.errors import SettingsError

from tests.audit.feeds.receivers import certificate
from tests.upstream.test_client import demo, failure, read, upstreams


async def test_a_process_that_was_busy_does_not_blame_the_model_api() -> None:
    """The connection stands, but the time to connect is over when it is looked at."""
    async with demo(connect_s=0.2) as (_, settings):
        for turns in range(2, 8):  # one of them is when the connection is asked for
            async with upstreams(settings) as one:
                reading = [asyncio.ensure_future(read(one)) for _ in range(3)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                time.sleep(0.6)
                assert all(await asyncio.gather(*reading))


async def test_one_that_begins_and_says_nothing_has_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """vLLM sends its status at once and the first byte when the prompt is read."""
    monkeypatch.setattr("threegate.upstream.connections.FIRST_BYTES_S", 0.05)
    async with demo(first_byte_s=0.3, idle_s=60) as (made, one), upstreams(one) as alone:
        made.play([b"data: 1\n\n"], pause=30)
        assert (await failure(alone)).code == "upstream_timeout"
    async with demo(first_byte_s=60, idle_s=0.1) as (made, one), upstreams(one) as alone:
        made.play([b"data: 1\n\n"], pause=0.3)
        assert await read(alone) == b"data: 1\n\n"


@asynccontextmanager
async def dropping(times: int) -> AsyncIterator[tuple[UpstreamSettings, list[int]]]:
    """Reads a request and closes the connection, so many times; then answers."""
    seen: list[int] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        seen.append(len(seen))
        if len(seen) > times:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield UpstreamSettings(f"http://127.0.0.1:{port}"), seen


async def test_a_call_goes_through_the_proxy_of_its_upstream() -> None:
    async with dropping(0) as (proxy, seen):
        settings = UpstreamSettings("http://model.invalid", proxy=proxy.url)
        async with upstreams(settings) as one:
            assert await read(one) == b"{}"
    assert len(seen) == 1


@pytest.mark.parametrize(("times", "answered"), [(0, True), (1, True), (2, False)])
async def test_a_connection_closed_at_once_is_tried_once_more(times: int, answered: bool) -> None:
    async with dropping(times) as (settings, seen), upstreams(settings) as one:
        if answered:
            assert await read(one) == b"{}"
        else:
            assert (await failure(one)).status == 502
    assert len(seen) == min(times + 1, 2)


@asynccontextmanager
async def keeping() -> AsyncIterator[UpstreamSettings]:
    """Answers once on each connection, keeps it, and closes it when it is used again."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield UpstreamSettings(f"http://127.0.0.1:{port}")


async def test_after_a_pause_all_kept_connections_may_be_closed() -> None:
    async with keeping() as settings, upstreams(settings) as one:
        assert await asyncio.gather(*(read(one) for _ in range(8))) == [b"{}"] * 8
        assert await asyncio.gather(*(read(one) for _ in range(8))) == [b"{}"] * 8


@pytest.mark.parametrize("status", [999, 600])
async def test_a_status_that_http_has_not_is_an_error_of_the_upstream(status: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d Odd\r\nContent-Length: 2\r\n\r\n{}" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, upstreams(UpstreamSettings(f"http://127.0.0.1:{port}")) as made:
        assert (await failure(made)).code == "upstream_status"


class Whole(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def https(folder: Path, client_ca: Path | None = None) -> Iterator[UpstreamSettings]:
    """A model API with an authority of its own, which may ask for a certificate."""
    ca, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    with ThreadingHTTPServer(("127.0.0.1", 0), Whole) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_port}"
        yield UpstreamSettings(url, name="own", tls_ca=str(ca))
        server.shutdown()


async def test_an_authority_and_a_certificate_of_ones_own(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path / "client")
    with https(tmp_path / "server", cert) as one:
        known = replace(one, tls_cert=str(cert), tls_key=str(key))
        async with upstreams(known) as made:
            assert await read(made) == b"{}"
        async with upstreams(one) as made:  # without a certificate
            assert (await failure(made)).code == "upstream_error"


async def test_what_is_wrong_with_a_certificate_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other, _ = certificate(tmp_path / "other")
    with https(tmp_path / "server") as one:
        elsewhere = replace(one, name="host", url=one.url.replace("127.0.0.1", "localhost"))
        for wrong in (replace(one, tls_ca=str(other)), elsewhere):
            async with upstreams(wrong) as made:
                assert (await failure(made)).code == "upstream_error"
    assert "upstream own: upstream_error Cannot connect to host 127.0.0.1" in caplog.text
    assert "self-signed certificate" in caplog.text
    assert "certificate is not valid for 'localhost'" in caplog.text


@pytest.mark.parametrize("wrong", ["tls_ca", "tls_cert", "tls_key"])
async def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, wrong: str) -> None:
    cert, key = certificate(tmp_path)
    (tmp_path / "bad").write_text("canary")
    files = {"tls_ca": cert, "tls_cert": cert, "tls_key": key, wrong: tmp_path / "bad"}
    settings = UpstreamSettings("https://h", name="r1", **{n: str(f) for n, f in files.items()})  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="upstream r1: tls_ca") as caught:
        async with upstreams(settings):
            pass
    assert "canary" not in str(caught.value)
    (tmp_path / "bad").unlink()
    with pytest.raises(SettingsError, match=f"{tmp_path}/bad: No such file"):
        async with upstreams(settings):
            pass
