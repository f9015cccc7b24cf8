"""Where an unfinished match may begin, per alphabet. All functions are of type `Tail`: cheap, pure
and conservative (they may hold more than needed, never less).

Each looks only at a bounded part at the end of the text: no match is longer than that.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable

WORD = 12
"""The most letters of a plain word (`plain_text_fast_path`)."""

BEGINS: dict[Callable[[str], int], str] = {}
"""For each tail, a pattern of the text before the last word that the tail may also hold; empty if
it holds only that word."""


def begins(pattern: str) -> Callable[[Callable[[str], int]], Callable[[str], int]]:
    """Registers in `BEGINS` what a tail holds: every position that it returns before that of
    `token` matches `pattern`."""

    def note(tail: Callable[[str], int]) -> Callable[[str], int]:
        BEGINS[tail] = pattern
        return tail

    return note


def unfinished(pattern: re.Pattern[str], longest: int, begins: str = "") -> Callable[[str], int]:
    """A tail that holds what `pattern`, which ends at the end of the text, matches of its last
    characters. `begins`: a simpler pattern for its beginning, for `BEGINS`."""

    def tail(text: str) -> int:
        match = pattern.search(text, max(0, len(text) - longest))
        return match.start() if match else len(text)

    BEGINS[tail] = begins or pattern.pattern
    return tail


MAX_TOKEN = 8192
"""Longest token that can be a finding (a JWT with many claims)."""
MAX_LOCAL = 64
"""Longest name before the @ of an address."""
MAX_NUMBER = 56
"""Longest number with separators and label edge."""

TOKEN_CHARS = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in "\"'`,<>")
NUMBER_CHARS = (
    "0123456789 -.()+/\r\n\u00a0\u2007\u2009\u202f\u3000\u2010\u2011\u2012\u2013\u2014（）"
)
HAN_DIGITS = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺"
_NUMBER_START = re.compile(r"[0-9(（+]")


@begins("")
def token(text: str) -> int:
    """The current run of printable ASCII: words, keys, e-mail addresses, URLs."""
    tail = text[-MAX_TOKEN:]
    return len(text) - len(tail) + len(tail.rstrip(TOKEN_CHARS))


_LOCAL = string.ascii_letters + string.digits + "._%+-"


@begins(r"[A-Za-z0-9._%+\-]+'")
def local_part(text: str) -> int:
    """Like `token`, including parts joined by an apostrophe: o'brien@…"""
    start = token(text)
    while start > 1 and text[start - 1] == "'" and text[start - 2] in _LOCAL:
        joined = text[max(0, start - MAX_LOCAL) : start - 1]
        start -= 1 + len(joined) - len(joined.rstrip(_LOCAL))
    return start


@begins("[0-9(（+]")
def number(text: str) -> int:
    """The current number with its separators, from its first digit, sign or bracket."""
    tail = text[-MAX_NUMBER:]
    run = len(tail.rstrip(NUMBER_CHARS))
    start = _NUMBER_START.search(tail, run)
    return len(text) - len(tail) + start.start() if start else len(text)


_GROUPS = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Z]{1,9}[ \-]){1,4}[0-9A-Z]{0,9}\Z")
groups = unfinished(_GROUPS, 24, begins=r"[0-9A-Z]{1,9}[ \-]")
"""Groups of capitals and digits, as long numbers are often written."""


@begins(f"[0-9{HAN_DIGITS}]")
def han_number(text: str) -> int:
    """The current run of Chinese digits and ASCII digits."""
    tail = text[-MAX_NUMBER:]
    run = tail[len(tail.rstrip(HAN_DIGITS + NUMBER_CHARS)) :].lstrip(NUMBER_CHARS[10:])
    return len(text) - len(run)
