"""Finds every text of a body by walking it; strings in unknown fields count as text.

Skipped are only short protocol words (`role`, `type`, ids) and binary data; those of a request that
could hide a value are collected by themselves (`words`). So no unknown field, new content part or
tool definition can carry text past the guard, nor can a field name or, in a request, a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

import orjson

from threegate.errors import RequestError, ThreegateError, UpstreamError
from threegate.i18n.messages import localized
from threegate.types import Channel, Layer, TextLocation
from threegate.wire import inline, jsontext, known_fields
from threegate.wire.adapter import Slot
from threegate.wire.limits import MAX_TEXTS
from threegate.wire.pointer import escape
from threegate.wire.words import (
    OPAQUE,
    STRUCTURAL,
    hides_nothing,
    is_id,
    is_protocol,
    is_word,
)

_LINKED: Final = frozenset(("logprobs",))  # repeats an answer token by token; removed if it changes
_USUAL_NAME: Final = re.compile(r"[A-Za-z_]{1,64}")
_NAME: Final = re.compile(r"[A-Za-z_$][\w$.\-]{0,18}|\d{1,6}", re.ASCII)  # shorter than a key
_FREE: Final = frozenset(  # the client's own words
    ("metadata", "default", "const", "examples", "input_examples", "enum", "variables")
)
_PART_WORDS: Final = frozenset(("type", "media_type", "format", "detail"))
_PART_WORD: Final = re.compile(r"[a-z_]{0,24}|[a-z]{4,11}/[\w.+\-]{1,80}", re.ASCII)
_DATA: Final = "output"
_JSON_CHANNELS: Final = frozenset((Channel.TOOL_ARGUMENTS, Channel.TOOL_RESULT))
_COUNTED: Final = frozenset(("seed",))
_LARGEST_SEED: Final = 2**32
"""Larger numbers may be personal: a mobile number has 11 digits."""
_FEWEST_DIGITS: Final = 7
"""Of the shortest personal number."""
_LONG_NUMBER: Final = 10 ** (_FEWEST_DIGITS - 1)


class SlotWalk:
    """Collects slots. `base` is what the locus' `part` is relative to."""

    __slots__ = ("_layer", "base", "choice", "message", "slots", "words")

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self.slots: list[Slot] = []
        self.words: list[Slot] = []
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
            kind = "" if inline.HOLDERS.isdisjoint(value) else inline.kind_of(value)
            for name, below in value.items():
                if not _USUAL_NAME.fullmatch(name):
                    self._named(pointer, name, channel)
                inner = _name_of(key, name, below, channel)
                if type(below) is str:
                    self._string(below, f"{pointer}/{escape(name)}", channel, inner, kind)
                elif type(below) in _TEXTFUL and not self._is_linked(name, below):
                    self.walk(below, f"{pointer}/{escape(name)}", channel, inner)
        elif isinstance(value, list):
            for index, below in enumerate(value):
                if type(below) in _TEXTFUL:
                    self.walk(below, f"{pointer}/{index}", channel, key)
        elif type(value) in (int, float):
            self._number(value, pointer, channel)

    def field(self, at: str, name: str, value: Any, channel: Channel) -> None:
        """All texts of one field of the object at `at`, its name included."""
        if not _USUAL_NAME.fullmatch(name):
            self._named(at, name, channel)
        if name in known_fields.PROVIDER_WORDS and self._layer is Layer.OUTPUT:
            value = without_words(value)
        kind = type(value)
        if kind is str:
            self._string(value, f"{at}/{escape(name)}", channel, name)
        elif name in _COUNTED and kind is int and abs(value) <= _LARGEST_SEED:
            return
        elif kind in _TEXTFUL and not self._is_linked(name, value):
            self.walk(value, f"{at}/{escape(name)}", channel, name)

    def _is_linked(self, name: str, value: Any) -> bool:
        return name in _LINKED and self._layer is Layer.OUTPUT and not known_fields.has_text(value)

    def _named(self, at: str, name: str, channel: Channel) -> None:
        """The name of a field, if it is not a plain identifier, or has room for a number of
        somebody (`phone13912345678`); models read names too."""
        if _NAME.fullmatch(name) is None or sum(map(str.isdigit, name)) >= _FEWEST_DIGITS:
            self.add(name, f"{at}/{escape(name)}#name", channel)

    def _number(self, value: float, pointer: str, channel: Channel) -> None:
        """A phone number need not be in quotes. In answers, numbers outside texts are counts."""
        if self._layer is Layer.INPUT and abs(value) >= _LONG_NUMBER:
            whole = int(value) if value == int(value) else value
            self.add(str(whole), f"{pointer}#number", channel)

    def add(self, text: str, pointer: str, channel: Channel) -> None:
        """Adds a text at a pointer of the whole body; empty texts are skipped. Raises RequestError,
        or UpstreamError for an answer, if there are too many."""
        if text:
            self._append(self.slots, pointer, channel, text)

    def _append(self, slots: list[Slot], pointer: str, channel: Channel, text: str) -> None:
        if len(slots) >= MAX_TEXTS:
            raise self._too_many()
        part = pointer.removeprefix(self.base)
        locus = TextLocation(self._layer, channel, self.message, part, self.choice)
        slots.append(Slot(locus, pointer, text, word=slots is self.words))

    def found(self) -> tuple[Slot, ...]:
        """The texts and, after them, the words of a request."""
        return (*self.slots, *self.words)

    def _too_many(self) -> ThreegateError:
        if self._layer is Layer.INPUT:
            text = localized("texts", limit=MAX_TEXTS)
            return RequestError(text, status=413, code="too_many_texts")
        return UpstreamError(localized("answer-texts", limit=MAX_TEXTS))

    def json_object(self, value: object, pointer: str, channel: Channel) -> None:
        """Arguments that are an object: the same readable JSON text as arguments in a string."""
        if value:
            self.add(jsontext.read(orjson.dumps(value).decode()), pointer + "#json", channel)

    def _string(self, text: str, pointer: str, channel: Channel, key: str, kind: str = "") -> None:
        asked = self._layer is Layer.INPUT
        if is_protocol(key, text) or (asked and is_id(key, text)):
            if asked and not hides_nothing(key, text):
                self._append(self.words, pointer, channel, text)
            return
        if key in inline.HOLDERS:
            for form, read in inline.readings(key, text, kind):
                self.add(read, pointer + form, channel)
        elif channel in _JSON_CHANNELS and "\\" in text and _is_json(text, key):
            self.add(jsontext.read(text), pointer + "#json", channel)
        elif channel is Channel.TOOL_ARGUMENTS and _is_json(text, key):
            self.add(text, pointer + "#json", channel)
        else:
            self.add(text, pointer, channel)


