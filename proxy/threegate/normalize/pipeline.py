"""All views of a text that differ from it, behind one cheap look.

The look is one RE2 set in one pass; a text in which none of its patterns occurs has no views, and
that is nearly every text. Views come from each other: plain from raw, joined from plain, decoded
from plain and again from its own plain view, to `DEPTH`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import re2

from threegate.normalize import decoded as decoding
from threegate.normalize import despaced as joining
from threegate.normalize import (
    fold,
    idn_email,
    mojibake,
    obfuscation,
    table_view,
    trailing_labels,
    written_out,
)
from threegate.normalize.confusables import INVISIBLE, MARKS, tables
from threegate.normalize.view import View, focused, raw

WORDING = frozenset({obfuscation.LEET, obfuscation.ROT13, obfuscation.REVERSED})
"""Views that word lists and injection signatures read, and nobody else."""

_FOLD, _JOIN, _SMUGGLED, _TABLE = "fold", "join", "smuggled", "table"
_TURNED, _MAIL, _BEHIND, _WRITTEN = "turned", "mail", "behind", "written"
_LEET, _ROT13, _REVERSED = "leet", "rot13", "reversed"
_MORE = (
    (_TABLE, table_view.may_stand),
    (_MAIL, idn_email.may_stand),
)
_SECOND = ((_BEHIND, trailing_labels.TRIGGER), (_WRITTEN, written_out.TRIGGER))
"""Signs whose triggers would multiply the states of the common look: these two share one."""
_FURTHER = (
    (_TABLE, table_view.tabular),
    (_BEHIND, trailing_labels.behind),
    (_WRITTEN, written_out.written),
)
"""Made of the plain view; each returns it as it is where there is nothing to change."""


def views(text: str) -> tuple[View, ...]:
    """Every view whose text differs, the plainest last; none for ordinary text."""
    return tuple(v for v in _views(raw(text), 0) if v.text != text)


def _views(source: View, depth: int) -> Iterator[View]:
    signs = _signs(source.text)
    if not signs:
        return
    if _SMUGGLED in signs:
        yield obfuscation.smuggled(source)
    if _TURNED in signs and (turned := obfuscation.turned(source)) is not source:
        yield fold.plain(turned)
    plain = fold.plain(source) if _FOLD in signs else source
    if plain is not source:
        signs |= _signs(plain.text)
        yield plain
    for sign, make in _FURTHER:
        if sign in signs and (made := make(plain)) is not plain:
            yield focused(made, plain)
    if _MAIL in signs and (mailed := idn_email.mailed(source)) is not source:
        yield focused(mailed, source)
    yield from _wordings(plain, signs)
    if _JOIN in signs and (joined := joining.joined(plain)) is not plain:
        joined = focused(joined, plain)
        yield joined
        yield from _wordings(joined, _signs(joined.text))
    if depth < decoding.DEPTH:
        yield from _decoded(plain, signs, depth)


def _decoded(plain: View, signs: frozenset[str], depth: int) -> Iterator[View]:
    decoded = mojibake.reread(decoding.decoded(plain, signs))
    if decoded is not plain:
        decoded = focused(decoded, plain)
        yield decoded
        for view in _views(decoded, depth + 1):
            yield view if view.name in WORDING else view.named(decoding.NAME)


def _wordings(plain: View, signs: frozenset[str]) -> Iterator[View]:
    if _LEET in signs and (leet := obfuscation.leet(plain)) is not plain:
        yield leet
    if _ROT13 in signs:
        yield obfuscation.rot13(plain)
    if _REVERSED in signs:
        yield obfuscation.backwards(plain)


def _signs(text: str) -> frozenset[str]:
    data = text.encode()
    signs = {_meanings()[i] for i in _look().Match(data) or ()}
    signs.update(_SECOND[i][0] for i in _second_look().Match(data) or ())
    signs.update(sign for sign, may_stand in _MORE if may_stand(data))
    return frozenset(signs)


def _patterns() -> Iterator[tuple[str, str]]:
    known = tables()
    seen = INVISIBLE.replace("\u200b-\u200f", "\u200b\u200c\u200e\u200f").replace(
        "\ufe00-\ufe0f", "\ufe00-\ufe0e"
    )
    yield _FOLD, f"[{seen}{MARKS}{known.telling}]"
    yield _FOLD, r"[0-9A-Za-z\p{Han}][\x{200D}\x{FE0F}]"
    yield _FOLD, f"(?:[{known.accented}][A-Za-z]{{0,2}}){{3}}"
    yield _FOLD, r"[\x{1F1E6}-\x{1F1FF}]{7}"
    yield from ((_TABLE, p) for p in table_view.TRIGGERS)
    yield from ((_JOIN, p) for p in joining.TRIGGERS)
    yield from ((p, p) for p in decoding.TRIGGERS)
    yield _LEET, obfuscation.LEET_TRIGGER
    yield _ROT13, obfuscation.ROT13_TRIGGER
    yield _REVERSED, obfuscation.REVERSED_TRIGGER
    yield _SMUGGLED, obfuscation.SMUGGLED_TRIGGER
    yield _TURNED, obfuscation.TURN


@cache
def _meanings() -> tuple[str, ...]:
    return tuple(meaning for meaning, _ in _patterns())


@cache
def _look() -> Any:
    return _set(pattern for _, pattern in _patterns())


@cache
def _second_look() -> Any:
    return _set(pattern for _, pattern in _SECOND)


def _set(patterns: Iterable[str]) -> Any:
    options = re2.Options()
    options.max_mem = 64 << 20  # with the default the automaton is thrown away over and over
    made = re2.Set.SearchSet(options)
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return made
