"""The parts of an RE2 pattern, as the parser of `re` reads them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

_OTHERWISE = re.compile(r"\[:\^?\w+:\]|\{,")
"""POSIX classes, and a count without a least, which RE2 takes literally."""
_ESCAPE = re.compile(r"\\(?:(?P<kind>[pP](?:\{\^?\w+\}|\w))|.)", re.DOTALL)


def without_properties(pattern: str, put: Callable[[str], str]) -> str:
    """`pattern` with what `put` says in the place of each `\\p{…}`, which `re` does not know."""
    return _ESCAPE.sub(lambda match: put(match[0]) if match["kind"] else match[0], pattern)


def parsed(pattern: str) -> Any:
    """What `re` makes of the pattern; None where it does not know it, warns of it, or reads it in
    another way than RE2."""
    if _OTHERWISE.search(pattern):
        return None
    try:
        from re import _parser  # type: ignore[attr-defined]  # there is no public parser

        with warnings.catch_warnings(action="error"):
            return _parser.parse(pattern)
    except (re.error, Warning, OverflowError, RecursionError, ImportError):
        return None
