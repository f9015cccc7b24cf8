"""`threegate mcp` between a client of the official SDK and a server that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.e2e.support.running import Running
from tests.mcp.calls import a_masked_value_goes_back_to_the_server, goes_as_the_policy_says
from tests.service.records import every_event

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
