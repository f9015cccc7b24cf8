from __future__ import annotations

from typing import Any

from threegate.types import Bilingual, Usage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, Placement

RESPONSES = next(a for a in ADAPTERS if a.api == "responses")
REASONING = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "hm"}]}
REQUEST: dict[str, Any] = {
    "model": "m",
    "instructions": "sys",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"role": "developer", "content": "dev"},
        {**REASONING, "encrypted_content": "opaque"},
        {"type": "function_call", "call_id": "c", "name": "find", "arguments": '{"q":"a"}'},
        {"type": "function_call_output", "call_id": "c", "output": '{"r":"x\\ny"}'},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "ok"}],
        },
    ],
    "text": {"format": {"type": "json_schema", "name": "s", "schema": {"description": "d"}}},
    "tools": [
        {"type": "function", "name": "find", "parameters": {"type": "object"}},
        {"type": "web_search"},
    ],
    "prompt": {"id": "p", "variables": {"city": "杭州"}},
}


def test_every_text_of_a_request_has_its_channel() -> None:
    found = {s.pointer: (str(s.locus.channel), s.text) for s in RESPONSES.request_slots(REQUEST)}
    assert found == {
        "/instructions": ("system", "sys"),
        "/tools/0/name": ("system", "find"),
        "/text/format/name": ("system", "s"),
        "/text/format/schema/description": ("system", "d"),
        "/input/0/content/0/text": ("user", "hi"),
        "/input/1/content": ("system", "dev"),
        "/input/2/summary/0/text": ("assistant", "hm"),
        "/input/3/name": ("tool_arguments", "find"),
        "/input/3/arguments#json": ("tool_arguments", '{"q":"a"}'),
        "/input/4/output#json": ("tool_result", '{"r":"x\ny"}'),
        "/input/5/content/0/text": ("assistant", "ok"),
        "/prompt/variables/city": ("user", "杭州"),
    }
    plain = RESPONSES.request_slots({"input": "hi"})
    assert [(s.pointer, s.text) for s in plain] == [("/input", "hi")]


def test_the_constitution_goes_to_instructions_or_the_first_user_turn() -> None:
    made = RESPONSES.place_system(REQUEST, "Rules.", Placement.SYSTEM)
    assert made["instructions"] == "Rules.\n\nsys"
    made = RESPONSES.place_system(REQUEST, "Rules.", Placement.FIRST_USER)
    assert made["input"][0]["content"][0] == {"type": "input_text", "text": "Rules.\n\n"}
    made = RESPONSES.place_system({"input": "hi"}, "Rules.", Placement.FIRST_USER)
    assert made["input"] == "Rules.\n\nhi"


def test_a_system_item_does_not_displace_the_constitution() -> None:
    """Of several system turns, some chat templates read only the last."""
    item = {"role": "system", "content": "sys"}
    made = RESPONSES.place_system({"input": [item, item]}, "Rules.", Placement.SYSTEM)
    assert [i["content"] for i in made["input"]] == ["sys", "Rules.\n\nsys"]
    assert made["instructions"] == "Rules."


def test_reasoning_leaves_the_history() -> None:
    kinds = [i.get("type") for i in RESPONSES.drop_reasoning_history(REQUEST)["input"]]
    assert "reasoning" not in kinds
    assert RESPONSES.max_tokens_field({}) == "max_output_tokens"


def test_a_whole_answer() -> None:
    part = {"type": "output_text", "text": "x", "logprobs": [{"token": "x"}], "annotations": []}
    call = {"type": "function_call", "name": "find", "arguments": '{"q":"a"}'}
    answer = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "instructions": "Rules.\n\nsys",
        "output": [REASONING, {"type": "message", "role": "assistant", "content": [part]}, call],
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    found = [(s.pointer, str(s.locus.channel), s.text) for s in RESPONSES.response_slots(answer)]
    assert found == [
        ("/output/0/summary/0/text", "reasoning", "hm"),
        ("/output/1/content/0/text", "content", "x"),
        ("/output/2/name", "tool_arguments", "find"),
        ("/output/2/arguments#json", "tool_arguments", '{"q":"a"}'),
    ]
    made = RESPONSES.put(answer, {"/output/1/content/0/text": "y"})
    assert made["output"][1]["content"][0]["logprobs"] == []
    assert RESPONSES.finish_reasons(answer) == ("max_output_tokens",)
    assert RESPONSES.usage(answer) == Usage(1, 2)
    assert [c.name for c in RESPONSES.tool_calls(answer)] == ["find"]
    assert [i["type"] for i in RESPONSES.hide_reasoning(answer)["output"]] == [
        "message",
        "function_call",
    ]
    assert RESPONSES.restore_echo(answer, {})["instructions"] is None
    custom = {"type": "custom_tool_call", "name": "run", "input": "any text"}
    (call,) = RESPONSES.tool_calls({"output": [custom, {"type": "code_interpreter_call"}]})
    assert (call.name, call.arguments, call.pointer) == ("run", "any text", "/output/0/input")


def test_blocked() -> None:
    plain = {k: v for k, v in REQUEST.items() if k != "text"}
    made = RESPONSES.blocked(plain, Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No")))
    assert made["status"] == "incomplete"
    assert made["incomplete_details"] == {"reason": "content_filter"}
    assert made["output"][0]["content"][0]["text"] == "不行\nNo"
    assert made["threegate"]["decision_id"] == "d"
