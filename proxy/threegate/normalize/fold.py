"""The plain view: nothing invisible, one shape per letter and digit, simplified characters.

Emoji keep their meaning because nobody sends a view on: it is only read, and what is found in it
is edited in the original.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from threegate.normalize.arrays import Ints, codes_of, gathered
from threegate.normalize.confusables import (
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
    FEW,
    LONG,
    Letters,
    View,
    edited,
    removed,
    replaced,
    spliced,
    translated,
    without,
)

NAME = "plain"


def plain(source: View) -> View:
    """`source` itself when nothing differs."""
    return translated(_spelt(_seen(source)), NAME, _single())


def _seen(source: View) -> View:
    """Without what has no shape and what lies over letters."""
    if len(source.text) >= LONG:
        gone = members(INVISIBLE + MARKS)[np.minimum(codes_of(source.text), MOST)]
        return without(source, NAME, np.flatnonzero(gone))
    return removed(removed(source, NAME, HIDDEN), NAME, OVER)


def _spelt(source: View) -> View:
    """With several characters in the place of each that stands for them."""
    if len(source.text) < LONG:
        return edited(source, NAME, _multiple(), lambda match: tables().multiple[match.group()])
    known, said, sizes = _spellings()
    codes = codes_of(source.text)
    at = np.flatnonzero(members(known)[np.minimum(codes, MOST)])
    if len(at) < FEW:
        edits = [(i, i + 1, tables().multiple[source.text[i]]) for i in at.tolist()]
        return replaced(source, NAME, edits)
    number = np.searchsorted(codes_of(known), codes[at])
    first = (np.cumsum(sizes) - sizes)[number]
    put = codes_of(said)[gathered(first, sizes[number])]
    return spliced(source, NAME, at, at + 1, sizes[number], put)


@cache
def _spellings() -> tuple[str, str, Ints]:
    """Those that stand for several, in order, what they stand for, and how many that are."""
    known = sorted(tables().multiple)
    said = [tables().multiple[char] for char in known]
    return "".join(known), "".join(said), np.array([*map(len, said)])


def plain_text(text: str) -> str:
    """The same for a word of a list: what `plain` makes of it."""
    return plain(View(NAME, text)).text


@cache
def _single() -> Letters:
    return Letters(tables().single)


@cache
def _multiple() -> re.Pattern[str]:
    return re.compile(f"[{char_class(tables().multiple)}]")
