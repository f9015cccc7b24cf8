"""Endpoints without a conversation: models, health, readiness, metrics, and every other path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.access.auth import onward, presented_key, refuse_foreign_page
from threegate.gateway.answer.buffered_answer import read_body
from threegate.gateway.asgi import headers_of, wanted_language
from threegate.gateway.deps import Deps
from threegate.gateway.meta.model_list import ModelList
from threegate.gateway.meta.openapi import document as proxy_document
from threegate.gateway.telemetry.rejections import REQUEST_ID, Refusals
from threegate.i18n.messages import localized
from threegate.policy.model import CompiledPolicy
from threegate.types import Caller
from threegate.upstream import ModelRequest
from threegate.wire.anthropic.models import anthropic_list, anthropic_model
from threegate.wire.errors import anthropic_error, is_anthropic, openai_error, status_of

ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
"""Those that `MetaEndpoints.other` answers."""
MODEL_PATHS = ("/v1/models", "/models", "/v1/models/{model:path}", "/models/{model:path}")


def json_response(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def _anthropic(request: Request) -> bool:
    return is_anthropic(request.scope["path"], request.headers)


@dataclass(frozen=True, slots=True)
class MetaEndpoints:
    """`ready` returns what is not ready, by part; empty means ready. `document` is the OpenAPI
    document of everything that the app serves."""

    deps: Deps
    ready: Callable[[], dict[str, str]]
    refusals: Refusals
    document: Callable[[], dict[str, Any]] = proxy_document

    async def models(self, request: Request) -> Response:
        return await self._answered(self._models, request)

    async def _models(self, request: Request) -> Response:
        headers = headers_of(dict(request.scope))
        caller, policy = await self._admitted(request.scope["path"], headers)
        model = request.path_params.get("model")
        if model is None:
            status, body = await self._list.visible(headers, caller, policy)
            return json_response(status, anthropic_list(body) if _anthropic(request) else body)
        status, body = await self._list.one(model, headers, caller, policy)
        return json_response(status, anthropic_model(body) if _anthropic(request) else body)

    @property
    def _list(self) -> ModelList:
        return ModelList(self.deps)

    async def health(self, request: Request) -> Response:
        return json_response(200, {"status": "ok"})

    async def readiness(self, request: Request) -> Response:
        missing = dict(self.ready())
        if not await self.deps.audit.ready():
            missing["audit"] = "not writable"
        body = {"status": "not ready" if missing else "ready", "missing": missing}
        return json_response(503 if missing else 200, body)

    async def openapi(self, request: Request) -> Response:
        return json_response(200, self.document())

    async def other(self, request: Request) -> Response:
        """A path listed in the policy's `pass_through` goes to the model API unchanged; everything
        else is closed."""
        return await self._answered(self._other, request)

    async def _answered(
        self, answer: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        try:
            return await answer(request)
        except ThreegateError as error:
            return await self._failed(request, error)

    async def _failed(self, request: Request, error: ThreegateError) -> Response:
        """An error in the format of the API that the client uses; a refusal leaves a record."""
        status = status_of(error)
        self.deps.metrics.errors.labels("plain", str(status)).inc()
        language = wanted_language(request.headers.get("accept-language", ""))
        shape = anthropic_error if _anthropic(request) else openai_error
        made = json_response(status, shape(error, language))
        noted = isinstance(error, RequestError) and await self.refusals.note(error, "plain")
        if noted:
            made.headers[REQUEST_ID] = noted
        if status == 405:
            made.headers["allow"] = self._methods(request.scope["path"])
        return made

    def _methods(self, path: str) -> str:
        """The HTTP methods that a path takes; empty if it is not served."""
        return ", ".join(self.document()["paths"].get(path, ())).upper()

    async def _other(self, request: Request) -> Response:
        path, headers = request.scope["path"], headers_of(dict(request.scope))
        caller, policy = await self._admitted(path, headers)
        if request.method != "GET" or path not in policy.pass_through:
            raise _unknown(path, self._methods(path))
        asked = ModelRequest("GET", path, b"", onward(headers, caller), tenant=caller.tenant)
        reply = await self.deps.upstreams.send(asked)
        try:
            data = await read_body(reply)
        finally:
            await reply.aclose()
        return Response(data, reply.status, media_type=reply.headers.get("content-type"))

    async def _admitted(
        self, path: str, headers: Mapping[str, str]
    ) -> tuple[Caller, CompiledPolicy]:
        caller = replace(await self.deps.authenticator.admit(presented_key(headers)), route=path)
        refuse_foreign_page(headers, caller, self.deps.settings.cors)
        policy = self.deps.policies.pin().policy_for(caller)
        if policy is None:
            raise RequestError(localized("no-policy"), status=403, code="no_policy")
        return caller, policy


def _unknown(path: str, methods: str) -> RequestError:
    if methods:
        text = localized("method", methods=methods)
        return RequestError(text, status=405, code="method_not_allowed")
    doubled = path.startswith("/v1/v1/")
    text = localized("doubled-path") if doubled else localized("unknown-path")
    return RequestError(text, status=404, code="unknown_path")
