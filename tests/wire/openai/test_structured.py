"""Which requests want an answer that a program parses, and how they are told of a block."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from threegate.types import Bilingual
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api, Outcome, OutcomeKind
from threegate.wire.openai.structured import wants_structure
from threegate.wire.sse import ServerSentEvent, SSEDecoder

BLOCK = Outcome(OutcomeKind.BLOCK, "dec_1", "r", Bilingual("不行。", "No."))
CHAT, RESPONSES = (next(a for a in ADAPTERS if a.api is api) for api in (Api.CHAT, Api.RESPONSES))
JSON_ANSWER: dict[str, Any] = {"response_format": {"type": "json_schema", "json_schema": {}}}
JSON_TEXT: dict[str, Any] = {"text": {"format": {"type": "json_schema", "schema": {}}}}


@pytest.mark.parametrize(
    ("request_fields", "wanted"),
    [
        ({}, False),
        ({"response_format": {"type": "text"}}, False),
        ({"response_format": "json_object"}, False),
        ({"text": {"verbosity": "low"}}, False),
        ({"tool_choice": "auto"}, False),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto"}}, False),
        (JSON_ANSWER, True),
        ({"response_format": {"type": "json_object"}}, True),
        (JSON_TEXT, True),
        ({"guided_json": {"type": "object"}}, True),
        ({"structured_outputs": {"json": {}}}, True),
        ({"tool_choice": "required"}, True),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, True),
        ({"function_call": {"name": "f"}}, True),
    ],
)
def test_who_parses_the_answer(request_fields: dict[str, Any], wanted: bool) -> None:
    assert wants_structure(request_fields) is wanted


def test_a_chat_client_that_parses_reads_a_refusal() -> None:
    (choice,) = CHAT.blocked({"model": "m", **JSON_ANSWER}, BLOCK)["choices"]
    assert choice["message"] == {"role": "assistant", "content": None, "refusal": "不行。\nNo."}
    assert choice["finish_reason"] == "stop"
    (plain,) = CHAT.blocked({"model": "m"}, BLOCK)["choices"]
    assert plain["message"] == {"role": "assistant", "content": "不行。\nNo."}
    assert plain["finish_reason"] == "content_filter"


def frames(data: bytes) -> list[dict[str, Any]]:
    texts = [e.data or "" for e in SSEDecoder().feed(data)]
    return [orjson.loads(t) for t in texts if t.startswith("{")]


def test_a_stream_that_was_not_begun_ends_in_a_refusal() -> None:
    said, end = frames(CHAT.stream({"model": "m", **JSON_ANSWER}).cut(BLOCK))
    assert said["choices"][0]["delta"] == {"role": "assistant", "refusal": "不行。\nNo."}
    assert end["choices"][0]["finish_reason"] == "stop"
    assert end["threegate"]["decision_id"] == "dec_1"


def test_a_stream_that_was_begun_is_not_to_be_parsed() -> None:
    codec = CHAT.stream({"model": "m", **JSON_ANSWER})
    choice = {"index": 0, "delta": {"content": '{"a":'}, "finish_reason": None}
    event = ServerSentEvent(data=orjson.dumps({"choices": [choice]}).decode())
    chunk = codec.read(event)
    codec.write(chunk, {d.key: d.text for d in chunk.deltas})
    said, end = frames(codec.cut(BLOCK))
    assert said["choices"][0]["delta"] == {"refusal": "不行。\nNo."}
    assert end["choices"][0]["finish_reason"] == "content_filter"


def test_responses_end_in_a_refusal_part() -> None:
    request = {"model": "m", "input": "x", **JSON_TEXT}
    body = RESPONSES.blocked(request, BLOCK)
    part = {"type": "refusal", "refusal": "不行。\nNo."}
    assert body["output"][0]["content"] == [part]
    assert (body["status"], body["incomplete_details"]) == ("completed", None)
    events = frames(RESPONSES.stream(request).cut(BLOCK))
    kinds = [e["type"] for e in events]
    assert "response.refusal.delta" in kinds
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"][0]["content"] == [part]
    assert RESPONSES.blocked({"model": "m"}, BLOCK)["status"] == "incomplete"
