"""The plain view: nothing invisible, one shape per letter and digit, simplified characters.

Emoji keep their meaning because nobody sends a view on: it is only read, and what is found in it
is edited in the original.
"""

from __future__ import annotations

import re
from functools import cache

from threegate.normalize.confusables import HIDDEN, OVER, char_class, tables
from threegate.normalize.view import View, edited, removed, translated

NAME = "plain"


def plain(source: View) -> View:
    """`source` itself when nothing differs."""
    visible = removed(removed(source, NAME, HIDDEN), NAME, OVER)
    spelt = edited(visible, NAME, _multiple(), lambda match: tables().multiple[match.group()])
    return translated(spelt, NAME, tables().single)


def plain_text(text: str) -> str:
    """The same for a word of a list: what `plain` makes of it."""
    return plain(View(NAME, text)).text


@cache
def _multiple() -> re.Pattern[str]:
    """Characters that stand for several."""
    return re.compile(f"[{char_class(tables().multiple)}]")
