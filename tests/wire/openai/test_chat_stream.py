"""Chat completions as a stream."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import UpstreamError
from threegate.types import Channel
from threegate.wire.adapter import StreamOptions
from threegate.wire.sse import ServerSentEvent
from threegate.wire.think import halves

from tests.wire.cuts import cut_at
from tests.wire.openai.test_chat import CHAT, LOGPROBS
from tests.wire.playbook import Delay, decode, replay
from tests.wire.samples import DONE, call, chat, choice, payloads, seen


@pytest.mark.parametrize(("hold", "kept"), [(0, True), (1, False)])
def test_streamed_log_probabilities_go_when_text_is_held(hold: int, kept: bool) -> None:
    one = {**choice(content="abc"), "logprobs": LOGPROBS, "token_ids": [1]}
    raw = chat(one) + chat(choice(finish="stop")) + DONE
    made = replay(CHAT.stream({}), decode([raw]), Delay(hold))
    first = payloads(made)[0][1]["choices"][0]
    assert (first["logprobs"] == LOGPROBS) is kept
    assert (first["token_ids"] == [1]) is kept


def test_a_custom_call_streams_as_one_text() -> None:
    codec = CHAT.stream({"model": "m"})
    told = []
    for piece in ({"name": "f", "input": "ab"}, {"input": "cd"}):
        call = {"index": 1, "type": "custom", "custom": piece}
        frame = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
        told += codec.read(ServerSentEvent(json.dumps(frame))).deltas
    key = next(d.key for d in told if d.text == "ab")
    assert [d.text for d in told if d.key == key] == ["", "ab", "cd"]
    assert codec.tool_name(key) == "f"
    assert b'"tool_calls":[{"index":1,"custom":{"input":"rest"}}]' in codec.text(key, "rest")


def test_calls_that_an_api_counts_from_minus_one_are_told_apart() -> None:
    """As GLM and gateways in front of Bedrock do."""
    codec = CHAT.stream({"model": "m"})
    calls = [{"index": n, "function": {"name": f"f{n}", "arguments": "{}"}} for n in (-1, -2, 0)]
    delta = {"tool_calls": calls, "function_call": {"name": "old", "arguments": "{}"}}
    chunk = codec.read(ServerSentEvent(json.dumps({"choices": [{"index": 0, "delta": delta}]})))
    keys = list(dict.fromkeys(d.key for d in chunk.deltas if codec.tool_name(d.key)))
    assert [codec.tool_name(key) for key in keys] == ["f-1", "f-2", "f0", "old"]
    for key, number in zip(keys, (-1, -2, 0), strict=False):
        assert f'"tool_calls":[{{"index":{number},"function":'.encode() in codec.text(key, "rest")
    assert b'"function_call":{"arguments"' in codec.text(keys[-1], "rest")


@pytest.mark.parametrize("number", [1 << 40, -(1 << 40), 1.5, "0"])
def test_a_call_with_a_number_that_none_can_have_is_an_error(number: object) -> None:
    call = {"index": number, "function": {"name": "f"}}
    event = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    with pytest.raises(UpstreamError):
        CHAT.stream({"model": "m"}).read(ServerSentEvent(json.dumps(event)))


@given(st.text(min_size=1), st.lists(st.integers(0, 30)), st.integers(0, 9), st.booleans())
def test_arguments_survive_any_fragments_holds_and_escapes(
    value: str, marks: list[int], hold: int, escaped: bool
) -> None:
    raw = json.dumps({"q": value, "n": 12.5, "l": [None, True]}, ensure_ascii=escaped)
    fragments = cut_at(raw, marks)
    stream = b"".join(chat(choice(tool_calls=[call(0, f)])) for f in fragments)
    stream += chat(choice(finish="tool_calls")) + DONE
    machines = Delay(hold)
    made = replay(CHAT.stream({}), decode([stream]), machines)
    assert json.loads(seen("chat", made)[0, "call", 0]) == json.loads(raw)
    if not hold and "\\" not in raw:
        assert payloads(made) == payloads(stream)
    for key in machines.seen:
        assert key.channel is Channel.TOOL_ARGUMENTS


@given(st.lists(st.integers(0, 60)), st.integers(0, 9))
def test_what_machines_see_does_not_depend_on_the_deltas(marks: list[int], hold: int) -> None:
    text = "<think>身份证 11010519491231002X</think>\n好的 </think> ok"
    stream = b"".join(chat(choice(content=piece)) for piece in cut_at(text, marks))
    machines = Delay(hold)
    made = replay(CHAT.stream({}), decode([stream + chat(choice(finish="stop")) + DONE]), machines)
    assert {str(k.channel): v for k, v in machines.seen.items()} == {
        "reasoning": "身份证 11010519491231002X",
        "content": "\n好的 </think> ok",
    }
    assert seen("chat", made) == {(0, "content"): text}


@pytest.mark.parametrize(
    ("deltas", "client"),
    [
        ([{"reasoning_content": "a"}, {"reasoning": "b"}], {"reasoning_content": "ab"}),
        (
            [{"reasoning": "a", "reasoning_content": "a"}, {"reasoning": "b"}],
            {"reasoning": "ab", "reasoning_content": "ab"},
        ),
        (
            [{"reasoning": "a"}, {"reasoning": "b", "reasoning_content": "b"}],
            {"reasoning": "ab"},
        ),
        (
            [{"content": "<think>a"}, {"reasoning": "b"}, {"content": "c</think>d"}],
            {"content": "<think>abc</think>d"},
        ),
        (
            [{"content": "<think>a</th"}, {"reasoning": "b", "content": "ink>"}],
            {"content": "<think>a</thbink>"},
        ),
        ([{"content": "<thi"}, {"reasoning": "b"}], {"content": "<thi", "reasoning": "b"}),
    ],
)
@pytest.mark.parametrize("hold", [0, 1, 3])
def test_reasoning_stays_in_the_field_that_it_began_in(
    deltas: list[dict[str, str]], client: dict[str, str], hold: int
) -> None:
    """Whatever is held: text had moved to the field of a later event, and what might have begun a
    tag was lost."""
    raw = b"".join(chat(choice(**delta)) for delta in deltas) + chat(choice(finish="stop")) + DONE
    got: dict[str, str] = {}
    *events, _ = payloads(replay(CHAT.stream({}), decode([raw]), Delay(hold)))
    for _, payload in events:
        for name, text in payload["choices"][0]["delta"].items():
            got[name] = got.get(name, "") + (text or "")
    assert {name: text for name, text in got.items() if text} == client


def test_hidden_reasoning_is_not_repeated_in_other_fields() -> None:
    """As LiteLLM repeats it."""
    blocks = [{"type": "thinking", "thinking": "why"}]
    more = {"thinking_blocks": blocks, "provider_specific_fields": {"a": 1, "reasoning": "why"}}
    raw = chat(choice(content="so", reasoning_content="why", **more)) + DONE
    made = replay(CHAT.stream({}, StreamOptions(show_reasoning=False)), decode([raw]))
    assert b"why" not in made
    assert b'"provider_specific_fields":{"a":1}' in made


BLOCKS = ["<THINK>", "why", "</think", ">\n", "<thi", "nk>not</think>", " so"]


@pytest.mark.parametrize("field", [{}, {"reasoning_content": "why"}], ids=["tags", "and a field"])
@pytest.mark.parametrize("hold", [0, 1, 5])
def test_blocks_in_tags_are_hidden_wherever_reasoning_began(
    field: dict[str, str], hold: int
) -> None:
    raw = b"".join(chat(choice(content=piece)) for piece in BLOCKS)
    raw = (chat(choice(**field)) if field else b"") + raw + chat(choice(finish="stop")) + DONE
    options = StreamOptions(show_reasoning=False)
    made = replay(CHAT.stream({}, options), decode([raw]), Delay(hold))
    assert all(word not in made.lower() for word in (b"think", b"why", b"not"))
    assert b"so" in made


@pytest.mark.parametrize("hold", [0, 1, 5])
def test_what_is_held_of_a_block_leaves_inside_its_tags(hold: int) -> None:
    raw = b"".join(chat(choice(content=piece)) for piece in BLOCKS)
    made = replay(CHAT.stream({}), decode([raw + chat(choice(finish="stop")) + DONE]), Delay(hold))
    *events, _ = payloads(made)
    said = "".join(e["choices"][0]["delta"].get("content") or "" for _, e in events)
    found = halves(said)
    assert found is not None
    assert (found.reasoning, found.answer.strip()) == ("whynot", "so")


@pytest.mark.parametrize("hold", [0, 1, 5])
def test_a_block_in_tags_goes_on_in_the_field_where_reasoning_began(hold: int) -> None:
    raw = chat(choice(reasoning="a")) + b"".join(chat(choice(content=c)) for c in BLOCKS)
    made = replay(CHAT.stream({}), decode([raw + chat(choice(finish="stop")) + DONE]), Delay(hold))
    *events, _ = payloads(made)
    deltas = [e["choices"][0]["delta"] for _, e in events]
    assert "".join(delta.get("reasoning") or "" for delta in deltas) == "awhynot"
    assert "".join(delta.get("content") or "" for delta in deltas).strip() == "so"
