"""LiteLLM's generic guardrail API: `POST /beta/litellm_basic_guardrail_api`.

LiteLLM (1.110.2) sends the texts of a request or of an answer, in a stream all of it so far with
every fifth chunk, and takes back texts in the same order, or a block. Arguments of tool calls and
images can be blocked, not edited: where the policy would edit them, the call is blocked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from threegate.gateway.meta.openapi import schema_of
from threegate.gateway.outcome import BLOCKED
from threegate.service.check import Check, CheckResult, CheckStage
from threegate.service.dialects.base import (
    REQUESTS,
    Json,
    OpenAiStyle,
    Operation,
    Reading,
    ServiceRequest,
)
from threegate.wire.adapter import Body
from threegate.wire.offered_tools import NAMED

PATH: Final = "/beta/litellm_basic_guardrail_api"
REQUEST: Final = REQUESTS["litellm"]


class LiteLlm(OpenAiStyle):
    name = "litellm"
    operations = (Operation.described("litellm", PATH, schema_of(REQUEST)),)

    def read(self, request: ServiceRequest) -> Reading:
        body = request.body(REQUEST)
        texts = list(body.get("texts") or ())
        calls = [_readable(call) for call in body.get("tool_calls") or ()]
        made = _request if body["input_type"] == "request" else _response
        check = made(body, texts, calls)
        if not check.messages and not check.answers and not check.tools:
            return Reading((), lambda results: {"action": "NONE"})
        return Reading((check,), lambda results: _answer(check, results[0], texts))


def _request(body: Body, texts: list[str], calls: list[Body]) -> Check:
    roles = _roles(body.get("structured_messages") or (), texts)
    turns: list[Body] = [{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)]
    if calls:
        turns.append({"role": "assistant", "tool_calls": calls})
    if images := _images(body):
        turns.append({"role": "user", "content": images})
    rest = (_unread(turn, frozenset(texts)) for turn in body.get("structured_messages") or ())
    turns += filter(None, rest)
    return Check(
        stage=CheckStage.INPUT,
        messages=tuple(turns),
        tools=tuple(body.get("tools") or ()),
        **_about(body),
    )


def _readable(call: Body) -> Body:
    """A call of another kind than a function as one whose arguments are all of it."""
    function = call.get("function")
    if isinstance(function, dict) and isinstance(function.get("arguments") or "", str):
        return call
    return {"type": "function", "function": {"name": _called(call), "arguments": json.dumps(call)}}


def _called(call: Body) -> str:
    holders = (call.get(kind) for kind in NAMED)
    names = [holder.get("name") for holder in (*holders, call) if isinstance(holder, dict)]
    return next((name for name in names if isinstance(name, str) and name), "")


def _images(body: Body) -> list[Body]:
    """Files in base64 may be texts, and addresses may hold keys."""
    return [
        {"type": "image_url", "image_url": {"url": image} if isinstance(image, str) else image}
        for image in body.get("images") or ()
    ]


def _unread(turn: Body, texts: frozenset[str]) -> Body | None:
    """What the model gets of a turn beside the texts, calls and images, which are lists of their
    own: reasoning, names, files, calls of another kind. None if there is nothing."""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    left = [kept for part in parts if (kept := _unread_part(part, texts)).keys() - {"type"}]
    rest = {name: value for name, value in turn.items() if name not in _READ and value}
    if not left and rest.keys() <= {"role"}:
        return None
    return {**rest, "content": left}


_READ: Final = ("content", "tool_calls")


def _unread_part(part: Any, texts: frozenset[str]) -> Body:
    given = part if isinstance(part, dict) else {"text": part}
    text = given.get("text")
    read = ["text"] if text is None or (isinstance(text, str) and text in texts) else []
    read += ["image_url"] if given.get("type") == "image_url" else []
    return {name: value for name, value in given.items() if name not in read}


def _response(body: Body, texts: list[str], calls: list[Body]) -> Check:
    answers: list[Body] = [{"role": "assistant", "content": t} for t in texts]
    if calls:
        answers.append({"role": "assistant", "tool_calls": calls})
    return Check(stage=CheckStage.OUTPUT, answers=tuple(answers), open_ended=True, **_about(body))


def _about(body: Body) -> dict[str, Any]:
    params = body.get("additional_provider_specific_params") or {}
    known = body.get("request_data") or {}
    subject = known.get("user_api_key_end_user_id") or known.get("user_api_key_user_id")
    return {
        "model": body.get("model") or "",
        "conversation": _word(body.get("litellm_trace_id")),
        "recall": _word(body.get("litellm_call_id")),
        "policy": _word(params.get("policy")),
        "language": _word(params.get("language")),
        "subject": _word(subject),
    }


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _roles(messages: Sequence[Body], texts: list[str]) -> list[str]:
    """The role of each text. Texts are flat, in the order of the messages; if the two do not agree
    (another version of LiteLLM), every text counts as the user's."""
    known = [(str(m.get("role") or "user"), t) for m in messages for t in _texts_of(m)]
    if [t for _, t in known] == texts:
        return [role for role, _ in known]
    return ["user"] * len(texts)


def _texts_of(message: Body) -> list[str]:
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    return [p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str)]


def _answer(check: Check, result: CheckResult, texts: list[str]) -> Json:
    if result.outcome is not None:
        return {"action": "BLOCKED", "blocked_reason": result.outcome.text}
    is_input = check.stage is CheckStage.INPUT
    turns = result.messages if is_input else result.answers
    given = check.messages if is_input else check.answers
    if turns[len(texts) :] != given[len(texts) :]:  # LiteLLM takes no edited calls and images
        return {"action": "BLOCKED", "blocked_reason": f"{BLOCKED.zh}\n{BLOCKED.en}"}
    new = [str(t.get("content") or "") for t in turns[: len(texts)]]
    tools = list(result.tools)
    edited = new != texts or tools != list(check.tools)
    made: Json = {"action": "GUARDRAIL_INTERVENED" if edited else "NONE", "texts": new}
    if tools:
        made["tools"] = tools
    if check.open_ended:
        made["stream_holdback_chars"] = list(result.open_chars[: len(texts)])
    return made
