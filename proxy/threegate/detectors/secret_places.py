"""Where the values of a secret rule stand in a text, at the least cost a match can have.

Near misses are many: one MiB holds some 40,000. RE2's binding takes .6 µs a match without groups
and five times that with them, so groups are asked for only where a value cannot be told without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import re2

from threegate.detectors import linear
from threegate.normalize import re2_spans
from threegate.normalize.re2_spans import ANYWHERE

Place = tuple[int, int, int]
"""Bytes: where a match begins, where its value does, where that ends. A plain tuple costs least."""
Places = Callable[[bytes], Sequence[Place]]
_CLASS = r"\[(?:[^\]\\]|\\.)+\]"
_LAST = re.compile(
    rf"(?P<head>.*)\(\?P<value>(?P<lead>{_CLASS})?(?P<one>{_CLASS})\{{(?P<least>\d+)"
    r"(?:(?P<more>,)(?P<most>\d*))?\}(?P<rest>=\{0,2\})?\)",
    re.DOTALL,
)
"""A pattern that ends with its value: so many characters of a class, perhaps one of another before
them and `=` behind."""
_FIXED = re.compile(
    rf".*\(\?P<value>(?!\[\^){_CLASS}\{{(?P<size>\d+)\}}\)(?P<end>\(\?:\[\^[^\]]+\]\|\$\))",
    re.DOTALL,
)
"""A value of so many characters of a class, behind which one of another class stands or nothing."""


def placer(pattern: str) -> Places:
    """Finds the values of all matches of RE2's `pattern`: its group `value`, else the match."""
    if "(?P<value>" not in pattern:
        return partial(_whole, linear.finder(pattern))
    grouped = re2.compile(pattern)
    if last := _LAST.fullmatch(pattern):
        return _reaching(last, grouped)
    if fixed := _FIXED.fullmatch(pattern):
        return _ending(fixed, linear.finder(linear.ungrouped(pattern)), grouped)
    return partial(_grouped, grouped)


def _told(grouped: Any, data: bytes, first: int) -> Place:
    start, end = re2_spans.groups(grouped, data, first)[grouped.groupindex["value"]]
    return first, start, end


def _grouped(made: Any, data: bytes) -> Sequence[Place]:
    search, size, group = made._regexp.Match, len(data), made.groupindex["value"]
    found, places = search(ANYWHERE, data, 0, size), list[Place]()
    while (first := found[0][0]) >= 0:
        places.append((first, *found[group]))
        found = search(ANYWHERE, data, found[0][1], size)
    return places


def _whole(spans: linear.Spans, data: bytes) -> Sequence[Place]:
    return [(first, first, last) for first, last in spans(data)]


def _reaching(last: re.Match[str], grouped: Any) -> Places:
    """Found with the fewest characters of the value: where they end is where it begins, and parts
    are chosen in the same order whatever more of it follows. Bytes count as characters do where
    all are ASCII; others are told by their groups."""
    lead, one, least = last["lead"] or "", last["one"], int(last["least"])
    head = re2.compile(linear.ungrouped(last["head"]) + f"{lead}{one}{{{least}}}")
    search, rest = head._regexp.Match, _rest(last)
    more = last["more"]
    fewest, wide = least + bool(lead), () if "[^" in lead + one else _LETTERS

    def places(data: bytes) -> Sequence[Place]:
        odd, size, found = _has(data, wide), len(data), list[Place]()
        first, middle = search(ANYWHERE, data, 0, size)[0]
        while first >= 0:
            start, end = middle - fewest, middle
            if more or data.startswith(b"=", end):
                end = rest(data, end).end()  # type: ignore[union-attr]
            if odd and not data[start : end + 1].isascii():
                first, start, end = _told(grouped, data, first)
            found.append((first, start, end))
            first, middle = search(ANYWHERE, data, end, size)[0]
        return found

    return places


def _has(data: bytes, wide: tuple[bytes, ...]) -> bool:
    """Whether a value may be other than ASCII."""
    return any(map(data.__contains__, wide)) if wide else not data.isascii()


_LETTERS = tuple(letter.encode() for letter in "\u017f\u212a")
"""What RE2 takes for an `s` and a `k` where case does not count, and `re` in bytes does not."""


def _rest(last: re.Match[str]) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """What follows the fewest characters of a value; nothing is enough."""
    most = str(int(last["most"]) - int(last["least"])) if last["most"] else ""
    more = f"{last['one']}{{0,{most}}}" if last["more"] else ""
    flag = "(?i)" if last["head"].startswith("(?i)") else ""
    blanks = r"\t\n\f\r "  # to `re` there is one more
    return re.compile(f"{flag}{more}{last['rest'] or ''}".replace(r"\s", blanks).encode()).match


def _ending(fixed: re.Match[str], spans: linear.Spans, grouped: Any) -> Places:
    """With one character behind the value, if any, that the pattern tells."""
    size, end = int(fixed["size"]), fixed["end"].removesuffix("|$)").encode() + b")"
    ends = re.compile(end).match

    def place(data: bytes, first: int, last: int) -> Place:
        if not data[first:last].isascii():
            return _told(grouped, data, first)
        last -= ends(data, last - 1) is not None
        return first, last - size, last

    return lambda data: [place(data, first, last) for first, last in spans(data)]
