"""Dify's API-based moderation extension: `POST /v1/guard/dify`, one path for all extension points.
Dify stops an app if the input check fails, but lets an answer pass if the output check fails. So
overload and our own failures are answered as a block with status 200.
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
from threegate.wire.errors import openai_error, status_of

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
        if not _closes(error):
            return openai_error(error, language)
        return _stopped(_UNCHECKED.get(language))

    def status(self, error: ThreegateError) -> int:
        return 200 if _closes(error) else status_of(error)


def _closes(error: ThreegateError) -> bool:
    """Whether a valid check could not be carried out."""
    return status_of(error) >= 500 or status_of(error) == 429


def _stopped(message: str) -> Json:
    return {"flagged": True, "action": "direct_output", "preset_response": message}


_PASSED: Final[Json] = {"flagged": False, "action": "direct_output", "preset_response": ""}


def _input(params: Body) -> Reading:
    inputs, query = params.get("inputs") or {}, params.get("query")
    if not isinstance(inputs, dict):
        raise RequestError(localized("needed", place="params.inputs"), param="/params/inputs")
    named = [(name, v) for name, v in inputs.items() if isinstance(v, str) and v]
    texts = [v for _, v in named] + ([query] if isinstance(query, str) and query else [])
    turns = tuple({"role": "user", "content": t} for t in texts)
    if not turns:
        return Reading((), lambda results: dict(_PASSED))

    def answer(results: Sequence[CheckResult]) -> Json:
        (result,) = results
        if result.stopped:
            return _stopped(result.message)
        new = [str(m["content"]) for m in result.messages]
        if new == texts:
            return dict(_PASSED)
        edited = dict(zip((name for name, _ in named), new, strict=False))
        query_text = new[-1] if len(new) > len(named) else query
        made: Json = {"flagged": True, "action": "overridden"}
        return {**made, "inputs": {**inputs, **edited}, "query": query_text}

    return Reading((Check(stage=CheckStage.INPUT, messages=turns),), answer)


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
