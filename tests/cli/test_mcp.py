"""`threegate mcp`: which server, or an error that says so."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import pytest
from starlette.responses import PlainTextResponse
from threegate.cli.main import main
from threegate.cli.mcp import listener
from threegate.server import http_protocol
from threegate.server.http_server import running

from tests.waiting import PATIENCE_S


@pytest.mark.parametrize("words", [[], ["--url", "http://127.0.0.1:1/mcp", "--", "server"]])
def test_one_server_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcp", *words]) == 2
    assert "--url" in capsys.readouterr().err


async def test_a_head_that_never_ends_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.05)
    port = socket.create_server(("127.0.0.1", 0))
    async with running(listener(PlainTextResponse("ok"), "127.0.0.1", 0), port) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ")
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        writer.close()
