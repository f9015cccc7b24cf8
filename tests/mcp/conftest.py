"""A running Threegate, a server of the official SDK on a socket, and the guard between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from threegate.client.async_guard import AsyncGuard
from threegate.mcp.http import HttpProxy, application, outbound
from threegate.mcp.session import Catalog, McpSession

from tests.e2e.support.running import Running, proxy
from tests.mcp import server
from tests.serving import serve


@pytest.fixture(scope="package")
def guarding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with proxy(tmp_path_factory.mktemp("mcp")) as running:
        yield running


@pytest.fixture(scope="package")
def guarded_url(guarding: Running) -> Iterator[str]:
    """Of the guard in front of the server."""
    with (
        serve(server.made().streamable_http_app()) as direct,
        serve(app(guarding.url, direct)) as url,
    ):
        yield f"{url}/mcp"


def app(guard_url: str, direct: str) -> Starlette:
    made: dict[str, Any] = {}
    catalog = Catalog()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncGuard(guard_url) as guard, outbound() as client:
            made["proxy"] = HttpProxy(
                f"{direct}/mcp",
                lambda c: McpSession(guard, "shop", conversation=c, catalog=catalog),
                client,
            )
            made["app"] = application(made["proxy"])
            yield

    outer = Starlette(lifespan=lifespan)
    outer.router.default = lambda scope, receive, send: made["app"](scope, receive, send)
    return outer


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]
