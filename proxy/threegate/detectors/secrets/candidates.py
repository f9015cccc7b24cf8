"""Finds the values of a secret rule in a text at the lowest cost per match.

Near misses are frequent: one MiB may have 40,000. RE2's binding takes 0.6 µs per match without
groups and five times as long with them, so groups are used only where the value cannot be located
without.
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
"""Byte offsets: start of the match, start and end of its value."""
Columns = tuple[Sequence[int], Sequence[int], Sequence[int]]
"""Places as columns: a tuple per match would cost more than checking the match."""
Places = Callable[[bytes], Columns]
_CLASS = r"\[(?:[^\]\\]|\\.)+\]"
_LAST = re.compile(
    rf"(?P<head>.*)\(\?P<value>(?P<lead>{_CLASS})?(?P<one>{_CLASS})\{{(?P<least>\d+)"
    r"(?:(?P<more>,)(?P<most>\d*))?\}(?P<rest>=\{0,2\})?\)",
    re.DOTALL,
)
"""A pattern that ends with its value: a number of characters of one class, possibly with one
character of another class before them and `=` after them."""
_ANY = 1 << 40
_MANY = 64
"""Number of values from which arrays are faster than a loop."""
_FIXED = re.compile(
    rf".*\(\?P<value>(?!\[\^){_CLASS}\{{(?P<size>\d+)\}}\)(?P<end>\(\?:\[\^[^\]]+\]\|\$\))",
    re.DOTALL,
)
"""A value with a fixed number of characters of a class, followed by one of another class or by the
end of the text."""


def placer(pattern: str, another: str = "") -> Places:
    """A function that finds the values of all matches of the RE2 pattern: its group `value`, or
    else the whole match, which ends where `another` begins."""
    if another:
        return partial(_apart, re2.compile(pattern), re2.compile(another))
    if "(?P<value>" not in pattern:
        return partial(_whole, byte_patterns.finder(pattern))
    grouped = re2.compile(pattern)
    if last := _LAST.fullmatch(pattern):
        return _reaching(last, grouped)
    if fixed := _FIXED.fullmatch(pattern):
        return _ending(fixed, byte_patterns.finder(byte_patterns.ungrouped(pattern)), grouped)
    return partial(_grouped, grouped)


def _place_by_group(grouped: Any, data: bytes, first: int) -> Place:
    """The place of the match that begins at `first`, by its group `value`."""
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


def _apart(made: Any, another: Any, data: bytes) -> Columns:
    """Matches that would run over the beginning of the next one end there: what a stream finds
    must not depend on where it begins to look."""
    search, begins, size = made._regexp.Match, another._regexp.Match, len(data)
    firsts, ends = list[int](), list[int]()
    first, end = search(ANYWHERE, data, 0, size)[0]
    while first >= 0:
        following = begins(ANYWHERE, data, first + 1, end)[0][0]
        if following > 0 and 0 <= search(ANYWHERE, data, following, size)[0][0] < end:
            end = following
        firsts.append(first)
        ends.append(end)
        first, end = search(ANYWHERE, data, end, size)[0]
    return firsts, firsts, ends


def _reaching(last: re.Match[str], grouped: Any) -> Places:
    """Matches only the minimum length of the value, which locates its start, and extends the value
    afterwards; what follows does not change how the parts before it match."""
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
            if any(map(lt, firsts[1:], ends)):  # a match begins inside the previous value
                return exactly(data)
        return firsts, [middle - fewest for middle in middles], ends

    return places


def _one_by_one(last: re.Match[str], head: Any, fewest: int, grouped: Any) -> Places:
    """Match by match: in ASCII, bytes and characters are the same; other values are located by
    their group."""
    search, rest = head._regexp.Match, _rest(last)

    def places(data: bytes) -> Columns:
        size, found = len(data), list[Place]()
        first, middle = search(ANYWHERE, data, 0, size)[0]
        while first >= 0:
            start, end = middle - fewest, rest(data, middle).end()  # type: ignore[union-attr]
            if not data[start : end + 1].isascii():
                first, start, end = _place_by_group(grouped, data, first)
            found.append((first, start, end))
            first, middle = search(ANYWHERE, data, end, size)[0]
        return _columns(found)

    return places


def _columns(places: Sequence[Place]) -> Columns:
    firsts, starts, ends = tuple(zip(*places, strict=True)) or ((), (), ())
    return firsts, starts, ends


def _ends(last: re.Match[str]) -> Callable[[bytes, Sequence[int], Sequence[int]], Sequence[int]]:
    """A function that returns where values end, given the ends of their minimum length (`middles`)
    and upper limits. Uses arrays for many values."""
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
    """For each byte, whether it may continue a value; only for values in ASCII."""
    one = re.compile(_flagged(last, last["one"])).match
    return np.array([n < 128 and one(bytes([n])) is not None for n in range(256)])


def _has(data: bytes, wide: tuple[bytes, ...]) -> bool:
    """Whether a value in `data` may contain non-ASCII characters."""
    return any(map(data.__contains__, wide)) if wide else not data.isascii()


_LETTERS = tuple(letter.encode() for letter in "\u017f\u212a")
"""Match `s` and `k` in RE2 when case is ignored, but not in `re` over bytes."""


def _rest(last: re.Match[str]) -> Callable[..., re.Match[bytes] | None]:
    """Matches the rest of a value after its minimum length; may be empty."""
    most = str(int(last["most"]) - int(last["least"])) if last["most"] else ""
    more = f"{last['one']}{{0,{most}}}" if last["more"] else ""
    return re.compile(_flagged(last, more + (last["rest"] or ""))).match


def _flagged(last: re.Match[str], part: str) -> bytes:
    """A part of the pattern on its own, with the pattern's case flag."""
    flag = "(?i)" if last["head"].startswith("(?i)") else ""
    return (flag + part.replace(r"\s", _BLANKS)).encode()


_BLANKS = r"\t\n\f\r "
"""`\\s` of RE2; `re` has one character more."""


def _ending(fixed: re.Match[str], spans: byte_patterns.Spans, grouped: Any) -> Places:
    """For values of fixed length that the pattern ends with one character of another class, if
    any."""
    size, end = int(fixed["size"]), fixed["end"].removesuffix("|$)").encode() + b")"
    ends = re.compile(end).match

    def place(data: bytes, first: int, last: int) -> Place:
        if not data[first:last].isascii():
            return _place_by_group(grouped, data, first)
        last -= ends(data, last - 1) is not None
        return first, last - size, last

    return lambda data: _columns([place(data, first, last) for first, last in spans(data)])
