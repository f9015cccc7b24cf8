"""The server: a stop signal is announced, a taken port is named, a demo model stands in."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import httpx
import pytest
from threegate.cli.serve import (
    GracefulShutdown,
    config,
    listening,
    listening_sockets,
    with_upstream,
)
from threegate.server.supervisor import Membership
from threegate.settings import Settings, UpstreamSettings
from threegate.settings.errors import SettingsError


def test_a_stop_is_told_at_once_and_comes_after_the_delay() -> None:
    leaving = GracefulShutdown(delay_s=3600)
    assert not leaving.missing()
    leaving.announce(delayed=True)
    assert leaving.missing() == {"server": "stopping"}
    assert not leaving.over
    leaving.announce(delayed=False)
    assert leaving.over


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=f"127.0.0.1:{port}"),
            listening(Settings(port=port)),
        ):
            pass


def test_no_worker_makes_the_socket_of_all_wait() -> None:
    reading, writing = os.pipe()
    with listening(Settings(port=0)) as listener, os.fdopen(reading):
        assert not os.get_blocking(listener.fileno())
        member = Membership.of(f"{os.dup(listener.fileno())}:{writing}")
        assert not os.get_blocking(listener.fileno())
        copies = listening_sockets(member.listener)
        assert not os.get_blocking(listener.fileno())
        for copy in copies:
            copy.close()
        member.listener.close()
        os.close(writing)


def test_nothing_of_a_request_reaches_the_servers_log() -> None:
    made = config(None, Settings(drain=7))
    assert not made.access_log
    assert (made.server_header, made.proxy_headers, made.ws) == (False, False, "none")
    assert made.timeout_graceful_shutdown == 7


async def test_without_an_upstream_the_demo_model_answers() -> None:
    async with with_upstream(Settings()) as complete:
        (demo,) = complete.upstreams
        models = await listed(demo.url)
    assert {m["id"] for m in models["data"]} >= {"deepseek-r1"}
    own = Settings(upstreams=(UpstreamSettings("http://127.0.0.1:9"),))
    async with with_upstream(own) as same:
        assert same is own


async def listed(url: str) -> Any:
    """The models of a server that has just been told to start."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            try:
                return (await client.get(f"{url}/v1/models")).json()
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
