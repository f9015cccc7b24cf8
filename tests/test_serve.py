"""`threegate serve` as a process: a stop is announced before the port closes, and streams finish."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from threegate.serve import Leaving
from threegate.testing.server import serve
from threegate.testing.upstream import DemoUpstream

from tests.e2e.fleet import eventually
from tests.e2e.running import ROOT

SLOW = "[demo: pause=0.5] one two three four five six seven eight nine ten"


def test_a_stop_that_is_announced_is_deaf_later() -> None:
    leaving = Leaving(60)
    assert (leaving.missing(), leaving.over) == ({}, False)
    leaving.announce(delayed=True)
    assert (leaving.missing(), leaving.over) == ({"server": "stopping"}, False)
    leaving.announce(delayed=False)
    assert leaving.over


@contextmanager
def served(var: Path, upstream: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A proxy that stays reachable for 5 s after it has said that it leaves."""
    command = [sys.executable, "-m", "threegate.cli", "serve", "--port", "0", "--var", str(var)]
    settings = {"THREEGATE_UPSTREAM": upstream, "THREEGATE_SHUTDOWN_DELAY": "5"}
    process = subprocess.Popen(
        [*command, "--classifiers", "off"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if "listens at" in line)
        yield line.split("listens at ")[1].split()[0], process
    finally:
        process.kill()
        process.wait(30)
        process.stderr.close()


def status(url: str) -> int:
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=30).status_code
    return 0


def test_readiness_goes_first_and_streams_finish(tmp_path: Path) -> None:
    demo = DemoUpstream()
    with (
        serve(demo.app) as upstream,
        served(tmp_path, upstream) as (url, process),
        ThreadPoolExecutor(1) as pool,
    ):
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": SLOW}]}
        stream = pool.submit(httpx.post, f"{url}/v1/chat/completions", json=body, timeout=120)
        assert eventually(lambda: bool(demo.received))
        assert status(f"{url}/readyz") == 200
        process.send_signal(signal.SIGTERM)
        announced = time.monotonic()
        assert eventually(lambda: status(f"{url}/readyz") == 503)
        assert status(f"{url}/healthz") == 200 or time.monotonic() - announced > 5
        assert stream.result().text.rstrip().endswith("data: [DONE]")
        assert process.wait(60) == 0
        assert status(f"{url}/healthz") == 0
