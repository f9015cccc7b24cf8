"""Errors of the YAML parser, in our own words and both languages. libyaml and PyYAML word an error
differently, so an entry names both wordings. An error without an entry keeps the parser's words.
Its `while …`, if it began on another line, tells in which part of the file the mistake is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from threegate.i18n.catalog import patterns
from threegate.types import Bilingual

_COMPLAINTS = patterns("yaml", "complaint")


_BY_PLACE = patterns("yaml", "by_place")
_PARTS = patterns("yaml", "part")
_FULL_WIDTH = patterns("yaml", "full_width")


def _first(table: Iterable[tuple[str, Bilingual]], text: str) -> Bilingual | None:
    return next((words for pattern, words in table if re.search(pattern, text)), None)


def translated(
    problem: str, context: str = "", character: str = "", began: int = 0, lines: str = ""
) -> Bilingual:
    """An error in both languages. `character` is the one at the position; `began` is the line where
    the part named by `context` begins, 0 where that is the line of the mistake itself. `lines` are
    the faulty one and the one above; full-width punctuation in them is the likely cause."""
    if (typed := _first(_FULL_WIDTH, lines)) is not None:
        return typed
    words = _first(_BY_PLACE, f"{context} {problem}")
    words = words or _first(_COMPLAINTS, f"{problem} {character!r}")
    if words is None:
        return Bilingual(f"（解析器的原话）{problem}", problem)
    part = _first(_PARTS, context) if began else None
    if part is None:
        return words
    return Bilingual(
        f"{words.zh}（{part.zh}从第 {began} 行开始）",
        f"{words.en} ({part.en} begins on line {began})",
    )
