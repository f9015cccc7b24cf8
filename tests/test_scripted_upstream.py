"""What the scripted upstream adds to the demo model: faults at their places, bytes in pieces, a key, and
a client that leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import openai
import pytest

from tests.scripted_upstream import ScriptedUpstream, with_faults
from tests.serving import serve
from tests.waiting import eventually

EVENTS = [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]


@pytest.fixture(scope="module")
def upstream() -> ScriptedUpstream:
    return ScriptedUpstream()


@pytest.fixture(scope="module")
def base(upstream: ScriptedUpstream) -> Iterator[str]:
    with serve(upstream.app) as url:
        yield url


def test_a_stream_is_cut_inside_an_event() -> None:
    made = with_faults([*EVENTS], {"cut": "", "pause": "0.5"})
    assert (made.pieces, made.finish, made.pause) == ((EVENTS[0], b"data"), False, 0.5)


def test_pieces_of_any_size_hold_the_same_bytes() -> None:
    made = with_faults([*EVENTS], {"size": "4"})
    assert b"".join(made.pieces) == b"".join(EVENTS)
    assert {len(piece) for piece in made.pieces[:-1]} == {4}


def test_a_client_that_leaves_is_noticed() -> None:
    upstream = ScriptedUpstream()  # its own, so that nobody else's leaving counts
    body = json.dumps({"messages": [{"role": "user", "content": "[demo: hang]"}]})
    with serve(upstream.app) as url:
        client = HTTPConnection(url.removeprefix("http://"))
        client.request("POST", "/v1/chat/completions", body)
        assert eventually(lambda: len(upstream.received) == 1)
        assert upstream.aborted == 0
        client.close()
        assert eventually(lambda: upstream.aborted == 1)


def test_errors_are_the_clients_own(base: str) -> None:
    ask = [{"role": "user", "content": "x [demo: status=429]"}]
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="sk-demo", max_retries=0)
    with client, pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="r1", messages=ask)


def test_a_key_is_asked_for_when_given() -> None:
    with serve(ScriptedUpstream(api_key="right").app) as url:
        body = {"model": "m", "messages": []}
        path = f"{url}/v1/chat/completions"
        assert httpx.post(path, json=body).status_code == 401
        assert httpx.post(path, json=body, headers={"x-api-key": "right"}).status_code == 200
        right = {"authorization": "Bearer right"}
        assert httpx.post(path, json=body, headers=right).status_code == 200


def _post(base: str, directive: str, *, stream: bool) -> httpx.Response:
    turns = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "messages": turns, "stream": stream, "metadata": {"demo": directive}}
    return httpx.post(f"{base}/v1/chat/completions", json=body, timeout=10)


@pytest.mark.parametrize("stream", [False, True])
def test_cut_breaks_the_connection(base: str, stream: bool) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        _post(base, "cut", stream=stream)


def test_other_faults(base: str) -> None:
    assert b"oops" in _post(base, "garbage", stream=True).content
    assert b"oops" in _post(base, "garbage", stream=False).content
    assert b": keep-alive\n\n" in _post(base, "keepalive", stream=True).content
    assert _post(base, "keepalive", stream=False).content.startswith(b"\n\n\n{")
    assert b'"error"' in _post(base, "midstream", stream=True).content
    assert _post(base, "redirect", stream=False).status_code == 307
    assert _post(base, "size=3", stream=True).content == _post(base, "", stream=True).content


def test_a_bomb_is_small_on_the_wire(base: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "[demo: bomb]"}]}
    with httpx.stream("POST", f"{base}/v1/chat/completions", json=body) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < 100_000


def test_scripted_bytes_are_sent_as_they_are(base: str, upstream: ScriptedUpstream) -> None:
    upstream.play([b"data: {", b'"a":1}\r', b"\n\r\n"], pause=0.001)
    assert _post(base, "", stream=True).content == b'data: {"a":1}\r\n\r\n'
