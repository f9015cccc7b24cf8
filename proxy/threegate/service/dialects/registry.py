"""All dialects that are served, their routes, and the OpenAPI document of the whole server."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from starlette.routing import Route

from threegate.gateway.deps import Deps
from threegate.gateway.meta import openapi
from threegate.gateway.telemetry.rejections import Refusals
from threegate.service.dialects.aliyun import Aliyun
from threegate.service.dialects.base import Dialect, Operation
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


Json = dict[str, Any]


@cache
def document() -> Json:
    """OpenAPI 3.1 document. Shared; must not be modified."""
    base = openapi.document()
    own = {o.path: {"post": _operation(o)} for o in OPERATIONS}
    return {**base, "paths": {**base["paths"], **own}}


def _operation(operation: Operation) -> Json:
    content = {"schema": operation.request, "examples": dict(operation.examples)}
    answer = {"application/json": {"schema": operation.answer}}
    return {
        "summary": operation.title,
        "operationId": openapi.operation_id("post", operation.path),
        "security": openapi.KEYS,
        "requestBody": {"required": True, "content": {operation.content_type: content}},
        "responses": {
            "200": {"description": "The verdict.", "content": answer},
            **openapi.refusals(),
        },
    }
