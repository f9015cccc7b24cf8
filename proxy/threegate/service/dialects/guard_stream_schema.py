"""The lines of `POST /v1/guard/stream`, for reading and for the OpenAPI document."""

from __future__ import annotations

from typing import Final

from threegate.gateway.meta.openapi import schema_of
from threegate.service.dialects.base import Json, Operation
from threegate.service.dialects.guard_check_schema import ANSWER_SCHEMA, OPEN
from threegate.types import Channel
from threegate.wire.request_schema import (
    COUNT,
    FLAG,
    TEXT,
    one_of,
    record,
)

MAX_CHOICES: Final = 128
CHANNELS: Final = (Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS)
MESSAGE: Final = record(
    open=OPEN,
    append=TEXT,
    channel=one_of(*CHANNELS),
    choice=COUNT,
    close=FLAG,
)
_RELEASED: Final[Json] = {
    "type": "object",
    "properties": {
        "release": {"type": "string"},
        "channel": {"enum": list(CHANNELS)},
        "choice": {"type": "integer"},
        "end": ANSWER_SCHEMA,
        "error": {"type": "object"},
    },
}
OPERATION: Final = Operation(
    "/v1/guard/stream",
    "An answer in pieces: text in, released text out, both as lines of JSON",
    schema_of(MESSAGE),
    _RELEASED,
    {
        "open": {"value": {"open": {"conversation": "c-17"}}},
        "append": {"value": {"append": "The number is 138", "channel": "content", "choice": 0}},
        "close": {"value": {"close": True}},
    },
    "application/x-ndjson",
)
