"""What all tests share: deterministic properties, and no network beyond this machine."""

from __future__ import annotations

import gc
import inspect
import os
import socket
import ssl
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx._transports import default as transports
from hypothesis import HealthCheck, settings

from tests.waiting import PATIENCE_S

pytest_plugins = ["tests.forked"]

gc.disable()
"""Until all is collected: modules and tests are made, next to nothing is thrown away, and looking for
it again and again took a third of the time. See `pytest_collection_finish`."""

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": False}
settings.register_profile("ci", max_examples=40, derandomize=True, **COMMON)
settings.register_profile("wide", max_examples=500, **COMMON)
settings.register_profile("nightly", max_examples=10_000, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # for servers with an ONNX Runtime of their own
os.environ["LANGUAGE"] = "en"  # whoever runs them; tests of Chinese ask for it

TESTS = Path(__file__).parent
PATIENT: httpx.Timeout = inspect.signature(httpx.get).parameters["timeout"].default
for phase in ("connect", "read", "write", "pool"):
    setattr(PATIENT, phase, PATIENCE_S)  # httpx' own 5 s would make a busy machine a failure

new_context = transports.create_ssl_context


@cache
def _trusted(*_named: str | None) -> ssl.SSLContext:
    return new_context()


def _context(*, verify: Any, cert: Any, trust_env: bool) -> ssl.SSLContext:
    """A client, and so every call of `httpx.get`, reads all authorities anew: most of what a call to
    this machine costs, where nothing is encrypted."""
    if verify is not True or cert or not trust_env:
        return new_context(verify=verify, cert=cert, trust_env=trust_env)
    return _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


transports.create_ssl_context = _context  # type: ignore[assignment]

SLOW_FOLDERS = (
    "e2e",
    "security",
    "console",
    "cli",
    "server",
    "service",
    "scan",
    "mcp",
    "bench",
    "testing",
    "detectors/models",
)
"""Folders with servers, browsers and models. Their files run first: with many processes the short
files that come last even the ends out."""

LOCAL = ("127.", "::1", "localhost")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow: run with --slow")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)
    items.sort(key=_turn)  # stable: within a file, and among the rest, as collected


OBJECTS_A_PASS = 10_000
"""New objects that begin a pass of the garbage collector. With Python's 700, passes over what servers
and models keep took a tenth of the CPU time of tests."""


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not look at it, not even once."""
    gc.freeze()
    gc.set_threshold(OBJECTS_A_PASS)
    gc.enable()


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(TESTS).as_posix()
    turns = (n for n, folder in enumerate(SLOW_FOLDERS) if place.startswith(f"{folder}/"))
    return next(turns, len(SLOW_FOLDERS))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine is a failure of the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            assert host.startswith(LOCAL), "a test reached for the network"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
