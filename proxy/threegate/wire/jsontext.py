"""JSON text that may arrive in pieces, made readable for detectors and converted back.

`JsonTextReader` turns the escapes of strings into the characters they denote (`\\u4f60` → 你, `\\n`
→ a line break), so that no value hides behind an escape and none grows an `n` in front. `\\"` and
`\\\\` stay, because they carry the structure. `JsonTextWriter` makes JSON text again. Text that is
not JSON (code, a bare word), as its first character shows, is left unchanged.

`jsonstrings` finds the strings of a readable text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from typing import Final

_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "/": "/"}
_ESCAPE: Final = (
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))"
)
_TOKEN: Final = re.compile(rf'{_ESCAPE}|"|[^"\\]+|\\', re.DOTALL)
# An escape that may continue: a lone backslash, a short \uXXX, a high surrogate without its second
# half. The even number of backslashes in front is what makes the last one an escape.
_UNFINISHED: Final = re.compile(
    r"(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F]"
    r"[0-9a-fA-F]?)?)?)?)?)?)\Z"
)
_LONGEST_ESCAPE: Final = 12  # \ud83d\ude00
_FIRST: Final = re.compile(r"\S")
_OPENING: Final = '{["'

Unit = tuple[str, str]
"""A readable text and its original spelling."""


class Kind:
    """Whether a text is JSON, judged by its first character."""

    __slots__ = ("is_json",)

    def __init__(self) -> None:
        self.is_json = False

    def look(self, text: str) -> bool:
        """False until a first character has come, and for text that is not JSON."""
        first = _FIRST.search(text)
        self.is_json = first is not None and first[0] in _OPENING
        return first is not None


class JsonTextReader:
    """`feed` takes fragments of JSON text and returns readable text; `units` are its parts."""

    __slots__ = ("_begun", "_held", "_kind", "_string", "units")

    def __init__(self) -> None:
        self._kind, self._begun = Kind(), False
        self._held = ""
        self._string = False  # inside a string
        self.units: list[Unit] = []

    @property
    def raw(self) -> str:
        """The JSON text behind the last readable text."""
        return "".join(raw for _, raw in self.units)

    def feed(self, fragment: str) -> str:
        text, self._held = self._held + fragment, ""
        self._begun = self._begun or self._kind.look(text)
        if self._kind.is_json and "\\" in text:
            cut = _unfinished(text)
            text, self._held = text[:cut], text[cut:]
        return self._read(text)

    def close(self) -> str:
        """What was held: an unfinished escape, unchanged."""
        held, self._held = self._held, ""
        return self._read(held)

    def _read(self, text: str) -> str:
        if not self._kind.is_json or "\\" not in text:
            self._string ^= text.count('"') % 2 == 1
            self.units = [(text, text)] if text else []
        else:
            self.units = [self._unit(token) for token in _TOKEN.finditer(text)]
        return "".join(readable for readable, _ in self.units)

    def _unit(self, token: re.Match[str]) -> Unit:
        if token[0] == '"':
            self._string = not self._string
        escaped = self._string and token[0].startswith("\\")
        return (_read_escape(token) if escaped else token[0]), token[0]


def _unfinished(text: str) -> int:
    """Where the escape that the end of `text` leaves open begins."""
    start = max(0, len(text) - _LONGEST_ESCAPE)
    while start and text[start - 1] == "\\":
        start -= 1  # never begin inside a run of backslashes
    found = _UNFINISHED.search(text, start)
    return found.start(1) if found else len(text)


def _read_escape(match: re.Match[str]) -> str:
    high, low, single, short = match.groups()
    if not any(match.groups()):
        return match[0]  # a backslash at the end of a text that was cut off
    if short is not None:
        return _SHORT.get(short, match[0])
    if high is not None:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
    code = int(single, 16)
    if code in (0x22, 0x5C):
        return "\\" + chr(code)
    if (code < 0x20 and code not in (0x09, 0x0A, 0x0D)) or 0xD800 <= code < 0xE000:
        return match[0]
    return chr(code)


_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_CONTROL_NAMES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
QUOTE: Final = re.compile(r'"|\\.', re.DOTALL)


class JsonTextWriter:
    """`feed` takes readable text and returns JSON text, with control characters inside strings
    escaped."""

    __slots__ = ("_begun", "_escaped", "_kind", "_string")

    def __init__(self) -> None:
        self._kind, self._begun = Kind(), False
        self._string = False  # inside a string
        self._escaped = False  # the text so far ends in an open backslash

    def feed(self, text: str) -> str:
        self._begun = self._begun or self._kind.look(text)
        if not self._kind.is_json or not text:
            return text
        out, at = [], 0
        if self._escaped:
            out, at, self._escaped = [text[0]], 1, False
        for quote in QUOTE.finditer(text, at):
            out.append(self._run(text[at : quote.start()]) + quote[0])
            self._string ^= quote[0] == '"'
            at = quote.end()
        self._escaped = text[at:].endswith("\\")
        return "".join([*out, self._run(text[at:])])

    def _run(self, text: str) -> str:
        return _CONTROL.sub(_write_control, text) if self._string else text


class JsonSpelling:
    """Writes the released text in its original spelling up to the first edit, and as equivalent
    JSON after it. So only an edit changes the spelling of the rest, never the way a stream was
    cut."""

    __slots__ = ("_edited", "_offset", "_pending", "_writer")

    def __init__(self) -> None:
        self._pending: deque[Unit] = deque()
        self._offset = 0  # code points of the first unit that have been written
        self._writer = JsonTextWriter()
        self._edited = False

    def read(self, units: Iterable[Unit]) -> None:
        if not self._edited:
            self._pending.extend(units)

    def write(self, text: str) -> str:
        """The JSON text of a released text."""
        out: list[str] = []
        at = 0
        while at < len(text) and not self._edited:
            at = self._as_spelled(text, at, out)
        self._write_plain(text[:at])
        if at < len(text):
            self._pending.clear()
            out.append(self._writer.feed(text[at:]))
        return "".join(out)

    def _as_spelled(self, text: str, at: int, out: list[str]) -> int:
        if not self._pending:
            self._edited = True
            return at
        readable, raw = self._pending[0]
        rest = readable[self._offset :]
        same = _common(text, at, rest)
        whole = same == len(rest)
        self._edited = not whole and at + same < len(text)
        if readable == raw:
            out.append(rest[:same])
        elif whole:
            out.append(raw)  # a character that was written as an escape
        elif self._edited:
            out.append(readable[: self._offset + same])
        self._offset += same
        if whole:
            self._pending.popleft()
            self._offset = 0
        return at + same

    def _write_plain(self, text: str) -> None:
        """Brings the writer up to date with the text written so far."""
        if text:
            self._writer.feed(text)


def _common(text: str, at: int, rest: str) -> int:
    """How many characters of `rest` match at the position in `text`."""
    if text.startswith(rest, at):
        return len(rest)
    pairs = zip(text[at : at + len(rest)], rest, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(text) - at, len(rest)))


def _write_control(match: re.Match[str]) -> str:
    return _CONTROL_NAMES.get(match[0]) or f"\\u{ord(match[0]):04x}"


_SPECIAL: Final = re.compile(r'["\\\x00-\x1f]')


def escape(text: str) -> str:
    """`text` as the content of a JSON string: for a replacement inside tool arguments."""
    return _SPECIAL.sub(_escape_special, text)


def _escape_special(match: re.Match[str]) -> str:
    return "\\" + match[0] if match[0] in '"\\' else _write_control(match)


def read(text: str) -> str:
    """A whole JSON text, made readable."""
    reader = JsonTextReader()
    return reader.feed(text) + reader.close()


def write(text: str) -> str:
    """A whole readable text, as JSON text."""
    return JsonTextWriter().feed(text)
