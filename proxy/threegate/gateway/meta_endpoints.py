"""Endpoints without a conversation: models, health, readiness, metrics, and everything unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from threegate.errors import RequestError, ThreegateError, UpstreamError
from threegate.gateway.access.auth import onward, presented_key
from threegate.gateway.asgi import headers_of, wanted_language
from threegate.gateway.buffered_answer import read_body
from threegate.gateway.deps import Deps
from threegate.gateway.openapi import document as proxy_document
from threegate.gateway.telemetry.rejections import REQUEST_ID, Refusals
from threegate.guard.constraint_merge import merge
from threegate.i18n.messages import said
from threegate.policy.model import CompiledPolicy, matches
from threegate.types import Caller
from threegate.upstream.client import Request as Asked
from threegate.upstream.target import Target
from threegate.wire.adapter import Body
from threegate.wire.base import objects
from threegate.wire.errors import openai_error, status_of
from threegate.wire.json import parse_answer
from threegate.wire.openai.models import visible_models

LIST_S = 10.0
"""So long a list of models may take; a model API that hangs must not take the others' along."""


def json_response(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def failure(
    error: ThreegateError, language: str, headers: Mapping[str, str] | None = None
) -> Response:
    made = json_response(status_of(error), openai_error(error, language))
    made.headers.update(headers or {})
    return made


@dataclass(frozen=True, slots=True)
class Plain:
    """`ready` gives what is not ready, by part; empty means ready. `document` is the OpenAPI
    document of everything that the app serves."""

    deps: Deps
    ready: Callable[[], dict[str, str]]
    refusals: Refusals
    document: Callable[[], dict[str, Any]] = proxy_document

    async def models(self, request: Request) -> Response:
        return await self._answered(self._models, request)

    async def _models(self, request: Request) -> Response:
        """What all model APIs serve to this caller together, as far as the policy allows."""
        headers = headers_of(dict(request.scope))
        caller, policy = await self._admitted(request.scope["path"], headers)
        status, listed = await self._lists(onward(headers, caller), caller.tenant)
        if status != 200:
            return json_response(status, listed)
        rules = merge(policy, caller)
        ids = {str(m.get("id")) for _, m in objects(listed.get("data"))}
        for _, allowed in rules.allow:
            ids = {i for i in ids if any(matches(p, i) for p in allowed)}
        aliases = {name: served for _, name, served in rules.alias}
        narrowed = frozenset(ids) if rules.allow else None
        return json_response(200, visible_models(listed, narrowed, aliases))

    async def _lists(self, headers: Mapping[str, str], tenant: str) -> tuple[int, Body]:
        """Status and list of all that can be asked; where none gives one, what the last said."""
        status, said, joined = 502, Body(), Body()
        for target in self.deps.upstreams.candidates("", tenant):
            status, said = await self._list(target, headers)
            if status == 200:
                own = [
                    m
                    for _, m in objects(said.get("data"))
                    if target.serves(str(m.get("id")), tenant)
                ]
                joined = {**said, **joined, "data": [*joined.get("data", ()), *own]}
        return (200, joined) if joined else (status, said)

    async def _list(self, target: Target, headers: Mapping[str, str]) -> tuple[int, Body]:
        language = wanted_language(headers.get("accept-language", ""))
        try:
            async with asyncio.timeout(LIST_S):
                reply = await self.deps.upstreams.ask(
                    target, Asked("GET", "/v1/models", b"", headers)
                )
                try:
                    return reply.status, parse_answer(await read_body(reply))
                finally:
                    await reply.aclose()
        except TimeoutError:
            error = UpstreamError(said("upstream-late"), status=504)
            return error.status, openai_error(error, language)
        except UpstreamError as error:
            return error.status, openai_error(error, language)

    async def health(self, request: Request) -> Response:
        return json_response(200, {"status": "ok"})

    async def readiness(self, request: Request) -> Response:
        missing = dict(self.ready())
        if not await self.deps.audit.healthy():
            missing["audit"] = "not writable"
        body = {"status": "not ready" if missing else "ready", "missing": missing}
        return json_response(503 if missing else 200, body)

    async def openapi(self, request: Request) -> Response:
        return json_response(200, self.document())

    async def metrics(self, request: Request) -> Response:
        text, content_type = self.deps.metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    async def other(self, request: Request) -> Response:
        """A path of the policy's `pass_through` goes to the model API as it is; all else is
        closed."""
        return await self._answered(self._other, request)

    async def _answered(
        self, answer: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        try:
            return await answer(request)
        except ThreegateError as error:
            self.deps.metrics.errors.labels("plain", str(status_of(error))).inc()
            language = wanted_language(request.headers.get("accept-language", ""))
            if not isinstance(error, RequestError):
                return failure(error, language)
            request_id = await self.refusals.note(error, "plain")
            return failure(error, language, {REQUEST_ID: request_id} if request_id else {})

    async def _other(self, request: Request) -> Response:
        path, headers = request.scope["path"], headers_of(dict(request.scope))
        caller, policy = await self._admitted(path, headers)
        if request.method != "GET" or path not in policy.pass_through:
            raise _unknown()
        reply = await self.deps.upstreams.send(
            "GET", path, b"", onward(headers, caller), tenant=caller.tenant
        )
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
            raise RequestError(said("no-policy"), status=403, code="no_policy")
        return caller, policy


def _unknown() -> RequestError:
    return RequestError(said("unknown-path"), status=404, code="unknown_path")
