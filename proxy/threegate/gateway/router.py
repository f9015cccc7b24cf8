"""The app as a server calls it: requests to a guarded endpoint go straight to it. An endpoint
answers all its errors itself, so Starlette's layers around a route would only cost time for each
call and each piece of a stream. Everything else goes through them, and so does every call if there
is middleware (CORS).
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from threegate.gateway.http_endpoint import HttpEndpoint


class Router(Starlette):
    def __init__(self, routes: Sequence[BaseRoute], middleware: Sequence[Middleware] = ()) -> None:
        super().__init__(routes=routes, middleware=middleware)
        found = [r for r in routes if isinstance(r, Route) and isinstance(r.endpoint, HttpEndpoint)]
        self._endpoints = {} if middleware else {r.path: r.app for r in found}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope.get("path", ""))
        if endpoint is not None and scope.get("method") == "POST":
            await endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
