"""All dialects that are served, and their routes."""

from __future__ import annotations

from typing import Final

from starlette.routing import Route

from threegate.gateway.deps import Deps
from threegate.gateway.telemetry.rejections import Refusals
from threegate.service.dialects.aliyun import Aliyun
from threegate.service.dialects.base import Dialect
from threegate.service.dialects.dify import Dify
from threegate.service.dialects.guard_check import GuardCheck
from threegate.service.dialects.guard_stream import OPERATION as GUARD_STREAM
from threegate.service.dialects.guard_stream import GuardStream
from threegate.service.dialects.litellm import LiteLlm
from threegate.service.dialects.moderations import Moderations
from threegate.service.dialects.presidio import Analyze, Anonymize
from threegate.service.endpoint import ServiceEndpoint
from threegate.service.engine import CheckEngine

DIALECTS: Final[tuple[Dialect, ...]] = (
    GuardCheck(),
    Moderations(),
    LiteLlm(),
    Analyze(),
    Anonymize(),
    Dify(),
    Aliyun(),
)


OPERATIONS: Final = (
    *(operation for dialect in DIALECTS for operation in dialect.operations),
    GUARD_STREAM,
)
"""Everything that the service answers to."""


def service_routes(deps: Deps, refusals: Refusals) -> list[Route]:
    engine = CheckEngine(deps, refusals)
    stream = GuardStream(deps, refusals, engine)
    routes = [
        Route(operation.path, ServiceEndpoint(deps, refusals, dialect, engine), methods=["POST"])
        for dialect in DIALECTS
        for operation in dialect.operations
    ]
    return [*routes, Route(GUARD_STREAM.path, stream, methods=["POST"])]
