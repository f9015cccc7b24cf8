"""Dify's API-based moderation extension: `POST /v1/guard/dify`, one path for all extension points.
Dify stops an app if the input check fails, but lets an answer pass if the output check fails, be it
for a wrong key. So every failure is answered as a block with status 200, and says why in `error`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.meta.openapi import schema_of
from threegate.i18n.messages import localized
from threegate.service.check import Check, CheckResult, CheckStage, text_check
from threegate.service.dialects.base import (
    REQUESTS,
    Json,
    OpenAiStyle,
    Operation,
    Reading,
    ServiceRequest,
)
from threegate.types import Bilingual
from threegate.wire.adapter import Body
from threegate.wire.errors import openai_error

PATH: Final = "/v1/guard/dify"
REQUEST: Final = REQUESTS["dify"]
_UNCHECKED = Bilingual("安全检查未能完成。", "A safety check could not be completed.")


class Dify(OpenAiStyle):
    name = "dify"
    operations = (Operation.described("dify", PATH, schema_of(REQUEST)),)

    def read(self, request: ServiceRequest) -> Reading:
        body = request.body(REQUEST)
        params = body.get("params") or {}
        match body["point"]:
            case "ping":
                return Reading((), lambda results: {"result": "pong"})
            case "app.moderation.input":
                return _input(params)
            case _:
                return _output(params)

    def error(self, error: ThreegateError, language: str) -> Body:
        return _stopped(_UNCHECKED.get(language)) | openai_error(error, language)

    def status(self, error: ThreegateError) -> int:
        return 200


def _stopped(message: str) -> Json:
    return {"flagged": True, "action": "direct_output", "preset_response": message}


_PASSED: Final[Json] = {"flagged": False, "action": "direct_output", "preset_response": ""}


def _input(params: Body) -> Reading:
    inputs, query = params.get("inputs") or {}, params.get("query") or ""
    if not isinstance(inputs, dict) or not isinstance(query, str):
        name = "query" if isinstance(inputs, dict) else "inputs"
        raise RequestError(localized("needed", place=f"params.{name}"), param=f"/params/{name}")
    texts = {name: value for name, value in inputs.items() if isinstance(value, str) and value}
    others = {name: value for name, value in inputs.items() if not isinstance(value, str) and value}
    sent = (*texts.values(), *((query,) if query else ()))
    turns: list[Body] = [{"role": "user", "content": text} for text in sent]
    if others:  # numbers, lists and objects, in a field that chats have not: all in it is read
        turns.append({"role": "user", "content": "", "inputs": others})
    if not turns:
        return Reading((), lambda results: dict(_PASSED))

    def answer(results: Sequence[CheckResult]) -> Json:
        (result,) = results
        if result.stopped:
            return _stopped(result.message)
        if list(result.messages) == turns:
            return dict(_PASSED)
        new = [str(turn["content"]) for turn in result.messages]
        edited = dict(zip(texts, new, strict=False))
        if others:
            edited |= result.messages[-1]["inputs"]
        made: Json = {"flagged": True, "action": "overridden", "inputs": {**inputs, **edited}}
        return {**made, "query": new[len(texts)] if query else params.get("query")}

    return Reading((Check(stage=CheckStage.INPUT, messages=tuple(turns)),), answer)


def _output(params: Body) -> Reading:
    text: Any = params.get("text")
    if not isinstance(text, str):
        raise RequestError(localized("needed", place="params.text"), param="/params/text")
    if not text:
        return Reading((), lambda results: dict(_PASSED))
    check = text_check(CheckStage.OUTPUT, text)

    def answer(results: Sequence[CheckResult]) -> Json:
        (result,) = results
        if result.stopped:
            return _stopped(result.message)
        new = str(result.answers[0].get("content") or "")
        if new == text:
            return dict(_PASSED)
        return {"flagged": True, "action": "overridden", "text": new}

    return Reading((check,), answer)
