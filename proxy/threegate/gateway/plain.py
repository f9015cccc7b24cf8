"""Endpoints without a conversation: models, health, readiness, metrics, and everything unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.deps import Deps
from threegate.gateway.endpoint import presented_key
from threegate.gateway.http import headers_of
from threegate.gateway.openapi import document
from threegate.gateway.whole import parse_answer, read_body
from threegate.guard.constraint import merge
from threegate.policy.model import CompiledPolicy, matches
from threegate.types import Caller
from threegate.wire.base import objects
from threegate.wire.errors import openai_error, status_of
from threegate.wire.models import visible_models


def json_response(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def failure(error: ThreegateError) -> Response:
    return json_response(status_of(error), openai_error(error))


@dataclass(frozen=True, slots=True)
class Plain:
    """`ready` gives what is not ready, by part; empty means ready."""

    deps: Deps
    ready: Callable[[], dict[str, str]]

    async def models(self, request: Request) -> Response:
        try:
            return await self._models(request)
        except ThreegateError as error:
            return failure(error)

    async def _models(self, request: Request) -> Response:
        headers = headers_of(dict(request.scope))
        caller, policy = await self._admitted(request.scope["path"], headers)
        reply = await self.deps.upstreams.send("GET", "/v1/models", b"", headers)
        try:
            body = parse_answer(await read_body(reply))
        finally:
            await reply.aclose()
        if reply.status != 200:
            return json_response(reply.status, body)
        rules = merge(policy, caller)
        ids = {str(m.get("id")) for _, m in objects(body.get("data"))}
        for _, allowed in rules.allow:
            ids = {i for i in ids if any(matches(p, i) for p in allowed)}
        aliases = {name: served for _, name, served in rules.alias}
        narrowed = frozenset(ids) if rules.allow else None
        return json_response(200, visible_models(body, narrowed, aliases))

    async def health(self, request: Request) -> Response:
        return json_response(200, {"status": "ok"})

    async def readiness(self, request: Request) -> Response:
        missing = dict(self.ready())
        if not await self.deps.audit.healthy():
            missing["audit"] = "not writable"
        body = {"status": "not ready" if missing else "ready", "missing": missing}
        return json_response(503 if missing else 200, body)

    async def openapi(self, request: Request) -> Response:
        return json_response(200, document())

    async def metrics(self, request: Request) -> Response:
        return Response(self.deps.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    async def other(self, request: Request) -> Response:
        """A path of the policy's `pass_through` goes to the model API as it is; all else is
        closed."""
        try:
            return await self._other(request)
        except ThreegateError as error:
            return failure(error)

    async def _other(self, request: Request) -> Response:
        path, headers = request.scope["path"], headers_of(dict(request.scope))
        _, policy = await self._admitted(path, headers)
        if request.method != "GET" or path not in policy.pass_through:
            return self._unknown()
        reply = await self.deps.upstreams.send("GET", path, b"", headers)
        try:
            data = await read_body(reply)
        finally:
            await reply.aclose()
        return Response(data, reply.status, media_type=reply.headers.get("content-type"))

    async def _admitted(
        self, path: str, headers: Mapping[str, str]
    ) -> tuple[Caller, CompiledPolicy]:
        caller = replace(await self.deps.door.admit(presented_key(headers)), route=path)
        policy = self.deps.policies.pin().policy_for(caller)
        if policy is None:
            raise RequestError("no policy is bound to this caller", status=403, code="no_policy")
        return caller, policy

    def _unknown(self) -> Response:
        text = "this path is not served: an unguarded door is closed by default"
        return failure(RequestError(text, status=404, code="unknown_path"))
