from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import UpstreamError
from threegate.types import Bilingual, Usage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind
from threegate.wire.frame_codec import StreamCodec

from tests.wire.clients import accumulated_response, final_response
from tests.wire.playbook import Delay, decode, replay
from tests.wire.samples import event, payloads, responses_stream

RESPONSES = next(a for a in ADAPTERS if a.api == "responses")
BLOCK = Outcome(OutcomeKind.BLOCK, "d-1", "rule.1", Bilingual("已拦截", "Blocked"), created=7)
ANSWER = Outcome(OutcomeKind.ANSWER, "d-2", "rule.2", Bilingual("", ""), answer="请咨询医生。")
RAW = responses_stream()


def texts(value: object) -> list[str]:
    """Every text that describes the answer, wherever it is repeated, deltas aside."""
    if isinstance(value, dict):
        own = [value[n] for n in ("text", "arguments") if isinstance(value.get(n), str)]
        return own + [t for below in value.values() for t in texts(below)]
    return [t for below in value for t in texts(below)] if isinstance(value, list) else []


@given(st.integers(0, 40))
def test_every_repetition_carries_the_released_text(hold: int) -> None:
    made = replay(RESPONSES.stream({}), decode([RAW]), Delay(hold, str.upper))
    again = [t for p in payloads(made) for t in texts(p[1])]
    wanted = [t for p in payloads(RAW) for t in texts(p[1])]
    assert again == [t.upper() for t in wanted]


@given(st.integers(0, 40))
def test_sequence_numbers_count_what_the_client_gets(hold: int) -> None:
    made = payloads(replay(RESPONSES.stream({}), decode([RAW]), Delay(hold)))
    assert [p[1]["sequence_number"] for p in made] == list(range(len(made)))


def test_the_official_client_adds_up_a_held_stream() -> None:
    made = replay(RESPONSES.stream({}), decode([RAW]), Delay(7))
    assert accumulated_response(made)[-1] == "response.completed"
    kinds, final = final_response(made)
    assert kinds[0] == "response.created"
    assert final.output_text == "Hello there"


def some(count: int) -> tuple[StreamCodec, bytes]:
    codec, machines, out = RESPONSES.stream({"model": "r1"}), Delay(), b""
    for one in decode([RAW])[:count]:
        chunk = codec.read(one)
        out += codec.write(chunk, machines.take(chunk))
    return codec, out


@pytest.mark.parametrize("count", range(len(decode([RAW]))))
def test_a_cut_anywhere_is_a_valid_stream_for_the_client(count: int) -> None:
    codec, made = some(count)
    made += codec.cut(BLOCK)
    kinds, final = final_response(made)
    assert kinds[-1] == "response.incomplete"
    assert accumulated_response(made)[-1] == "response.incomplete"
    assert final.incomplete_details.reason == "content_filter"
    assert final.output[-1].content[0].text == "已拦截\nBlocked"
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done")


def test_a_cut_shows_the_text_that_was_released_and_no_more() -> None:
    codec = RESPONSES.stream({"model": "r1"})
    machines, out = Delay(3), b""
    for one in decode([RAW])[:12]:  # the second delta of the message has come
        chunk = codec.read(one)
        out += codec.write(chunk, machines.take(chunk))
    _, final = final_response(out + codec.cut(BLOCK))
    message = final.output[1]
    assert message.status == "incomplete"
    assert message.content[0].text == "Hello th"


def test_a_cut_drops_text_of_an_item_that_the_client_has_not_seen_start() -> None:
    codec, made = some(4)
    chunks = [codec.read(one) for one in decode([RAW])[4:12]]  # the message waits
    keys = {delta.key for chunk in chunks for delta in chunk.deltas if delta.key.part >> 12 == 1}
    made += b"".join(codec.text(key, "Hello") for key in keys) + codec.cut(BLOCK)
    assert keys
    assert [item.type for item in final_response(made)[1].output] == ["reasoning", "message"]
    assert b"Hello" not in made


def test_a_request_answered_before_the_model_is_a_whole_response() -> None:
    made = RESPONSES.stream({"model": "r1"}).cut(ANSWER)
    kinds, final = final_response(made)
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert (final.status, final.model, final.output_text) == ("completed", "r1", "请咨询医生。")
    assert accumulated_response(made)[-1] == "response.completed"
    assert RESPONSES.stream({}).cut(BLOCK)
    codec, _ = some(99)
    assert codec.cut(BLOCK) == b""


def test_log_probabilities_leave_with_a_changed_text() -> None:
    lp = [{"token": "ab", "logprob": -1}]
    where = {"item_id": "m", "output_index": 0, "content_index": 0}
    raw = event(
        {"type": "response.output_text.delta", **where, "delta": "ab", "logprobs": lp}
    ) + event({"type": "response.output_text.done", **where, "text": "ab", "logprobs": lp})
    same = payloads(replay(RESPONSES.stream({}), decode([raw])))
    assert [p[1]["logprobs"] for p in same] == [lp, lp]
    edited = payloads(replay(RESPONSES.stream({}), decode([raw]), Delay(0, str.upper)))
    assert [p[1]["logprobs"] for p in edited] == [[], []]


def test_errors_annotations_and_usage() -> None:
    codec, made = some(5)
    kinds, _ = final_response(made + codec.extra("label", {"ai": True}) + codec.cut(BLOCK))
    assert kinds[-1] == "response.incomplete"
    codec, made = some(5)
    kinds, _ = final_response(made + codec.error(UpstreamError(Bilingual("超时", "timed out"))))
    assert kinds[-1] == "error"
    codec, _ = some(99)
    assert codec.usage == Usage(input=3, output=4)
    assert codec.finish_reasons == {0: "completed"}
