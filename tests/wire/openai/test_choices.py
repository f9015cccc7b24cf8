"""How chat and completion streams end when the guard ends them; read by the official client."""

from __future__ import annotations

import sys

import openai
import pytest
from threegate.errors import UpstreamError
from threegate.types import Bilingual, Channel, Usage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, StreamKey
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.limits import MAX_CHOICES, MAX_PARTS

from tests.wire.clients import chat_chunks, completion_chunks
from tests.wire.playbook import Delay, decode
from tests.wire.samples import COMPLETION, DEEPSEEK, MANY, chat, choice, completion, payloads

CHAT, COMPLETIONS = ADAPTERS[0], ADAPTERS[1]
BLOCK = Outcome(OutcomeKind.BLOCK, "d-1", "rule.1", Bilingual("已拦截", "Blocked"), created=7)
ANSWER = Outcome(OutcomeKind.ANSWER, "d-2", "rule.2", Bilingual("", ""), answer="请咨询医生。")
TRUNCATE = Outcome(OutcomeKind.TRUNCATE, "d-3", "rule.3", Bilingual("", ""))


def through(codec: StreamCodec, raw: bytes, machines: Delay | None = None) -> bytes:
    machines = machines or Delay()
    return b"".join(
        codec.write(chunk, machines.take(chunk))
        for chunk in (codec.read(event) for event in decode([raw]))
    )


def test_a_request_blocked_before_the_model_is_a_whole_stream() -> None:
    made = CHAT.stream({"model": "r1"}).cut(BLOCK)
    first, last = chat_chunks(made)
    assert first.choices[0].delta.role == "assistant"
    assert first.choices[0].delta.content == "已拦截\nBlocked"
    assert (first.id, first.created, first.model) == ("chatcmpl-d-1", 7, "r1")
    assert last.choices[0].finish_reason == "content_filter"
    assert last.threegate["decision_id"] == "d-1"
    assert last.threegate["rule_id"] == "rule.1"
    assert made.endswith(b"data: [DONE]\n\n")


def test_every_choice_that_was_asked_for_ends() -> None:
    chunks = chat_chunks(CHAT.stream({"model": "r1", "n": 2}).cut(BLOCK))
    assert [c.choices[0].index for c in chunks] == [0, 0, 1, 1]
    assert {c.choices[0].delta.role for c in chunks if c.choices[0].delta.content} == {"assistant"}
    many = COMPLETIONS.stream({"model": "r1", "n": 10**9}).cut(BLOCK)
    assert len(completion_chunks(many)) == 2 * MAX_CHOICES


def test_a_choice_of_which_nothing_left_does_not_end() -> None:
    """Whether it was read before the verdict came depends on time alone."""
    codec = CHAT.stream({"model": "r1"})
    for event in decode([chat(choice(content="one"), choice(1, content="two"))]):
        codec.read(event)
    assert [c.choices[0].index for c in chat_chunks(codec.cut(BLOCK))] == [0, 0]


def test_a_cut_after_content_puts_the_message_in_a_paragraph_of_its_own() -> None:
    codec = CHAT.stream({"model": "r1"})
    made = through(codec, chat(choice(role="assistant", content="Half an ")))
    chunks = chat_chunks(made + codec.cut(BLOCK))
    content = "".join(c.choices[0].delta.content or "" for c in chunks)
    assert content == "Half an \n\n已拦截\nBlocked"
    assert [c.choices[0].delta.role for c in chunks] == ["assistant", None, None]
    assert chunks[-1].id == "c1"


def test_a_curated_answer_finishes_normally() -> None:
    first, last = chat_chunks(CHAT.stream({"model": "r1"}).cut(ANSWER))
    assert first.choices[0].delta.content == "请咨询医生。"
    assert last.choices[0].finish_reason == "stop"


def test_truncation_says_nothing() -> None:
    codec = CHAT.stream({"model": "r1"})
    made = through(codec, chat(choice(role="assistant", content="Half")))
    chunks = chat_chunks(made + codec.cut(TRUNCATE))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Half"
    assert chunks[-1].choices[0].finish_reason == "content_filter"


def test_a_cut_ends_every_choice_that_the_client_has_not_seen_finished() -> None:
    events = decode([MANY])
    codec = CHAT.stream({"model": "m"})
    for event in events[:4]:  # choice 0 has finished for the client
        codec.write(codec.read(event), {})
    codec.read(events[-2])  # choice 1 has finished for the codec, the frame still waits
    ends = [p[1]["choices"][0] for p in payloads(codec.cut(BLOCK)) if isinstance(p, tuple)]
    assert [(c["index"], c["finish_reason"]) for c in ends] == [(1, None), (1, "content_filter")]


def test_a_cut_before_any_frame_went_out_still_begins_the_message() -> None:
    codec = CHAT.stream({"model": "m"})
    codec.read(decode([chat(choice(role="assistant", content="held"))])[0])
    assert chat_chunks(codec.cut(BLOCK))[0].choices[0].delta.role == "assistant"


