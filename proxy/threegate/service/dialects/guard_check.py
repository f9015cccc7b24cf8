"""`POST /v1/guard/check`: our own dialect, with all features of a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from threegate.audit.log.encoding import ACTIONS
from threegate.errors import RequestError
from threegate.gateway.meta.openapi import schema_of
from threegate.i18n.messages import localized
from threegate.service.check import Check, CheckResult, CheckSource, CheckStage
from threegate.service.dialects.base import (
    REQUESTS,
    Json,
    OpenAiStyle,
    Operation,
    Reading,
    ServiceRequest,
)
from threegate.service.dialects.findings import claims_of, failures_of, findings_of
from threegate.types import Channel
from threegate.wire.adapter import Body

PATH: Final = "/v1/guard/check"
NAMES: Final = ("model", "route", "policy", "conversation", "language", "subject", "masks")
"""Fields that are plain texts and go into the check as they are."""

OPEN: Final = REQUESTS["guard_context"]
"""The context of an answer whose texts arrive later."""
REQUEST: Final = REQUESTS["guard_check"]
"""Its answer is described in `openapi.json`."""


class GuardCheck(OpenAiStyle):
    name = "guard"
    operations = (Operation.described("guard_check", PATH, schema_of(REQUEST)),)

    def read(self, request: ServiceRequest) -> Reading:
        body = request.body(REQUEST)
        check = check_of(body)
        texts = len(body.get("texts") or ())

        def answer(results: Sequence[CheckResult]) -> Json:
            return result_json(check, results[0], texts)

        return Reading((check,), answer)


def check_of(body: Body) -> Check:
    """A request body as a check. Raises RequestError if it has no text for its stage."""
    stage = CheckStage(body.get("stage") or CheckStage.INPUT)
    messages, texts = list(body.get("messages") or ()), body.get("texts") or []
    answers: list[Body] = []
    if stage is CheckStage.INPUT:
        messages += [{"role": body.get("role") or "user", "content": t} for t in texts]
    elif texts:
        answers = [_answer(body.get("channel") or Channel.CONTENT, t) for t in texts]
    elif messages and messages[-1].get("role") == "assistant":
        answers = [messages.pop()]
    if not (answers if stage is CheckStage.OUTPUT else messages) or (
        stage is CheckStage.BOTH and not answers
    ):
        raise RequestError(localized("nothing-to-check"), code="nothing_to_check")
    return _check(body, stage, messages, answers)


def answer_check(body: Body) -> Check:
    """The check of an answer whose texts arrive later."""
    return _check(body, CheckStage.OUTPUT, body.get("messages") or (), ())


def _check(
    body: Body, stage: CheckStage, messages: Sequence[Body], answers: Sequence[Body]
) -> Check:
    named: dict[str, Any] = {name: body.get(name) or "" for name in NAMES}
    return Check(
        stage=stage,
        messages=tuple(messages),
        answers=tuple(answers),
        tools=tuple(body.get("tools") or ()),
        sources=tuple(_sources(body.get("sources") or ())),
        **named,
    )


def _answer(channel: str, text: str) -> Body:
    match channel:
        case Channel.REASONING:
            return {"role": "assistant", "reasoning_content": text}
        case Channel.TOOL_ARGUMENTS:
            return {"role": "assistant", "tool_calls": [_call(text)]}
        case _:
            return {"role": "assistant", "content": text}


def _call(arguments: str) -> Body:
    return {"type": "function", "function": {"name": "", "arguments": arguments}}


def _sources(given: Sequence[Any]) -> list[CheckSource]:
    out = []
    for number, source in enumerate(given):
        one = {"text": source} if isinstance(source, str) else source
        out.append(CheckSource(str(one.get("id") or number), str(one.get("text") or "")))
    return out


def text_of(message: Body) -> str:
    """The text of a turn that `check_of` made."""
    if calls := message.get("tool_calls"):
        return str(calls[0]["function"]["arguments"])
    return str(message.get("content") or message.get("reasoning_content") or "")


def result_json(check: Check, result: CheckResult, texts: int = 0) -> Json:
    """`texts`: how many of the turns were given as bare texts and are returned as such."""
    made: Json = {
        "id": result.record_id,
        "decision_id": result.decision_id,
        "allowed": not result.stopped,
        "action": ACTIONS[result.action],
        "policy": result.policy,
        "conversation": result.conversation,
        "findings": findings_of(check, result),
        "failures": failures_of(check, result),
        "claims": claims_of(check, result),
        "message": None,
        "reply": None,
        "masks": result.masks or None,
        **_edited(check, result, texts),
    }
    if (outcome := result.outcome) is not None:
        made["message"], made["reply"] = asdict(outcome.message), outcome.answer
        made["rule_id"] = outcome.rule_id
    return made


def _edited(check: Check, result: CheckResult, texts: int) -> Json:
    """The texts as they may be forwarded; None if they may not or were not judged."""
    if result.stopped:
        return {"messages": None, "texts": None, "answer": None}
    messages, answers = list(result.messages), list(result.answers)
    if check.stage is CheckStage.INPUT:
        bare = messages[len(messages) - texts :]
        return {
            "messages": messages[: len(messages) - texts] or None,
            "texts": [text_of(m) for m in bare] or None,
            "answer": None,
        }
    return {
        "messages": messages or None,
        "texts": [text_of(a) for a in answers] if texts else None,
        "answer": answers[0] if answers and not texts else None,
    }
