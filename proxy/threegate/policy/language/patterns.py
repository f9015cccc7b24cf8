"""An author's RE2 pattern, applied with CJK-safe edges: the linter and the detector use this one
way.

RE2 has no look-around, so edges are checked on the characters around a match: with `edges`, an
ASCII letter, digit or underscore may not touch a match that begins or ends with one. Han characters
always may. Spans count code points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from threegate.types import Bilingual, Span

MAX_PROGRAM_BYTES = 8 << 20
"""RE2's memory for one pattern: its default, enough for `\\d{1,1000}`."""


SAYINGS = {
    "invalid escape sequence": Bilingual("不认识的转义", "invalid escape sequence"),
    "invalid character class range": Bilingual("方括号里的范围不对", "invalid range in brackets"),
    "invalid character class": Bilingual("方括号里的字符类不对", "invalid character class"),
    "missing ]": Bilingual("缺右方括号 ]", "missing ]"),
    "missing )": Bilingual("缺右括号 )", "missing )"),
    "unexpected )": Bilingual("多了右括号 )", "unexpected )"),
    "trailing \\": Bilingual("末尾多了反斜杠", "trailing backslash"),
    "no argument for repetition operator": Bilingual(
        "重复符号前面没有可重复的内容", "nothing to repeat before a repetition operator"
    ),
    "invalid repetition size": Bilingual(
        "重复次数不对，上限为 1000", "invalid number of repetitions, 1000 at most"
    ),
    "bad repetition operator": Bilingual("重复符号连用", "repetition operators in a row"),
    "invalid perl operator": Bilingual(
        "RE2 没有这种写法，例如环视", "RE2 lacks this construct, look-around for one"
    ),
    "invalid named capture group": Bilingual("命名分组的写法不对", "invalid named group"),
    "pattern too large - compile failed": Bilingual("展开后太大", "too large once expanded"),
}
"""What RE2 complains of. After a colon its message quotes the part of the pattern it means."""
_OTHER = Bilingual("RE2 不能编译", "RE2 cannot compile it")


class PatternError(ValueError):
    """The pattern is not RE2 syntax or too large."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, slots=True)
class Pattern:
    compiled: Any
    edges: bool

    def find(self, text: str) -> Iterator[Span]:
        """Non-overlapping matches from left to right. Empty matches are left out."""
        at = 0
        while (match := self.compiled.search(text, at)) is not None:
            start, end = match.span()
            if start < end and (not self.edges or _free(text, start, end)):
                yield Span(start, end)
                at = end
            else:
                at = start + 1
            if at > len(text):
                return


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str, *, edges: bool = True) -> Pattern:
    """Raises PatternError."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    try:
        return Pattern(re2.compile(pattern, options=options), edges)
    except re2.error as error:
        raise PatternError(_re2_error(error)) from None


def _re2_error(error: Exception) -> Bilingual:
    detail = error.args[0] if error.args else ""
    detail_text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    complaint, _, part = detail_text.partition(": ")
    words = SAYINGS.get(complaint, _OTHER)
    if not part:
        return words
    return Bilingual(f"{words.zh}：{part}", f"{words.en}: {part}")


def _free(text: str, start: int, end: int) -> bool:
    before = start > 0 and _word(text[start - 1]) and _word(text[start])
    after = end < len(text) and _word(text[end]) and _word(text[end - 1])
    return not before and not after


def _word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())
