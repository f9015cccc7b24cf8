"""LiteLLM's generic guardrail API with the requests that its 1.110.2 sends. The real proxy:
`scripts/litellm` and `test_litellm_proxy.py`."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import httpx
import pytest
from threegate.service.dialects.base import ServiceRequest
from threegate.service.dialects.litellm import LiteLlm

from tests.e2e.support.running import Running
from tests.service.records import events

MOBILE, KEY = "13812345678", "sk-proj-" + "a1B2c3D4" * 6
EMPTY: dict[str, Any] = {
    "images": None,
    "tools": None,
    "tool_calls": None,
    "structured_messages": None,
    "model": "m",
    "request_data": {"user_api_key_end_user_id": "u-1"},
    "request_headers": {"host": "h"},
    "litellm_trace_id": None,
    "litellm_version": "1.110.2",
    "additional_provider_specific_params": {},
}


def ask(served: Running, side: str, texts: list[str], **more: Any) -> dict[str, Any]:
    body = {**EMPTY, "input_type": side, "texts": texts, "litellm_call_id": "call-1", **more}
    reply = httpx.post(f"{served.url}/beta/litellm_basic_guardrail_api", json=body)
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made


def test_texts_come_back_edited_in_their_order(served: Running) -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": f"Call {MOBILE}."}]},
    ]
    texts = ["Be kind.", f"Call {MOBILE}."]
    made = ask(served, "request", texts, structured_messages=messages)
    assert made["action"] == "GUARDRAIL_INTERVENED"
    assert made["texts"][0] == "Be kind."
    assert made["texts"][1].startswith("Call [MOBILE_")
    assert ask(served, "request", ["Be kind."])["action"] == "NONE"
    assert ask(served, "request", []) == {"action": "NONE"}


def test_the_answer_of_the_same_call_gets_its_values_back(served: Running) -> None:
    asked = ask(served, "request", [f"Call {MOBILE}."], litellm_call_id="mine")
    placeholder = asked["texts"][0].split()[1].rstrip(".")
    said = [f"I called {placeholder}."]
    mine = ask(served, "response", said, litellm_call_id="mine")
    assert mine["texts"] == [f"I called {MOBILE}."]
    assert ask(served, "response", said, litellm_call_id="another")["texts"] == said


@pytest.mark.parametrize("side", ["request", "response"])
def test_calls_of_other_kinds_are_read_whole(served: Running, side: str) -> None:
    def call(text: str) -> list[dict[str, Any]]:
        return [{"type": "custom", "id": "c", "custom": {"name": "shell", "input": text}}]

    assert ask(served, side, ["Hi"], tool_calls=call("ls"))["action"] == "NONE"
    assert ask(served, side, ["Hi"], tool_calls=call(f"login {KEY}"))["action"] == "BLOCKED"


def test_images_are_read_where_they_are_texts(served: Running) -> None:
    texts = b64encode(f"Call {MOBILE}.".encode()).decode()
    for image in (
        f"data:text/plain;base64,{texts}",
        texts,
        {"url": f"data:text/plain;base64,{texts}"},
    ):
        assert ask(served, "request", ["Hi"], images=[image])["action"] == "BLOCKED"
    picture = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200, 240)) * 8).decode()
    for image in (f"data:image/png;base64,{picture}", picture, "https://example.com/a.png"):
        made = ask(served, "request", ["Hi"], images=[image])
        assert made == {"action": "NONE", "texts": ["Hi"]}


FILE = {
    "filename": "a.txt",
    "file_data": "data:text/plain;base64," + b64encode(KEY.encode()).decode(),
}


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "user", "content": "我不想活了"},
        {"role": "user", "content": ["我不想活了"]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Hi"}, {"type": "file", "file": FILE}],
        },
        {"role": "user", "content": "Hi", "name": MOBILE},
        {"role": "assistant", "content": "Hi", "reasoning_content": f"The key is {KEY}."},
        {"role": "assistant", "function_call": {"name": "f", "arguments": f'{{"a": "{KEY}"}}'}},
        {"role": "tool", "content": {"key": KEY}, "tool_call_id": "c"},
    ],
)
def test_what_a_turn_has_beside_its_texts_is_read(served: Running, turn: dict[str, Any]) -> None:
    """The model gets it, and LiteLLM sends it in no other list."""
    made = ask(served, "request", ["Hi"], structured_messages=[turn])
    assert made["action"] == "BLOCKED"


def test_what_other_lists_have_is_read_once(served: Running) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    turns = [
        {"role": "user", "content": [{"type": "text", "text": f"Call {MOBILE}."}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "hm"},
        {"role": "tool", "tool_call_id": "c", "content": "done"},
    ]
    lists = {"tool_calls": [call], "images": ["https://example.com/a.png"]}
    texts = [f"Call {MOBILE}.", "done"]
    made = ask(served, "request", texts, structured_messages=turns, **lists)
    assert made["action"] == "GUARDRAIL_INTERVENED"
    assert made["texts"][0].startswith("Call [MOBILE_")


@pytest.mark.parametrize(
    "call",
    [
        {"type": "custom", "custom": {"name": "shell", "input": "ls"}},
        {"type": "function", "function": {"name": "shell", "arguments": {"a": 1}}},
        {"type": "shell", "name": "shell"},
    ],
)
def test_a_call_of_another_kind_keeps_its_name_for_rules(call: dict[str, Any]) -> None:
    """A rule that denies the tool did not see it."""
    body = {**EMPTY, "input_type": "response", "texts": ["Hi"], "tool_calls": [call]}
    reading = LiteLlm().read(ServiceRequest("/", b"", {}, json.dumps(body).encode()))
    (called,) = reading.checks[0].answers[-1]["tool_calls"]
    assert called["function"]["name"] == "shell"


@pytest.mark.parametrize("side", ["request", "response"])
def test_arguments_that_are_an_object_are_read(served: Running, side: str) -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": {"key": KEY}}}
    assert ask(served, side, ["Hi"], tool_calls=[call])["action"] == "BLOCKED"


def test_a_stop_is_a_block_with_the_policy_s_words(served: Running) -> None:
    made = ask(served, "request", ["我不想活了"])
    assert made["action"] == "BLOCKED"
    assert made["blocked_reason"]


def test_arguments_that_would_have_to_be_edited_are_blocked(served: Running) -> None:
    def call(arguments: str) -> list[dict[str, Any]]:
        return [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]

    for side in ("request", "response"):
        assert ask(served, side, ["hi"], tool_calls=call('{"a": 1}'))["action"] == "NONE"
        arguments = f'{{"key": "{KEY}"}}'
        assert ask(served, side, ["hi"], tool_calls=call(arguments))["action"] == "BLOCKED"


def test_tools_are_system_texts_and_come_back(served: Running) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": f"ring {MOBILE}"}}
    made = ask(served, "request", ["hi"], tools=[tool])
    assert made["action"] == "GUARDRAIL_INTERVENED"
    assert "[MOBILE_" in made["tools"][0]["function"]["description"]


def test_every_prefix_of_a_stream_holds_what_may_still_change(served: Running) -> None:
    """Incremental diffs: what is outside the holdback is the beginning of all later answers."""
    text = f"Your number is 13900001111 and the key is {KEY}, keep it."
    whole = ask(served, "response", [text])["texts"][0]
    assert KEY not in whole
    shown = ""
    for end in [*range(3, len(text), 3), len(text)]:
        made = ask(served, "response", [text[:end]])
        (part,), (held,) = made["texts"], made["stream_holdback_chars"]
        safe = part[: len(part) - held]
        assert safe.startswith(shown)
        assert whole.startswith(safe)
        shown = safe


def test_policy_and_subject_reach_the_record(served: Running) -> None:
    reply = httpx.post(
        f"{served.url}/beta/litellm_basic_guardrail_api",
        json={**EMPTY, "input_type": "request", "texts": ["hi"], "litellm_call_id": "c"},
    )
    (event,) = events(served, reply.headers["x-threegate-request-id"])
    assert event["endpoint"] == "litellm"
    wrong = {**EMPTY, "additional_provider_specific_params": {"policy": "other"}}
    refused = httpx.post(
        f"{served.url}/beta/litellm_basic_guardrail_api",
        json={**wrong, "input_type": "request", "texts": ["hi"]},
    )
    assert refused.status_code == 403


def test_roles_that_do_not_agree_with_the_texts_count_as_the_user_s(served: Running) -> None:
    messages = [{"role": "tool", "content": "another text"}]
    made = ask(served, "request", ["我不想活了"], structured_messages=messages)
    assert made["action"] == "BLOCKED"  # a rule for users alone


@pytest.mark.parametrize("wrong", [{"texts": [1]}, {"input_type": "both"}, {"tool_calls": [5]}])
def test_another_shape_is_refused(served: Running, wrong: dict[str, Any]) -> None:
    body = {**EMPTY, "input_type": "request", "texts": ["hi"], **wrong}
    url = f"{served.url}/beta/litellm_basic_guardrail_api"
    assert httpx.post(url, json=body).status_code == 400
