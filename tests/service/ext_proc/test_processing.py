"""The order of messages on the side of the request, as Envoy's documentation gives it."""

from __future__ import annotations

import json

import grpc
import pytest
from threegate.service.ext_proc.messages import BodyMode
from threegate.wire.limits import MAX_BODY_BYTES

from tests.service.ext_proc.conftest import Processor
from tests.service.ext_proc.played import CHAT, header, playing

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Ring 13917352846."}]}
DATA = json.dumps(ASKED).encode()


def masked(data: bytes) -> bool:
    return "[MOBILE_" in json.loads(data)["messages"][-1]["content"]


def test_a_buffered_request_is_replaced_with_its_length(processor: Processor) -> None:
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.BUFFERED, named={**CHAT, "accept-encoding": "gzip"})
        head = envoy.next().request_headers.response.header_mutation
        assert list(head.remove_headers) == ["accept-encoding"]
        envoy.body("request_body", DATA)
        answer = envoy.next().request_body.response
        assert masked(answer.body_mutation.body)
        length = header(answer.header_mutation, "content-length")
        assert length == str(len(answer.body_mutation.body))


@pytest.mark.parametrize("mode", [BodyMode.BUFFERED, BodyMode.FULL_DUPLEX_STREAMED])
def test_the_model_reads_the_body_as_it_was_checked(processor: Processor, mode: BodyMode) -> None:
    """Gateways on Node decode a body by its `charset`; in UTF-7, `+AGkAZw-` are other letters."""
    with playing(processor.port) as envoy:
        envoy.request(mode, named={**CHAT, "content-type": "application/json; charset=utf-7"})
        envoy.body("request_body", DATA)
        head = envoy.next().request_headers.response.header_mutation
        assert header(head, "content-type") == "application/json"


def test_pieces_of_a_streamed_request_are_cleared_until_the_last(processor: Processor) -> None:
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.STREAMED)
        assert envoy.next().HasField("request_headers")
        envoy.body("request_body", DATA[:20], last=False)
        assert envoy.next().request_body.response.body_mutation.clear_body
        envoy.body("request_body", DATA[20:])
        assert masked(envoy.next().request_body.response.body_mutation.body)


def test_in_full_duplex_nothing_leaves_before_the_verdict(processor: Processor) -> None:
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.FULL_DUPLEX_STREAMED)
        envoy.body("request_body", DATA[:20], last=False)
        envoy.body("request_body", DATA[20:], last=False)
        envoy.trailers("request_trailers")
        assert envoy.next().HasField("request_headers")
        piece = envoy.next().request_body.response.body_mutation.streamed_response
        assert masked(piece.body)
        assert not piece.end_of_stream  # the trailers end it
        assert envoy.next().HasField("request_trailers")


@pytest.mark.parametrize("mode", [BodyMode.BUFFERED, BodyMode.FULL_DUPLEX_STREAMED])
def test_a_stopped_request_gets_an_immediate_answer(processor: Processor, mode: BodyMode) -> None:
    with playing(processor.port) as envoy:
        envoy.request(mode)
        envoy.body("request_body", json.dumps({**ASKED, "messages": STOPPED}).encode())
        made = envoy.next()
        if mode is BodyMode.BUFFERED:
            made = envoy.next()
        answer = made.immediate_response
        assert answer.status.code == 200
        assert "12356" in json.loads(answer.body)["choices"][0]["message"]["content"]
        assert header(answer.headers, "content-type") == "application/json"
        assert envoy.ended() is grpc.StatusCode.OK


STOPPED = [{"role": "user", "content": "我不想活了"}]


def test_a_body_beyond_the_bound_is_refused(processor: Processor) -> None:
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.STREAMED)
        envoy.next()
        for _ in range(MAX_BODY_BYTES // (4 << 20)):
            envoy.body("request_body", b" " * (4 << 20), last=False)
            envoy.next()
        envoy.body("request_body", b" ", last=False)
        assert envoy.next().immediate_response.status.code == 413


def test_an_answer_that_envoy_gives_itself_passes(processor: Processor) -> None:
    """Before any of the request has left: a body over Envoy's own bound, for one."""
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.BUFFERED)
        envoy.next()
        envoy.headers("response_headers", {":status": "413"}, last=True)
        assert envoy.next().HasField("response_headers")
        assert envoy.ended() is grpc.StatusCode.OK


@pytest.mark.parametrize(("early", "status"), [("200", 502), ("401", 401)])
def test_an_answer_before_the_body_ends_the_request(
    processor: Processor, early: str, status: int
) -> None:
    """The head of a streamed request has left, so a model API can answer. After a clean end Envoy
    would send it the rest of the body, and its answer to the client, without the guard."""
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.STREAMED)
        envoy.next()
        envoy.body("request_body", DATA[:20], last=False)
        envoy.next()
        envoy.headers("response_headers", {":status": early, "content-type": "text/event-stream"})
        assert envoy.next().immediate_response.status.code == status
        assert envoy.ended() is grpc.StatusCode.OK


@pytest.mark.parametrize("part", ["response_body", "request_trailers", "request_body"])
def test_what_cannot_come_now_ends_in_an_error(processor: Processor, part: str) -> None:
    """Never in a clean end, after which Envoy would go on without the guard."""
    with playing(processor.port) as envoy:
        if part == "request_body":  # before the headers
            envoy.body(part, DATA)
        else:
            envoy.request(BodyMode.BUFFERED)
            envoy.next()
            (envoy.trailers if part.endswith("trailers") else lambda p: envoy.body(p, b"x"))(part)
        assert envoy.ended() is grpc.StatusCode.INTERNAL


def test_a_filter_that_only_observes_is_no_guard(processor: Processor) -> None:
    with playing(processor.port) as envoy:
        envoy.request(BodyMode.BUFFERED, observability_mode=True)
        assert envoy.ended() is grpc.StatusCode.INTERNAL
