"""All dialects that are served, and their routes."""

from __future__ import annotations

from typing import Final

from starlette.routing import Route

from threegate.gateway.deps import Deps
from threegate.gateway.telemetry.rejections import Refusals
from threegate.service.dialect import Dialect
from threegate.service.endpoint import ServiceEndpoint
from threegate.service.engine import CheckEngine
from threegate.service.guard_check import GuardCheck

DIALECTS: Final[tuple[Dialect, ...]] = (GuardCheck(),)


def service_routes(deps: Deps, refusals: Refusals) -> list[Route]:
    engine = CheckEngine(deps, refusals)
    return [
        Route(operation.path, ServiceEndpoint(deps, refusals, dialect, engine), methods=["POST"])
        for dialect in DIALECTS
        for operation in dialect.operations
    ]
