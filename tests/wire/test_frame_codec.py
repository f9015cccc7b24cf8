"""Properties that hold for the stream codec of every API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import UpstreamError
from threegate.types import Bilingual, Channel
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, StreamKey, StreamOptions
from threegate.wire.frame_codec import WHOLE_PARTS, StreamCodec, is_empty
from threegate.wire.sse import ServerSentEvent

from tests.wire.cuts import cut_at
from tests.wire.playbook import Delay, decode, replay
from tests.wire.samples import STREAMS, payloads, seen

BY_API = {str(adapter.api): adapter for adapter in ADAPTERS}
NAMES = sorted(STREAMS)
streams = pytest.mark.parametrize("name", NAMES)


def codec(name: str, **options: bool) -> StreamCodec:
    return BY_API[STREAMS[name][0]].stream({"model": "m"}, StreamOptions(**options))


@streams
def test_nothing_held_is_nothing_changed(name: str) -> None:
    _, raw = STREAMS[name]
    assert payloads(replay(codec(name), decode([raw]))) == payloads(raw)


@streams
@given(marks=st.lists(st.integers(0, 4000)), hold=st.integers(0, 30))
def test_the_bytes_out_are_the_same_for_any_cut(name: str, marks: list[int], hold: int) -> None:
    _, raw = STREAMS[name]
    whole = replay(codec(name), decode([raw]), Delay(hold))
    assert replay(codec(name), decode(cut_at(raw, marks)), Delay(hold)) == whole


@streams
@given(hold=st.integers(0, 40))
def test_a_client_gets_the_same_texts_however_long_they_are_held(name: str, hold: int) -> None:
    api, raw = STREAMS[name]
    assert seen(api, replay(codec(name), decode([raw]), Delay(hold))) == seen(api, raw)


@streams
@given(hold=st.integers(0, 40))
def test_frames_without_text_keep_their_order_and_fields(name: str, hold: int) -> None:
    """What is not text comes out as it went in, in order."""
    _, raw = STREAMS[name]
    made = replay(codec(name), decode([raw]), Delay(hold))
    assert _skeleton(made) == _skeleton(raw)


def _skeleton(raw: bytes) -> list[Any]:
    """Every fact that is no text, in order: ids, roles, names, finish reasons, usage."""
    facts: list[Any] = []
    for one in payloads(raw):
        if not isinstance(one, tuple):
            facts.append(one)
            continue
        frame = one[1]
        for choice in frame.get("choices") or ():
            delta = choice.get("delta") or {}
            facts.extend((choice["index"], "role", r) for r in [delta.get("role")] if r)
            facts.extend(
                (t["index"], t["function"]["name"])
                for t in delta.get("tool_calls") or ()
                if t["function"].get("name")
            )
            facts.extend((choice["index"], r) for r in [choice.get("finish_reason")] if r)
        facts.extend([frame["usage"]] if frame.get("usage") else [])
        kind = frame.get("type", "")
        facts.extend([kind] if kind and not kind.endswith("delta") else [])
    return facts


def shout(text: str) -> str:
    return text.replace("t", "T").replace("1", "9")


@streams
@given(hold=st.integers(0, 40))
def test_edited_text_is_edited_everywhere_and_nothing_is_left(name: str, hold: int) -> None:
    api, raw = STREAMS[name]
    made = replay(codec(name), decode([raw]), Delay(hold, shout))
    tags = {"</Think>": "</think>", "<Think>": "<think>"}
    wanted = {key: shout(text) for key, text in seen(api, raw).items()}
    for old, new in tags.items():
        wanted = {key: text.replace(old, new) for key, text in wanted.items()}
    assert seen(api, made) == wanted


@streams
def test_machines_see_every_text_once_and_every_key_closes(name: str) -> None:
    api, raw = STREAMS[name]
    machines, opened, closed = Delay(), set(), []
    reader = codec(name)
    for event in decode([raw]):
        chunk = reader.read(event)
        machines.take(chunk)
        opened |= {delta.key for delta in chunk.deltas}
        closed += chunk.closes
    assert sorted(closed) == sorted(opened)
    tags = ("<think>", "</think>")
    texts = "".join(text for key, text in machines.seen.items() if not _is_name(key))
    wanted = "".join(seen(api, raw).values())
    mirrored = "hmm so" if name == "vllm" else ""
    for tag in tags:
        wanted = wanted.replace(tag, "")
    assert sorted(texts + mirrored) == sorted(wanted)


def _is_name(key: StreamKey) -> bool:
    """A tool's name is a text beside its arguments."""
    return key.channel is Channel.TOOL_ARGUMENTS and key.part > WHOLE_PARTS


