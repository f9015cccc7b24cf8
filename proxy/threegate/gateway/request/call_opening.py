"""Turns a parsed request into a call: caller, policy, rules, masks and audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field

from threegate_classifiers.cache import OWNER

from threegate.audit.log.record import Stage
from threegate.errors import RequestError
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.asgi import Responder
from threegate.gateway.context import CallContext
from threegate.gateway.deps import Deps
from threegate.gateway.request.protocol_words import split
from threegate.gateway.request.request_context import conversation_of, language_of, with_provenance
from threegate.gateway.telemetry.audit_trail import AuditTrail, on_failure_of
from threegate.gateway.telemetry.rejections import REQUEST_ID, Refusals
from threegate.gateway.telemetry.tracing import parent_of
from threegate.guard.masking.mask import MaskMap
from threegate.i18n.messages import localized
from threegate.limits.admission import AdmissionSlot
from threegate.policy.model import CompiledPolicy
from threegate.types import Caller, frozen
from threegate.wire.adapter import Body, Slot
from threegate.wire.base import Adapter


@frozen
class CallRequest:
    """`endpoint` names the API in records and metrics, `path` is the requested path, `data` the
    bytes of the body as they arrived. The rest is for checks that belong to a call made elsewhere:
    `policy` names a policy bound to the caller, `conversation` is the hash from an earlier check of
    the same conversation, `language` that of the text if there is no request, `subject` the end
    user. `slots` are the texts and words of `body`, where a thread has found them already.
    """

    adapter: Adapter
    endpoint: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: Body = field(repr=False)
    data: bytes = field(default=b"", repr=False)
    streamed: bool = False
    policy: str = ""
    conversation: str = ""
    language: str = ""
    subject: str = field(default="", repr=False)
    slots: tuple[Slot, ...] | None = field(default=None, repr=False)


def slots_of(adapter: Adapter, body: Body) -> tuple[Slot, ...]:
    """Every text of a request, and the words of the protocol to be checked."""
    return with_provenance(adapter.request_slots(body))


def open_call(
    deps: Deps,
    resolver: PolicyResolver,
    call_request: CallRequest,
    admitted: Caller,
    out: Responder,
    slot: AdmissionSlot | None = None,
) -> CallContext:
    """Raises RequestError 403 if no policy is bound to the caller."""
    OWNER.set(admitted.tenant)
    adapter, body, found = call_request.adapter, call_request.body, call_request.slots
    slots, words = split(slots_of(adapter, body) if found is None else found)
    caller = _caller(call_request, admitted, slots)
    out.language = out.language or caller.language
    policy = _policy(deps, call_request, caller)
    caller = policy.named(caller)
    trail = _trail(deps, call_request, caller, policy)
    out.headers |= {
        REQUEST_ID: trail.request_id,
        "x-threegate-policy": policy.stamp,
        **deps.notices.headers(policy),
    }
    detector_set = deps.detector_set_for(policy)
    return CallContext(
        deps=deps,
        adapter=adapter,
        out=out,
        caller=caller,
        policy=policy,
        resolved=resolver.of(policy, caller, detector_set),
        detector_set=detector_set,
        trail=trail,
        headers=call_request.headers,
        path=call_request.path,
        today=deps.today(),
        masks=MaskMap(mask_key(deps.secret, caller)),
        request=body,
        body=body,
        slots=slots,
        words=words,
        stopped=trail.stopped,
        slot=slot,
    )


def _caller(call_request: CallRequest, admitted: Caller, slots: tuple[Slot, ...]) -> Caller:
    headers = call_request.headers
    return Caller(
        admitted.tenant,
        admitted.key_id,
        call_request.path,
        call_request.adapter.model(call_request.body),
        call_request.language or language_of(slots),
        call_request.conversation or conversation_of(headers, slots, admitted),
    )


async def call_failed(call: CallContext, error: BaseException, refusals: Refusals) -> None:
    """The last record of a call that ends in an error. Callers over their limit try often, so their
    records are limited like those of refusals."""
    trail = call.trail
    if isinstance(error, RequestError) and error.status == 429:
        required = on_failure_of(call.policy)
        await refusals.note(error, trail.endpoint, call.caller, trail.request_id, required)
        return
    trail.failed(error)
    await trail.ended(Stage.ABORTED)


def mask_key(secret: bytes, caller: Caller) -> bytes:
    """Placeholders belong to one tenant and conversation and mean nothing elsewhere. Keyed BLAKE2b
    (RFC 7693) serves as a MAC and, unlike HMAC, does not release the interpreter lock."""
    scope = f"{caller.tenant}\0{caller.conversation}".encode()
    return hashlib.blake2b(scope, key=blake2b_key(secret), digest_size=32).digest()


def blake2b_key(secret: bytes) -> bytes:
    """A secret that is longer than a BLAKE2b key may be is hashed, as HMAC does it."""
    return (
        secret if len(secret) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.sha256(secret).digest()
    )


def _policy(deps: Deps, call_request: CallRequest, caller: Caller) -> CompiledPolicy:
    bound = deps.policies.pin()
    policy = (
        bound.named(call_request.policy, caller)
        if call_request.policy
        else bound.policy_for(caller)
    )
    if policy is None:
        raise RequestError(localized("no-policy"), status=403, code="no_policy")
    return policy


def _trail(
    deps: Deps, call_request: CallRequest, caller: Caller, policy: CompiledPolicy
) -> AuditTrail:
    bands = deps.notices.bands
    return AuditTrail(
        audit=deps.audit,
        metrics=deps.metrics,
        bands=bands,
        caller=caller,
        policy=policy,
        endpoint=call_request.endpoint,
        stream=call_request.streamed,
        request=call_request.data,
        parent=parent_of(call_request.headers),
        traces=deps.traces,
        subject=call_request.subject,
        stopped=bands.stopped(policy),
    )
