"""Where the values of a secret rule stand in a text, at the least cost a match can have.

Near misses are many: one MiB holds some 40,000. RE2's binding takes .6 µs a match without groups
and five times that with them, so groups are asked for only where a value cannot be told without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice, repeat
from operator import lt
from typing import Any

import numpy as np
import re2
from numpy.typing import NDArray

from threegate.detectors.engine import byte_patterns
from threegate.normalize import re2_spans
from threegate.normalize.re2_spans import ANYWHERE, spans

Place = tuple[int, int, int]
"""Bytes: where a match begins, where its value does, where that ends."""
Columns = tuple[Sequence[int], Sequence[int], Sequence[int]]
"""Places, told apart: a tuple for each costs more than to look at it."""
Places = Callable[[bytes], Columns]
_CLASS = r"\[(?:[^\]\\]|\\.)+\]"
_LAST = re.compile(
    rf"(?P<head>.*)\(\?P<value>(?P<lead>{_CLASS})?(?P<one>{_CLASS})\{{(?P<least>\d+)"
    r"(?:(?P<more>,)(?P<most>\d*))?\}(?P<rest>=\{0,2\})?\)",
    re.DOTALL,
)
"""A pattern that ends with its value: so many characters of a class, perhaps one of another before
them and `=` behind."""
_ANY = 1 << 40
_MANY = 64
"""Values from which on it pays to look at all of them at once."""
_FIXED = re.compile(
    rf".*\(\?P<value>(?!\[\^){_CLASS}\{{(?P<size>\d+)\}}\)(?P<end>\(\?:\[\^[^\]]+\]\|\$\))",
    re.DOTALL,
)
"""A value of so many characters of a class, behind which one of another class stands or nothing."""


def placer(pattern: str) -> Places:
    """Finds the values of all matches of RE2's `pattern`: its group `value`, else the match."""
    if "(?P<value>" not in pattern:
        return partial(_whole, byte_patterns.finder(pattern))
    grouped = re2.compile(pattern)
    if last := _LAST.fullmatch(pattern):
        return _reaching(last, grouped)
    if fixed := _FIXED.fullmatch(pattern):
        return _ending(fixed, byte_patterns.finder(byte_patterns.ungrouped(pattern)), grouped)
    return partial(_grouped, grouped)


def _told(grouped: Any, data: bytes, first: int) -> Place:
    start, end = re2_spans.groups(grouped, data, first)[grouped.groupindex["value"]]
    return first, start, end


def _grouped(made: Any, data: bytes) -> Columns:
    search, size, group = made._regexp.Match, len(data), made.groupindex["value"]
    found, firsts, values = search(ANYWHERE, data, 0, size), list[int](), list[tuple[int, int]]()
    while (first := found[0][0]) >= 0:
        firsts.append(first)
        values.append(found[group])
        found = search(ANYWHERE, data, found[0][1], size)
    return (firsts, *_parted(values))


def _parted(spans: Iterable[tuple[int, int]]) -> tuple[Sequence[int], Sequence[int]]:
    starts, ends = tuple(zip(*spans, strict=True)) or ((), ())
    return starts, ends


def _whole(spans: byte_patterns.Spans, data: bytes) -> Columns:
    starts, ends = _parted(spans(data))
    return starts, starts, ends


def _reaching(last: re.Match[str], grouped: Any) -> Places:
    """Found with the fewest characters of the value: where they end is where it begins, and parts
    are chosen in the same order whatever more of it follows."""
    lead, one, least = last["lead"] or "", last["one"], int(last["least"])
    head = re2.compile(byte_patterns.ungrouped(last["head"]) + f"{lead}{one}{{{least}}}")
    fewest, wide = least + bool(lead), () if "[^" in lead + one else _LETTERS
    ends_of, exactly = _ends(last), _one_by_one(last, head, fewest, grouped)

    def places(data: bytes) -> Columns:
        if _has(data, wide):
            return exactly(data)
        found, heads = spans(head, data), list[tuple[int, int]]()
        for more in (_MANY, None):
            heads += islice(found, more)
            firsts, middles = _parted(heads)
            limits = (*(first + 1 for first in firsts[1:]), len(data))
            ends = ends_of(data, middles, limits)
            if any(map(lt, firsts[1:], ends)):  # one begins inside the value before it
                return exactly(data)
        return firsts, [middle - fewest for middle in middles], ends

    return places


