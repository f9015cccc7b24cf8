"""A phrase of a word list may be broken over lines or padded with blanks: each gap is read as one
blank.

A gap is at most `MOST` characters, so a phrase keeps a greatest length; a longer one stays as it is
and ends the phrase.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from threegate.types import frozen

MOST = 16
_GAP = re.compile(rf"\s(?:\s{{1,{MOST - 1}}}|(?<! ))")
"""A single blank is none. It begins with one class, which `re` looks for much faster."""
ANY_GAP = r"[\s\x0b\x1c-\x1f[:^ascii:]]+"
"""RE2; matches every gap and every blank. It matches more, which keeps the automaton small."""


@frozen
class OneBlank:
    """A text whose gaps are one blank each, and where its characters were."""

    text: str
    _after: tuple[int, ...] = ()
    _removed: tuple[int, ...] = (0,)

    def original(self, at: int) -> int:
        """Where the character at `at` begins in the text as it was; the end for the end."""
        return at + self._removed[bisect_right(self._after, at)]


def one_blank(text: str) -> OneBlank:
    if _GAP.search(text) is None:
        return OneBlank(text)
    out: list[str] = []
    after: list[int] = []
    removed = [0]
    end = 0
    for gap in _GAP.finditer(text):
        out += [text[end : gap.start()], " "]
        end = gap.end()
        removed.append(removed[-1] + end - gap.start() - 1)
        after.append(end - removed[-1])
    return OneBlank("".join([*out, text[end:]]), tuple(after), tuple(removed))
