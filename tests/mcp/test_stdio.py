"""`threegate mcp` between a client of the official SDK and a server that it starts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from threegate.client.async_guard import AsyncGuard
from threegate.mcp import stdio
from threegate.mcp.session import McpSession

from tests.e2e.support.running import Running
from tests.mcp.calls import a_masked_value_goes_back_to_the_server, goes_as_the_policy_says
from tests.service.records import every_event
from tests.waiting import PATIENCE_S

SERVER = ["--", sys.executable, "-m", "tests.mcp.server"]


async def test_a_server_on_standard_streams_in_this_process(tmp_path: Path, root: Path) -> None:
    options = ["--classifiers", "off", "--var", str(tmp_path), "--policies", str(root / "policies")]
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "threegate", "mcp", *options, *SERVER],
        env=dict(os.environ),
        cwd=root,
    )
    async with Client(stdio_client(command)) as client:
        await goes_as_the_policy_says(client)
        await a_masked_value_goes_back_to_the_server(client)
    events = every_event(tmp_path)
    assert {e["stage"] for e in events if e.get("endpoint")} == {"completed", "blocked"}


def talk(guard: str, lines: bytes, root: Path) -> list[bytes]:
    command = [sys.executable, "-m", "threegate", "mcp", "--guard", guard, *SERVER]
    done = subprocess.run(command, input=lines, capture_output=True, cwd=root, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a b"}}}\n'


def test_what_is_no_message_is_answered_and_the_next_one_goes_on(
    guarding: Running, root: Path
) -> None:
    first, *_ = talk(guarding.url, b"no json\n" + CALL, root)
    assert b"-32700" in first


@pytest.mark.parametrize("guard", ["http://127.0.0.1:1"])
def test_without_the_guard_nothing_goes_on(guard: str, root: Path) -> None:
    (answer,) = talk(guard, CALL, root)
    assert b"could not be checked" in answer.lower()


def test_standard_input_may_be_a_file_or_nothing(root: Path, tmp_path: Path) -> None:
    """A loop can wait for neither: it used to log an error and stop without an answer."""
    (file := tmp_path / "calls").write_bytes(CALL)
    command = [sys.executable, "-m", "threegate", "mcp", "--guard", "http://127.0.0.1:1", *SERVER]
    for path, answers in ((file, 1), (Path(os.devnull), 0)):
        with path.open("rb") as source:
            done = subprocess.run(command, stdin=source, capture_output=True, cwd=root, timeout=120)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.lower().count(b"could not be checked") == answers


async def without_a_client(program: str, argument: str) -> None:
    """A server of that Python text, whose client has already gone."""
    client = asyncio.StreamReader()
    client.feed_eof()
    async with AsyncGuard("http://127.0.0.1:1") as guard:
        session = McpSession(guard, "s", conversation="c")
        proxy = stdio.StdioProxy(session, client, stdio.FileWriter(1))
        assert await proxy.run([sys.executable, "-c", program, argument]) == 0


ENDS_BY_ITSELF = """
import os, sys, time
os.close(1)
time.sleep(0.2)
open(sys.argv[1], "w").close()
"""
NEVER_ENDS = """
import os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
os.close(1)
time.sleep(600)
"""


async def test_a_server_that_is_about_to_end_is_not_terminated(tmp_path: Path) -> None:
    await without_a_client(ENDS_BY_ITSELF, str(tmp_path / "ended"))
    assert (tmp_path / "ended").exists()


async def test_a_server_that_does_not_end_is_terminated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdio, "GRACE_S", 0.1)
    await without_a_client(NEVER_ENDS, str(tmp_path / "pid"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


SAYS_TOO_MUCH = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdout.write("x" * int(sys.argv[1]))
sys.stdout.flush()
time.sleep(600)
"""


async def test_a_message_without_end_ends_the_session(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client waited for ever for a server that does not heed the end of its input."""
    for name in ("MAX_LINE", "GRACE_S", "STOP_S"):
        monkeypatch.setattr(stdio, name, {"MAX_LINE": 1 << 20}.get(name, 0.1))
    async with AsyncGuard("http://127.0.0.1:1") as guard:
        session = McpSession(guard, "s", conversation="c")
        proxy = stdio.StdioProxy(session, asyncio.StreamReader(), stdio.FileWriter(1))
        async with asyncio.timeout(PATIENCE_S):
            code = await proxy.run([sys.executable, "-c", SAYS_TOO_MUCH, str(3 << 20)])
    assert code == -signal.SIGKILL
    assert "of more than 1 MiB" in caplog.text
