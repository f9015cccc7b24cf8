"""The parts every pattern recognizer is made of: what it sees (`View`), what it says (`Hit`),
how it is declared.

Invariants that the scanner's stability rests on:

- a hit is a function of at most `BEFORE` + a few characters before its start, of itself, and of
  what `View.after` reads;
- a hit's characters and right edge lie in the alphabet of one of its recognizer's `tails`, so
  an unfinished hit is held;
- whoever reads behind a complete hit does so through `View.after`, which keeps the hit open
  until that text is there;
- searches are overlapping: a failed candidate never hides a later start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from threegate.detectors.base import DetectorInfo
from threegate.detectors.labels import Labels, words
from threegate.detectors.sieve import LONG, Ints, Sieve
from threegate.types import Level

BEFORE = 40
"""Columns of text before a value in which a label may stand; a Chinese character fills two."""

AFTER = 12
"""Characters after a value in which a label may stand."""

SCORES = {Level.LOW: 0.3, Level.MEDIUM: 0.7, Level.HIGH: 0.95}

SPACE = " \u00a0\u2007\u2009\u202f\u3000"
DASH = "\\-\u2010-\u2013"
SEP = rf"[{SPACE}{DASH}.]"
"""One separator inside a number. A line break inside is `BREAK`."""
BREAK = r"[ ]?\r?\n[ ]?"
GAP = rf"(?:{SEP}|{BREAK})"

_LABELLED = (
    r"(?<=(?i:tel|mob|fax|sim).)|(?<=(?i:id|no|qq).)|(?<=(?i:phone).)|"
    r"(?<=(?i:mobile).)|(?<=(?i:card).)"
)
_STRONG = re.compile(r"[。！？!?；;\n\r]")
_JOINERS = "、,，/和及与或"
_ITEMS = re.compile(rf"(?:[A-Z]{{0,2}}[0-9][0-9 \-]{{3,22}}[0-9Xx][ ]?[{_JOINERS}][ ]?)+$")
_BLANKS = SPACE + "\t\"'"
_ANSWER = re.compile(r"(?P<line>[^\n]+)\r?\n[ \t]{0,4}(?:[^\n:：0-9]{1,16}[:：][ \t]{0,4})?\Z")
"""The line above, where before the value there is nothing but who speaks."""
_COLUMNS = re.compile(rf"(?:[^\x00-\x7f]|[\x00-\x7f]{{1,2}}){{1,{BEFORE // 2 + 4}}}")
"""`BEFORE` columns and a little, of a text read from its end."""
ANSWER = (
    r"(?:[^0-9\n]{0,12}\n[ \t]{0,4}(?:[^\n:：0-9]{1,16}[:：][ \t]{0,4})?"
    r"|</t[hd]>\s{0,4}<t[hd][^>\n]{0,20}>)"
)
"""Between a label that ends its line or cell and the value that begins the next one."""
_DIGIT = re.compile("[0-9]")
_REACH = 60
"""A list of values shares the label before the first one, as far as `base.LOOKBEHIND` allows."""


def first(chars: str) -> str:
    """A pattern's first character with a left edge that also works next to Chinese. The
    character class comes first because `re` skips quickly to it."""
    return rf"[{chars}](?:(?<![0-9A-Za-z].)(?<![0-9][.\-/].)|{_LABELLED})"


EDGE = r"(?![0-9A-Za-z])(?!\.[0-9])(?![\-/][0-9]{5})"
"""Right edge of a number: not inside a longer number, a decimal, an order number."""
WORD_EDGE = r"(?![0-9A-Za-z])"


@dataclass(frozen=True, slots=True)
class Hit:
    """One raw match: a half-open span of the viewed text."""

    start: int
    end: int
    kind: str
    level: Level
    note: str = ""


class View:
    """One text under scan, folded (same length as the original). `open` is where a hit may
    still change."""

    __slots__ = ("_lasts", "_sieve", "final", "open", "text")

    def __init__(self, text: str, *, final: bool = True) -> None:
        self.text = text
        self.final = final
        self.open = len(text)
        self._sieve: Sieve | None = None
        self._lasts: dict[tuple[Labels, str], int] = {}

    @property
    def sieve(self) -> Sieve:
        """Made once for all recognizers of a scan."""
        self._sieve = self._sieve or Sieve(self.text)
        return self._sieve

    def hold(self, start: int) -> None:
        if not self.final:
            self.open = min(self.open, start)

    def before(self, start: int) -> str:
        """The clause before `start`, at most `BEFORE` columns; list items of the same shape are
        skipped."""
        window = self.text[max(0, start - _REACH) : start].rstrip(_BLANKS)
        if window[-1:] in _JOINERS and (items := _ITEMS.search(window)):
            window = window[: items.start()]
        clause = _clause(window)
        if (asked := _ANSWER.search(window)) and not _DIGIT.search(asked["line"]):
            return f"{_clause(asked['line'].rstrip('。！？!?；; '))} {clause}"
        return clause

    def last(self, labels: Labels, clause: str) -> int:
        """`labels.last`; in a text of one thing over and over every clause is the same."""
        key = labels, clause
        if key not in self._lasts:
            self._lasts[key] = labels.last(clause)
        return self._lasts[key]

    def after(self, start: int, end: int) -> str:
        """The clause after `end`, at most `AFTER` characters. Holds the hit at `start` while it
        may grow."""
        window = self.text[end : end + AFTER]
        stop = _STRONG.search(window)
        if stop:
            return window[: stop.start()]
        if len(window) < AFTER:
            self.hold(start)
        return window


def _clause(window: str) -> str:
    """The last clause, at most `BEFORE` columns of it."""
    if window.isascii():
        return _STRONG.split(window[-BEFORE:])[-1]
    columns = _COLUMNS.match(window[::-1])
    return _STRONG.split(window[-columns.end() :] if columns else "")[-1]


Find = Callable[[View], Iterator[Hit]]
Tail = Callable[[str], int]
"""Smallest index at which a match that is not finished at the end of the text may begin."""


@dataclass(frozen=True, slots=True)
class Recognizer:
    """`trigger` is RE2 and matches somewhere in every (folded) text in which `find` finds
    something.

    `rank` decides between overlapping hits of equal level: the higher one stays."""

    info: DetectorInfo
    trigger: str
    find: Find
    tails: tuple[Tail, ...]
    rank: int = 50


def overlapping(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every start at which `pattern` matches, also inside earlier matches."""
    position = 0
    while match := pattern.search(text, position):
        yield match
        position = match.start() + 1


