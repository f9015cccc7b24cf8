"""Request and answer of `POST /v1/guard/check`, for reading and for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from threegate.gateway.meta.openapi import schema_of
from threegate.service.check import CheckStage
from threegate.types import Action, Channel
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

Json = dict[str, Any]

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
"""What an answer is about, where its texts come later."""
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
REQUEST_SCHEMA: Final = schema_of(REQUEST)

_STRING: Final[Json] = {"type": "string"}
_MAYBE: Final[Json] = {"type": ["string", "null"]}
_PLACE: Final[Json] = {
    "type": "object",
    "properties": {
        "layer": _STRING,
        "channel": _STRING,
        "message": {"type": "integer"},
        "choice": {"type": "integer"},
        "source": _STRING,
        "part": {**_STRING, "description": "JSON pointer below the message"},
    },
}
_FINDING: Final[Json] = {
    "type": "object",
    "properties": {
        "rule_id": _STRING,
        "action": {"enum": [a.name.lower() for a in Action]},
        "kind": _STRING,
        "start": {"type": "integer", "description": "in code points of the text as sent"},
        "end": {"type": "integer"},
        "score": {"type": "number"},
        "level": {"enum": ["low", "medium", "high"]},
        "detector": _STRING,
        "at": _PLACE,
    },
}
ANSWER_SCHEMA: Final[Json] = {
    "type": "object",
    "required": ["id", "allowed", "action", "findings"],
    "properties": {
        "id": {**_STRING, "description": "of the audit record"},
        "decision_id": _STRING,
        "allowed": {"type": "boolean"},
        "action": {"enum": [a.name.lower() for a in Action]},
        "policy": _STRING,
        "conversation": _STRING,
        "messages": {"type": ["array", "null"], "description": "the request as it may go on"},
        "texts": {"type": ["array", "null"], "items": _STRING},
        "answer": {"type": ["object", "null"], "description": "the assistant turn to hand on"},
        "findings": {"type": "array", "items": _FINDING},
        "failures": {"type": "array", "items": {"type": "object"}},
        "claims": {"type": "array", "items": {"type": "object"}},
        "message": {"type": ["object", "null"], "description": "for the user, zh and en"},
        "reply": {**_MAYBE, "description": "the curated reply to give instead"},
        "masks": {**_MAYBE, "description": "sealed; send it back at the output stage"},
        "rule_id": _STRING,
    },
}
EXAMPLES: Final[dict[str, Json]] = {
    "input": {
        "summary": "A request before it goes to the model",
        "value": {
            "stage": "input",
            "conversation": "c-17",
            "messages": [{"role": "user", "content": "My mobile is 13812345678, write to me."}],
        },
    },
    "output": {
        "summary": "The answer; values that the input stage masked are put back",
        "value": {
            "stage": "output",
            "conversation": "c-17",
            "messages": [
                {"role": "user", "content": "My mobile is 13812345678, write to me."},
                {"role": "assistant", "content": "I will text the number you gave."},
            ],
        },
    },
    "texts": {
        "summary": "Bare texts of one role",
        "value": {"stage": "input", "role": "tool", "texts": ["a page that a tool fetched"]},
    },
    "claims": {
        "summary": "An answer checked against its sources",
        "value": {
            "stage": "output",
            "texts": ["The warranty lasts five years."],
            "sources": [{"id": "terms", "text": "The warranty lasts two years."}],
        },
    },
}
