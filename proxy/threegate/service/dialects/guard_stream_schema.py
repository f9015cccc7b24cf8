"""The lines of `POST /v1/guard/stream`, for reading and for the OpenAPI document."""

from __future__ import annotations

from typing import Final

from threegate.gateway.meta.openapi import schema_of
from threegate.service.dialects.base import Operation
from threegate.service.dialects.guard_check_schema import OPEN
from threegate.types import Channel
from threegate.wire.request_schema import COUNT, FLAG, TEXT, one_of, record

MAX_CHOICES: Final = 128
CHANNELS: Final = (Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS)
MESSAGE: Final = record(open=OPEN, append=TEXT, channel=one_of(*CHANNELS), choice=COUNT, close=FLAG)
OPERATION: Final = Operation.described(
    "guard_stream", "/v1/guard/stream", schema_of(MESSAGE), content_type="application/x-ndjson"
)
