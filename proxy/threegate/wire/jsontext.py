"""Tool arguments: JSON text that streams in fragments, made readable for detectors and back.

`JsonTextReader` turns escapes into the characters they stand for (`\\u4f60` → 你, `\\n` → a line
break), so that no value hides behind an escape and none grows an `n` in front. `\\"` and `\\\\`
stay, because they carry the structure. `JsonTextWriter` makes valid JSON text of it again: control
characters inside a string are escaped, and a replacement that landed outside a string (a masked
number) is quoted. Writer(reader(x)) is JSON equal to x, for any cut of x.
"""

from __future__ import annotations

import re
from typing import Final

_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "/": "/"}
_ESCAPE: Final = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))",
    re.DOTALL,
)
# An escape that may go on: a lone backslash, a short \uXXX, a high surrogate without its second
# half. The even number of backslashes in front is what makes the last one an escape.
_UNFINISHED: Final = re.compile(
    r"(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F]"
    r"[0-9a-fA-F]?)?)?)?)?)?)\Z"
)
_LONGEST_ESCAPE: Final = 12  # \ud83d\ude00


class JsonTextReader:
    """`feed` fragments of JSON text, get readable text; `raw` is the JSON text it stands for."""

    __slots__ = ("_held", "raw")

    def __init__(self) -> None:
        self._held = ""
        self.raw = ""

    def feed(self, fragment: str) -> str:
        text, self._held = self._held + fragment, ""
        if "\\" in text:
            cut = _unfinished(text)
            text, self._held = text[:cut], text[cut:]
        self.raw = text
        return _ESCAPE.sub(_read_escape, text) if "\\" in text else text

    def close(self) -> str:
        """What was held: an escape that never ended, as it came."""
        self.raw, self._held = self._held, ""
        return _ESCAPE.sub(_read_escape, self.raw)


def _unfinished(text: str) -> int:
    """Where the escape begins that the end of `text` leaves open."""
    start = max(0, len(text) - _LONGEST_ESCAPE)
    while start and text[start - 1] == "\\":
        start -= 1  # never begin inside a run of backslashes
    found = _UNFINISHED.search(text, start)
    return found.start(1) if found else len(text)


def _read_escape(match: re.Match[str]) -> str:
    high, low, single, short = match.groups()
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
_STRING_REST: Final = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_OUTSIDE: Final = re.compile(
    r"[ \t\r\n,:\[\]{}0-9.+\-eEtrufalsn]+"
)  # the letters of true, false, null
_DELIMITER: Final = re.compile(r'[,\]} \t\r\n"]')


class JsonTextWriter:
    """`feed` readable text, get JSON text. `close` ends a string that the writer itself opened."""

    __slots__ = ("_escaped", "_quoting", "_string")

    def __init__(self) -> None:
        self._string = False  # inside a string of the text
        self._escaped = False  # the text so far ends in an open backslash
        self._quoting = False  # inside a string the writer opened around a foreign run

    def feed(self, text: str) -> str:
        out: list[str] = []
        position = 0
        while position < len(text):
            if self._escaped:
                self._escaped = False
                end = position + 1
                out.append(text[position:end])
            elif self._string:
                end = self._inside(text, position, out)
            elif self._quoting:
                end = self._foreign(text, position, out)
            else:
                end = self._outside(text, position, out)
            position = end
        return "".join(out)

    def close(self) -> str:
        quoting, self._quoting = self._quoting, False
        return '"' if quoting else ""

    def _inside(self, text: str, start: int, out: list[str]) -> int:
        match = _STRING_REST.match(text, start)
        assert match is not None
        end = match.end()
        out.append(_CONTROL.sub(_write_control, match[0]))
        if end < len(text):
            out.append(text[end])  # the quote that ends it, or a backslash at the very end
            self._string = text[end] == "\\"
            self._escaped = self._string
            end += 1
        return end

    def _outside(self, text: str, start: int, out: list[str]) -> int:
        if text[start] == '"':
            self._string = True
            out.append('"')
            return start + 1
        match = _OUTSIDE.match(text, start)
        if match is None:
            self._quoting = True
            out.append('"')
            return start
        out.append(match[0])
        return match.end()

    def _foreign(self, text: str, start: int, out: list[str]) -> int:
        match = _DELIMITER.search(text, start)
        end = match.start() if match else len(text)
        out.append(escape(text[start:end]))
        if match:
            self._quoting = False
            out.append('"')
        return end


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
    writer = JsonTextWriter()
    return writer.feed(text) + writer.close()
