"""The values of a secret rule in a text, and whether one is a secret and not a placeholder, a plain
word or a repetition."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import re2

from threegate.detectors.engine import open_match
from threegate.normalize import re2_spans
from threegate.normalize.re2_spans import ANYWHERE

_PLACEHOLDER = (
    r"(?i)x{5}|\*{3}|\.{3}|\$\{|\$\(|\{\{|%s|<|your|example|placeholder|changeme|"
    r"dummy|redacted|0{8}|(?:1234-){2}|1234567890?\n?$"
    r"|getenv|environ|process\.env|os\.|config\.|import\.meta|secrets?\.|settings\.|^env(?:[^\pL\pN_]|$)|"
    r"abcdefgh|abc123|0123456789abc|00112233445566|^\[[^\]\d!@#$%^&*+/=]*\d{0,3}\]?\n?$|^(?:none|null|true|false|undefined)\n?$"
)
_EXAMPLE_WORD = re.compile(
    r"(?i)your|example|placeholder|changeme|dummy|redacted|abcdefgh|abc123|x{5,}|0{8,}"
)
_RANDOM = re.compile(r"[A-Za-z0-9]{24,}")
_LEAST_DIGITS = 3

Place = tuple[int, int, int]
"""Byte offsets: start of the match, start and end of its value."""
Places = Callable[[bytes], Iterator[Place]]


def placer(pattern: str, another: str = "") -> Places:
    """A function that finds the values of all matches of the RE2 pattern: its group `value`, or
    else the whole match, which ends where `another` begins."""
    if another:
        return partial(_apart, re2.compile(pattern), re2.compile(another))
    if "(?P<value>" in pattern:
        return partial(_grouped, re2.compile(pattern))
    return partial(_whole, re2.compile(pattern))


def _grouped(made: Any, data: bytes) -> Iterator[Place]:
    search, size, group = made._regexp.Match, len(data), made.groupindex["value"]
    found = search(ANYWHERE, data, 0, size)
    while (first := found[0][0]) >= 0:
        yield first, *found[group]
        found = search(ANYWHERE, data, found[0][1], size)


def _whole(made: Any, data: bytes) -> Iterator[Place]:
    for first, end in re2_spans.spans(made, data):
        yield first, first, end


def _apart(made: Any, another: Any, data: bytes) -> Iterator[Place]:
    """Matches that would run over the beginning of the next one end there: what is found in a
    stream must not depend on where the search begins."""
    search, begins, size = made._regexp.Match, another._regexp.Match, len(data)
    first, end = search(ANYWHERE, data, 0, size)[0]
    while first >= 0:
        following = begins(ANYWHERE, data, first + 1, end)[0][0]
        if following > 0 and 0 <= search(ANYWHERE, data, following, size)[0][0] < end:
            end = following
        yield first, first, end
        first, end = search(ANYWHERE, data, end, size)[0]


def entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    counts, total = Counter(value).values(), len(value)
    return -sum(n / total * math.log2(n / total) for n in counts)


def secret_test(floor: float, allow: str) -> Callable[[bytes], bool]:
    """A function whether a value (UTF-8) is a secret: it has at least `floor` bits per character,
    and the RE2 pattern `allow` does not match in it."""
    allowed = re2.compile(f"(?:{_PLACEHOLDER})" + (f"|(?:{allow})" if allow else ""))
    least = 2**floor

    def is_secret(data: bytes) -> bool:
        value = data.decode()
        if len(value) > open_match.MAX_TOKEN or len(set(value)) < least:
            return False
        if entropy(value) < floor:
            return False
        if not re2_spans.found(allowed, data):
            return True
        rest = _EXAMPLE_WORD.sub(" ", value)
        return not re2_spans.found(allowed, rest.encode()) and _is_random(rest, floor)

    return is_secret


def _is_random(rest: str, floor: float) -> bool:
    """Whether what remains beside the words of an example is still a key: `your` stands in one of
    10,000 random keys, and whoever writes a key can append `example`."""
    runs = _RANDOM.findall(rest)
    return any(entropy(r) >= floor and sum(map(str.isdigit, r)) >= _LEAST_DIGITS for r in runs)
