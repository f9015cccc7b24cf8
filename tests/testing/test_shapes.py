"""The demo shapes and the codecs were written apart: here they check each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from threegate.testing import shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply
from threegate.wire import ADAPTERS

from tests.wire.playbook import Delay, decode, replay

REPLY = Reply(
    "答案是42。 The answer.",
    "让我想想。 Let me think.",
    (("find", {"q": "杭州 13800138000", "n": 1}),),
)
SHAPES: list[tuple[str, Any]] = [
    ("chat", shapes.Chat),
    ("completions", shapes.Completions),
    ("messages", shapes.Messages),
    ("responses", Responses),
]
BY_API = {str(adapter.api): adapter for adapter in ADAPTERS}
MODES = ["reasoning_content", "reasoning", "think", "open", "none"]


def events(raw: bytes) -> list[Any]:
    return [
        (e.event, json.loads(e.data) if e.data and e.data != "[DONE]" else e.data)
        for e in decode([raw])
    ]


def made(shape: Any, mode: str, **request: Any) -> Any:
    return shape(Prompt(model="m", question="q", options={"reasoning": mode}), REPLY, request)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("api", "shape"), SHAPES)
def test_a_codec_passes_a_demo_stream_unchanged(api: str, shape: Any, mode: str) -> None:
    request = {"n": 2, "logprobs": True, "stream_options": {"include_usage": True}}
    raw = b"".join(made(shape, mode, **request).events())
    assert events(replay(BY_API[api].stream({}), decode([raw]))) == events(raw)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("api", "shape"), SHAPES)
def test_whole_and_streamed_answers_show_the_same_texts_to_the_guard(
    api: str, shape: Any, mode: str
) -> None:
    adapter, machines = BY_API[api], Delay()
    replay(adapter.stream({}), decode([b"".join(made(shape, mode).events())]), machines)
    streamed = {(str(key.channel), compact(text)) for key, text in machines.seen.items()}
    slots = adapter.response_slots(made(shape, mode).body())
    assert streamed == {(str(s.locus.channel), compact(s.text)) for s in slots}


def compact(text: str) -> str:
    """A stream says a name again in each event of its call, and spells JSON without blanks."""
    return text.replace('": ', '":').replace(", ", ",")


@pytest.mark.parametrize(("api", "shape"), SHAPES)
def test_usage_is_read_from_whole_and_stream_alike(api: str, shape: Any) -> None:
    adapter = BY_API[api]
    codec = adapter.stream({})
    request = {"stream_options": {"include_usage": True}}
    replay(codec, decode([b"".join(made(shape, "none", **request).events())]))
    whole = adapter.usage(made(shape, "none").body())
    assert whole is not None
    assert whole.output > 0
    assert api == "completions" or codec.usage == whole
