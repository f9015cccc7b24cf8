from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from threegate.types import Channel
from threegate.wire.adapter import StreamKey
from threegate.wire.argument_streams import ArgumentStreams

from tests.wire.cuts import cut_at

ONE, TWO = (StreamKey(0, Channel.TOOL_ARGUMENTS, part) for part in (0, 1))
SPELLED = r'{"q": "\u4f60\ud83d\ude00\n好"}'
READABLE = '{"q": "你😀\n好"}'


def read(streams: ArgumentStreams, key: StreamKey, pieces: list[str]) -> str:
    texts = [streams.read(key, piece).text for piece in pieces]
    left = streams.close(key)
    return "".join([*texts, left.text if left else ""])


@given(marks=st.lists(st.integers(1, len(SPELLED))))
def test_arguments_are_read_as_text_and_go_out_as_they_were_spelled(marks: list[int]) -> None:
    streams = ArgumentStreams()
    assert read(streams, ONE, cut_at(SPELLED, marks)) == READABLE
    assert streams.write(ONE, READABLE) == SPELLED


def test_an_edit_is_written_as_json() -> None:
    streams = ArgumentStreams()
    read(streams, ONE, [SPELLED])
    written = streams.write(ONE, READABLE.replace("你", "某\n人"))
    assert json.loads(written) == {"q": "某\n人😀\n好"}


def test_two_calls_at_once_do_not_mix() -> None:
    """One breaks off within an escape, which the other has no part in."""
    streams = ArgumentStreams()
    assert streams.read(ONE, r'{"a": "\u4f').text == '{"a": "'
    assert streams.read(TWO, '{"b": "60"}').text == '{"b": "60"}'
    assert streams.read(ONE, '60"}').text == '你"}'
    assert streams.write(TWO, '{"b": "60"}') == '{"b": "60"}'
    assert streams.write(ONE, '{"a": "你"}') == r'{"a": "\u4f60"}'


def test_the_end_gives_the_escape_that_was_left_open() -> None:
    streams = ArgumentStreams()
    streams.read(ONE, r'{"a": "\u4f')
    left = streams.close(ONE)
    assert left is not None
    assert left.key == ONE
    assert left.text == r"\u4f"
    assert streams.close(ONE) is None


def test_keys_are_those_that_were_read() -> None:
    streams = ArgumentStreams()
    streams.read(ONE, "{")
    assert ONE in streams
    assert TWO not in streams
    assert streams.close(TWO) is None
