"""One request on its way through the layers, and how it can end early."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from threegate.audit.log.record import Stage
from threegate.detectors.detector_set import DetectorSet
from threegate.errors import RequestError
from threegate.gateway.access.resolved_policy import ResolvedPolicy
from threegate.gateway.answer.ai_label import label_for
from threegate.gateway.asgi import EVENTS, Responder
from threegate.gateway.deps import Deps
from threegate.gateway.telemetry.audit_trail import AuditTrail
from threegate.guard.constraint_merge import Constraints
from threegate.guard.masking.mask import MaskMap
from threegate.limits.admission import AdmissionSlot
from threegate.policy.model import AiLabel, CompiledPolicy
from threegate.types import Caller
from threegate.wire.adapter import Body, Outcome, Slot
from threegate.wire.base import Adapter


@dataclass(slots=True, kw_only=True)
class CallContext:
    """Everything about one call. Texts of the conversation are here and never in a log. `request`
    is the body as the client sent it, `body` as the layers have left it so far; `slots` are the
    texts of the request, `words` those of the protocol that could hide a value. `trail` collects
    what is recorded. `today` is an ISO date. `stopped` are rules that act as in shadow. `slot` is
    the call's turn at the processor; None if it is held by whoever opened the call.
    """

    deps: Deps
    adapter: Adapter
    out: Responder
    caller: Caller
    policy: CompiledPolicy
    resolved: ResolvedPolicy
    detector_set: DetectorSet
    trail: AuditTrail
    headers: Mapping[str, str] = field(repr=False)
    path: str
    today: str
    masks: MaskMap = field(repr=False)
    request: Body = field(repr=False)
    body: Body = field(repr=False)
    slots: tuple[Slot, ...] = field(repr=False)
    words: tuple[Slot, ...] = field(default=(), repr=False)
    stopped: frozenset[str] = frozenset()
    slot: AdmissionSlot | None = None
    answer_texts: tuple[str, ...] = field(default=(), repr=False)  # if they are kept or counted

    def body_texts(self) -> list[str]:
        """The texts of the body as the layers have left it."""
        return [s.text for s in self.adapter.request_slots(self.body) if not s.word]

    def release_checking(self) -> None:
        """The request has been checked; the call waits for its model."""
        if self.slot is not None:
            self.slot.release_check()

    def resume_checking(self) -> None:
        """The whole answer has arrived."""
        if self.slot is not None:
            self.slot.resume_check()

    @property
    def label(self) -> AiLabel:
        return label_for(self.policy, self.caller, self.today)[0]

    @property
    def constraints(self) -> Constraints:
        return self.resolved.constraints


async def stop(call: CallContext, outcome: Outcome, code: str = "content_filter") -> None:
    """Ends a call before the model is called: with an answer of the API in use, or a status."""
    trail = call.trail
    trail.finish_reason = "content_filter"
    await trail.ended(Stage.BLOCKED)
    if outcome.http_status is not None:
        refusal = RequestError(outcome.message, status=outcome.http_status, code=code)
        body = {**call.adapter.error(refusal, call.out.language), "threegate": outcome.note}
        await call.out.json(outcome.http_status, body)
    elif call.adapter.streamed(call.body):
        await call.out.start(200, EVENTS)
        await call.out.chunk(call.adapter.stream(call.body).cut(outcome))
        await call.out.finish()
    else:
        blocked = call.adapter.blocked(call.body, outcome)
        await call.out.json(call.adapter.blocked_status, blocked)


def ms_since(started: float) -> float:
    """Milliseconds since `started` of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1000, 3)
