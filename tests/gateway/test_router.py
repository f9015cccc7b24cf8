"""Model calls go straight to their endpoint, whatever else is asked goes through Starlette."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from threegate.app import create_app
from threegate.wire import ADAPTERS

from tests.gateway.calls import Sent, deps_of
from tests.gateway.shell import policy


async def asked(tmp_path: Path, method: str, path: str) -> Sent:
    deps, sent = deps_of(tmp_path, policy()), Sent()
    events = [{"type": "http.request", "body": b"[]"}]
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop(0)

    await create_app(deps)(scope, receive, sent)
    await deps.upstreams.aclose()
    return sent


@pytest.mark.parametrize("path", [path for adapter in ADAPTERS for path in adapter.paths])
async def test_every_model_call_reaches_its_endpoint_alone(tmp_path: Path, path: str) -> None:
    sent = await asked(tmp_path, "POST", path)
    assert sent.status == 400
    assert "is not a JSON object" in orjson.loads(sent.data)["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/chat/completions/", 404),
        ("POST", "/v1/elsewhere", 404),
    ],
)
async def test_the_rest_has_its_routes(tmp_path: Path, method: str, path: str, status: int) -> None:
    assert (await asked(tmp_path, method, path)).status == status
