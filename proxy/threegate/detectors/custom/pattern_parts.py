"""The parts of an RE2 pattern, as the parser of `re` reads them, which knows nearly all of RE2's
syntax; a pattern that it does not know, or reads as something else, has no parts."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

_OTHERWISE = re.compile(r"\[:\^?\w+:\]|\{,")
"""POSIX classes, and a count without a minimum, which RE2 takes literally."""
_AROUND = re.compile(r"\\[pPCQAbBz]|\[:|[$]|(?<!\[)\^|\\\[\^")
"""Syntax that the parser reads differently from RE2, and look-arounds."""
_FOLDS = re.compile(r"\(\?[a-zA-Z]*i")
_ESCAPE = re.compile(r"\\(?:(?P<kind>[pP](?:\{\^?\w+\}|\w))|.)", re.DOTALL)


def without_properties(pattern: str, put: Callable[[str], str]) -> str:
    """`pattern` with each `\\p{…}`, which `re` does not know, replaced by the result of `put`."""
    return _ESCAPE.sub(lambda match: put(match[0]) if match["kind"] else match[0], pattern)


def parsed(pattern: str) -> Any:
    """The pattern as parsed by `re`; None if `re` rejects it, warns about it, or reads it
    differently from RE2."""
    if _OTHERWISE.search(pattern):
        return None
    try:
        from re import _parser  # type: ignore[attr-defined]  # there is no public parser

        with warnings.catch_warnings(action="error"):
            return _parser.parse(pattern)
    except (re.error, Warning, OverflowError, RecursionError, ImportError):
        return None


def greatest_width(pattern: str, limit: int) -> int:
    """The longest match in characters, which is what a stream must hold for it; `limit` if that is
    longer, unbounded or unknown."""
    parts = parsed(without_properties(pattern, lambda _: r"\w"))
    return limit if parts is None else min(limit, int(parts.getwidth()[1]))


def edged(pattern: str) -> str:
    """`pattern` with `\\b` where its matches are sure to begin or end with a letter, digit or
    underscore of ASCII: RE2 then passes over matches inside a longer word, of which text may be
    full, as every digit of a long number begins one."""
    parts = None if _AROUND.search(pattern) else parsed(pattern)
    if parts is None:
        return pattern
    word = _FOLDED if _FOLDS.search(pattern) else _WORD
    before, after = (r"\b" if _is_word(parts, at, word) else "" for at in (0, -1))
    return f"{before}(?:{pattern}){after}"


def _is_word(parts: Any, at: int, word: re.Pattern[str]) -> bool:
    """Whether the first or last of these parts matches nothing but characters of `word`."""
    if not len(parts):
        return False
    op, found = parts[at]
    match str(op):
        case "LITERAL":
            return word.fullmatch(chr(found)) is not None
        case "RANGE":
            return all(word.fullmatch(chr(code)) for code in range(found[0], found[1] + 1))
        case "IN":
            return all(_is_word([item], 0, word) for item in found)
        case "CATEGORY":
            return str(found) == "CATEGORY_DIGIT" or (
                str(found) == "CATEGORY_WORD" and word is _WORD
            )
        case "SUBPATTERN":
            return _is_word(found[3], at, word)
        case "BRANCH":
            return all(_is_word(branch, at, word) for branch in found[1])
        case "MAX_REPEAT" | "MIN_REPEAT":
            return found[0] > 0 and _is_word(found[2], at, word)
        case _:
            return False


_WORD = re.compile("[0-9A-Za-z_]")
_FOLDED = re.compile("[0-9A-JL-RT-Za-jl-rt-z_]")
"""Without regard to case `k` and `s` are also characters beyond ASCII."""
