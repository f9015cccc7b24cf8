"""One check through the layers of the proxy, without a model call. It leaves one record.

Layer 2 constrains calls of a model, and there is none here: of its rules only limits and what they
demand of an answer (tools, format, reasoning) apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from threegate.audit.log.record import Stage
from threegate.gateway.access.rate_limit import limited
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.asgi import Responder
from threegate.gateway.call_opening import CallRequest, call_failed, open_call
from threegate.gateway.context import CallContext
from threegate.gateway.deps import Deps
from threegate.gateway.guarded_answer import (
    answer_tracks,
    close_answer,
    guard_answer,
    outcome,
    shown,
)
from threegate.gateway.input_layer import judge_request, scan_request
from threegate.gateway.request_context import CONVERSATION_HEADER, language_of
from threegate.gateway.telemetry.rejections import Refusals
from threegate.guard.input import strongest_stop
from threegate.guard.mask import Masked
from threegate.service.check import Check, CheckResult, CheckStage
from threegate.service.sealed_masks import seal, unseal
from threegate.types import Caller, Channel, Layer, Ruling, TextLocation
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
    applied: PolicyResolver = field(default_factory=PolicyResolver, repr=False)

    def open(
        self,
        check: Check,
        endpoint: str,
        path: str,
        headers: Mapping[str, str],
        admitted: Caller,
        out: Responder,
    ) -> OpenCheck:
        """Raises RequestError where no such policy is bound to the caller or the masks are not
        theirs."""
        conversation = ""
        masks: tuple[Masked, ...] = ()
        if check.masks:
            conversation, masks = unseal(self.deps.secret, admitted.tenant, check.masks)
        if check.conversation:
            headers = {**headers, CONVERSATION_HEADER: check.conversation}
        asked = CallRequest(
            _CHAT,
            endpoint,
            check.route or path,
            headers,
            check.request,
            policy=check.policy,
            conversation=conversation,
            language=check.language or _language(check),
            subject=check.subject,
        )
        call = open_call(self.deps, self.applied, asked, admitted, out)
        for masked in masks:
            call.masks.adopt(masked)
        return OpenCheck(check, call)

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
                await call.ledger.ended(stage)
                return self._result(check, call, ruled, answers=())
        return await self._answered(check, call, ruled)

    async def _answered(
        self, check: Check, call: CallContext, ruled: tuple[Ruling, ...]
    ) -> CheckResult:
        answer = answer_tracks(call)
        guarded = await guard_answer(call, check.answer, answer, shown(call))
        stage = Stage.BLOCKED if guarded is None else Stage.COMPLETED
        await close_answer(call, answer, stage)
        answers = tuple(c["message"] for c in (guarded or {}).get("choices", ()))
        return self._result(check, call, (*ruled, *answer.ruled), answers, cut=answer.cut)

    def _result(
        self,
        check: Check,
        call: CallContext,
        ruled: tuple[Ruling, ...],
        answers: tuple[dict[str, object], ...],
        cut: Ruling | None = None,
    ) -> CheckResult:
        seen = tuple(r for r in ruled if not r.shadow)
        stop = cut or strongest_stop(seen)
        judged = stop is None and check.stage is not CheckStage.OUTPUT
        caller, ledger = call.caller, call.ledger
        return CheckResult(
            record_id=ledger.request_id,
            decision_id=ledger.decision_id,
            policy=call.policy.stamp,
            conversation=caller.conversation,
            language=call.out.language,
            rulings=seen,
            messages=tuple(call.body["messages"]) if judged else (),
            answers=answers,
            outcome=None if stop is None else outcome(call, stop),
            masks=seal(self.deps.secret, caller.tenant, caller.conversation, call.masks.entries())
            if stop is None
            else "",
        )


def _language(check: Check) -> str:
    """Of the answer, where there is no request to tell it."""
    if check.messages:
        return ""
    user = TextLocation(Layer.INPUT, Channel.USER)
    texts = [m.get("content") or m.get("reasoning_content") or "" for m in check.answers]
    return language_of([Slot(user, "", t) for t in texts if isinstance(t, str)])
