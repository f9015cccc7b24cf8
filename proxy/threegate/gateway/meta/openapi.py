"""`GET /openapi.json`: what this proxy serves, made from the adapters and the shapes it checks.

It promises no more than the guard itself: which paths exist, what a request must look like, and
which statuses come from here. Everything else in a request is up to the model API.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from threegate import __version__
from threegate.data_files import table
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api
from threegate.wire.base import Adapter
from threegate.wire.request_schema import REQUESTS, WORD, Shape

Json = dict[str, Any]

_TEXTS: Final = table("gateway.meta", "openapi")
_UNSTREAMED: Final = (Api.EMBEDDINGS, Api.TOKEN_COUNT)


@cache
def document() -> Json:
    """OpenAPI 3.1 document of the proxy itself. Shared; must not be modified."""
    paths: Json = {}
    for adapter in ADAPTERS:
        paths |= {path: {"post": _call(adapter, path)} for path in adapter.paths}
    for path, about in _TEXTS["plain"].items():
        paths[path] = {"get": _plain(path, **about)}
    schemas = {api.value: schema_of(REQUESTS[api]) for api in Api}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Threegate", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {**schemas, "error": {"type": "object"}},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


KEYS: Final[list[Json]] = [{"bearer": []}, {"header": []}, {}]
"""Either header; none while no key exists, which is possible on loopback only."""


def _call(adapter: Adapter, path: str) -> Json:
    types = ["application/json"]
    types += ["text/event-stream"] if adapter.api not in _UNSTREAMED else []
    schema = {"$ref": f"#/components/schemas/{adapter.api.value}"}
    return {
        "summary": _TEXTS["calls"][adapter.api],
        "operationId": operation_id("post", path),
        "security": KEYS,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": {
                "description": "The answer as the guard released it, or the guard's own in its "
                "place, which has a `threegate` field.",
                "content": {kind: {} for kind in types},
            },
            **refusals(),
        },
    }


def _plain(path: str, title: str, *, keyed: bool) -> Json:
    answer = {"description": title, "content": {"application/json": {}}}
    return {
        "summary": title,
        "operationId": operation_id("get", path),
        "parameters": [_in_path(name) for name in re.findall(r"{(\w+)}", path)],
        "security": KEYS if keyed else [],
        "responses": {"200": answer, **refusals()},
    }


def _in_path(name: str) -> Json:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def refusals() -> Json:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}
    described = {
        status: {"description": text, "content": content}
        for status, text in _TEXTS["refusals"].items()
    }
    return {
        **described,
        "default": {"description": "An error of the model API.", "content": content},
    }


def operation_id(method: str, path: str) -> str:
    return method + re.sub(r"[/.{}]", "_", path)


def schema_of(shape: Shape, *, optional: bool = False) -> Json:
    """A shape as JSON Schema; optional fields may be null."""
    made: Json = {"type": [*map(str, shape.kinds), *(["null"] if optional else [])]}
    if shape.word:
        made["pattern"] = f"^{WORD}$"
    if shape.values:
        made["enum"] = [*shape.values, *([None] if optional else [])]
    if shape.items is not None:
        made["items"] = schema_of(shape.items)
    if shape.filled:
        made["minItems"] = 1
    if shape.fields:
        made["properties"] = {
            name: schema_of(inner, optional=name not in shape.required)
            for name, inner in shape.fields
        }
    if shape.closed:
        made["additionalProperties"] = False
    if shape.required:
        made["required"] = list(shape.required)
    return made
