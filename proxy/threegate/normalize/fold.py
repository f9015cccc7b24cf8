"""The plain view: no invisible characters, one form per letter and digit, simplified characters.

Emoji may lose parts here without harm: a view is only scanned, never sent on; edits are made in the
original.
"""

from __future__ import annotations

import re
from functools import cache

from threegate.normalize.confusables import BLANK_IN_WORD, OVER, UNSEEN, char_class, tables
from threegate.normalize.view import View, edited, removed, translated

NAME = "plain"


def plain(source: View) -> View:
    """`source` itself when nothing differs."""
    visible = source
    for unseen in (UNSEEN, OVER, BLANK_IN_WORD):
        visible = removed(visible, NAME, unseen)
    spelt = edited(visible, NAME, _multiple(), lambda match: tables().multiple[match.group()])
    return translated(spelt, NAME, tables().single)


def plain_text(text: str) -> str:
    """The plain form of a text, such as a word of a list."""
    return plain(View(NAME, text)).text


@cache
def _multiple() -> re.Pattern[str]:
    """Replaces characters that stand for several."""
    return re.compile(f"[{char_class(tables().multiple)}]")
