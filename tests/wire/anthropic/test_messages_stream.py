from __future__ import annotations

import anthropic
import pytest
from threegate.errors import UpstreamError
from threegate.types import Bilingual, Channel, Usage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, StreamKey
from threegate.wire.frame_codec import StreamCodec

from tests.wire.clients import final_message
from tests.wire.playbook import Delay, decode, replay
from tests.wire.samples import MESSAGE, named, payloads

MESSAGES = next(a for a in ADAPTERS if a.api == "messages")
BLOCK = Outcome(OutcomeKind.BLOCK, "d-1", "rule.1", Bilingual("已拦截", "Blocked"))
ANSWER = Outcome(OutcomeKind.ANSWER, "d-2", "rule.2", Bilingual("", ""), answer="请咨询医生。")
START = named(
    "message_start",
    message={
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "usage": {"input_tokens": 5, "output_tokens": 1},
    },
)


def some(count: int) -> tuple[StreamCodec, bytes]:
    """A codec that has passed on the first `count` events of `MESSAGE`."""
    codec, machines, out = MESSAGES.stream({"model": "r1"}), Delay(), b""
    for event in decode([MESSAGE.replace(payload_start(), START)])[:count]:
        chunk = codec.read(event)
        out += codec.write(chunk, machines.take(chunk))
    return codec, out


def payload_start() -> bytes:
    return MESSAGE[: MESSAGE.index(b"event: content_block_start")]


@pytest.mark.parametrize("count", range(18))
def test_a_cut_anywhere_is_a_valid_message_for_the_client(count: int) -> None:
    codec, made = some(count)
    final = final_message(made + codec.cut(BLOCK))
    assert final.stop_reason == "refusal"
    assert final.content[-1].text == "已拦截\nBlocked"
    starts = [p[1]["index"] for p in payloads(made) if p[0] == "content_block_start"]
    assert len(final.content) == len(starts) + 1


def test_a_request_blocked_before_the_model_is_a_whole_message() -> None:
    made = MESSAGES.stream({"model": "r1"}).cut(ANSWER)
    final = final_message(made)
    assert (final.model, final.stop_reason) == ("r1", "end_turn")
    assert final.content[0].text == "请咨询医生。"
    note = next(p[1] for p in payloads(made) if p[0] == "message_delta")["threegate"]
    assert note == {"action": "answer", "decision_id": "d-2", "rule_id": "rule.2"}


def test_a_cut_after_the_end_adds_nothing() -> None:
    codec, _ = some(99)
    assert codec.cut(BLOCK) == b""


def test_a_whole_stream_is_read_by_the_client_as_before() -> None:
    raw = MESSAGE.replace(payload_start(), START)
    codec = MESSAGES.stream({"model": "m"})
    assert final_message(replay(codec, decode([raw]), Delay(5))) == final_message(raw)
    assert codec.usage == Usage(input=5, output=7)
    assert codec.finish_reasons == {0: "tool_use"}


def test_errors_and_annotations() -> None:
    codec, made = some(3)
    with pytest.raises(anthropic.APIError, match="timed out"):
        final_message(
            made + codec.error(UpstreamError(Bilingual("模型接口超时", "the model API timed out")))
        )
    codec, made = some(3)
    final = final_message(made + codec.extra("label", {"ai": True}) + codec.cut(BLOCK))
    assert final.stop_reason == "refusal"


def test_citations_and_unknown_blocks_are_checked_too() -> None:
    result = {"type": "web_search_tool_result", "content": [{"title": "a page", "url": "u"}]}
    citation = {"type": "citations_delta", "citation": {"cited_text": "a source"}}
    raw = (
        START
        + named("content_block_start", index=0, content_block=result)
        + named("content_block_stop", index=0)
        + named("content_block_start", index=1, content_block={"type": "text", "text": "so "})
        + named("content_block_delta", index=1, delta=citation)
        + named("content_block_stop", index=1)
    )
    machines = Delay()
    made = replay(MESSAGES.stream({}), decode([raw]), machines)
    assert {"a page", "a source", "so "} <= set(machines.seen.values())
    assert payloads(made) == payloads(raw)


def test_tool_input_outside_a_delta_is_refused() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"q": "138"}}
    event = decode([named("content_block_start", index=0, content_block=block)])[0]
    with pytest.raises(UpstreamError, match="outside a delta"):
        MESSAGES.stream({}).read(event)


def test_a_cut_drops_text_of_a_block_that_the_client_has_not_seen_start() -> None:
    codec, made = some(3)
    for event in decode([MESSAGE])[6:9]:  # block 1 starts and speaks, and waits behind block 0
        codec.read(event)
    made += codec.text(StreamKey(0, Channel.CONTENT, 1), "Hello ") + codec.cut(BLOCK)
    assert [block.type for block in final_message(made).content] == ["thinking", "text"]
    assert b"Hello" not in made


def test_a_late_text_is_a_delta_of_its_block() -> None:
    codec, _ = some(3)
    made = payloads(codec.text(StreamKey(0, Channel.REASONING, 0), "late"))
    assert made[0][1] == {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "late"},
    }
