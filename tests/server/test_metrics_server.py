"""`/metrics` on a port of its own and behind a key of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from threegate.gateway.meta.metrics import MetricsEndpoint
from threegate.server.http_server import listening
from threegate.server.metrics_server import metrics_server
from threegate.settings import Settings
from threegate.settings.errors import SettingsError

from tests.e2e.support.running import proxy
from tests.gateway.calls import deps_of
from tests.gateway.shell import policy

BEARER = {"authorization": "Bearer " + "k" * 20}
KEY = {"metrics_key_env": "SCRAPE_KEY", "environment": {"SCRAPE_KEY": "k" * 20}}


def free_port() -> int:
    with listening(Settings(port=0)) as found:
        return int(found.getsockname()[1])


def test_the_port_of_the_api_has_no_metrics_then(tmp_path: Path) -> None:
    port = free_port()
    with proxy(tmp_path, metrics_port=port) as running:

        async def scraped() -> list[httpx.Response]:
            async with metrics_server(running.deps) as bound, httpx.AsyncClient() as client:
                urls = (f"http://127.0.0.1:{bound}/{path}" for path in ("metrics", "v1/models"))
                return [await client.get(url) for url in urls]

        found, other = running.run(scraped())
        assert (found.status_code, other.status_code) == (200, 404)
        assert "threegate_build_info" in found.text
        assert httpx.get(f"{running.url}/metrics").status_code == 404


async def test_a_port_that_is_taken_stops_the_start(tmp_path: Path) -> None:
    deps = deps_of(tmp_path, policy())
    with listening(Settings(port=0)) as taken:
        port = taken.getsockname()[1]
        object.__setattr__(deps.settings, "metrics_port", port)
        with pytest.raises(SettingsError, match=str(port)):
            async with metrics_server(deps):
                pass
    await deps.upstreams.aclose()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        (BEARER, 200),
    ],
)
def test_a_key_of_its_own(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    given: dict[str, Any] = KEY
    with proxy(tmp_path, **given) as running:
        reply = httpx.get(f"{running.url}/metrics", headers=headers)
        assert reply.status_code == status
        assert ("threegate_requests" in reply.text) is (status == 200)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"host": "127.0.0.1"}, 200),
        ({"host": "0.0.0.0"}, 401),
        ({"host": "0.0.0.0", "metrics_port": 9100}, 200),
    ],
)
async def test_without_a_key_callers_of_the_api_do_not_see_what_rules_do(
    tmp_path: Path, given: dict[str, Any], status: int
) -> None:
    deps = deps_of(tmp_path, policy())
    deps = replace(deps, settings=replace(deps.settings, **given))
    request = Request({"type": "http", "method": "GET", "headers": [], "path": "/metrics"})
    reply = await MetricsEndpoint(deps).answer(request)
    await deps.upstreams.aclose()
    assert reply.status_code == status
    assert (b"threegate_rulings" in bytes(reply.body)) is (status == 200)


def test_a_key_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scrape"
    file.write_text("k" * 20 + "\n", "utf-8")
    with proxy(tmp_path / "var", metrics_key_env=f"file:{file}") as running:
        asked = [httpx.get(f"{running.url}/metrics", headers=h) for h in ({}, BEARER)]
        assert [reply.status_code for reply in asked] == [401, 200]


def test_a_key_that_is_not_set_stops_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(BaseException, match="SCRAPE_KEY"),
        proxy(tmp_path, metrics_key_env="SCRAPE_KEY", environment={}),
    ):
        pass
