"""uvicorn as the proxy runs it: a stop in two steps, a port that is taken, quiet logs."""

from __future__ import annotations

import os
import socket

import pytest
from threegate.gateway.closing import CUT_S
from threegate.server.http_server import GracefulShutdown, bound, config, listening, several
from threegate.server.membership import Membership
from threegate.settings import Settings
from threegate.settings.errors import SettingsError


def test_a_stop_fails_readiness_at_once_and_comes_after_the_delay() -> None:
    stopping = GracefulShutdown(delay_s=3600)
    assert not stopping.missing()
    stopping.begin(delayed=True)
    assert stopping.missing() == {"server": "stopping"}
    assert not stopping.over
    stopping.begin(delayed=False)
    assert stopping.over


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=f"127.0.0.1:{port}"),
            listening(Settings(port=port)),
        ):
            pass


@pytest.mark.parametrize("host", ["::1", "::"])
def test_ipv6_addresses_and_all_addresses_of_both_families(host: str) -> None:
    with listening(Settings(host=host, port=0)) as listener:
        port = listener.getsockname()[1]
        socket.create_connection(("::1", port), 5).close()
        if host == "::1":
            with pytest.raises(SettingsError, match=rf"\[::1\]:{port}"):
                bound(Settings(host=host), port)
        else:
            socket.create_connection(("127.0.0.1", port), 5).close()


def test_no_worker_makes_the_socket_of_all_wait() -> None:
    reading, writing = os.pipe()
    with listening(Settings(port=0)) as listener, os.fdopen(reading):
        assert not os.get_blocking(listener.fileno())
        member = Membership.of(f"{os.dup(listener.fileno())}:{writing}")
        assert not os.get_blocking(listener.fileno())
        copies = several(member.listener)
        assert not os.get_blocking(listener.fileno())
        for copy in copies:
            copy.close()
        member.listener.close()
        os.close(writing)


def test_nothing_of_a_request_reaches_the_servers_log() -> None:
    made = config(None, Settings(drain=7), print)
    assert not made.access_log
    assert (made.server_header, made.proxy_headers, made.ws) == (False, False, "none")
    assert made.timeout_graceful_shutdown == 7 + CUT_S
