"""Words joined with the punctuation of a language (zh or en)."""

from __future__ import annotations

from collections.abc import Iterable

from threegate.types import Bilingual

_COMMA, _SEMICOLON = Bilingual("、", ", "), Bilingual("；", "; ")
_COLON = Bilingual("：", ": ")


def listed(words: Iterable[str], language: str) -> str:
    return _COMMA.get(language).join(words)


def clauses(parts: Iterable[str], language: str) -> str:
    return _SEMICOLON.get(language).join(parts)


def labelled(label: str, value: str, language: str) -> str:
    return f"{label}{_COLON.get(language)}{value}"


def aside(title: str, more: str, language: str) -> str:
    """The title with more in brackets."""
    return f"{title}（{more}）" if language == "zh" else f"{title} ({more})"