def _name_of(key: str, name: str, below: Any, channel: Channel) -> str:
    """The name that says what a member of an object in `key` is. What a tool returned is data under
    any name, but for what the parts of its content say of themselves and what is sealed."""
    if key in _FREE:
        return key
    if channel is not Channel.TOOL_RESULT or not key or name in OPAQUE or name not in STRUCTURAL:
        return name
    says = name in _PART_WORDS and isinstance(below, str) and _PART_WORD.fullmatch(below)
    return name if says else _DATA


def without_words(value: Any) -> Any:
    """A copy with only the strings that are more than protocol words."""
    if isinstance(value, dict):
        return {name: without_words(below) for name, below in value.items()}
    if isinstance(value, list):
        return [without_words(below) for below in value]
    return "" if isinstance(value, str) and is_word(value) else value


_TEXTFUL: Final = frozenset((str, dict, list, int, float))


def _is_json(text: str, key: str) -> bool:
    """Truncated arguments, as in an answer that became too long, count as JSON text too."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    if key == "arguments":
        return True
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


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
        if name not in without or known_fields.is_misused(name, value):
            walk.field(at, name, value, channel)


def each(walk: SlotWalk, body: dict[str, Any], field: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a list of turns. Anything that is not a list of objects has no role and counts
    as user text."""
    value = body.get(field)
    if not isinstance(value, list):
        walk.field("", field, value, Channel.USER)
        return
    for index, item in enumerate(value):
        if isinstance(item, dict):
            yield index, item
        else:
            walk.walk(item, f"/{field}/{index}", Channel.USER)
