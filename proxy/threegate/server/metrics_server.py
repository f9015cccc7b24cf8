"""`/metrics` on a separate port, if the settings name one, so that scrapers need no access to the
API's port. Every worker listens there; whichever answers has the metrics of all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from starlette.applications import Starlette
from starlette.routing import Route

from threegate.gateway.deps import Deps
from threegate.gateway.meta.metrics import MetricsEndpoint
from threegate.server.http_server import bound, config, running


@asynccontextmanager
async def metrics_server(deps: Deps) -> AsyncIterator[int]:
    """The port that it listens on; 0 if metrics stay on the API's port. Raises SettingsError if the
    address is not available."""
    settings = deps.settings
    if not settings.metrics_port:
        yield 0
        return
    listener = bound(settings, settings.metrics_port, shared=True)
    app = Starlette(routes=[Route("/metrics", MetricsEndpoint(deps).answer)])
    own = replace(settings, port=settings.metrics_port, drain=1)
    async with running(config(app, own, deps.metrics.malformed.inc), listener):
        yield listener.getsockname()[1]
