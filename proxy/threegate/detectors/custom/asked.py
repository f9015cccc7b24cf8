"""Whether a word of a list is asked for: somebody wants to make, get or use the thing that it
names, or to do it.

A name alone says nothing: history, lessons, news and medicine speak of ricin and heroin as well.
The forms of an ask are data, in `asked.toml`; what they do not say does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import re2

from threegate.data_files import filled, table
from threegate.detectors.custom.gaps import ANY_GAP
from threegate.normalize.re2_spans import found
from threegate.normalize.work import meter
from threegate.types import Span

REACH = 120
"""Code points before and behind a word that are looked at."""

COST = 30
"""Microseconds that a word costs."""

_NOT_THE_START = "\0"
_QUOTES = "\"'`*_[]()“”‘’「」【】《》（）"
"""Signs around a word that change nothing of an ask."""
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
        either = fragment if isinstance(fragment, str) else f"(?:{'|'.join(fragment)})"
        fragments[name] = filled(either, fragments)
    return tuple(_form(entry, fragments) for entry in data["form"])


def _form(entry: Mapping[str, Any], fragments: Mapping[str, str]) -> Form:
    before, after = (re2.compile(filled(entry[k], fragments)) for k in ("before", "after"))
    return Form(entry["note"], before, after, tuple(entry["true"]), tuple(entry["false"]))


@dataclass(slots=True)
class AnyWord:
    """Whether a text may contain a word of any of several lists. Most texts contain none, and their
    detectors ask for the same text one after another: it is searched once. The text itself is not
    kept, only its hash, which nobody outside the process can predict."""

    pattern: Any
    _last: tuple[int, bool] = field(default=(0, False), repr=False)

    def within(self, text: str) -> bool:
        key = hash(text)
        known, answer = self._last
        if known != key:
            answer = found(self.pattern, lowered(text))
            self._last = key, answer
        return answer


def any_of(words: Iterable[str]) -> Any:
    """RE2 that finds each of these words, which are in lower case, in every text that has it: in
    `lowered`, with its gaps unchanged."""
    return re2.compile("|".join(sorted(map(_pattern, words))))


def _pattern(word: str) -> str:
    parts = (_LETTERS.sub(_any_case, re2.escape(part)) for part in word.split(" "))
    return ANY_GAP.join(parts)


def _any_case(letters: re.Match[str]) -> str:
    return "".join(f"(?i:{c})" if c.upper() != c else c for c in letters.group())


def lowered(text: str) -> bytes:
    """UTF-8 with its ASCII letters in lower case, and the one letter beyond whose lower case is
    ASCII: a fifth of the cost of `str.lower` for Chinese."""
    return text.encode().lower().replace(_KELVIN, b"k")


_LETTERS = re.compile(r"[^\x00-\x7f]+")
_KELVIN = "\u212a".encode()


def asked(text: str, span: Span) -> bool:
    """Whether the word at `span` of a folded text is asked for."""
    meter().spend(COST)
    return any(_fitting(text, span))


def _fitting(text: str, span: Span) -> Iterator[Form]:
    first = max(0, span.start - REACH)
    before = _one_blank(text[first : span.start]).rstrip(_QUOTES)
    before = (_NOT_THE_START if first else "") + before
    after = _one_blank(text[span.end : span.end + REACH]).lstrip(_QUOTES)
    return (f for f in forms() if f.after.search(after) and f.before.search(before))


def _one_blank(text: str) -> str:
    """Each gap as one blank or, since an ask may begin on a line of its own, one line break."""
    return _GAP.sub(lambda gap: "\n" if "\n" in gap[0] else " ", text)
