"""A string in a field that nobody knows is a text, wherever in an answer it stands."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from threegate.types import Channel
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Chunk
from threegate.wire.frame_codec import WHOLE_PARTS
from threegate.wire.known_fields import count, has_text
from threegate.wire.sse import ServerSentEvent

from tests.wire.playbook import decode
from tests.wire.samples import STREAMS

BY_API = {str(adapter.api): adapter for adapter in ADAPTERS}
WORDS = "call 13812345678 now"
LINKED = ("logprobs",)  # tokens of a text; gone where the text differs or a string is no token

TOKEN = {"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}
CALL = {"id": "c", "type": "function", "function": {"name": "find", "arguments": "{}"}}
WHOLE: dict[str, dict[str, Any]] = {
    "chat": {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hi",
                    "reasoning_details": [{"type": "reasoning.text", "text": "hm"}],
                    "tool_calls": [CALL],
                    "audio": {"id": "a", "data": "", "transcript": "Hi"},
                },
                "logprobs": {"content": [TOKEN]},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 1}},
    },
    "completions": {
        "id": "c1",
        "object": "text_completion",
        "choices": [{"index": 0, "text": "Hi", "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1},
    },
    "messages": {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "t", "name": "find", "input": {"q": 1}},
        ],
        "stop_reason": "end_turn",
    },
    "responses": {
        "id": "r",
        "object": "response",
        "status": "completed",
        "output": [
            {"id": "i", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"id": "j", "type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}]},
            {"id": "k", "type": "function_call", "name": "find", "arguments": "{}"},
        ],
        "error": None,
    },
    "embeddings": {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
        "model": "m",
        "usage": {"prompt_tokens": 1},
    },
}  # fmt: skip


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all objects below `value`, itself first."""
    if isinstance(value, dict):
        yield path
    below = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in below:
        if isinstance(inner, dict | list) and key not in LINKED:
            yield from objects(inner, (*path, key))


def with_words(body: Any, path: tuple[Any, ...]) -> Any:
    made = copy.deepcopy(body)
    holder = made
    for key in path:
        holder = holder[key]
    holder["new_field"] = {"deep": [WORDS]}
    return made


def frames(raw: bytes) -> Iterator[tuple[int, Any]]:
    for at, event in enumerate(decode([raw])):
        if (event.data or "").startswith("{"):
            yield at, orjson.loads(event.data or "")


def read_at(name: str, at: int, frame: Any) -> Chunk:
    """The chunk of `frame` in place of the event at `at`, after all events before it."""
    api, raw = STREAMS[name]
    codec = BY_API[api].stream({"model": "m"})
    events = decode([raw])
    for event in events[:at]:
        codec.read(event)
    return codec.read(ServerSentEvent(orjson.dumps(frame).decode(), events[at].event))


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_new_field_of_any_object_of_a_stream_is_a_text(name: str) -> None:
    for at, frame in frames(STREAMS[name][1]):
        for path in objects(frame):
            if path and path[-1] == "input":
                continue  # arguments of a tool: whole there, an error in a stream
            chunk = read_at(name, at, with_words(frame, path))
            assert [d for d in chunk.deltas if d.text == WORDS], (at, path)
            assert WORDS not in str(chunk.frame)


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_known_fields_make_no_texts_of_their_own(name: str) -> None:
    for at, frame in frames(STREAMS[name][1]):
        chunk = read_at(name, at, frame)
        beside = [d for d in chunk.deltas if d.key.part > WHOLE_PARTS]
        said = [d.text for d in beside if d.key.channel is not Channel.TOOL_ARGUMENTS]
        assert not said or name == "unknown"


@pytest.mark.parametrize("api", sorted(WHOLE))
def test_a_new_field_of_any_object_of_a_whole_answer_is_a_text(api: str) -> None:
    plain = BY_API[api].response_slots(WHOLE[api])
    for path in objects(WHOLE[api]):
        slots = BY_API[api].response_slots(with_words(WHOLE[api], path))
        assert [s for s in slots if WORDS in s.text], path
        assert len(slots) <= len(plain) + 1


@pytest.mark.parametrize("api", sorted(WHOLE))
def test_a_changed_text_in_a_new_field_goes_back_to_its_place(api: str) -> None:
    adapter = BY_API[api]
    body = with_words(WHOLE[api], ())
    slot = next(s for s in adapter.response_slots(body) if s.text == WORDS)
    assert adapter.put(body, {slot.pointer: "gone"})["new_field"] == {"deep": ["gone"]}


@pytest.mark.parametrize(
    ("value", "is_odd"),
    [
        ({"content": [TOKEN]}, False),
        ({"tokens": ["a", "b"], "token_logprobs": [0.1]}, False),
        ({"content": [{**TOKEN, "note": WORDS}]}, True),
        ({"new_field": WORDS}, True),
        (None, False),
    ],
)
def test_log_probabilities_hold_tokens_only(value: Any, is_odd: bool) -> None:
    assert has_text(value) is is_odd


@pytest.mark.parametrize(
    ("value", "counted"),
    [(7, 7), (7.0, 7), (0, 0), (-5, 0), (1e300, 0), (2.5, 0), ("9", 0), (True, 0), (None, 0)],
)
def test_only_a_number_of_tokens_is_one(value: object, counted: int) -> None:
    assert count(value) == counted


ODD_USAGE = {"prompt_tokens": 3, "input_tokens": 3} | {
    f"{name}_tokens_details": 7 for name in ("prompt", "completion", "input", "output")
}


@pytest.mark.parametrize("api", WHOLE)
def test_an_object_that_is_none_counts_as_empty(api: str) -> None:
    body = {**WHOLE[api], "usage": ODD_USAGE, "incomplete_details": "cut"}
    usage = BY_API[api].usage(body)
    assert usage is not None
    assert usage.input == 3
    assert all(isinstance(reason, str | None) for reason in BY_API[api].finish_reasons(body))


def test_a_stream_may_end_with_details_that_are_no_object() -> None:
    response = {"id": "r", "status": "incomplete", "output": [], "incomplete_details": "cut"}
    event = {"type": "response.incomplete", "sequence_number": 1, "response": response}
    codec = BY_API["responses"].stream({"model": "m", "stream": True})
    for sent in decode([b"data: " + orjson.dumps(event) + b"\n\n"]):
        codec.read(sent)
    assert codec.finish_reasons == {0: "incomplete"}