def _one_by_one(last: re.Match[str], head: Any, fewest: int, grouped: Any) -> Places:
    """Bytes count as characters do where all are ASCII; others are told by their groups."""
    search, rest = head._regexp.Match, _rest(last)

    def places(data: bytes) -> Columns:
        size, found = len(data), list[Place]()
        first, middle = search(ANYWHERE, data, 0, size)[0]
        while first >= 0:
            start, end = middle - fewest, rest(data, middle).end()  # type: ignore[union-attr]
            if not data[start : end + 1].isascii():
                first, start, end = _told(grouped, data, first)
            found.append((first, start, end))
            first, middle = search(ANYWHERE, data, end, size)[0]
        return _columns(found)

    return places


def _columns(places: Sequence[Place]) -> Columns:
    firsts, starts, ends = tuple(zip(*places, strict=True)) or ((), (), ())
    return firsts, starts, ends


def _ends(last: re.Match[str]) -> Callable[[bytes, Sequence[int], Sequence[int]], Sequence[int]]:
    """Where values end whose fewest characters end here, or that they reach these limits; of many,
    arrays tell it."""
    rest, most = _rest(last), int(last["most"] or _ANY) - int(last["least"])
    inside = _bytes_of(last) if last["more"] and not last["rest"] else None

    def ends_of(data: bytes, middles: Sequence[int], limits: Sequence[int]) -> Sequence[int]:
        if inside is None or len(middles) <= _MANY:
            found = map(rest, repeat(data), middles, limits)
            return [match.end() for match in found if match]
        outside = np.flatnonzero(~inside[np.frombuffer(data, np.uint8)])
        at = np.array(middles)
        ends = np.append(outside, len(data))[np.searchsorted(outside, at)]
        reached: list[int] = np.minimum(ends, at + most).tolist()
        return reached

    return ends_of


def _bytes_of(last: re.Match[str]) -> NDArray[np.bool_]:
    """Which bytes a value goes on with, where it holds ASCII alone."""
    one = re.compile(_flagged(last, last["one"])).match
    return np.array([n < 128 and one(bytes([n])) is not None for n in range(256)])


def _has(data: bytes, wide: tuple[bytes, ...]) -> bool:
    """Whether a value may be other than ASCII."""
    return any(map(data.__contains__, wide)) if wide else not data.isascii()


_LETTERS = tuple(letter.encode() for letter in "\u017f\u212a")
"""What RE2 takes for an `s` and a `k` where case does not count, and `re` in bytes does not."""


def _rest(last: re.Match[str]) -> Callable[..., re.Match[bytes] | None]:
    """What follows the fewest characters of a value; nothing is enough."""
    most = str(int(last["most"]) - int(last["least"])) if last["most"] else ""
    more = f"{last['one']}{{0,{most}}}" if last["more"] else ""
    return re.compile(_flagged(last, more + (last["rest"] or ""))).match


def _flagged(last: re.Match[str], part: str) -> bytes:
    """A part of the pattern by itself."""
    flag = "(?i)" if last["head"].startswith("(?i)") else ""
    return (flag + part.replace(r"\s", _BLANKS)).encode()


_BLANKS = r"\t\n\f\r "
"""To `re` there is one more."""


def _ending(fixed: re.Match[str], spans: byte_patterns.Spans, grouped: Any) -> Places:
    """With one character behind the value, if any, that the pattern tells."""
    size, end = int(fixed["size"]), fixed["end"].removesuffix("|$)").encode() + b")"
    ends = re.compile(end).match

    def place(data: bytes, first: int, last: int) -> Place:
        if not data[first:last].isascii():
            return _told(grouped, data, first)
        last -= ends(data, last - 1) is not None
        return first, last - size, last

    return lambda data: _columns([place(data, first, last) for first, last in spans(data)])
