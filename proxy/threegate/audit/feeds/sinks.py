"""Where a feed delivers to: a syslog receiver or an OpenTelemetry collector. Calls block."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import orjson

from threegate.audit.export.formats import ocsf
from threegate.audit.export.otel import otel_log
from threegate.audit.feeds.reader import Item
from threegate.trust import trusted

TIMEOUT_S = 10.0
AUDIT_FACILITY = 13  # RFC 5424, "log audit"
WARNING, INFO = 4, 6
DENIED = ("block", "answer")


class Sink(Protocol):
    """`send` returns when the receiver has taken all items, and raises OSError or httpx.HTTPError
    if it has not. `settle_s`: how long the connection must then stay open before the items count as
    received; 0 if the receiver acknowledges. `stages`: the only ones that it takes; empty for
    all."""

    settle_s: float
    stages: tuple[str, ...]

    def send(self, items: Sequence[Item]) -> None: ...
    def check(self) -> None:
        """Raises OSError if the connection has ended."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Syslog:
    """OCSF events as RFC 5424 messages in octet-counted frames over TLS (RFC 5425) or TCP (RFC
    6587).

    Syslog has no acknowledgement. Items sent less than `settle_s` before a connection broke are
    sent again over the next one; receivers drop duplicates by `metadata.uid`."""

    url: str
    ca: Path | None = None
    settle_s: float = 5.0
    stages: tuple[str, ...] = ()
    _socket: socket.socket | None = field(default=None, repr=False)

    def send(self, items: Sequence[Item]) -> None:
        frames = b"".join(map(frame, items))
        try:
            self._connected().sendall(frames)
        except OSError:
            self.close()
            raise

    def check(self) -> None:
        """A receiver sends nothing, so the only thing to read is the end of the connection."""
        if self._socket is None:
            return
        try:
            self._socket.settimeout(0.001)
            ended = self._socket.recv(1) == b""
        except (TimeoutError, ssl.SSLWantReadError):
            ended = False
        except OSError:
            ended = True
        if ended:
            self.close()
            raise ConnectionResetError("the receiver closed the connection")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = self._connect()
        self._socket.settimeout(TIMEOUT_S)
        return self._socket

    def _connect(self) -> socket.socket:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 6514
        plain = socket.create_connection((host, port), TIMEOUT_S)
        if parts.scheme == "tcp":
            return plain
        try:
            context = ssl.create_default_context(cafile=self.ca)
            return context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise


def frame(item: Item) -> bytes:
    """`LENGTH SP MESSAGE`."""
    text = message(item)
    return str(len(text)).encode() + b" " + text


def message(item: Item) -> bytes:
    """`<PRI>1 TIME HOST threegate WRITER STAGE - OCSF-JSON`, RFC 5424 section 6."""
    event = item.entry["event"]
    severity = WARNING if event.get("action") in DENIED else INFO
    head = (
        f"<{AUDIT_FACILITY * 8 + severity}>1 {item.entry['ts']} {socket.gethostname()} threegate "
        f"{item.writer} {event['stage']} - "
    )
    return head.encode() + orjson.dumps(ocsf(item.entry))


@dataclass(slots=True)
class Otlp:
    """Log records over OTLP/HTTP in JSON; the collector's 2xx acknowledges them."""

    url: str
    settle_s: float = 0.0
    stages: tuple[str, ...] = ()
    _client: httpx.Client | None = field(default=None, repr=False)

    def send(self, items: Sequence[Item]) -> None:
        if self._client is None:
            self._client = httpx.Client(verify=trusted(), trust_env=False, timeout=TIMEOUT_S)
        groups = chain.from_iterable(otel_log(item.entry)["resourceLogs"] for item in items)
        reply = self._client.post(
            self.url.rstrip("/").removesuffix("/v1/logs") + "/v1/logs",
            content=orjson.dumps({"resourceLogs": list(groups)}),
            headers={"content-type": "application/json"},
        )
        reply.raise_for_status()

    def check(self) -> None:
        """Every request is acknowledged."""

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
