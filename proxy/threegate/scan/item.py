"""One text to scan, and how a JSON line becomes one. Pure; no message quotes the line.

    {"id", "text", "role", "prompt", "context", "claim"}

Only `text` is needed, and not even that if a claim is given. `role` is user (default), tool_result,
assistant or reasoning; `prompt` is the question that an answer answers; `context` one source or a
list of them; `claim` what is to be checked against the sources. Other fields are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from threegate.types import Channel, Layer, Passage, Source, TextLocation


class Role(StrEnum):
    USER = "user"
    TOOL_RESULT = "tool_result"
    ASSISTANT = "assistant"
    REASONING = "reasoning"


LOCI = {
    Role.USER: TextLocation(Layer.INPUT, Channel.USER),
    Role.TOOL_RESULT: TextLocation(Layer.INPUT, Channel.TOOL_RESULT),
    Role.ASSISTANT: TextLocation(Layer.OUTPUT, Channel.CONTENT),
    Role.REASONING: TextLocation(Layer.OUTPUT, Channel.REASONING),
}


class LineError(ValueError):
    """What is wrong with a line. `id` is the line's own if it could be read."""

    def __init__(self, message: str, id: Any = None) -> None:
        super().__init__(message)
        self.id = id


@dataclass(frozen=True, slots=True)
class ScanItem:
    """`sources` have their number as id; None: sources were not given, so no claim is judged
    against them."""

    text: str = field(repr=False)
    id: Any = None
    role: Role = Role.USER
    prompt: str = field(default="", repr=False)
    sources: tuple[Source, ...] | None = field(default=None, repr=False)
    claim: str | None = field(default=None, repr=False)

    @property
    def passage(self) -> Passage:
        return Passage(LOCI[self.role], self.text, question=self.prompt, sources=self.sources or ())

    @property
    def answered(self) -> bool:
        """Whether the model wrote it, so that it can be checked against sources."""
        return self.role in (Role.ASSISTANT, Role.REASONING)


def item_of_line(line: bytes) -> ScanItem:
    """Raises LineError."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineError(f"not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(row, dict):
        raise LineError("not a JSON object")
    return item_of(row)


def item_of(row: Mapping[str, Any]) -> ScanItem:
    """Raises LineError."""
    id = row.get("id")
    claim = _optional(row, "claim", id)
    text = row.get("text", claim)
    if not isinstance(text, str):
        raise LineError("text: a string is needed", id)
    return ScanItem(
        text,
        id,
        _role(row.get("role"), id),
        _optional(row, "prompt", id) or "",
        sources_of(row.get("context"), id),
        claim,
    )


def sources_of(context: Any, id: Any = None) -> tuple[Source, ...] | None:
    """Raises LineError for anything but a string, a list of strings, or nothing."""
    if context is None:
        return None
    texts = [context] if isinstance(context, str) else context
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
        raise LineError("context: a string or a list of strings is needed", id)
    return tuple(Source(str(i), text) for i, text in enumerate(texts))


def _role(value: Any, id: Any) -> Role:
    try:
        return Role(value or Role.USER)
    except ValueError:
        raise LineError(f"role: one of {', '.join(Role)} is needed", id) from None


def _optional(row: Mapping[str, Any], key: str, id: Any) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise LineError(f"{key}: a string is needed", id)
    return value
