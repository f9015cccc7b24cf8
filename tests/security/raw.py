"""Bytes on a socket: what no client library would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.running import Running

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


def exchange(running: Running, data: bytes, *, wait_s: float = 3.0, finish: bool = False) -> Said:
    """Sends, reads to the end. `finish` closes our side, so that a waiting server gives up."""
    where = urlsplit(running.url)
    assert where.hostname is not None
    with socket.create_connection((where.hostname, where.port or 80), timeout=wait_s) as line:
        got, closed = b"", False
        try:
            line.sendall(data)
            if finish:
                line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                got += piece
            closed = True
        except TimeoutError:
            pass
        except OSError:
            closed = True
    return Said(got, closed, statuses_of(got))


def statuses_of(data: bytes) -> list[int]:
    parts = data.split(b"HTTP/1.1 ")[1:]
    return [int(p[:3]) for p in parts if p[:3].isdigit()]
