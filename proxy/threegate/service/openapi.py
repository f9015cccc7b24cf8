"""`GET /openapi.json` of the whole server: the proxy's document and the dialects of the service."""

from __future__ import annotations

from functools import cache
from typing import Any

from threegate.gateway.meta import openapi
from threegate.service.dialects.base import Operation
from threegate.service.dialects.registry import OPERATIONS

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