Spots = Callable[[Sieve], Ints]
"""Every position at which a pattern may match and mean something; more do no harm."""


def candidates(view: View, pattern: re.Pattern[str], spots: Spots) -> Iterator[re.Match[str]]:
    """`overlapping`; in a long text `pattern` is tried at `spots` only."""
    if len(view.text) < LONG:
        yield from overlapping(pattern, view.text)
        return
    for position in spots(view.sieve).tolist():
        if position >= 0 and (match := pattern.match(view.text, position)):
            yield match


OTHER_NUMBER = words(
    "订单|單號|单号|訂單|运单|工单|流水|序列号|批号|发票|發票|编号|編號|条码|快递|快件|包裹|版本",
    "税号|随机|质数|坐标|商品|货号|书号|案号|批准文号|哈希|取件码",
    "order|tracking|invoice|ticket|trace|ts|timestamp|seq|sku|ean|isbn|serial|version|build",
    "commit|hash|sha|shipment|parcel|epoch|_ms|po|trade|txn",
)
"""Labels of numbers that are nobody's: the nearest label decides."""


def cue(
    view: View,
    start: int,
    end: int,
    labels: Labels,
    *,
    other: Labels = OTHER_NUMBER,
    behind: bool = True,
) -> int:
    """1: a label of this kind is near; -1: the nearest label says it is something else; 0: none."""
    before = view.before(start)
    own, foreign = view.last(labels, before), view.last(other, before)
    if own >= 0 or foreign >= 0:
        return 1 if own >= foreign else -1
    return 1 if behind and labels.search(view.after(start, end)) else 0


def digits_of(text: str) -> str:
    return "".join(c for c in text if "0" <= c <= "9")
