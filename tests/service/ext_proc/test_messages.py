from __future__ import annotations

import pytest
from threegate.service.ext_proc.messages import (
    MESSAGE,
    PIECE,
    BodyMode,
    body_answer,
    headers_in,
    part_of,
    pieces,
)


def test_the_bytes_are_those_of_envoys_definition() -> None:
    """Field numbers written by hand: 4 is `request_body`, 3 `protocol_config.response_body_mode`;
    field 8, metadata, is not known here."""
    data = bytes.fromhex("22050a0161100142021a005a0408021004")
    message = MESSAGE["ProcessingRequest"].FromString(data)
    assert part_of(message) == "request_body"
    assert (message.request_body.body, message.request_body.end_of_stream) == (b"a", True)
    modes = message.protocol_config
    assert modes.request_body_mode == BodyMode.BUFFERED
    assert modes.response_body_mode == BodyMode.FULL_DUPLEX_STREAMED
    assert body_answer("request_body", b"b").SerializeToString().hex() == "1a070a051a030a0162"
    assert body_answer("response_body", b"").SerializeToString().hex() == "22060a041a021001"


def test_a_part_that_is_not_known_has_no_name() -> None:
    assert part_of(MESSAGE["ProcessingRequest"].FromString(bytes.fromhex("6a00"))) == ""


def test_headers_come_raw_or_as_text() -> None:
    made = MESSAGE["HeaderMap"]()
    made.headers.add(key="a", raw_value=b"\xff")
    made.headers.add(key="b", value="c")
    assert headers_in(made) == [("a", b"\xff"), ("b", b"c")]


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_pieces_are_all_of_it_and_the_last_is_marked(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    cut = list(pieces(data))
    assert b"".join(piece for piece, _ in cut) == data
    assert [last for _, last in cut] == [False] * (len(cut) - 1) + [True]
    assert all(len(piece) <= PIECE for piece, _ in cut)
