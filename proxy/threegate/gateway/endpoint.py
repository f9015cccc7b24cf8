"""One model API behind the guard: a request through the three layers and back. An ASGI app.

Order, and each step is a place where the call can end: admit the caller, read and parse, pin a
policy, scan and judge every text (layer 1), constrain the call (layer 2), make the *received*
record durable, call the model, guard the answer (layer 3), make the last record durable, send the
last byte.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from threegate.audit.log.record import NOBODY, Stage
from threegate.errors import ProtocolError, RequestError, ThreegateError
from threegate.gateway.access.auth import onward, presented_key
from threegate.gateway.access.rate_limit import limited
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.asgi import (
    ClientLeft,
    Receive,
    Responder,
    Scope,
    SendEvent,
    WhileConnected,
    headers_of,
    read_request,
    wanted_language,
)
from threegate.gateway.context import CallContext
from threegate.gateway.deps import Deps
from threegate.gateway.input_layer import constraint_layer, input_layer
from threegate.gateway.output_layer import output_layer
from threegate.gateway.request_context import conversation_of, language_of, with_provenance
from threegate.gateway.telemetry.audit_trail import AuditTrail, on_failure_of
from threegate.gateway.telemetry.rejections import REQUEST_ID, Refusals
from threegate.gateway.telemetry.tracing import parent_of
from threegate.guard.mask import MaskMap
from threegate.i18n.messages import said
from threegate.limits.admission import AdmissionSlot
from threegate.policy.model import CompiledPolicy
from threegate.types import Caller
from threegate.wire import json as strict_json
from threegate.wire import request_schema
from threegate.wire.adapter import Adapter, Body
from threegate.wire.errors import status_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    deps: Deps
    adapter: Adapter
    refusals: Refusals
    applied: PolicyResolver = field(default_factory=PolicyResolver, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: SendEvent) -> None:
        out = Responder(send, language=_wanted(scope))
        self.deps.metrics.active.inc()
        try:
            await self._serve(scope, receive, out)
        except ClientLeft:
            log.info("client left")
        except ThreegateError as error:
            await self._error(out, error)
        except Exception as error:  # the ASGI boundary: nothing of the request may reach a log
            log.error("unexpected %s at %s", type(error).__name__, _place(error))
            await self._error(out, ProtocolError("unexpected error"))
        finally:
            self.deps.metrics.active.dec()

    async def _error(self, out: Responder, error: ThreegateError) -> None:
        status = str(status_of(error))
        self.deps.metrics.errors.labels(self.adapter.api.value, status).inc()
        if out.started:
            return
        body = self.adapter.error(error, out.language)
        await out.json(status_of(error), body, retry_after(error))

    async def _serve(self, scope: Scope, receive: Receive, out: Responder) -> None:
        with self.deps.admission.place() as place:
            call = await self._opened(scope, receive, out, place)
            call.checked = place.checked
            try:
                async with WhileConnected(receive):
                    await _run(call)
            except BaseException as error:
                await self._broken(call, error)
                raise

    async def _opened(
        self, scope: Scope, receive: Receive, out: Responder, place: AdmissionSlot
    ) -> CallContext:
        """The call that a request asks for. Raises RequestError, recorded, where it is none."""
        caller = NOBODY
        try:
            place.look()
            headers = headers_of(scope)
            caller = await self.deps.door.admit(presented_key(headers))
            place.enter()
            data = await read_request(receive, headers)
            await place.turn()
            body = strict_json.parse(data)
            request_schema.check(self.adapter.api, body)
            return self._call(scope["path"], headers, body, caller, out)
        except RequestError as error:
            known = replace(caller, route=scope["path"])
            if request_id := await self.refusals.note(error, self.adapter.api.value, known):
                out.headers[REQUEST_ID] = request_id
            raise

    async def _broken(self, call: CallContext, error: BaseException) -> None:
        """Callers over their limit come often: their records are bounded like those of refusals."""
        if isinstance(error, RequestError) and error.status == 429:
            endpoint, request_id = self.adapter.api.value, call.ledger.request_id
            asked = on_failure_of(call.policy)
            await self.refusals.note(error, endpoint, call.caller, request_id, asked)
            return
        call.ledger.failed(error)
        await call.ledger.ended(Stage.ABORTED, call.parts)

    def _call(
        self, path: str, headers: Mapping[str, str], body: Body, admitted: Caller, out: Responder
    ) -> CallContext:
        deps, adapter = self.deps, self.adapter
        slots = with_provenance(adapter.request_slots(body))
        caller = Caller(
            admitted.tenant,
            admitted.key_id,
            path,
            adapter.model(body),
            language_of(slots),
            conversation_of(headers, slots, admitted),
        )
        out.language = out.language or caller.language
        policy = deps.policies.pin().policy_for(caller)
        if policy is None:
            raise RequestError(said("no-policy"), status=403, code="no_policy")
        caller = policy.named(caller)
        ledger = self._ledger(caller, policy, headers, streamed=adapter.streamed(body))
        out.headers |= {
            REQUEST_ID: ledger.request_id,
            "x-threegate-policy": policy.stamp,
            **deps.notices.headers(policy),
        }
        suite = deps.suite_of(policy)
        applied = self.applied.of(policy, caller, suite)
        return CallContext(
            deps, adapter, out, caller, policy, suite, ledger, headers, path,
            body, body, deps.today(), self._masks(caller), applied, ledger.stopped, slots,
        )  # fmt: skip

    def _ledger(
        self, caller: Caller, policy: CompiledPolicy, headers: Mapping[str, str], *, streamed: bool
    ) -> AuditTrail:
        deps, bands = self.deps, self.deps.notices.bands
        api = self.adapter.api.value
        made = AuditTrail(deps.audit, deps.metrics, bands, caller, policy, api, streamed)
        made.stopped = bands.stopped(policy)
        made.parent, made.traces = parent_of(headers), deps.traces
        return made

    def _masks(self, caller: Caller) -> MaskMap:
        """Placeholders are of one tenant and conversation: elsewhere they mean nothing."""
        scope = f"{caller.tenant}\0{caller.conversation}".encode()
        return MaskMap(hmac.digest(self.deps.secret, scope, "sha256"))


async def _run(call: CallContext) -> None:
    result = await input_layer(call)
    if result is None or not await constraint_layer(call, result.kinds):
        return
    async with limited(call):
        await call.ledger.received(call.parts)
        await _ask_model(call)


async def _ask_model(call: CallContext) -> None:
    call.checked()
    headers = onward(call.headers, call.caller) | {"x-request-id": engine_id(call)}
    path, data = _upstream_path(call.path), orjson.dumps(call.body)
    model, tenant = call.adapter.model(call.body), call.caller.tenant
    reply = await call.deps.upstreams.send("POST", path, data, headers, model, tenant)
    try:
        await output_layer(call, reply)
    finally:
        await reply.aclose()


def _wanted(scope: Scope) -> str:
    """Before the headers are read, which may be refused."""
    found = (v for k, v in scope["headers"] if k == b"accept-language")
    return wanted_language(next(found, b"").decode("latin-1"))


def engine_id(call: CallContext) -> str:
    """As a UUID: llama-cpp-python's server refuses a request with any other kind of id."""
    digits = call.ledger.request_id.rpartition("_")[2]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _upstream_path(path: str) -> str:
    return path if path.startswith(("/v1/", "/beta/", "/anthropic/")) else f"/v1{path}"


def retry_after(error: ThreegateError) -> dict[str, str]:
    """When to come again, for answers that say "not now"."""
    if status_of(error) not in (429, 503):
        return {}
    seconds = getattr(error, "retry_after", None) or 1
    return {"retry-after": str(max(1, round(seconds)))}


def _place(error: BaseException) -> str:
    """Where it happened. The message may quote a request, so it is not logged."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