@streams
def test_a_stream_that_breaks_off_closes_every_key(name: str) -> None:
    _, raw = STREAMS[name]
    events = decode([raw])
    for length in range(len(events)):
        reader, open_keys = codec(name), set()
        chunks = [reader.read(event) for event in events[:length]]
        if any(chunk.terminal for chunk in chunks):
            continue
        last = reader.close()
        for chunk in [*chunks, *([last] if last else [])]:
            open_keys |= {delta.key for delta in chunk.deltas}
            open_keys -= set(chunk.closes)
        assert not open_keys


@streams
def test_hidden_reasoning_leaves_no_trace(name: str) -> None:
    api, raw = STREAMS[name]
    made = replay(codec(name, show_reasoning=False), decode([raw]))
    shown = seen(api, made)
    for secret in ("think", "hmm", "raw thought", "let ", "so"):
        assert secret not in "".join(shown.values())
    plain = {key: text for key, text in seen(api, raw).items() if "reasoning" not in str(key)}
    kept = {"content", "text", "call", "partial_json"} & {str(k[1]) for k in plain}
    assert kept <= {str(k[1]) for k in shown} | {"thinking"}


@streams
@pytest.mark.parametrize("junk", ['{"a": [', "[]", '"x"', "nothing", "NaN"])
def test_an_event_that_is_no_object_is_an_upstream_error(name: str, junk: str) -> None:
    with pytest.raises(UpstreamError):
        codec(name).read(ServerSentEvent(junk))


KNOWN = st.sampled_from(
    [
        *("choices", "delta", "index", "content", "tool_calls", "function", "arguments", "usage"),
        *("type", "content_block", "item", "part", "response", "output", "error", "text"),
    ]
)
BAD = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KNOWN, below, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        *("", "message_start", "content_block_start", "content_block_delta", "message_delta"),
        *("response.output_text.delta", "response.output_item.added", "response.completed"),
    ]
)


FRAMES = st.lists(st.tuples(KINDS, st.dictionaries(KNOWN, BAD, max_size=4) | BAD), max_size=4)


@given(st.sampled_from(NAMES), FRAMES)
def test_frames_of_any_shape_are_read_or_refused(
    name: str, frames: list[tuple[str, object]]
) -> None:
    """Never another exception than `UpstreamError`."""
    reader, machines = codec(name), Delay()
    try:
        for kind, frame in frames:
            body = {**frame, "type": kind} if isinstance(frame, dict) else frame
            chunk = reader.read(ServerSentEvent(json.dumps(body)))
            reader.write(chunk, machines.take(chunk))
    except UpstreamError:
        return


OUTCOME = Outcome(OutcomeKind.BLOCK, "d-1", "rule.1", Bilingual("已拦截", "Blocked"), created=7)


@streams
def test_extra_carries_no_text(name: str) -> None:
    api, raw = STREAMS[name]
    reader = codec(name)
    first = decode([raw])[0]
    reader.write(reader.read(first), {})
    made = reader.extra("label", {"ai": True})
    assert payloads(made)[0][1]["threegate"] == {"label": {"ai": True}}
    assert not seen(api, made)


def test_tool_names_are_known() -> None:
    names: dict[str, set[str]] = {}
    for name in ("tools", "legacy", "message", "responses"):
        reader, keys = codec(name), set()
        for event in decode([STREAMS[name][1]]):
            keys |= {d.key for d in reader.read(event).deltas}
        calls = {k for k in keys if k.channel is Channel.TOOL_ARGUMENTS and not _is_name(k)}
        names[name] = {reader.tool_name(key) for key in calls}
    assert names == {
        "tools": {"find", "put"},
        "legacy": {"f"},
        "message": {"find"},
        "responses": {"find"},
    }


@pytest.mark.parametrize(
    ("value", "empty"),
    [
        ([{"index": 3, "delta": {"content": ""}, "finish_reason": None}], True),
        ([{"index": 3, "delta": {"role": "assistant"}}], False),
        ([], True),
        (0, False),
    ],
)
def test_hollow(value: object, empty: bool) -> None:
    assert is_empty(value) is empty
