"""Every text of a body, found by walking it: what no rule knows is still text.

Skipped are only short protocol words (`role`, `type`, ids) and binary data. So an unknown field, a
new content part or a tool definition cannot carry text past the guard.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import orjson

from threegate.types import Channel, Layer, Locus
from threegate.wire import jsontext
from threegate.wire.adapter import Slot
from threegate.wire.pointer import escape

STRUCTURAL: Final = frozenset(
    (
        *("role", "type", "model", "object", "detail", "format", "encoding_format", "media_type"),
        *("id", "tool_call_id", "call_id", "item_id", "tool_use_id", "previous_response_id"),
        *("status", "service_tier", "system_fingerprint", "finish_reason", "stop_reason"),
        *("include", "truncation", "signature", "encrypted_content", "effort", "reasoning_effort"),
    )
)
_LINKED: Final = frozenset(("logprobs",))  # repeats a text token by token; goes when it changes
_WORD: Final = re.compile(r"[\w.:/+=\-]{0,128}", re.ASCII)
_OPAQUE: Final = frozenset(("signature", "encrypted_content"))
_BINARY: Final = frozenset(("data", "file_data"))
_FREE: Final = frozenset(("metadata", "default", "const", "examples", "enum"))  # the client's words
_JSON_CHANNELS: Final = frozenset((Channel.TOOL_ARGUMENTS, Channel.TOOL_RESULT))


def is_protocol(key: str, text: str) -> bool:
    """Whether a string is a word of the protocol, or opaque: nothing that anybody could read."""
    return key in STRUCTURAL and (key in _OPAQUE or _WORD.fullmatch(text) is not None)


class SlotWalk:
    """Collects slots. `base` is what the locus' `part` is relative to."""

    __slots__ = ("_layer", "base", "choice", "message", "slots")

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self.slots: list[Slot] = []
        self.message: int | None = None
        self.choice: int | None = None
        self.base = ""

    def walk(self, value: Any, pointer: str, channel: Channel, key: str = "") -> None:
        """All texts below `value`."""
        if isinstance(value, str):
            self._string(value, pointer, channel, key)
        elif isinstance(value, dict):
            if channel is Channel.TOOL_ARGUMENTS and key in ("input", "arguments"):
                self.json_object(value, pointer, channel)
                return
            for name, below in value.items():
                if type(below) in _TEXTFUL and name not in _LINKED:
                    inner = key if key in _FREE else name
                    self.walk(below, f"{pointer}/{escape(name)}", channel, inner)
        elif isinstance(value, list):
            for index, below in enumerate(value):
                if type(below) in _TEXTFUL:
                    self.walk(below, f"{pointer}/{index}", channel, key)

    def field(self, at: str, name: str, value: Any, channel: Channel) -> None:
        """All texts of one field of the object at `at`."""
        kind = type(value)
        if kind is str:
            self._string(value, f"{at}/{escape(name)}", channel, name)
        elif kind in _TEXTFUL:
            self.walk(value, f"{at}/{escape(name)}", channel, name)

    def add(self, text: str, pointer: str, channel: Channel) -> None:
        if text:
            part = pointer.removeprefix(self.base)
            locus = Locus(self._layer, channel, self.message, part, self.choice)
            self.slots.append(Slot(locus, pointer, text))

    def json_object(self, value: object, pointer: str, channel: Channel) -> None:
        """Arguments that are an object: the same readable JSON text as arguments in a string."""
        if value:
            self.add(jsontext.read(orjson.dumps(value).decode()), pointer + "#json", channel)

    def _string(self, text: str, pointer: str, channel: Channel, key: str) -> None:
        if is_protocol(key, text):
            return
        if text.startswith("data:") and "," in text:
            self._decoded(_data_url(text), text, pointer + "#data", channel)
        elif key in _BINARY and len(text) > 3:
            self._decoded(_base64(text), text, pointer + "#base64", channel)
        elif channel in _JSON_CHANNELS and "\\" in text and _is_json(text):
            self.add(jsontext.read(text), pointer + "#json", channel)
        elif channel is Channel.TOOL_ARGUMENTS and _is_json(text):
            self.add(text, pointer + "#json", channel)
        else:
            self.add(text, pointer, channel)

    def _decoded(self, data: bytes | None, text: str, pointer: str, channel: Channel) -> None:
        if data is None:  # not encoded after all: plain text
            self.add(text, pointer.partition("#")[0], channel)
        elif (decoded := _utf8(data)) is not None:
            self.add(decoded, pointer, channel)


_TEXTFUL: Final = frozenset((str, dict, list))


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _data_url(url: str) -> bytes | None:
    head, _, data = url.partition(",")
    return _base64(data) if head.endswith(";base64") else unquote_to_bytes(data)


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _utf8(data: bytes) -> str | None:
    """Text, or None for binary data: an image is not UTF-8 and a text has no NUL."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def walk_fields(
    walk: SlotWalk,
    body: dict[str, Any],
    channel: Channel,
    *,
    without: Collection[str] = (),
    at: str = "",
) -> None:
    """The texts of the fields of the object at `at` that the adapter did not place itself."""
    for name, value in body.items():
        if name not in without:
            walk.field(at, name, value, channel)


def each(walk: SlotWalk, body: dict[str, Any], field: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a list of turns. What is no list or no object has no role: user text."""
    value = body.get(field)
    if not isinstance(value, list):
        walk.field("", field, value, Channel.USER)
        return
    for index, item in enumerate(value):
        if isinstance(item, dict):
            yield index, item
        else:
            walk.field(f"/{field}", str(index), item, Channel.USER)
