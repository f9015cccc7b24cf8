"""The request of `POST /v1/guard/check`. Its answer is described in `openapi.json`."""

from __future__ import annotations

from typing import Final

from threegate.service.check import CheckStage
from threegate.types import Channel
from threegate.wire.request_schema import (
    MESSAGES,
    TEXT,
    TOOLS,
    JsonType,
    Shape,
    fields_of,
    list_of,
    one_of,
)

NAMES: Final = ("model", "route", "policy", "conversation", "language", "subject", "masks")
"""Fields that are plain texts and go into the check as they are."""

_SOURCE = Shape((JsonType.STRING, JsonType.OBJECT), fields=fields_of(id=TEXT, text=TEXT))


_CONTEXT = fields_of(
    messages=MESSAGES,
    sources=list_of(_SOURCE),
    tools=TOOLS,
    **dict.fromkeys(NAMES, TEXT),
)
OPEN: Final = Shape((JsonType.OBJECT,), fields=_CONTEXT, closed=True)
"""The context of an answer whose texts arrive later."""
REQUEST: Final = Shape(
    (JsonType.OBJECT,),
    fields=(
        *_CONTEXT,
        *fields_of(
            stage=one_of(*CheckStage),
            texts=list_of(TEXT),
            role=one_of("user", "system", "assistant", "tool"),
            channel=one_of(Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS),
        ),
    ),
    closed=True,
)
