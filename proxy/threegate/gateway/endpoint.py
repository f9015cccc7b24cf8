"""One guarded model API: a request through the three layers and back. An ASGI app.

The order, and the call can end at each step: admit the caller, read and parse, pin a policy, scan
and judge every text (layer 1), constrain the call (layer 2), make the *received* record durable,
call the model, guard the answer (layer 3), make the last record durable, send the last byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from threegate.audit.log.record import Stage
from threegate.errors import ThreegateError
from threegate.gateway.access.auth import onward
from threegate.gateway.access.rate_limit import limited
from threegate.gateway.answer.output_layer import output_layer
from threegate.gateway.answer.upstream_errors import NOT_SERVED
from threegate.gateway.asgi import Receive, Responder, Scope, WhileConnected
from threegate.gateway.closing import BoundedReply
from threegate.gateway.context import CallContext
from threegate.gateway.http_endpoint import HttpEndpoint
from threegate.gateway.long_bodies import read_body_of
from threegate.gateway.request.call_opening import CallRequest, call_failed, open_call, slots_of
from threegate.gateway.request.input_layer import constraint_layer, input_layer
from threegate.gateway.request.request_context import subject_of
from threegate.gateway.request.stored_ids import stored_ids
from threegate.gateway.request.token_ids import decoded
from threegate.gateway.telemetry.tracing import own_span, traceparent_of
from threegate.limits.admission import AdmissionSlot
from threegate.limits.store import estimated_tokens
from threegate.types import Caller
from threegate.upstream import ModelRequest
from threegate.wire import json as strict_json
from threegate.wire import request_schema
from threegate.wire.adapter import Api, Body
from threegate.wire.base import Adapter


@dataclass(frozen=True, slots=True)
class Endpoint(HttpEndpoint):
    adapter: Adapter

    @property
    def name(self) -> str:
        return self.adapter.api.value

    def error_body(self, error: ThreegateError, language: str) -> Body:
        return self.adapter.error(error, language)

    async def serve(
        self, scope: Scope, receive: Receive, out: Responder, slot: AdmissionSlot
    ) -> None:
        async def opened(headers: Mapping[str, str], data: bytes, caller: Caller) -> CallContext:
            request = partial(self._request, scope["path"], headers, data, caller)
            call_request = await read_body_of(len(data), request)
            return open_call(self.deps, self.resolver, call_request, caller, out, slot)

        call = await self.read(scope, receive, out, slot, opened)
        try:
            async with WhileConnected(scope, receive):
                await _run(call)
        except BaseException as error:
            await call_failed(call, error, self.refusals)
            raise

    def _request(
        self, path: str, headers: Mapping[str, str], data: bytes, caller: Caller
    ) -> CallRequest:
        """Raises RequestError for a body that is not a request of this API."""
        body = strict_json.parse(data)
        request_schema.check(self.adapter.api, body)
        tokenizer = self.deps.model_api.tokenizer(self.adapter.model(body), caller.tenant)
        body = decoded(self.adapter.api, body, tokenizer)
        return CallRequest(
            self.adapter,
            self.name,
            path,
            headers,
            body,
            data,
            streamed=self.adapter.streamed(body),
            subject=subject_of(body, headers, self.deps.settings.subject_header),
            slots=slots_of(self.adapter, body),
        )


async def _run(call: CallContext) -> None:
    result = await input_layer(call)
    if result is None or not await constraint_layer(call, result.kinds):
        return
    request = _model_request(call)
    call.release_checking()  # from here on it waits for others: shared limits, log, model
    async with limited(call):
        await call.trail.begin()
        await _ask_model(call, request)


def _model_request(call: CallContext) -> ModelRequest:
    headers = onward(call.headers, call.caller) | _correlation(call)
    ids = stored_ids(call)
    body = call.body if ids is None else ids.request(call.body)
    path, data = _upstream_path(call.path), orjson.dumps(body)
    return ModelRequest(
        "POST", path, data, headers, call.adapter.model(call.body), call.caller.tenant
    )


async def _ask_model(call: CallContext, request: ModelRequest) -> None:
    with call.deps.closing:
        sent = await call.deps.model_api.send(request)
    reply = BoundedReply(sent, call.deps.closing)
    try:
        if call.adapter.api is Api.TOKEN_COUNT and reply.status in NOT_SERVED:
            await count_here(call)
        else:
            await output_layer(call, reply)
    finally:
        await reply.aclose()


def _correlation(call: CallContext) -> dict[str, str]:
    """Headers by which the model API's records and spans can be joined with ours. If no spans are
    exported, its spans stay below the caller's own."""
    trail = call.trail
    exported = call.deps.traces is not None
    parent = own_span(trail.parent, trail.request_id) if exported else trail.parent
    return {"x-request-id": engine_id(call), "traceparent": traceparent_of(parent)}


def engine_id(call: CallContext) -> str:
    """As a UUID, because llama-cpp-python's server refuses any other kind of id."""
    digits = call.trail.request_id.rpartition("_")[2]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _upstream_path(path: str) -> str:
    return path if path.startswith(("/v1/", "/beta/", "/anthropic/")) else f"/v1{path}"


async def count_here(call: CallContext) -> None:
    """Answers `count_tokens` here if the model API has no such path; most engines have none.
    Counted by the model's tokenizer if the settings name one, else estimated; the answer says
    which (`threegate.counted_by`). Tokens that a chat template adds are not counted."""
    texts = call.body_texts()
    counted_by, tokens = await _counted(call, texts)
    await call.trail.ended(Stage.COMPLETED)
    note = {"counted_by": counted_by}
    await call.out.json(200, {"input_tokens": tokens, "threegate": note})


async def _counted(call: CallContext, texts: Sequence[str]) -> tuple[str, int]:
    model, tenant = call.adapter.model(call.body), call.caller.tenant
    tokenizer = call.deps.model_api.tokenizer(model, tenant)
    if tokenizer is None:
        return "estimate", sum(map(estimated_tokens, texts))
    return "tokenizer", await asyncio.to_thread(tokenizer.count, texts)