def test_completions_end_the_same_way() -> None:
    codec = COMPLETIONS.stream({"model": "r1"})
    made = through(codec, completion("def "))
    chunks = completion_chunks(made + codec.cut(BLOCK))
    assert "".join(c.choices[0].text for c in chunks) == "def \n\n已拦截\nBlocked"
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    whole = completion_chunks(COMPLETIONS.stream({"model": "r1"}).cut(ANSWER))
    assert whole[0].choices[0].text == "请咨询医生。"


def test_an_error_in_the_stream_raises_in_the_client() -> None:
    codec = CHAT.stream({"model": "m"})
    made = through(codec, chat(choice(content="x")))
    with pytest.raises(openai.APIError, match="timed out"):
        chat_chunks(
            made + codec.error(UpstreamError(Bilingual("模型接口超时", "the model API timed out")))
        )


def test_an_annotation_is_skipped_by_the_client() -> None:
    codec = CHAT.stream({"model": "m"})
    made = through(codec, chat(choice(content="x")))
    chunks = chat_chunks(made + codec.extra("label", {"ai": True}))
    assert chunks[-1].choices[0].delta.content is None
    assert chunks[-1].threegate == {"label": {"ai": True}}


def test_usage_and_finish_reasons_are_read() -> None:
    codec = CHAT.stream({"model": "m"})
    through(codec, DEEPSEEK)
    assert codec.usage == Usage(input=3, output=9)
    assert codec.finish_reasons == {0: "stop"}
    codec = COMPLETIONS.stream({"model": "m"})
    through(codec, COMPLETION)
    assert codec.finish_reasons == {0: "stop"}


def test_an_upstream_error_event_is_passed_and_ends_the_stream() -> None:
    raw = chat(choice(content="x")) + b'data: {"error": {"message": "overloaded"}}\n\n'
    codec = CHAT.stream({"model": "m"})
    chunks = [codec.read(event) for event in decode([raw])]
    assert [chunk.terminal for chunk in chunks] == [False, True]
    assert StreamKey(0, Channel.CONTENT) in chunks[-1].closes
    assert [d.text for d in chunks[-1].deltas] == ["overloaded"]  # checked like any text


def test_reasoning_after_content_is_a_text_of_its_own() -> None:
    raw = (
        chat(choice(reasoning_content="a"))
        + chat(choice(content="b"))
        + chat(choice(reasoning_content="c"))
        + chat(choice(content="b"))
        + chat(choice(reasoning_content="d"))
        + chat(choice(finish="stop"))
    )
    assert thoughts(raw) == {0: "a", 1: "cd"}


def test_reasoning_and_content_in_each_event_are_two_texts() -> None:
    raw = b"".join(chat(choice(reasoning_content=c, content=c)) for c in "abc")
    assert thoughts(raw + chat(choice(finish="stop"))) == {0: "abc"}


def thoughts(raw: bytes) -> dict[int, str]:
    """The texts of reasoning that machines see, by part."""
    machines = Delay()
    assert through(CHAT.stream({"model": "m"}), raw, machines)
    return {k.part: text for k, text in machines.seen.items() if k.channel is Channel.REASONING}


@pytest.mark.parametrize("more", [{"content": "b"}, {"content": "b", "finish": "stop"}])
def test_a_choice_that_goes_on_after_its_end_in_one_event_is_an_error(more: dict[str, str]) -> None:
    codec, (content, *finish) = CHAT.stream({"model": "r1"}), more.values()
    again = choice(content=content, finish="".join(finish) or None)
    (event,) = decode([chat(choice(content="a", finish="stop"), again)])
    with pytest.raises(UpstreamError):
        codec.read(event)


def test_more_choices_than_any_client_asks_for_are_refused() -> None:
    codec = CHAT.stream({"model": "m"})
    raw = chat(*(choice(index, content="x") for index in range(5000)))
    with pytest.raises(UpstreamError, match="more than 128 choices"):
        codec.read(decode([raw])[0])


def _calls(count: int) -> list[bytes]:
    named = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calls = [{"index": i, **named} for i in range(count)]
    return [chat(choice(tool_calls=calls)), chat(choice(finish="tool_calls"))]


def _steps(events: list[bytes]) -> int:
    """Calls of functions that a codec makes for a whole stream."""
    codec, steps = CHAT.stream({"model": "r1"}), 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        through(codec, b"".join(events))
    finally:
        sys.setprofile(None)
    return steps


def test_many_texts_of_one_event_are_not_looked_at_again_for_each_other() -> None:
    assert _steps(_calls(200)) < 3 * _steps(_calls(100))


def test_an_event_with_more_choices_than_an_answer_may_have_is_refused() -> None:
    """Also where all are the same one."""
    event = chat(*[choice(content="a")] * (MAX_CHOICES + 1))
    with pytest.raises(UpstreamError, match="choices"):
        through(CHAT.stream({"model": "r1"}), event)


def test_an_event_with_more_texts_than_an_answer_has_parts_is_refused() -> None:
    pieces = [{"index": 0, "function": {"arguments": "a"}}] * (MAX_PARTS + 1)
    with pytest.raises(UpstreamError, match="parts"):
        through(CHAT.stream({"model": "r1"}), chat(choice(tool_calls=pieces)))
