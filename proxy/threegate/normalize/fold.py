"""The plain view: nothing invisible, one shape per letter and digit, simplified characters.

Emoji keep their meaning because nobody sends a view on: it is only read, and what is found in it
is edited in the original.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from threegate.normalize.arrays import codes_of
from threegate.normalize.tables import (
    HIDDEN,
    INVISIBLE,
    MARKS,
    MOST,
    OVER,
    char_class,
    members,
    tables,
)
from threegate.normalize.view import (
    LONG,
    Letters,
    View,
    edited,
    removed,
    translated,
    without,
)

NAME = "plain"


def plain(source: View) -> View:
    """`source` itself when nothing differs."""
    view = _seen(source)
    view = edited(view, NAME, _multiple(), lambda match: tables().multiple[match.group()])
    return translated(view, NAME, _single())


def _seen(source: View) -> View:
    """Without what has no shape and what lies over letters."""
    if len(source.text) >= LONG:
        gone = members(INVISIBLE + MARKS)[np.minimum(codes_of(source.text), MOST)]
        return without(source, NAME, np.flatnonzero(gone))
    return removed(removed(source, NAME, HIDDEN), NAME, OVER)


def plain_text(text: str) -> str:
    """The same for a word of a list: what `plain` makes of it."""
    return plain(View(NAME, text)).text


@cache
def _single() -> Letters:
    return Letters(tables().single)


@cache
def _multiple() -> re.Pattern[str]:
    return re.compile(f"[{char_class(tables().multiple)}]")
