"""The messages of `envoy.service.ext_proc.v3` as far as they are used (`messages.toml`), and those
that are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, Final

import orjson
from threegate_classifiers.protobuf import Fields, message_classes

from threegate.data_files import table
from threegate.errors import ThreegateError
from threegate.wire.errors import openai_error

PACKAGE: Final = "envoy.service.ext_proc.v3"
METHOD: Final = f"/{PACKAGE}.ExternalProcessor/Process"
TABLE: Final[Mapping[str, Fields]] = {
    message: [(name, *place) for name, place in fields.items()]
    for message, fields in table("service.ext_proc", "messages").items()
}
MESSAGE: Final = message_classes(PACKAGE, TABLE)
PARTS: Final = tuple(name for name, _, _ in TABLE["ProcessingRequest"][:6])
OVERWRITE: Final = 2
"""`append_action`: replaces the header or adds it."""


PIECE: Final = 1 << 16
"""Bytes of one message in full duplex, as Envoy recommends."""


class BodyMode(IntEnum):
    """How Envoy sends a body (`ProcessingMode.BodySendMode`)."""

    NONE = 0
    STREAMED = 1
    BUFFERED = 2
    BUFFERED_PARTIAL = 3
    FULL_DUPLEX_STREAMED = 4


def part_of(message: Any) -> str:
    """The part of a request or an answer in a message from Envoy; empty if unknown."""
    return next((name for name in PARTS if message.HasField(name)), "")


def pieces(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Splits into at least one piece; the last is marked."""
    for start in range(0, max(len(data), 1), PIECE):
        yield data[start : start + PIECE], start + PIECE >= len(data)


def headers_in(header_map: Any) -> list[tuple[str, bytes]]:
    return [(h.key, h.raw_value or h.value.encode()) for h in header_map.headers]


def status_of(head: Any) -> int:
    """The status in the headers of an answer. Raises KeyError or ValueError if there is none."""
    return int(dict(headers_in(head.headers))[":status"])


def header_mutation(set_to: Mapping[str, str], removed: tuple[str, ...] = ()) -> Any:
    made = MESSAGE["HeaderMutation"](remove_headers=removed)
    for name, value in set_to.items():
        option = made.set_headers.add(append_action=OVERWRITE)
        option.header.key, option.header.raw_value = name, value.encode("latin-1")
    return made


def continue_answer(part: str, mutation: Any = None, mode: BodyMode | None = None) -> Any:
    """The reply "continue" to headers, which `mutation` changes, or to trailers. `mode` is that of
    the answer's body."""
    made = MESSAGE["ProcessingResponse"]()
    getattr(made, part).SetInParent()
    if mutation is not None:
        getattr(made, part).response.header_mutation.CopyFrom(mutation)
    if mode is not None:
        made.mode_override.response_body_mode = mode
    return made


def body_answer(part: str, data: bytes, mutation: Any = None) -> Any:
    """Replaces the piece of a body that Envoy sent."""
    made = MESSAGE["ProcessingResponse"]()
    response = getattr(made, part).response
    if data:
        response.body_mutation.body = data
    else:
        response.body_mutation.clear_body = True
    if mutation is not None:
        response.header_mutation.CopyFrom(mutation)
    return made


def streamed_answer(part: str, data: bytes, *, last: bool) -> Any:
    """A piece of a body in full duplex, whatever Envoy sent."""
    made = MESSAGE["ProcessingResponse"]()
    piece = getattr(made, part).response.body_mutation.streamed_response
    piece.body, piece.end_of_stream = data, last
    return made


def immediate_answer(status: int, headers: Mapping[str, str], body: bytes) -> Any:
    """Sent instead of the model's answer."""
    made = MESSAGE["ProcessingResponse"]()
    made.immediate_response.status.code = status
    made.immediate_response.headers.CopyFrom(header_mutation(headers))
    made.immediate_response.body = body
    made.immediate_response.details = "threegate"
    return made


def error_answer(error: ThreegateError, status: int) -> Any:
    """Our own error instead of the model's answer."""
    body = orjson.dumps(openai_error(error))
    return immediate_answer(status, {"content-type": "application/json"}, body)
