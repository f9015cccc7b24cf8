from __future__ import annotations

from typing import Any

from threegate.errors import RequestError
from threegate.types import Bilingual, Usage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, Placement

MESSAGES = next(a for a in ADAPTERS if a.api == "messages")
THINKING = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
REQUEST: dict[str, Any] = {
    "model": "m",
    "max_tokens": 9,
    "system": [{"type": "text", "text": "sys", "cache_control": {"type": "ephemeral"}}],
    "metadata": {"user_id": "u-1"},
    "stop_sequences": ["END"],
    "tools": [{"name": "find", "description": "Finds", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "tool", "name": "find"},
    "messages": [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [
                THINKING,
                {"type": "redacted_thinking", "data": "/v3+/Q" * 20},
                {"type": "text", "text": "calling"},
                {"type": "tool_use", "id": "t", "name": "find", "input": {"phone": 13800138000}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "found"},
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "text", "text": "x"}],
                },
                {"type": "document", "title": "doc", "source": {"type": "text", "data": "plain!"}},
                {"type": "image", "source": {"type": "base64", "data": "/9j/" * 20}},
            ],
        },
    ],
}


def test_every_text_of_a_request_has_its_channel() -> None:
    found = {s.pointer: (str(s.locus.channel), s.text) for s in MESSAGES.request_slots(REQUEST)}
    assert found == {
        "/system/0/text": ("system", "sys"),
        "/tools/0/name": ("system", "find"),
        "/tools/0/description": ("system", "Finds"),
        "/messages/0/content": ("user", "hi"),
        "/messages/1/content/0/thinking": ("assistant", "hm"),
        "/messages/1/content/2/text": ("assistant", "calling"),
        "/messages/1/content/3/name": ("tool_arguments", "find"),
        "/messages/1/content/3/input#json": ("tool_arguments", '{"phone":13800138000}'),
        "/messages/2/content/0/content": ("tool_result", "found"),
        "/messages/2/content/1/content/0/text": ("tool_result", "x"),
        "/messages/2/content/2/title": ("user", "doc"),
        "/messages/2/content/2/source/data": ("user", "plain!"),
        "/metadata/user_id": ("user", "u-1"),
        "/stop_sequences/0": ("user", "END"),
        "/tool_choice/name": ("user", "find"),
    }


def test_edited_tool_input_goes_back_as_an_object() -> None:
    at = "/messages/1/content/3/input#json"
    made = MESSAGES.put(REQUEST, {at: '{"phone":"<PHONE_1>"}'})
    assert made["messages"][1]["content"][3]["input"] == {"phone": "<PHONE_1>"}


def test_the_constitution_goes_to_system_or_the_first_user_turn() -> None:
    made = MESSAGES.place_system(REQUEST, "Rules.", Placement.SYSTEM)
    assert [part["text"] for part in made["system"]] == ["Rules.\n\n", "sys"]
    assert MESSAGES.place_system({}, "Rules.", Placement.SYSTEM)["system"] == "Rules."
    made = MESSAGES.place_system(REQUEST, "Rules.", Placement.FIRST_USER)
    assert made["messages"][0]["content"] == "Rules.\n\nhi"
    late = {"messages": [{"role": "user", "content": "hi"}, {"role": "system", "content": "sys"}]}
    made = MESSAGES.place_system(late, "Rules.", Placement.SYSTEM)
    assert (made["system"], made["messages"][1]["content"]) == ("Rules.", "Rules.\n\nsys")


def test_reasoning_leaves_the_history_and_the_answer() -> None:
    kinds = [b["type"] for b in MESSAGES.drop_reasoning_history(REQUEST)["messages"][1]["content"]]
    assert kinds == ["text", "tool_use"]
    answer = {"content": [THINKING, {"type": "text", "text": "x"}], "stop_reason": "end_turn"}
    assert MESSAGES.hide_reasoning(answer)["content"] == [{"type": "text", "text": "x"}]


def test_a_whole_answer() -> None:
    use = {"type": "tool_use", "id": "t", "name": "find", "input": {"q": "你"}}
    answer = {
        "content": [THINKING, {"type": "text", "text": "x"}, use],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2},
    }
    found = [(s.pointer, str(s.locus.channel), s.text) for s in MESSAGES.response_slots(answer)]
    assert found == [
        ("/content/0/thinking", "reasoning", "hm"),
        ("/content/1/text", "content", "x"),
        ("/content/2/name", "tool_arguments", "find"),
        ("/content/2/input#json", "tool_arguments", '{"q":"你"}'),
    ]
    assert MESSAGES.usage(answer) == Usage(input=5, output=4, cached=2)
    assert MESSAGES.finish_reasons(answer) == ("tool_use",)
    assert [(c.name, c.arguments) for c in MESSAGES.tool_calls(answer)] == [("find", '{"q":"你"}')]


def test_blocked_and_errors_have_the_shape_of_the_api() -> None:
    outcome = Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No"))
    made = MESSAGES.blocked(REQUEST, outcome)
    assert made["type"] == "message"
    assert made["stop_reason"] == "refusal"
    assert made["content"] == [{"type": "text", "text": "不行\nNo"}]
    assert made["threegate"]["rule_id"] == "r"
    as_error = Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No"), http_status=403)
    assert MESSAGES.blocked(REQUEST, as_error)["error"]["type"] == "permission_error"
    assert (
        MESSAGES.error(RequestError(Bilingual("否", "no")))["error"]["type"]
        == "invalid_request_error"
    )
