"""Where patterns may match in the UTF-8 of a text: loose RE2 patterns that are tried before exact
ones in `re`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import re2

from threegate.normalize.re2_spans import ANYWHERE

_AROUND = re.compile(r"\(\?<?[=!](?:[^()\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])*\)")
_PARTS = re.compile(r"(?s)\\.|.")
_GROUP = re.compile(r"\(\?P<\w+>")
_BLANKS = (
    r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
"""The characters that `\\s` matches in `re` for strings, as the inside of a class."""


def starts(
    pattern: Any, data: bytes, value: re.Pattern[bytes] | None = None, reach: int = 0
) -> Iterator[int]:
    """Every byte offset at which `pattern` matches (with RE2 also inside earlier matches; matches
    of `re` never overlap) and after which `value`, if given, begins within `reach` bytes."""
    found: Iterator[int] = (
        (match.start() for match in pattern.finditer(data))
        if isinstance(pattern, re.Pattern)
        else _every_start(pattern, data)
    )
    return found if value is None else _followed(found, data, value, reach)


def _every_start(pattern: Any, data: bytes) -> Iterator[int]:
    search, size, at = pattern._regexp.Match, len(data), 0
    while (start := search(ANYWHERE, data, at, size)[0][0]) >= 0:
        yield start
        at = start + 1


def _followed(
    starts: Iterator[int], data: bytes, value: re.Pattern[bytes], reach: int
) -> Iterator[int]:
    ahead = -1
    for start in starts:
        if ahead <= start:
            if (match := value.search(data, start + 1)) is None:
                return
            ahead = match.start()
        if ahead - start <= reach + 1:
            yield start


def loosened(pattern: str) -> Any:
    """An RE2 pattern that matches wherever the `re` pattern does: its look-arounds are dropped.
    `pattern` may use `\\s` and explicit character classes."""
    made, inside = "", False
    for part in _PARTS.findall(ungrouped(_AROUND.sub("", pattern))):
        inside = part == "[" or (inside and part != "]")
        made += part if part != r"\s" else _BLANKS if inside else f"[{_BLANKS}]"
    return re2.compile(made)


def ungrouped(pattern: str) -> str:
    """`pattern` without named groups: with groups a match costs RE2 three times as much."""
    return _GROUP.sub("(?:", pattern)
