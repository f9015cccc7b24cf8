"""The wiring: which doors there are."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route
from threegate.app import create_app
from threegate.service.dialects.registry import OPERATIONS
from threegate.wire import ADAPTERS

from tests.gateway.calls import deps_of
from tests.gateway.shell import policy


async def test_every_door_is_a_route_and_the_rest_leads_to_one_place(tmp_path: Path) -> None:
    deps = deps_of(tmp_path, policy())
    routes = [r for r in create_app(deps).routes if isinstance(r, Route)]
    await deps.upstreams.aclose()
    posted = [r.path for r in routes if r.methods == {"POST"}]
    asked = [operation.path for operation in OPERATIONS]
    assert posted == [*(path for adapter in ADAPTERS for path in adapter.paths), *asked]
    assert routes[-1].path == "/{path:path}"
