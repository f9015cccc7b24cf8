"""The order of messages on the side of the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from threegate.service.ext_proc.exchange import MAX_WAITING
from threegate.service.ext_proc.messages import BodyMode
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.service.ext_proc.conftest import Processor
from tests.service.ext_proc.played import EVENTS, JSON, PlayedEnvoy, header, playing

KEY = "sk-proj-" + "a1B2c3D4" * 6
WHOLE = json.dumps(Chat(Prompt(), Reply(answer=f"The key is {KEY}."), {}).body()).encode()
STREAM = list(Chat(Prompt(), Reply(answer=f"The key is {KEY}."), {"stream": True}).events())
DUPLEX = BodyMode.FULL_DUPLEX_STREAMED


@contextmanager
def answering(port: int, mode: BodyMode, *, stream: bool = False) -> Iterator[PlayedEnvoy]:
    """A request has gone on to the model."""
    asked = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    with playing(port) as envoy:
        envoy.request(BodyMode.BUFFERED, mode)
        envoy.next()
        envoy.body("request_body", json.dumps(asked).encode())
        envoy.next()
        yield envoy


def test_a_buffered_answer_is_replaced_with_its_length_and_headers(processor: Processor) -> None:
    with answering(processor.port, BodyMode.BUFFERED) as envoy:
        envoy.headers("response_headers", JSON)
        assert not envoy.next().HasField("mode_override")
        envoy.body("response_body", WHOLE, last=False)  # with trailers that are not sent
        answer = envoy.next().response_body.response
        assert b"[secret removed]" in answer.body_mutation.body
        length = header(answer.header_mutation, "content-length")
        assert length == str(len(answer.body_mutation.body))
        assert header(answer.header_mutation, "x-threegate-request-id")


def test_a_stream_overrides_buffering(processor: Processor) -> None:
    with answering(processor.port, BodyMode.BUFFERED, stream=True) as envoy:
        envoy.headers("response_headers", EVENTS)
        head = envoy.next()
        assert head.mode_override.response_body_mode == BodyMode.STREAMED
        assert header(head.response_headers.response.header_mutation, "x-threegate-request-id")
        got = b""
        for piece in STREAM[:-1]:
            envoy.body("response_body", piece, last=False)
            got += envoy.next().response_body.response.body_mutation.body
        envoy.body("response_body", STREAM[-1])
        got += envoy.next().response_body.response.body_mutation.body
        assert KEY[:12].encode() not in got
        assert b"[secret removed]" in got
        assert got.rstrip().endswith(b"data: [DONE]")


def test_in_full_duplex_headers_come_first_and_trailers_last(processor: Processor) -> None:
    with answering(processor.port, DUPLEX, stream=True) as envoy:
        envoy.headers("response_headers", EVENTS)
        for piece in STREAM:
            envoy.body("response_body", piece, last=False)
        envoy.trailers("response_trailers")
        assert envoy.next().HasField("response_headers")
        got = b""
        while (message := envoy.next()).HasField("response_body"):
            piece = message.response_body.response.body_mutation.streamed_response
            got += piece.body
            assert not piece.end_of_stream
        assert message.HasField("response_trailers")
        assert b"[secret removed]" in got


def test_a_broken_answer_gets_its_own_status(processor: Processor) -> None:
    """In full duplex and buffered the head has not left yet."""
    for mode in (BodyMode.BUFFERED, DUPLEX):
        with answering(processor.port, mode) as envoy:
            envoy.headers("response_headers", JSON)
            if mode is BodyMode.BUFFERED:
                envoy.next()
            envoy.body("response_body", b"not JSON")
            assert envoy.next().immediate_response.status.code == 502


def test_an_encoded_answer_is_refused(processor: Processor) -> None:
    with answering(processor.port, DUPLEX) as envoy:
        envoy.headers("response_headers", {**JSON, "content-encoding": "gzip"})
        answer = envoy.next().immediate_response
        assert answer.status.code == 502
        assert json.loads(answer.body)["error"]["code"] == "upstream_encoding"


def test_an_answer_without_a_body_is_no_answer(processor: Processor) -> None:
    with answering(processor.port, BodyMode.STREAMED) as envoy:
        envoy.headers("response_headers", JSON, last=True)
        assert envoy.next().immediate_response.status.code == 502


def test_text_that_is_left_when_trailers_come_resets_the_stream(processor: Processor) -> None:
    """Envoy takes no body after them: the client must not take what it has for the whole."""
    with answering(processor.port, BodyMode.STREAMED, stream=True) as envoy:
        envoy.headers("response_headers", EVENTS)
        envoy.next()
        envoy.body("response_body", b"".join(STREAM[:-2]), last=False)
        envoy.next()
        envoy.trailers("response_trailers")
        assert envoy.next().HasField("immediate_response")


@pytest.mark.parametrize("mode", [BodyMode.STREAMED, BodyMode.BUFFERED])
def test_a_large_answer_that_is_released_at_once_leaves_whole(
    processor: Processor, mode: BodyMode
) -> None:
    """Tool calls wait for the end of the answer. The endpoint waits while a MiB is not taken."""
    text = "word " * 2000
    calls = "".join(
        f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'tool_calls': [call]}}]})}\n\n"
        for call in (
            {
                "index": n,
                "id": f"c{n}",
                "type": "function",
                "function": {"name": "f", "arguments": json.dumps({"a": text})},
            }
            for n in range(150)
        )
    )
    with answering(processor.port, mode, stream=True) as envoy:
        envoy.headers("response_headers", EVENTS)
        envoy.next()
        envoy.body("response_body", (calls + "data: [DONE]\n\n").encode())
        got = envoy.next().response_body.response.body_mutation.body
        assert got.count(text.encode()) == 150
        assert got.rstrip().endswith(b"data: [DONE]")
        assert len(got) > MAX_WAITING


@pytest.mark.parametrize("mode", [BodyMode.STREAMED, DUPLEX])
def test_what_cannot_come_now_ends_in_an_error(processor: Processor, mode: BodyMode) -> None:
    with answering(processor.port, mode, stream=True) as envoy:
        envoy.headers("response_headers", EVENTS)
        envoy.next()
        envoy.trailers("request_trailers")
        assert envoy.ended() is grpc.StatusCode.INTERNAL
