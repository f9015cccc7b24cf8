"""Builds the ASGI application: its routes over the parts that `parts.py` opens."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route

from threegate.audit.log.store import AuditLog
from threegate.console.app import create_console
from threegate.console.bootstrap import open_parts
from threegate.gateway.deps import Deps
from threegate.gateway.endpoint import Endpoint
from threegate.gateway.meta.cors import cors
from threegate.gateway.meta.endpoints import ALL_METHODS, MODEL_PATHS, MetaEndpoints
from threegate.gateway.meta.metrics import MetricsEndpoint
from threegate.gateway.router import Router
from threegate.gateway.telemetry.rejections import Refusals
from threegate.parts import policy_versions
from threegate.policy.lifecycle.store import PolicyStore
from threegate.service.dialects.registry import document, service_routes
from threegate.wire import ADAPTERS


def create_app(deps: Deps, ready: Callable[[], dict[str, str]] = dict) -> Starlette:
    """Routes only; `opened` gives the parts. `ready` names parts that are not ready, with
    reasons."""
    routes: list[BaseRoute] = []
    refusals = Refusals(deps.audit)
    for adapter in ADAPTERS:
        endpoint = Endpoint(deps, refusals, adapter)
        routes += [Route(path, endpoint, methods=["POST"]) for path in adapter.paths]
    routes += service_routes(deps, refusals)
    meta = MetaEndpoints(deps, ready, refusals, document)
    for path, handler in (
        *((path, meta.models) for path in MODEL_PATHS),
        ("/healthz", meta.health),
        ("/readyz", meta.readiness),
        ("/openapi.json", meta.openapi),
    ):
        routes.append(Route(path, handler, methods=["GET"]))
    if not deps.settings.metrics_port:
        routes.append(Route("/metrics", MetricsEndpoint(deps).answer, methods=["GET"]))
    routes += _console(deps)
    routes.append(Route("/{path:path}", meta.other, methods=ALL_METHODS))
    return Router(routes, cors(deps.settings.cors))


def _console(deps: Deps) -> list[BaseRoute]:
    """The console reads the log and the store directly; with stand-ins for these there is no
    console."""
    if not isinstance(deps.audit, AuditLog) or not isinstance(deps.policies, PolicyStore):
        return []
    parts = open_parts(deps, policy_versions(deps.settings))
    home = RedirectResponse("/console/")
    return [
        Route("/", home, methods=["GET"]),  # for people who open the address printed at start-up
        Route("/console", home),
        Mount("/console", create_console(parts)),
    ]
