"""A text under scan and what stands around its values: the clause before one, the words behind it,
the labels in both.

A label is asked for at every candidate, and hostile text is nothing but candidates. So in a long
text the places of the labels are found once, a candidate far from all of them costs one look, and
the same surroundings are judged once.
"""

from __future__ import annotations

import re
from typing import Any

from threegate.detectors.labels import Labels, words
from threegate.detectors.sieve import LONG, Sieve

BEFORE = 40
"""Columns of text before a value in which a label may stand; a Chinese character fills two."""

AFTER = 12
"""Characters after a value in which a label may stand."""

REACH = 60
"""A list of values shares the label before the first one, as far as `base.LOOKBEHIND` allows."""

SPACE = " \u00a0\u2007\u2009\u202f\u3000"

_STRONG = re.compile(r"[。！？!?；;\n\r]")
_JOINERS = "、,，/和及与或"
_ITEMS = re.compile(rf"(?:[A-Z]{{0,2}}[0-9][0-9 \-]{{3,22}}[0-9Xx][ ]?[{_JOINERS}][ ]?)+$")
_BLANKS = SPACE + "\t\"'"
_SPEAKER = re.compile(r"[ \t]{0,4}(?:[^\n:：0-9]{1,16}[:：][ \t]{0,4})?")
"""What may stand between a line that asks for a value and the value below it."""
_COLUMNS = re.compile(rf"(?:[^\x00-\x7f]|[\x00-\x7f]{{1,2}}){{1,{BEFORE // 2 + 4}}}")
"""`BEFORE` columns and a little, of a text read from its end."""
_DIGIT = re.compile("[0-9]")

OTHER_NUMBER = words(
    "订单|单號|单号|訂單|运单|工单|流水|序列号|批号|发票|發票|编号|編號|条码|快递|快件|包裹|版本",
    "税号|随机|质数|坐标|商品|货号|书号|案号|批准文号|哈希|取件码",
    "order|tracking|invoice|ticket|trace|ts|timestamp|seq|sku|ean|isbn|serial|version|build",
    "commit|hash|sha|shipment|parcel|epoch|_ms|po|trade|txn",
)
"""Labels of numbers that are nobody's: the nearest label decides."""


class View:
    """One text under scan, folded (same length as the original). `open` is where a hit may
    still change."""

    __slots__ = ("_cues", "_data", "_lasts", "_sieve", "final", "open", "text")

    def __init__(self, text: str, *, final: bool = True) -> None:
        self.text = text
        self.final = final
        self.open = len(text)
        self._data: bytes | None = None
        self._sieve: Sieve | None = None
        self._lasts: dict[tuple[Labels, str], int] = {}
        self._cues: dict[tuple[Labels, Labels, str, str], int] = {}

    @property
    def data(self) -> bytes:
        """The text as RE2 reads it."""
        if self._data is None:
            self._data = self.text.encode()
        return self._data

    @property
    def sieve(self) -> Sieve:
        """Made once for all recognizers of a scan."""
        if self._sieve is None:
            self._sieve = Sieve(self.text, self.data)
        return self._sieve

    def place(self, offset: int) -> int:
        """The character that begins at this byte of `data`."""
        if self.text.isascii():
            return offset
        if len(self.text) < LONG:
            return len(self.data[:offset].decode())
        return int(self.sieve.places[offset])

    def places(self, pattern: Any) -> list[int]:
        """Where RE2's `pattern` begins, over and over."""
        offsets = [match.start() for match in pattern.finditer(self.data)]
        if self.text.isascii() or len(self.text) < LONG:
            return [self.place(offset) for offset in offsets]
        places: list[int] = self.sieve.places[offsets].tolist()
        return places

    def hold(self, start: int) -> None:
        if not self.final:
            self.open = min(self.open, start)

    def far(self, start: int, labels: Labels) -> bool:
        """Whether none of `labels` can stand beside a value here, as a look at arrays tells."""
        return len(self.text) >= LONG and not self.sieve.near(labels)[start >> 6]

    def before(self, start: int) -> str:
        """The clause before `start`, at most `BEFORE` columns; list items of the same shape are
        skipped."""
        return _told(self.text[max(0, start - REACH) : start])

    def last(self, start: int, labels: Labels) -> int:
        """Where in `before(start)` the last of `labels` ends, or -1."""
        if self.far(start, labels):
            return -1
        window = self.text[max(0, start - REACH) : start]
        known = self._lasts.get((labels, window))
        if known is None:
            known = self._lasts[labels, window] = labels.last(_told(window))
        return known

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

    def cue(self, start: int, end: int, labels: Labels, other: Labels, *, behind: bool) -> int:
        """See `cue`. At the end of the text nothing is remembered: what stands there is held."""
        if end + AFTER > len(self.text):
            return self._cue(start, end, labels, other, behind=behind)
        if self.far(start, labels) and self.far(start, other):
            return 0
        after = self.text[end : end + AFTER] if behind else ""
        key = labels, other, self.text[max(0, start - REACH) : start], after
        known = self._cues.get(key)
        if known is None:
            known = self._cues[key] = self._cue(start, end, labels, other, behind=behind)
        return known

    def _cue(self, start: int, end: int, labels: Labels, other: Labels, *, behind: bool) -> int:
        own, foreign = self.last(start, labels), self.last(start, other)
        if own >= 0 or foreign >= 0:
            return 1 if own >= foreign else -1
        return 1 if behind and labels.search(self.after(start, end)) else 0


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
    return view.cue(start, end, labels, other, behind=behind)


def _told(window: str) -> str:
    """What of the `REACH` characters before a value speaks of it."""
    window = window.rstrip(_BLANKS)
    if window[-1:] in _JOINERS and (items := _ITEMS.search(window)):
        window = window[: items.start()]
    above, _, beside = window.rpartition("\n")
    line = above.rpartition("\n")[2]
    if line and not _DIGIT.search(line) and _SPEAKER.fullmatch(beside):
        return f"{_clause(line.rstrip('。！？!?；; '))} {_clause(window)}"
    return _clause(window)


def _clause(window: str) -> str:
    """The last clause, at most `BEFORE` columns of it."""
    if window.isascii():
        return _STRONG.split(window[-BEFORE:])[-1]
    columns = _COLUMNS.match(window[::-1])
    return _STRONG.split(window[-columns.end() :] if columns else "")[-1]
