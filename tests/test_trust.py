"""What our HTTPS clients trust."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from threegate.console.auth.oidc import OidcError, Provider
from threegate.settings import OidcSettings
from threegate.trust import trusted

from tests.audit.feeds.receivers import certificate


class NoProvider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An HTTPS server whose authority only `SSL_CERT_FILE` names."""
    authority, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    with HTTPServer(("127.0.0.1", 0), NoProvider) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def started(issuer: str) -> str:
    """Why the log-in cannot begin."""
    trusted.cache_clear()
    with pytest.raises(OidcError) as error:
        asyncio.run(Provider(OidcSettings(issuer, "c", "http://127.0.0.1:1/console", {})).start())
    trusted.cache_clear()
    return str(error.value)


def test_an_authority_of_ones_own_is_trusted(address: str) -> None:
    assert started(address) == "the provider answers with status 404"


def test_another_authority_is_not_and_the_log_says_so(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate verify failed" in started(address)
