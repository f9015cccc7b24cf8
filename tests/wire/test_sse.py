from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import UpstreamError
from threegate.wire.sse import (
    DONE,
    KEEP_ALIVE,
    ServerSentEvent,
    SSEDecoder,
    bare,
    encode,
    encode_json,
)

from tests.wire.cuts import cut_at, every_single_cut, one_by_one
from tests.wire.playbook import decode

E = ServerSentEvent

CASES = [
    (b"data: a\n\n", [E("a")]),
    (b"data:a\r\rdata: b\r\n\r\n", [E("a"), E("b")]),
    (b"data:  two spaces\n\n", [E(" two spaces")]),
    (b"data: a\ndata: b\ndata\n\n", [E("a\nb\n")]),
    (b"event: ping\nid: 7\nretry: 10\ndata: {}\n\n", [E("{}", "ping", "7", "10")]),
    (b": keep-alive\n\n\n\ndata: a\n\n", [E(comment=" keep-alive"), E("a")]),
    (b"data: a\n: inside\ndata: b\n\n", [E(comment=" inside"), E("a\nb")]),
    (b"\xef\xbb\xbfdata: a\n\n", [E("a")]),
    ("data: 你好\u2028\x85\x0b\x0c\n\n".encode(), [E("你好\u2028\x85\x0b\x0c")]),
    (b"data: \xff\n\n", [E("\ufffd")]),
    (b"retry: soon\nid: a\0b\nunknown: x\n\n", []),
    (b"event: lonely\n\n", [E(event="lonely")]),
    (b"data: [DONE]", [E("[DONE]")]),
    (b"data: a\n\ndata: tor", [E("a"), E("tor")]),
    (b"\n\r\n\r", []),
    (b"", []),
]


@pytest.mark.parametrize(("raw", "events"), CASES)
def test_events_are_the_same_for_every_cut(raw: bytes, events: list[E]) -> None:
    assert decode([raw]) == events
    assert decode(one_by_one(raw)) == events
    for pieces in every_single_cut(raw):
        assert decode(pieces) == events


LINES = st.lists(
    st.sampled_from(
        [
            b"data: x",
            b"data: ",
            b"event: e",
            b": c",
            b"id: 1",
            b"",
            b"\xef\xbb\xbf",
            "data:你".encode(),
        ]
    ),
    max_size=12,
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(LINES, st.data())
def test_any_cut_gives_the_same_events(lines: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(line + data.draw(ENDS) for line in lines)
    pieces = cut_at(raw, data.draw(st.lists(st.integers(0, len(raw) + 1))))
    assert decode(pieces) == decode([raw])


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_any_bytes_decode_without_an_error(raw: bytes, marks: list[int]) -> None:
    assert decode(cut_at(raw, marks)) == decode([raw])


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


@given(
    st.builds(
        E,
        data=st.none() | st.lists(TEXT, min_size=1).map("\n".join),
        event=TEXT,
        id=st.none() | TEXT,
        retry=st.none() | st.integers(0, 10**9).map(str),
    )
    | st.builds(E, comment=TEXT)
)
def test_an_encoded_event_decodes_to_itself(event: E) -> None:
    assert decode([encode(event)]) == ([] if event == E() else [event])


def test_json_events_and_constants() -> None:
    assert decode([encode_json(b"{}", "ping")]) == [E("{}", "ping")]
    assert decode([encode_json(b"{}") + KEEP_ALIVE + DONE]) == [
        E("{}"),
        E(comment=" keep-alive"),
        E("[DONE]"),
    ]


@pytest.mark.parametrize(
    ("event", "goes_on"),
    [
        (E(comment=" keep-alive"), E(comment=" keep-alive")),
        (E(comment=""), E(comment="")),
        (E(comment=" OPENROUTER PROCESSING"), E(comment=" OPENROUTER PROCESSING")),
        (
            E(comment=" ping - 2026-11-27 07:30:00.123456+00:00"),
            E(comment=" ping - 2026-11-27 07:30:00.123456+00:00"),
        ),
        (E(comment=" her number is 13812345678"), E(comment=" keep-alive")),
        (E(comment=" 机密"), E(comment=" keep-alive")),
        (E("[DONE]", "response.done", "1", "3000"), E("[DONE]", "response.done", None, "3000")),
        (E("[DONE]", "call 13812345678", "a key", "13812345678"), E("[DONE]")),
        (E(event="13812345678"), E()),
    ],
)
def test_beside_the_data_there_is_no_room_for_text(event: E, goes_on: E) -> None:
    assert bare(event) == goes_on


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 60, b"data: xxx\n" * 12, b"x"])
def test_an_event_over_the_limit_is_an_upstream_error(piece: bytes) -> None:
    decoder = SSEDecoder(max_event_bytes=50)
    with pytest.raises(UpstreamError, match="larger than 50 bytes"):
        _ = [decoder.feed(piece) for _ in range(60)]


def test_the_limit_is_for_one_event_not_for_the_stream() -> None:
    decoder = SSEDecoder(max_event_bytes=50)
    for _ in range(100):
        assert decoder.feed(b"data: 12345678901234567890\n\n") == [E("12345678901234567890")]


def test_long_names_of_events_are_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(64):
            assert not bare(ServerSentEvent("{}", f"{number}-" + "event " * 20_000)).event
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1 << 20
