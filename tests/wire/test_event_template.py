"""Events alike but for one text: read and written as every event is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.types import Channel
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api, Chunk, Delta, StreamKey, StreamOptions
from threegate.wire.event_template import MAX_UNUSED_TEMPLATES
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.sse import ServerSentEvent, encode

from tests.wire.playbook import Delay, replay

CHAT = next(a for a in ADAPTERS if a.api is Api.CHAT)
HEAD: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
ANSWER = StreamKey(0, Channel.CONTENT)


def frame(text: str, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": None}
    return {**HEAD, "choices": [choice]}


def data(text: str, **delta: Any) -> str:
    return orjson.dumps(frame(text, **delta)).decode()


def codec() -> StreamCodec:
    return CHAT.stream({"model": "m"})


def read(made: StreamCodec, *events: str) -> list[Chunk]:
    return [made.read(ServerSentEvent(event)) for event in events]


def texts(chunks: list[Chunk]) -> list[str]:
    return [delta.text for chunk in chunks for delta in chunk.deltas]


def test_the_second_event_of_a_kind_is_no_longer_parsed() -> None:
    first, second = read(codec(), data("one"), data(" two"))
    assert first.template is None
    assert first.frame is not None
    assert second.template is not None
    assert second.frame is None
    assert second.deltas[0].key == ANSWER
    assert second.deltas[0].text == " two"


def raw(*texts: str) -> bytes:
    return b"".join(b"data: %b\n\n" % data(text).encode() for text in texts)


def test_events_that_came_together_are_read_as_one_text() -> None:
    made = codec()
    assert made.alike(raw("one")) is None
    read(made, data("one"))
    assert made.alike(raw(" two", ' "\U0001f600"\n')) == Delta(ANSWER, ' two "\U0001f600"\n')
    made.reread()
    assert made.alike(raw(" two")) is None


def test_text_that_leaves_later_leaves_in_the_shape_of_the_events() -> None:
    made = codec()
    read(made, data("one", refusal=None))
    assert made.text(ANSWER, "later") == b"data: %b\n\n" % data("later", refusal=None).encode()


@pytest.mark.parametrize(
    "came",
    [
        raw(" two")[:-1],
        raw(" two") + b"data: {",
        raw(" two") + b": comment\n\n",
        raw(" two").replace(b'" two"', b'\n" two"'),
        raw(" two").replace(b'" two"', b'" two"\n'),
        raw(" two").replace(b" two", b"\xff"),
        raw(" two").replace(b" two", rb"\ud83d"),
        b"id: 1\n" + raw(" two"),
        raw(" two", ""),
        b"\n\n",
        b"",
    ],
)
def test_other_bytes_are_left_to_the_decoder(came: bytes) -> None:
    made = codec()
    read(made, data("one"))
    assert made.alike(came) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=9))
def test_what_leaves_is_what_left_when_each_was_parsed(pieces: list[str]) -> None:
    alike, parsed = codec(), codec()
    for piece in pieces:
        for spelled in (data(piece), json.dumps(frame(piece)), json.dumps(frame(piece), indent=1)):
            parsed._alike._left = 0  # type: ignore[attr-defined]
            released = {ANSWER: f"<{piece}>"}
            out = [c.write(c.read(ServerSentEvent(spelled)), released) for c in (alike, parsed)]
            assert out[0] == out[1]
    assert parsed._alike.template is None  # type: ignore[attr-defined]


def test_a_held_text_leaves_in_the_template_of_its_event_or_not_at_all() -> None:
    made = codec()
    _, second, third = read(made, data("one"), data("two"), data("three"))
    assert made.write(second, {}) == b""
    assert made.write(third, {ANSWER: "both"}) == b"data: " + data("both").encode() + b"\n\n"
    assert made.is_piece(third, ANSWER)
    assert not made.is_piece(third, StreamKey(1, Channel.CONTENT))


def has_text() -> Iterator[tuple[str, str]]:
    """Events that begin and end like the one before and say something else."""
    before, after = data("|").split("|")
    yield "another field", before + 'x","refusal":"y' + after
    yield "the field twice", before + 'x","content":"y' + after
    yield "no string", before[:-1] + "7" + after[1:]
    yield "another role", data("x", role="assistant")
    yield "no text", data("")


@pytest.mark.parametrize(("what", "event"), list(has_text()))
def test_an_event_that_says_more_is_read_in_full(what: str, event: str) -> None:
    """Here and where it comes first the same."""
    made = codec()
    read(made, data("one"), data("two"))
    alone = codec()
    read(alone, data("one"))
    alone._alike.template = None  # type: ignore[attr-defined]

    def told(reader: StreamCodec) -> object:
        try:
            chunk = reader.read(ServerSentEvent(event))
        except Exception as error:  # the same refusal
            return str(error)
        assert chunk.template is None, what
        return chunk.deltas, chunk.closes, chunk.frame

    assert told(made) == told(alone)


def test_the_same_words_in_another_field_are_not_taken_for_the_text() -> None:
    """Of two strings alike the one is found that the text is, or none."""
    for place in ("system_fingerprint", "id"):
        made = codec()
        first = {**frame("same"), place: "same"}
        later = {"a": "same", **first, "choices": first["choices"]}
        for one in (first, later):
            chunks = read(made, orjson.dumps(one).decode(), orjson.dumps(one).decode())
            assert [d.text for c in chunks for d in c.deltas if d.key == ANSWER] == ["same"] * 2
            out = made.write(chunks[1], {ANSWER: "new"})
            assert orjson.loads(out[6:])["choices"][0]["delta"]["content"] == "new"


def test_templates_are_given_up_where_no_event_is_like_another() -> None:
    made = codec()
    for number in range(MAX_UNUSED_TEMPLATES + 3):
        made.read(ServerSentEvent(orjson.dumps({**frame("x"), "id": str(number)}).decode()))
    assert made._alike._left == 0
    assert made._alike.template is None


def test_two_choices_in_turn_stay_apart() -> None:
    def said(index: int, text: str) -> str:
        one = frame(text)
        one["choices"][0]["index"] = index
        return orjson.dumps(one).decode()

    chunks = read(codec(), *(said(n % 2, f"{n} ") for n in range(30)))
    assert "".join(d.text for c in chunks for d in c.deltas if d.key.choice) == "".join(
        f"{n} " for n in range(1, 30, 2)
    )


def test_inline_reasoning_is_split_whatever_comes_alike() -> None:
    pieces = ["<thi", "nk>a", "b</t", "hink>", "c", "d"]
    chunks = read(codec(), *map(data, pieces))
    said = {d.key.channel: "" for c in chunks for d in c.deltas}
    for chunk in chunks:
        for delta in chunk.deltas:
            said[delta.key.channel] += delta.text
    assert said == {Channel.REASONING: "ab", Channel.CONTENT: "cd"}


def test_reasoning_that_is_not_shown_is_read_in_full() -> None:
    made = CHAT.stream({"model": "m"}, StreamOptions(show_reasoning=False))
    hidden = orjson.dumps(
        {**HEAD, "choices": [{"index": 0, "delta": {"reasoning_content": "a"}}]}
    ).decode()
    assert all(chunk.template is None for chunk in read(made, hidden, hidden))


@given(hold=st.integers(0, 9), pieces=st.lists(st.text(min_size=1, max_size=5), max_size=20))
def test_texts_are_the_same_however_long_they_are_held(hold: int, pieces: list[str]) -> None:
    pieces = [p.encode("utf-8", "ignore").decode() or "x" for p in pieces]
    raw = [ServerSentEvent(data(p)) for p in pieces] + [ServerSentEvent("[DONE]")]
    out = replay(codec(), raw, Delay(hold))
    frames = [orjson.loads(x[6:]) for x in out.split(b"\n\n") if x.startswith(b"data: {")]
    assert "".join(f["choices"][0]["delta"].get("content", "") for f in frames) == "".join(pieces)


def block(kind: str, name: str, text: str) -> ServerSentEvent:
    delta = {"type": kind, name: text}
    told = {"type": "content_block_delta", "index": 0, "delta": delta}
    return ServerSentEvent(orjson.dumps(told).decode(), "content_block_delta")


@pytest.mark.parametrize(
    ("kind", "name", "channel"),
    [
        ("text_delta", "text", Channel.CONTENT),
        ("thinking_delta", "thinking", Channel.REASONING),
        ("input_json_delta", "partial_json", None),
    ],
)
def test_texts_of_messages_are_read_alike_and_arguments_are_not(
    kind: str, name: str, channel: Channel | None
) -> None:
    made = next(a for a in ADAPTERS if a.api is Api.MESSAGES).stream({"model": "m"})
    made.read(block(kind, name, "one"))
    piece = made.alike(encode(block(kind, name, " two")) + encode(block(kind, name, "!")))
    assert piece == (None if channel is None else Delta(StreamKey(0, channel), " two!"))
    made.read(ServerSentEvent('{"type":"content_block_stop","index":0}', "content_block_stop"))
    assert made.alike(encode(block(kind, name, "more"))) is None
