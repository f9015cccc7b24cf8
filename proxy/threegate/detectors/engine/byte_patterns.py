"""Patterns over bytes, each compiled with the cheaper of two engines.

RE2 takes linear time for every pattern, but a match through its binding costs five times as much as
with `re`. Simple patterns (some literals and one run of characters) take linear time in `re` too
and mean the same: these are compiled with `re`, all others with RE2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import re2

from threegate.detectors.custom.pattern_parts import parsed
from threegate.normalize.re2_spans import ANYWHERE, spans

_AROUND = re.compile(r"\(\?<?[=!](?:[^()\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])*\)")
_PARTS = re.compile(r"(?s)\\.|.")
_GROUP = re.compile(r"\(\?P<\w+>")
_BLANKS = (
    r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
"""What `\\s` matches in `re` for strings, as the inside of a class."""

_CHOICES = 256
"""Most ways to split a match between the parts of a pattern, all of which `re` may have to try."""
_ALIKE = {"CATEGORY_DIGIT", "CATEGORY_WORD"}
"""Categories that mean the same in both engines; `\\s` has one character more in `re`."""


def compiled(pattern: str) -> Any:
    """The compiled `pattern`, which must not match empty text."""
    if pattern.isascii() and _is_simple(pattern):
        return re.compile(pattern.encode())
    return re2.compile(pattern)


Spans = Callable[[bytes], Iterator[tuple[int, int]]]


def finder(pattern: str) -> Spans:
    """A function that finds the spans of all matches of `pattern`, which must not match empty
    text."""
    made = compiled(pattern)
    if isinstance(made, re.Pattern):
        return lambda data: (match.span() for match in made.finditer(data))
    return partial(spans, made)


def starts(
    pattern: Any, data: bytes, value: re.Pattern[bytes] | None = None, reach: int = 0
) -> Iterator[int]:
    """Every byte offset at which `pattern` matches (with RE2 also inside earlier matches) and after
    which `value`, if given, begins within `reach` bytes."""
    if isinstance(pattern, re.Pattern):
        yield from _starts(pattern, data, value, reach)
        return
    search, size, at, ahead = pattern._regexp.Match, len(data), 0, -1
    while (start := search(ANYWHERE, data, at, size)[0][0]) >= 0:
        at = start + 1
        if value is not None:
            if ahead < at:
                ahead = _place(value.search(data, at))
            if ahead < 0:
                return
            if ahead - at > reach:
                at = ahead - reach
                continue
        yield start


def _starts(
    pattern: re.Pattern[bytes], data: bytes, value: re.Pattern[bytes] | None, reach: int
) -> Iterator[int]:
    """The same for `re`: these patterns cannot begin inside one another."""
    ahead = -1
    for match in pattern.finditer(data):
        at = match.start() + 1
        if value is not None:
            if ahead < at:
                ahead = _place(value.search(data, at))
            if ahead < 0:
                return
            if ahead - at > reach:
                continue
        yield at - 1


def _place(match: re.Match[bytes] | None) -> int:
    return -1 if match is None else match.start()


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


def _is_simple(pattern: str) -> bool:
    parts = parsed(pattern)
    if parts is None or parts.state.flags != re.UNICODE:
        return False
    *most, (op, found) = parts
    if str(op) == "MAX_REPEAT" and str(found[1]) == "MAXREPEAT" and _one(found[2]):
        return 0 < _ways(most) <= _CHOICES  # nothing follows, so nothing is tried twice
    return 0 < _ways(parts) <= _CHOICES


def _ways(parts: Iterable[tuple[Any, Any]]) -> int:
    """In how many ways these parts may match one text; 0 if in too many, or not as RE2 would."""
    ways = 1
    for op, found in parts:
        ways *= _ways_of(str(op), found)
    return ways


def _ways_of(op: str, found: Any) -> int:
    match op:
        case "LITERAL" | "IN":
            return int(_one([(op, found)]))
        case "AT":
            return int(str(found) == "AT_BOUNDARY")
        case "SUBPATTERN":
            return 0 if found[1] or found[2] else _ways(found[3])
        case "BRANCH":
            ways = [_ways(branch) for branch in found[1]]
            return max(ways) if all(ways) else 0
        case "MAX_REPEAT":
            least, most, part = found
            if int(most) == 1 and not _one(part):
                return _ways(part) and 1 + _ways(part)
            return (int(most) - int(least) + 1) * _one(part) if int(most) < _CHOICES else 0
        case _:
            return 0


def _one(parts: Iterable[tuple[Any, Any]]) -> bool:
    """Whether the part is one ASCII character or a class that both engines read alike."""
    (op, found), *more = parts
    if more or str(op) not in ("LITERAL", "IN"):
        return False
    return str(op) == "LITERAL" or all(map(_is_alike, found))


def _is_alike(item: tuple[Any, Any]) -> bool:
    op, found = item
    return str(op) in ("LITERAL", "RANGE") or (str(op) == "CATEGORY" and str(found) in _ALIKE)
