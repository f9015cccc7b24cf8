"""One check through the layers of the proxy, without a model call. It leaves one record.

Layer 2 constrains calls of a model, and there is none here: of its rules only limits and
requirements on answers (tools, format, reasoning) apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from threegate.audit.log.record import Stage
from threegate.gateway.access.rate_limit import limited
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.answer.call_answer import close_answer, outcome
from threegate.gateway.asgi import Responder
from threegate.gateway.context import CallContext
from threegate.gateway.deps import Deps
from threegate.gateway.request.call_opening import CallRequest, call_failed, open_call, slots_of
from threegate.gateway.request.input_layer import judge_request, scan_request
from threegate.gateway.request.request_context import CONVERSATION_HEADER, language_of_text
from threegate.gateway.telemetry.rejections import Refusals
from threegate.guard.input import strongest_stop
from threegate.guard.masking.mask import Masked
from threegate.limits.admission import AdmissionSlot
from threegate.service.check import Check, CheckResult, CheckStage
from threegate.service.judged_answer import open_answer, whole_answer
from threegate.service.mask_vault import MaskVault, seal, unseal
from threegate.types import CLAIM_KINDS, Action, Caller, Finding, Ruling
from threegate.wire.adapter import Slot
from threegate.wire.openai.chat import Chat

_CHAT: Final = Chat()


@dataclass(frozen=True, slots=True)
class OpenCheck:
    """A check that has been admitted, with the call that carries it through the layers."""

    check: Check
    call: CallContext


@dataclass(frozen=True, slots=True)
class CheckEngine:
    deps: Deps
    refusals: Refusals
    vault: MaskVault = field(default_factory=MaskVault, repr=False)
    resolver: PolicyResolver = field(default_factory=PolicyResolver, repr=False)

    def open(
        self,
        check: Check,
        endpoint: str,
        path: str,
        headers: Mapping[str, str],
        admitted: Caller,
        out: Responder,
        *,
        slot: AdmissionSlot | None = None,
        slots: tuple[Slot, ...] | None = None,
        streamed: bool = False,
    ) -> OpenCheck:
        """Raises RequestError if no such policy is bound to the caller or the masks are not the
        caller's. `slot` is the turn at the processor of a check that is alone in its request,
        `slots` are its texts, where a thread has found them already."""
        conversation, masks = self._unsealed(check, admitted)
        if check.conversation:
            headers = {**headers, CONVERSATION_HEADER: check.conversation}
        call_request = CallRequest(
            _CHAT,
            endpoint,
            check.route or path,
            headers,
            check.request,
            streamed=streamed,
            policy=check.policy,
            conversation=conversation,
            language=check.language or _language(check),
            subject=check.subject,
            slots=slots,
        )
        call = open_call(self.deps, self.resolver, call_request, admitted, out, slot)
        for masked in masks:
            call.masks.adopt(masked)
        return OpenCheck(check, call)

    def _unsealed(self, check: Check, admitted: Caller) -> tuple[str, tuple[Masked, ...]]:
        """The conversation and masked values of an earlier check; empty without one."""
        sealed = check.masks or self.vault.get(admitted, check.recall)
        return unseal(self.deps.secret, admitted.tenant, sealed) if sealed else ("", ())

    async def run(self, opened: OpenCheck) -> CheckResult:
        call = opened.call
        try:
            async with limited(call):
                return await self._judged(opened.check, call)
        except BaseException as error:
            await call_failed(call, error, self.refusals)
            raise

    async def _judged(self, check: Check, call: CallContext) -> CheckResult:
        ruled: tuple[Ruling, ...] = ()
        if check.stage is CheckStage.OUTPUT:
            await scan_request(call)
        else:
            judged = await judge_request(call)
            ruled = judged.verdict.ruled
            if judged.stop is not None or check.stage is CheckStage.INPUT:
                stopped = judged.stop is not None
                stage = Stage.BLOCKED if stopped else Stage.COMPLETED
                call.release_checking()
                await call.trail.ended(stage)
                return self.result(check, call, ruled)
        return await self._answered(check, call, ruled)

    async def _answered(
        self, check: Check, call: CallContext, ruled: tuple[Ruling, ...]
    ) -> CheckResult:
        judged = await (open_answer if check.open_ended else whole_answer)(check, call)
        guarded = judged.guarded
        stage = Stage.COMPLETED if guarded.cut is None else Stage.BLOCKED
        await close_answer(call, guarded, stage)
        made = self.result(check, call, (*ruled, *guarded.ruled), cut=guarded.cut)
        return replace(made, answers=judged.answers, open_chars=judged.open_chars)

    def result(
        self, check: Check, call: CallContext, ruled: tuple[Ruling, ...], cut: Ruling | None = None
    ) -> CheckResult:
        """What the client gets, without the texts of answers; `cut` is what ended the answer."""
        seen = tuple(r for r in ruled if not r.shadow and not _dismissed(r))
        stop = cut or strongest_stop(seen)
        edited = stop is None and check.stage is not CheckStage.OUTPUT
        trail = call.trail
        return CheckResult(
            record_id=trail.request_id,
            decision_id=trail.decision_id,
            policy=call.policy.stamp,
            conversation=call.caller.conversation,
            language=call.out.language,
            rulings=seen,
            messages=tuple(call.body["messages"]) if edited else (),
            tools=tuple(call.body.get("tools", ())) if edited else (),
            outcome=None if stop is None else outcome(call, stop),
            masks=self._sealed(check, call) if stop is None else "",
        )

    def _sealed(self, check: Check, call: CallContext) -> str:
        tenant, conversation = call.caller.tenant, call.caller.conversation
        made = seal(self.deps.secret, tenant, conversation, call.masks.entries())
        if check.stage is not CheckStage.OUTPUT:
            self.vault.put(call.caller, check.recall, made)
        return made


def slots_of_check(check: Check) -> tuple[Slot, ...]:
    """Every text of a check's request."""
    return slots_of(_CHAT, check.request)


def _language(check: Check) -> str:
    """The language of the answer, if there is no request that shows it."""
    if check.messages:
        return ""
    texts = [m.get("content") or m.get("reasoning_content") or "" for m in check.answers]
    return language_of_text("\n".join(t for t in texts if isinstance(t, str)))


def _dismissed(ruling: Ruling) -> bool:
    """Whether a second opinion dismissed it: then it is in the record but not a finding for the
    client. A claim remains one, whatever the judge answered or if it did not answer."""
    found = ruling.finding
    is_claim = isinstance(found, Finding) and found.kind in CLAIM_KINDS
    return ruling.opinion is not None and not is_claim and ruling.action is Action.ALLOW
