"""The parts every pattern recognizer is made of: what it sees (`ScanText`), what it says (`Hit`),
how it is declared.

Invariants that the scanner's stability rests on:

- a hit is a function of at most `BEFORE` + a few characters before its start, of itself, and of
  what `ScanText.after` reads;
- a hit's characters and right edge lie in the alphabet of one of its recognizer's `tails`, so
  an unfinished hit is held;
- whoever reads behind a complete hit does so through `ScanText.after`, which keeps the hit open
  until that text is there;
- searches are overlapping: a failed candidate never hides a later start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from threegate.detectors.base import DetectorInfo
from threegate.detectors.custom.pattern_parts import parsed
from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.context import SPACE, ScanText
from threegate.detectors.engine.digit_index import LONG, DigitIndex, Ints
from threegate.detectors.engine.digit_spans import BEYOND, DigitSpan, within
from threegate.types import Level

SCORES = {Level.LOW: 0.3, Level.MEDIUM: 0.7, Level.HIGH: 0.95}

DASH = "\\-\u2010-\u2013"
SEP = rf"[{SPACE}{DASH}.]"
"""One separator inside a number. A line break inside is `BREAK`."""
BREAK = r"[ ]?\r?\n[ ]?"
GAP = rf"(?:{SEP}|{BREAK})"

_LABELLED = (
    r"(?<=(?i:tel|mob|fax|sim).)|(?<=(?i:id|no|qq).)|(?<=(?i:phone).)|"
    r"(?<=(?i:mobile).)|(?<=(?i:card).)"
)
ANSWER = (
    r"(?:[^0-9\n]{0,12}(?:\n|\\n)[ \t]{0,2}(?:[^\n:：0-9]{1,12}[:：][ \t]{0,2})?"
    r"(?:(?:sure|yes|ok|好的|嗯)[,，] ?)?(?:(?:是|it'?s|it is)[ :：]?)?"
    r"|[)] ?(?i:values) ?[(]['\"]?"
    r"|</t[hd]>\s{0,4}<t[hd][^>\n]{0,20}>)"
)
"""Between a label that ends its line (of JSON too), cell or column of SQL and the value that begins
the next one or answers it. Shorter than `base.LOOKBEHIND` with a label before it."""


def first(chars: str) -> str:
    """A pattern's first character with a left edge that also works next to Chinese. The
    character class comes first because `re` skips quickly to it."""
    return rf"[{chars}](?:(?<![0-9A-Za-z].)(?<![0-9][.\-/].)|{_LABELLED})"


EDGE = r"(?![0-9A-Za-z])(?!\.[0-9])(?![\-/][0-9]{5})"
"""Right edge of a number: not inside a longer number, a decimal, an order number."""
WORD_EDGE = r"(?![0-9A-Za-z])"


class Hit(NamedTuple):
    """One raw match: a half-open span of the viewed text. A tuple, because hostile text has tens
    of thousands: it costs a quarter of a frozen dataclass."""

    start: int
    end: int
    kind: str
    level: Level
    note: str = ""


Find = Callable[[ScanText], Iterator[Hit]]
Tail = Callable[[str], int]
"""Smallest index at which a match that is not finished at the end of the text may begin."""


@dataclass(frozen=True, slots=True)
class Recognizer:
    """`trigger` is RE2 and matches somewhere in every (folded) text in which `find` finds
    something. Number recognizers share `NUMBER` (see `prefilter` for why).

    `rank` decides between overlapping hits of equal level: the higher one stays. `plain`: it may
    find something in plain words, as `plain_text_fast_path` defines them."""

    info: DetectorInfo
    trigger: str
    find: Find
    tails: tuple[Tail, ...]
    rank: int = 50
    plain: bool = True


def overlapping(pattern: re.Pattern[str], view: ScanText) -> Iterator[re.Match[str]]:
    """Every start at which `pattern` matches, also inside earlier matches."""
    position, text, spend = 0, view.text, view.spend
    while match := pattern.search(text, position):
        spend()
        yield match
        position = match.start() + 1


def likely(
    view: ScanText,
    loose: Any,
    pattern: re.Pattern[str],
    *,
    apart: bool = False,
    value: re.Pattern[bytes] | None = None,
) -> Iterator[re.Match[str]]:
    """`overlapping`, or what does not overlap, where RE2's `loose` says at once that `pattern` may
    match. `value` is what every match has within `_VALUE_REACH` bytes: labels alone have none."""
    free = 0
    for start in byte_patterns.starts(loose, view.data, value, _VALUE_REACH):
        view.spend()
        if start >= free and (match := pattern.match(view.text, view.place(start))):
            yield match
            free = start + len(match.group().encode()) if apart else 0


_VALUE_REACH = 384
"""Beyond `base.LOOKBEHIND`, behind which no value begins."""

Judge = Callable[[re.Match[str]], Hit | None]
"""Reads its match, the few characters around it that its pattern reads too, and nothing else."""
_SEEN_BEFORE, _SEEN_BEHIND = 4, 8
"""Characters on both sides of a match that a pattern or a judge reads."""
_REMEMBERED = 4096
"""Surroundings of one text: a text with more does not repeat itself, and each may be 300 long."""


def judged(
    view: ScanText,
    loose: Any,
    pattern: re.Pattern[str],
    judge: Judge,
    *,
    apart: bool = False,
    value: re.Pattern[bytes] | None = None,
    reach: int = 0,
) -> Iterator[Hit]:
    """The hits that `judge` makes of `likely` matches; the same surroundings are judged once: as
    many characters as `reach` says, or all that a match has and `_SEEN_BEHIND` beyond it."""
    known: dict[str, tuple[str, Hit | None]] = {}
    reach = reach or _reach(pattern)
    text, last, free, place_of = view.text, len(view.text) - reach, 0, _placer(view)
    for start in byte_patterns.starts(loose, view.data, value, _VALUE_REACH):
        view.spend()
        if start < free:
            continue
        place = place_of(start)
        if _SEEN_BEFORE <= place <= last:
            around = text[place - _SEEN_BEFORE : place + reach]
            if (told := known.get(around)) is None:
                told = _judged(around, _SEEN_BEFORE, pattern, judge)
                if len(known) < _REMEMBERED:
                    known[around] = told
            place -= _SEEN_BEFORE
        else:
            told, place = _judged(text, place, pattern, judge), 0
        matched, hit = told
        if hit is not None:
            yield _moved(hit, place)
        free = start + len(matched.encode()) if apart else 0


def _placer(view: ScanText) -> Callable[[int], int]:
    """`ScanText.place`, asked for over and over."""
    if view.text.isascii():
        return int
    return view.place if len(view.text) < LONG else view.sieve.places.item


@cache
def _reach(pattern: re.Pattern[str]) -> int:
    """Characters from the start of a match on that decide."""
    return int(parsed(pattern.pattern).getwidth()[1]) + _SEEN_BEHIND


def _judged(
    text: str, place: int, pattern: re.Pattern[str], judge: Judge
) -> tuple[str, Hit | None]:
    """What matches here and its hit."""
    match = pattern.match(text, place)
    return ("", None) if match is None else (match.group(), judge(match))


def _moved(hit: Hit, by: int) -> Hit:
    start, end, kind, level, note = hit
    return Hit(start + by, end + by, kind, level, note)


Spots = Callable[[DigitIndex], Ints]
"""Every position at which a pattern may match and mean something; more do no harm."""


def candidates(view: ScanText, pattern: re.Pattern[str], spots: Spots) -> Iterator[re.Match[str]]:
    """`overlapping`; in a long text `pattern` is tried at `spots` only."""
    if len(view.text) < LONG:
        return overlapping(pattern, view)
    return _tried(view, pattern, spots(view.sieve))


def numbers(view: ScanText, pattern: re.Pattern[str], spots: Spots) -> Iterator[re.Match[str]]:
    """`candidates` of a pattern that begins in a stretch of digits."""
    if view.stretches is not None:
        return _stretched(view, pattern, view.stretches)
    return _tried(view, pattern, spots(view.sieve))


Sift = Callable[[ScanText], tuple[Iterable[Hit], Ints]]
"""The hits that arrays alone can tell of a long text, and the positions left to the pattern."""
Sifted = tuple[Iterable[Hit], Iterator[re.Match[str]]]


def sifted(view: ScanText, pattern: re.Pattern[str], sift: Sift) -> Sifted:
    """`candidates` of a recognizer whose near misses arrays judge."""
    if len(view.text) < LONG:
        return (), overlapping(pattern, view)
    return _sifted(view, pattern, sift)


def sifted_numbers(view: ScanText, pattern: re.Pattern[str], sift: Sift) -> Sifted:
    """`numbers` of such a recognizer."""
    if view.stretches is not None:
        return (), _stretched(view, pattern, view.stretches)
    return _sifted(view, pattern, sift)


def _sifted(view: ScanText, pattern: re.Pattern[str], sift: Sift) -> Sifted:
    found, spots = sift(view)
    return found, _tried(view, pattern, spots)


def _stretched(
    view: ScanText, pattern: re.Pattern[str], stretches: Sequence[DigitSpan]
) -> Iterator[re.Match[str]]:
    if not _has_edge(pattern):
        return (match for each in stretches for match in within(pattern, view.text, each))
    if view.beginnings is None:
        view.beginnings = [_beginnings(view.text, each) for each in stretches]
    return _begun(view.text, pattern, stretches, view.beginnings)


def _begun(
    text: str,
    pattern: re.Pattern[str],
    stretches: Sequence[DigitSpan],
    beginnings: Sequence[Sequence[int]],
) -> Iterator[re.Match[str]]:
    """As `within` finds them, tried only where a word begins: a tenth of the places."""
    for (_, last), starts in zip(stretches, beginnings, strict=True):
        for start in starts:
            if match := pattern.match(text, start, last + BEYOND):
                yield match


def _beginnings(text: str, stretch: DigitSpan) -> list[int]:
    start, last = stretch
    return [match.start() for match in _BEGINNING.finditer(text, start, last + 1)]


@cache
def _has_edge(pattern: re.Pattern[str]) -> bool:
    """Whether it begins as `first` makes it."""
    return _EDGED.match(pattern.pattern) is not None


_BEGINNING = re.compile(first("0-9A-Za-z"))
_EDGED = re.compile(r"\[[0-9A-Za-z\-]+\]" + re.escape(first("").removeprefix("[]")))


def _tried(view: ScanText, pattern: re.Pattern[str], spots: Ints) -> Iterator[re.Match[str]]:
    for position in spots.tolist():
        view.spend()
        if position >= 0 and (match := pattern.match(view.text, position)):
            yield match


def digits_of(text: str) -> str:
    return "".join(c for c in text if "0" <= c <= "9")
