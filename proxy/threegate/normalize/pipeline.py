"""All views of a text that differ from it, after one cheap test.

The test is one pass of each of a few RE2 sets. A text in which none of their patterns occurs has no
views, which is true of nearly every text. Views are derived from each other: plain from raw, joined
from plain, the one without markup from plain with all views of its own, decoded from plain and
again from its own plain view, up to `DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import re2

from threegate.normalize import decoded as decoding
from threegate.normalize import despaced as joining
from threegate.normalize import (
    fold,
    idn_email,
    markup,
    obfuscation,
    table_view,
    trailing_labels,
    written_out,
)
from threegate.normalize.confusables import BLANK, CONTROLS, INVISIBLE, MARKS, above_bmp, tables
from threegate.normalize.re2_spans import matching
from threegate.normalize.view import View, focused, raw

WORD_VIEWS = frozenset({obfuscation.LEET, obfuscation.ROT13, obfuscation.REVERSED})
"""Views that only word lists and injection signatures read."""

_FOLD, _JOIN, _SMUGGLED, _TABLE = "fold", "join", "smuggled", "table"
_BIDI, _MAIL, _LABELS, _WRITTEN, _MARKUP = "bidi", "mail", "labels", "written", "markup"
_LEET, _ROT13, _REVERSED = "leet", "rot13", "reversed"
_MORE = (
    (_TABLE, table_view.may_occur),
    (_MAIL, idn_email.may_occur),
)
_FURTHER = (
    (_TABLE, table_view.tabular),
    (_LABELS, trailing_labels.label_first),
    (_WRITTEN, written_out.written),
)
"""Views made of the plain view; each returns it unchanged where there is nothing to do."""


def views(text: str) -> tuple[View, ...]:
    """Every view whose text differs from `text`; none for ordinary text."""
    return tuple(v for v in _views(raw(text), 0) if v.text != text)


def _views(source: View, depth: int) -> Iterator[View]:
    signs = _signs(source.text)
    if not signs:
        return
    if _SMUGGLED in signs:
        yield obfuscation.smuggled(source)
    if _BIDI in signs and (resolved := obfuscation.bidi_resolved(source)) is not source:
        yield fold.plain(resolved)
    plain = fold.plain(source) if _FOLD in signs else source
    if plain is not source:
        signs |= _signs(plain.text)
        yield plain
    for sign, make in _FURTHER:
        if sign in signs and (made := make(plain)) is not plain:
            yield focused(made, plain)
    if _MAIL in signs and (addressed := idn_email.ascii_addresses(source)) is not source:
        yield focused(addressed, source)
    yield from _word_views(plain, signs)
    if _JOIN in signs and (joined := joining.joined(plain)) is not plain:
        joined = focused(joined, plain)
        yield joined
        yield from _word_views(joined, _signs(joined.text))
    if depth < decoding.DEPTH:
        if _MARKUP in signs and source.name != markup.NAME:
            yield from _displayed(source, plain, depth)
        yield from _decoded(plain, signs, depth)


def _displayed(source: View, plain: View, depth: int) -> Iterator[View]:
    """The text without its markup, and all views of that. It is made of `source`, because the plain
    view has Latin letters in place of those of other alphabets."""
    base = source
    if (bare := markup.displayed(base)) is base:
        base, bare = plain, markup.displayed(plain)
    if bare is not base:
        bare = focused(bare, base)
        yield bare
        yield from _views(bare, depth + 1)


def _decoded(plain: View, signs: frozenset[str], depth: int) -> Iterator[View]:
    decoded = decoding.reread(decoding.decoded(plain, signs))
    if decoded is not plain:
        decoded = focused(decoded, plain)
        yield decoded
        for view in _views(decoded, depth + 1):
            yield view if view.name in WORD_VIEWS else view.named(decoding.NAME)


def _word_views(plain: View, signs: frozenset[str]) -> Iterator[View]:
    if _LEET in signs and (leet := obfuscation.leet(plain)) is not plain:
        yield leet
    if _ROT13 in signs:
        yield obfuscation.rot13(plain)
    if _REVERSED in signs:
        yield obfuscation.backwards(plain)


def _signs(text: str) -> frozenset[str]:
    data, ascii_only = text.encode(), text.isascii()
    signs = {*_shapes()(data), *_words()(data)}
    signs.update(_encoded()(data if ascii_only else text.encode("ascii", "replace")))
    if not ascii_only and (above_bmp(text) or _special_char().search(text)):
        signs.update(_special_signs()(data))
    signs.update(sign for sign, may_occur in _MORE if may_occur(data))
    return frozenset(signs)


# The sets are several because the states of independent patterns multiply, and a walk through many
# states waits for memory: all patterns in one took half as long again.


@cache
def _shapes() -> Signs:
    return _set(
        [
            *((_TABLE, p) for p in table_view.TRIGGERS),
            *((_JOIN, p) for p in joining.TRIGGERS),
            *((p, p) for p in decoding.ESCAPES),
            (_LEET, obfuscation.LEET_TRIGGER),
            (_FOLD, rf"[{CONTROLS}][0-9A-Za-z\x20\x{{4e00}}-\x{{9fff}}]"),  # unlike a colour code
        ]
    )


@cache
def _words() -> Signs:
    return _set(
        [
            (_ROT13, obfuscation.ROT13_TRIGGER),
            (_REVERSED, obfuscation.REVERSED_TRIGGER),
            (_LABELS, trailing_labels.TRIGGER),
            (_WRITTEN, written_out.TRIGGER),
            *((_MARKUP, p) for p in markup.TRIGGERS),
        ]
    )


@cache
def _encoded() -> Signs:
    """Runs that may be encoded, all of them ASCII."""
    return _set([(p, p) for p in decoding.BLOCKS])


@cache
def _special_signs() -> Signs:
    known = tables()
    seen = INVISIBLE.replace("\u200b-\u200f", "\u200b\u200c\u200e\u200f").replace(
        "\ufe00-\ufe0f", "\ufe00-\ufe0e"
    )
    return _set(
        [
            (_FOLD, f"[{seen}{MARKS}{known.trigger}]"),
            (_FOLD, r"[0-9A-Za-z\p{Han}][\x{200D}\x{FE0F}]"),
            (_FOLD, rf"[\pL\pN][{BLANK}]"),
            (_FOLD, f"(?:[{known.accented}][A-Za-z]{{0,2}}){{3}}"),
            (_FOLD, r"[\x{1F1E6}-\x{1F1FF}]{7}"),
            (_SMUGGLED, obfuscation.SMUGGLED_TRIGGER),
            (_BIDI, obfuscation.RLO),
        ]
    )


@cache
def _special_char() -> re.Pattern[str]:
    """This, or a character above U+FFFF, occurs wherever a pattern of `_special_signs` matches.
    `re` looks up a class in a table only if all of it lies below; the table takes a tenth of RE2's
    time."""
    known, above = tables(), "[\U00010000-\U0010ffff]"
    chars = INVISIBLE + BLANK + MARKS + known.trigger + known.accented
    return re.compile(f"[{re.sub(f'{above}(?:-{above})?', '', chars)}]")


Signs = Callable[[bytes], Iterable[str]]


def _set(patterns: Sequence[tuple[str, str]]) -> Signs:
    """Finds the signs whose patterns occur."""
    options = re2.Options()
    options.max_mem = (
        64 << 20
    )  # with the default, RE2 keeps discarding and rebuilding the automaton
    made = re2.Set.SearchSet(options)
    for _, pattern in patterns:
        made.Add(pattern)
    made.Compile()
    signs, numbers = [sign for sign, _ in patterns], matching(made)
    return lambda data: [signs[i] for i in numbers(data)]
