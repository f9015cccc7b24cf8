"""Bytes on a socket: what no client library would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.support.running import Running
from tests.waiting import PATIENCE_S

CHAT = "/v1/chat/completions"


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}


def request(
    body: bytes = b"", *, target: str = CHAT, method: str = "POST", headers: tuple[str, ...] = ()
) -> bytes:
    """A request with exactly these header lines after `Host`; no length unless it is given."""
    lines = [f"{method} {target} HTTP/1.1", "Host: guard.test", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def sized(body: bytes, *more: str) -> tuple[str, ...]:
    return ("Content-Type: application/json", f"Content-Length: {len(body)}", *more)


def chat(text: str, **more: Any) -> bytes:
    return json.dumps(ask(text, **more)).encode()


@dataclass
class Said:
    """What came back until the server closed or fell silent."""

    data: bytes
    closed: bool
    statuses: list[int] = field(default_factory=list)


def exchange(
    running: Running, data: bytes, *, wait_s: float = PATIENCE_S, enough: int | None = None
) -> Said:
    """Sends, reads to the end, or until `enough` answers have begun."""
    with _connected(running, wait_s) as line:
        got, closed = b"", False
        try:
            line.sendall(data)
            while len(statuses_of(got)) != enough and (piece := line.recv(65536)):
                got += piece
            closed = enough is None
        except TimeoutError:
            pass
        except OSError:
            closed = True
    return Said(got, closed, statuses_of(got))


@contextmanager
def waiting(running: Running, data: bytes) -> Iterator[socket.socket]:
    """A client that has sent this and stays; it is gone when the block ends."""
    with _connected(running, PATIENCE_S) as line:
        line.sendall(data)
        yield line


def _connected(running: Running, wait_s: float) -> socket.socket:
    where = urlsplit(running.url)
    return socket.create_connection((where.hostname or "", where.port or 80), timeout=wait_s)


def statuses_of(data: bytes) -> list[int]:
    parts = data.split(b"HTTP/1.1 ")[1:]
    return [int(p[:3]) for p in parts if p[:3].isdigit()]
