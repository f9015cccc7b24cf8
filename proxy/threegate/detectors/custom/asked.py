"""Whether a word of a list is asked for: somebody wants to make, get or use the thing that it
names, or to do it.

A name alone says nothing: history, lessons, news and medicine speak of ricin and heroin as well.
The forms of an ask are data, in `asked.toml`; what they do not say does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

from threegate.data_files import table
from threegate.normalize.work import meter
from threegate.types import Span

REACH = 120
"""Code points before and behind a word that are looked at."""

COST = 30
"""Microseconds that a word costs."""

_NAMED = re.compile(r"\{\{([A-Z_]+)\}\}")
_NOT_THE_START = "\0"
_GAP = re.compile(r"[^\S\n]+|\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Form:
    """`true` and `false` are the examples of its file."""

    note: str
    before: Any
    after: Any
    true: tuple[str, ...]
    false: tuple[str, ...]


@cache
def forms() -> tuple[Form, ...]:
    """Every form, in the order of the file. Raises KeyError or TOMLDecodeError for a bad file."""
    data = table("detectors.custom", "asked")
    fragments: dict[str, str] = {}
    for name, fragment in data["fragments"].items():
        fragments[name] = _filled(fragment, fragments)
    return tuple(_form(entry, fragments) for entry in data["form"])


def _form(entry: Mapping[str, Any], fragments: Mapping[str, str]) -> Form:
    before, after = (re2.compile(_filled(entry[k], fragments)) for k in ("before", "after"))
    return Form(entry["note"], before, after, tuple(entry["true"]), tuple(entry["false"]))


def _filled(pattern: str, fragments: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda named: fragments[named[1]], pattern)


def asked(text: str, span: Span) -> bool:
    """Whether the word at `span` of a folded text is asked for."""
    meter().spend(COST)
    return any(_fitting(text, span))


def _fitting(text: str, span: Span) -> Iterator[Form]:
    first = max(0, span.start - REACH)
    before = (_NOT_THE_START if first else "") + _one_blank(text[first : span.start])
    after = _one_blank(text[span.end : span.end + REACH])
    return (f for f in forms() if f.after.search(after) and f.before.search(before))


def _one_blank(text: str) -> str:
    """Each gap as one blank or, since an ask may begin on a line of its own, one line break."""
    return _GAP.sub(lambda gap: "\n" if "\n" in gap[0] else " ", text)
