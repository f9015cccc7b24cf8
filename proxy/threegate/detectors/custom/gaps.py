"""A phrase of a word list may be broken across lines or padded with spaces: each gap is read as one
space. A gap has at most `MOST` characters, so that phrases have a maximum length; a longer gap
stays as it is and ends the phrase.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from threegate.types import frozen

MOST = 16
_GAP = re.compile(rf"\s(?:\s{{1,{MOST - 1}}}|(?<! ))")
"""A single space is not a gap. The pattern begins with one character class, which `re` finds much
faster."""
ANY_GAP = r"[\s\x0b\x1c-\x1f_[:^ascii:]-]+"
"""RE2; matches every gap, every space, hyphens, underscores and some more, which keeps the
automaton small."""


@frozen
class OneBlank:
    """A text whose gaps have become one space each, with the original positions of its
    characters."""

    text: str
    _after: tuple[int, ...] = ()
    _removed: tuple[int, ...] = (0,)

    def original(self, at: int) -> int:
        """The original position of the character at `at`; the end maps to the end."""
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
