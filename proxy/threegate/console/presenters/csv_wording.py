"""The columns and codes of an exported table in the reader's language; programs read JSON lines."""

from __future__ import annotations

from functools import partial
from typing import Final

from threegate.audit.export.formats import FLAT, Wording
from threegate.console.presenters import labels
from threegate.i18n.catalog import texts

HEADS = texts("console", "columns")
TEXTS: Final = "texts"
"""The column after the others, where texts were asked for."""
_BOOKS: Final = {each: each for each in ("stage", "action", "language", "verb", "error")}
_YES: Final = ("stream", "spooled")


def wording_in(language: str) -> Wording:
    return Wording(tuple(head(column, language) for column in FLAT), partial(_code, language))


def head(column: str, language: str) -> str:
    return HEADS[column].get(language)


def _code(language: str, column: str, value: str | int) -> str | int:
    if column in _YES:
        return labels.name("yes", "yes" if value else "no", language)
    if column == "kinds":
        return ("；" if language == "zh" else "; ").join(
            labels.name("kind", kind, language) for kind in str(value).split()
        )
    return labels.name(_BOOKS[column], str(value), language) if column in _BOOKS else value
