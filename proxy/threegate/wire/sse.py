"""Server-sent events, both ways, without I/O (WHATWG HTML 9.2.6).

Lines end with CR, LF or CRLF and with nothing else: U+2028, NEL, VT and FF are text. A proxy must
pass on what a browser would drop, so comments (`: keep-alive`) are separate events, in order. The
events are the same for any cut of the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from threegate.errors import UpstreamError
from threegate.i18n.messages import localized
from threegate.wire.limits import MAX_EVENT_BYTES

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_DATA: Final = b"data: "
END: Final = b"\n\n"
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class ServerSentEvent:
    """One event as sent. `data` is None for a comment and for a block without a data line."""

    data: str | None = None
    event: str = ""
    id: str | None = None
    retry: str | None = None
    comment: str | None = None


class SSEDecoder:
    """`feed` takes bytes cut anywhere and returns the complete events; call `close` at the end.

    Cost is linear in the bytes, also when they come one by one: a piece without a line end is
    stored, not searched again.
    """

    __slots__ = ("_block", "_first", "_lines", "_max", "_size", "_skip_lf", "_tail")

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._tail: list[bytes] = []  # pieces of the unfinished line
        self._size = 0  # bytes of the unfinished event, its tail included
        self._skip_lf = False  # the last line ended in CR: one LF belongs to it
        self._first = True
        self._block: ServerSentEvent | None = None
        self._lines: list[str] = []

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Raises `UpstreamError` when one event passes the size limit."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk[1:] if chunk[0] == 0x0A else chunk
        if not chunk:
            return []
        if self.between and (plain := _plain(chunk)):
            return plain
        self._size += len(chunk)
        out: list[ServerSentEvent] = []
        if b"\n" in chunk or b"\r" in chunk:
            self._take(chunk, out)
        else:
            self._tail.append(chunk)
        self._check_size()
        return out

    def close(self) -> list[ServerSentEvent]:
        """The end of the bytes. An event without its blank line is still delivered: servers omit it
        after `[DONE]`, and a truncated event does not parse as JSON."""
        out: list[ServerSentEvent] = []
        if self._tail:
            line, self._tail = b"".join(self._tail), []
            self._line(line, out)
        self._line(b"", out)
        return out

    @property
    def between(self) -> bool:
        """Whether an event begins here and neither a byte order mark nor the rest of a line end can
        follow."""
        return not (self._size or self._first or self._skip_lf)

    def _take(self, chunk: bytes, out: list[ServerSentEvent]) -> None:
        self._tail.append(chunk)
        data = b"".join(self._tail)
        lines = _LINE_END.split(data)
        rest = lines.pop()
        self._skip_lf = data.endswith(b"\r")
        self._tail = [rest] if rest else []
        for line in lines:
            self._line(line, out)
        if self._block is None and not self._lines:
            self._size = len(rest)

    def _line(self, line: bytes, out: list[ServerSentEvent]) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(out)
            return
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if not name:
            out.append(ServerSentEvent(comment=value))
        else:
            self._field(name, value.removeprefix(" "))

    def _field(self, name: str, value: str) -> None:
        block = self._block = self._block or ServerSentEvent()
        match name:
            case "data":
                self._lines.append(value)
            case "event":
                block.event = value
            case "id" if "\0" not in value:
                block.id = value
            case "retry" if value.isascii() and value.isdigit():
                block.retry = value
            case _:
                pass  # unknown fields are ignored by every client

    def _dispatch(self, out: list[ServerSentEvent]) -> None:
        block = self._block
        if block is None:
            return
        if self._lines:
            block.data = "\n".join(self._lines)
            self._lines = []
        self._block = None
        if block.data is not None or block.event or block.id is not None or block.retry is not None:
            out.append(block)

    def _check_size(self) -> None:
        if self._size > self._max:
            text = localized("event-large", limit=self._max)
            raise UpstreamError(text, code="upstream_event_too_large")


def _plain(chunk: bytes) -> list[ServerSentEvent]:
    """The events of bytes that consist of complete events with one data line each, as most APIs
    send them; otherwise none."""
    if not chunk.endswith(END) or b"\r" in chunk:
        return []
    events = []
    for block in chunk[: -len(END)].split(END):
        if not block.startswith(_DATA) or b"\n" in block:
            return []
        events.append(ServerSentEvent(block[len(_DATA) :].decode("utf-8", "replace")))
    return events


def encode(event: ServerSentEvent) -> bytes:
    """The bytes of one event, LF line ends; none for an empty one. A comment is followed by a blank
    line, as sent."""
    if event.comment is not None:
        return b":" + event.comment.encode() + b"\n\n"
    out = ""
    if event.event:
        out += f"event: {event.event}\n"
    if event.id is not None:
        out += f"id: {event.id}\n"
    if event.retry is not None:
        out += f"retry: {event.retry}\n"
    if event.data is not None:
        lines = _DATA_LINE_END.split(event.data)
        out += "".join(f"data: {line}\n" for line in lines)
    return out.encode() + b"\n" if out else b""


MAX_COMMENTS: Final = 16
"""Comments in a row, of those that came at once; they only keep the line alive."""


def thinned(events: Iterable[ServerSentEvent]) -> Iterator[ServerSentEvent]:
    """Without further comments of a flood of them: two bytes each, and each is sent on its own."""
    in_a_row = 0
    for event in events:
        in_a_row = 0 if event.comment is None else in_a_row + 1
        if in_a_row <= MAX_COMMENTS:
            yield event


_COMMENT: Final = re.compile(
    r"[A-Za-z _.\-]{0,40}(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]{0,7}(?:[+\-]\d\d:\d\d)?)?"
)
MAX_NAME: Final = 64
_NAME: Final = re.compile(r"[A-Za-z_.\-]{1,64}")
_RETRY: Final = re.compile(r"[0-9]{1,6}")


def bare(event: ServerSentEvent) -> ServerSentEvent:
    """The event without text in lines other than data, which no rule checks. A comment keeps the
    connection alive whatever it contains."""
    comment, retry = event.comment, event.retry
    if comment is not None and _COMMENT.fullmatch(comment) is None:
        comment = " keep-alive"
    if retry is not None and _RETRY.fullmatch(retry) is None:
        retry = None
    return ServerSentEvent(event.data, name_of(event.event), None, retry, comment)


def name_of(name: str) -> str:
    """An event's name as it may be forwarded: words, or none."""
    return _words(name) if len(name) <= MAX_NAME else ""


@lru_cache(256)
def _words(name: str) -> str:
    return name if _NAME.fullmatch(name) else ""


_DATA_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def encode_json(payload: bytes, event: str = "") -> bytes:
    """An event whose data is JSON text (no line end inside, as orjson writes it)."""
    if event:
        return b"event: %b\ndata: %b\n\n" % (event.encode(), payload)
    return b"data: %b\n\n" % payload


DONE: Final = b"data: [DONE]\n\n"
KEEP_ALIVE: Final = b": keep-alive\n\n"


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """By headers with lower-case names."""
    return headers.get("content-type", "").lower().startswith("text/event-stream")
