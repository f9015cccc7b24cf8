"""What a hostile side can make the proxy hold: idle connections and compressed answers."""

from __future__ import annotations

import gc
import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.support.running import Running
from tests.security.conftest import Watched
from tests.security.raw import CHAT, ask
from tests.waiting import eventually

MIB = 1 << 20
PROC = Path("/proc/self")
IDLE_BYTES = 20 * 1024
"""The most that a connection may cost of which nothing has come: 200 MB for ten thousand."""

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="memory is read from /proc")

HOLD = """\
import socket, sys
lines = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(int(sys.argv[2]))]
sys.stdin.read()
"""


def status(name: str) -> int:
    """Bytes that /proc tells of this process."""
    line = next(x for x in (PROC / "status").read_text().splitlines() if x.startswith(name))
    return int(line.split()[1]) * 1024


def opened() -> int:
    return len(os.listdir(PROC / "fd"))


@contextmanager
def idle(running: Running, count: int) -> Iterator[None]:
    """Connections of another process, for this one has not file descriptors for both ends."""
    before, port = opened(), str(urlsplit(running.url).port)
    with subprocess.Popen([sys.executable, "-c", HOLD, port, str(count)], stdin=-1) as holder:
        try:
            assert eventually(lambda: opened() >= before + count)
            yield
        finally:
            assert holder.stdin is not None
            holder.stdin.close()
    assert eventually(lambda: opened() < before + count // 2)


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_idle_connections_cost_little_and_nobody_waits_for_them(
    guarded: Running, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("threegate.server.http_protocol.HEAD_S", 600.0)
    assert httpx.post(f"{guarded.url}{CHAT}", json=ask("hello")).status_code == 200
    gc.collect()
    before = status("VmRSS")
    with idle(guarded, count):
        grown = status("VmRSS") - before
        assert httpx.post(f"{guarded.url}{CHAT}", json=ask("hello")).status_code == 200
    assert grown < count * IDLE_BYTES, f"{grown / count:.0f} bytes each"


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Unpacked four times as large as what may be held."""
    return gzip.compress(bytes(256 * MIB), 1)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_a_compressed_answer_is_never_unpacked(
    guarded: Running, watched: Watched, bomb: bytes, encoding: str, stream: bool
) -> None:
    kind = "text/event-stream" if stream else "application/json"
    (PROC / "clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    headers = (("content-encoding", encoding),)
    watched.demo.play([bomb], media_type=kind, headers=headers)
    reply = httpx.post(f"{guarded.url}{CHAT}", json=ask("hello", stream=stream))
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_encoding")
    assert status("VmHWM") - before < 64 * MIB
