"""Answers in pieces: faults at their places, and a client that leaves."""

from __future__ import annotations

import json
from http.client import HTTPConnection

from threegate.testing.playback import with_faults
from threegate.testing.upstream import DemoUpstream

from tests.serving import serve
from tests.waiting import eventually

EVENTS = [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]


def test_a_stream_is_cut_inside_an_event() -> None:
    made = with_faults([*EVENTS], {"cut": "", "pause": "0.5"})
    assert (made.pieces, made.finish, made.pause) == ((EVENTS[0], b"data"), False, 0.5)


def test_pieces_of_any_size_hold_the_same_bytes() -> None:
    made = with_faults([*EVENTS], {"size": "4"})
    assert b"".join(made.pieces) == b"".join(EVENTS)
    assert {len(piece) for piece in made.pieces[:-1]} == {4}


def test_a_client_that_leaves_is_noticed() -> None:
    upstream = DemoUpstream()  # its own, so that nobody else's leaving counts
    body = json.dumps({"messages": [{"role": "user", "content": "[demo: hang]"}]})
    with serve(upstream.app) as url:
        client = HTTPConnection(url.removeprefix("http://"))
        client.request("POST", "/v1/chat/completions", body)
        assert eventually(lambda: len(upstream.received) == 1)
        assert upstream.aborted == 0
        client.close()
        assert eventually(lambda: upstream.aborted == 1)
