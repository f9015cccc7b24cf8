"""A phrase of a word list may be broken across lines or padded with spaces: each gap is read as one
space. A gap has at most `MOST` characters, so that phrases have a maximum length; a longer gap
stays as it is and ends the phrase.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

MOST = 16
_GAP = re.compile(rf"\s(?:\s{{1,{MOST - 1}}}|(?<! ))")
"""A single space is not a gap. The pattern begins with one character class, which `re` finds much
faster."""
ANY_GAP = r"[\s\x0b\x1c-\x1f_[:^ascii:]-]+"
"""RE2; matches every gap, every space, hyphens, underscores and some more, which keeps the
automaton small."""


def one_blank(text: str) -> str:
    return _GAP.sub(" ", text)


def original_positions(text: str) -> Callable[[int], int]:
    """Maps a position in `one_blank(text)` to the one in `text`; the end maps to the end."""
    after: list[int] = []
    removed = [0]
    for gap in _GAP.finditer(text):
        removed.append(removed[-1] + gap.end() - gap.start() - 1)
        after.append(gap.end() - removed[-1])
    return lambda at: at + removed[bisect_right(after, at)]
