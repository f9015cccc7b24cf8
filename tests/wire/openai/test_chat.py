from __future__ import annotations

from typing import Any

import pytest
from threegate.errors import RequestError, UpstreamError
from threegate.types import Bilingual, Channel, Usage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, StreamOptions

CHAT = ADAPTERS[0]
LOGPROBS = {"content": [{"token": "abc", "logprob": -1, "bytes": [97, 98, 99], "top_logprobs": []}]}


def body(**message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": None, **message}
    one = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "choices": [one], "x": {"kept": 1}}


def slots(value: dict[str, Any], **options: bool) -> list[tuple[str, str, str]]:
    made = CHAT.response_slots(value, StreamOptions(**options))
    return [(slot.pointer, str(slot.locus.channel), slot.text) for slot in made]


AT = "/choices/0/message"


def test_slots_of_a_whole_answer_reasoning_first() -> None:
    tool = {
        "id": "t",
        "type": "function",
        "function": {"name": "f", "arguments": '{"a": "\\u4f60"}'},
    }
    value = body(content="hi", reasoning_content="hm", refusal="no", tool_calls=[tool])
    assert slots(value) == [
        (f"{AT}/reasoning_content", "reasoning", "hm"),
        (f"{AT}/content", "content", "hi"),
        (f"{AT}/refusal", "content", "no"),
        (f"{AT}/tool_calls/0/function/name", "tool_arguments", "f"),
        (f"{AT}/tool_calls/0/function/arguments#json", "tool_arguments", '{"a": "你"}'),
    ]


def test_slots_of_inline_reasoning() -> None:
    value = body(content="<think>a</think>b")
    assert slots(value) == [
        (f"{AT}/content#think", "reasoning", "a"),
        (f"{AT}/content#answer", "content", "b"),
    ]
    assert slots(body(content="a</think>b"), starts_in_reasoning=True)[0][2] == "a"
    assert slots(body(content="a</think>b"))[0][1] == "content"


def test_put_changes_only_what_it_is_told_and_not_the_original() -> None:
    value = body(content="<think>a</think>b", unknown={"deep": ["text"]})
    made = CHAT.put(value, {f"{AT}/content#think": "X", f"{AT}/unknown/deep/0": "Y"})
    assert made["choices"][0]["message"]["content"] == "<think>X</think>b"
    assert made["choices"][0]["message"]["unknown"] == {"deep": ["Y"]}
    assert made["x"] == {"kept": 1}
    assert value["choices"][0]["message"]["content"] == "<think>a</think>b"
    assert CHAT.put(value, {}) is value


def test_log_probabilities_go_with_a_changed_text() -> None:
    value = body(content="abc")
    value["choices"][0]["logprobs"] = LOGPROBS
    assert CHAT.put(value, {f"{AT}/content": "x"})["choices"][0]["logprobs"] is None
    assert CHAT.put(value, {})["choices"][0]["logprobs"] == LOGPROBS


def test_hide_reasoning_in_every_shape() -> None:
    for value in (
        body(content="b", reasoning_content="a"),
        body(content="b", reasoning="a", reasoning_details=[{"text": "a"}]),
        body(content="<think>a</think>\n\nb"),
        body(content="<think>a</think>b", reasoning_content=None),  # vLLM without a parser
        body(content="<think>a</think>b", reasoning=""),
        body(content="b", reasoning="a", thinking_blocks=[{"thinking": "a"}]),  # LiteLLM
        body(content="<think>a</think>b", reasoning_content="a"),
        body(content="\ufeff<THINK>a</THINK>\n<think>c</think>b"),
    ):
        message = CHAT.hide_reasoning(value)["choices"][0]["message"]
        assert message == {"role": "assistant", "content": "b"}
    open_tag = CHAT.hide_reasoning(body(content="a</think>b"), StreamOptions(True))
    assert open_tag["choices"][0]["message"]["content"] == "b"


def test_no_log_probability_spells_hidden_reasoning() -> None:
    for message in ({"content": "<think>a</think>b"}, {"content": "b", "reasoning": "a"}):
        value = body(**message)
        value["choices"][0] |= {"logprobs": {"content": [{"token": "a"}]}, "token_ids": [1]}
        choice = CHAT.hide_reasoning(value)["choices"][0]
        assert (choice["logprobs"], choice["token_ids"]) == (None, None)
    value = body(content="b")
    value["choices"][0]["logprobs"] = {"content": [{"token": "b"}]}
    assert CHAT.hide_reasoning(value) == value


def test_reasoning_in_a_part_of_its_own() -> None:
    """Magistral's shape."""
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "why"}]}
    value = body(content=[thinking, {"type": "text", "text": "so"}])
    channels = {s.text: s.locus.channel for s in CHAT.response_slots(value)}
    assert channels == {"why": Channel.REASONING, "so": Channel.CONTENT}
    hidden = CHAT.hide_reasoning(value)["choices"][0]["message"]["content"]
    assert hidden == [{"type": "text", "text": "so"}]


def test_a_custom_call_is_a_call() -> None:
    custom = {"type": "custom", "custom": {"name": "f", "input": "any text"}}
    (call,) = CHAT.tool_calls(body(tool_calls=[custom]))
    where = f"{AT}/tool_calls/0/custom/input"
    assert (call.name, call.arguments, call.pointer) == ("f", "any text", where)


@pytest.mark.parametrize("choices", [{"0": {"message": {"content": "x"}}}, [["x"]], "x", [None]])
def test_choices_of_another_shape_are_refused(choices: Any) -> None:
    with pytest.raises(UpstreamError):
        CHAT.response_slots({"choices": choices})


def test_tool_calls_of_a_whole_answer() -> None:
    tool = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    legacy = {"name": "g", "arguments": '{"a": 1}'}
    calls = CHAT.tool_calls(body(tool_calls=[tool], function_call=legacy))
    assert [(c.name, c.arguments, c.pointer) for c in calls] == [
        ("f", "{}", f"{AT}/tool_calls/0/function/arguments"),
        ("g", '{"a": 1}', f"{AT}/function_call/arguments"),
    ]


def test_a_blocked_answer_is_a_valid_object_or_an_error() -> None:
    outcome = Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No"), created=5)
    made = CHAT.blocked({"model": "m"}, outcome)
    assert made["choices"][0]["finish_reason"] == "content_filter"
    assert made["choices"][0]["message"]["content"] == "不行\nNo"
    assert made["threegate"] == {
        "action": "block",
        "decision_id": "d",
        "rule_id": "r",
        "message": {"zh": "不行", "en": "No"},
    }
    as_error = Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No"), http_status=403)
    made = CHAT.blocked({"model": "m"}, as_error)
    assert made["error"]["code"] == "content_filter"
    assert made["threegate"]["decision_id"] == "d"


def test_usage_and_annotation() -> None:
    value = body(content="x")
    assert CHAT.usage(value) is None
    value["usage"] = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_cache_hit_tokens": 6,
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    assert CHAT.usage(value) == Usage(9, 4, 6, 2)
    assert CHAT.finish_reasons(value) == ("stop",)
    twice = CHAT.annotate(CHAT.annotate(value, "a", 1), "b", 2)
    assert twice["threegate"] == {"a": 1, "b": 2}
    assert CHAT.error(RequestError(Bilingual("否", "no")))["error"]["message"] == "no"
