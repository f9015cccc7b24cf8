"""A text under scan and what stands around its values: the clause before one, the words behind it,
the labels in both.

A label is asked for at every candidate, and hostile text is nothing but candidates. So in a long
text the places of the labels are found once, a candidate far from all of them costs one look, and
the same surroundings are judged once; to labels all digits are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from threegate.detectors.engine.digit_index import LONG, DigitIndex, Ints
from threegate.detectors.engine.digit_spans import DigitSpan, stretches
from threegate.detectors.engine.labels import Labels, words
from threegate.normalize.work import meter

BEFORE = 40
"""Columns of text before a value in which a label may stand; a Chinese character fills two."""

AFTER = 12
"""Characters after a value in which a label may stand."""

REACH = 60
"""A list of values shares the label before the first one, as far as `base.LOOKBEHIND` allows."""

SPACE = " \u00a0\u2007\u2009\u202f\u3000"

SENTENCE_ENDS = "。！？!?；;\n\r"
_STRONG = re.compile(f"[{SENTENCE_ENDS}]")
JOINERS = "、,，/和及与或"
_ITEMS = re.compile(rf"(?:[A-Z]{{0,2}}[0-9][0-9 \-]{{3,22}}[0-9Xx][ ]?[{JOINERS}][ ]?)+$")
_BLANKS = SPACE + "\t\"'"
_SPEAKER = re.compile(r"[ \t]{0,4}(?:[^\n:：0-9]{1,16}[:：][ \t]{0,4})?")
"""What may stand between a line that asks for a value and the value below it."""
_REPLY = re.compile(r"[^\n0-9。；;]{0,28}")
"""The same below a question: sure, it's …"""
_UNNAMED = re.compile(
    r"(?i)[ \t]*(?:证件|證件)?(?:号码|號碼|编号|編號|证号|證號|号|號|number|no\.?)[ \t]*[:：]?"
    r"[ \t]*"
)
"""A line that says number, but not of what: the line above it does."""
_PARTED = "，"
"""Behind the name of another number it begins what is no such number: 订单已送达，骑手 138…"""
_COUNTED = ("编号", "編號")
"""Right behind a label, no other number's: 身份證編號."""
_COLUMNS = re.compile(rf"(?:[^\x00-\x7f]|[\x00-\x7f]{{1,2}}){{1,{BEFORE // 2 + 4}}}")
"""`BEFORE` columns and a little, of a text read from its end."""
_DIGIT = re.compile("[0-9]")

OTHER_NUMBER = words(
    "订单|单號|单号|訂單|运单|工单|流水|序列号|批号|发票|發票|编号|編號|条码|快递|快件|包裹|版本",
    "税号|統編|统编|随机|质数|坐标|商品|货号|书号|案号|批准文号|哈希|取件码|会议号",
    "播放量|浏览量|阅读量|点击量|访问量|下载量|销量|计算|calculate|compute",
    "order|tracking|invoice|ticket|trace|ts|timestamp|seq|sku|ean|isbn|serial|version|build",
    "commit|hash|sha|shipment|parcel|epoch|_ms|po|trade|txn|nhs|awb|waybill|meeting id",
    "uid|ledger|ref|sum|求和|乘积",
)
"""Labels of numbers that are nobody's: the nearest label decides."""

_UNKNOWN: list[DigitSpan] = []


class ScanText:
    """One text under scan, folded (same length as the original). `open` is where a hit may
    still change, `beginnings` where words begin in each of the stretches, once somebody asks.
    `spend` counts work against the budget in force; every loop over candidates calls it."""

    __slots__ = (
        *("_behinds", "_data", "_lasts", "_sides", "_sieve", "_stretches"),
        *("beginnings", "final", "open", "spend", "text"),
    )

    def __init__(self, text: str, *, final: bool = True) -> None:
        self.text = text
        self.final = final
        self.open = len(text)
        self.spend = meter().spend
        self._data: bytes | None = None
        self._sieve: DigitIndex | None = None
        self._stretches: list[DigitSpan] | None = _UNKNOWN
        self.beginnings: list[list[int]] | None = None
        self._lasts: dict[Labels, _Last] = {}
        self._sides: dict[tuple[Labels, Labels], _Sides] = {}
        self._behinds: dict[Labels, _Behind] = {}

    @property
    def data(self) -> bytes:
        """The text as RE2 reads it."""
        if self._data is None:
            self._data = self.text.encode()
        return self._data

    @property
    def sieve(self) -> DigitIndex:
        """Made once for all recognizers of a scan."""
        if self._sieve is None:
            self._sieve = DigitIndex(self.text, self.data)
        return self._sieve

    @property
    def stretches(self) -> list[DigitSpan] | None:
        """Of digits; None where there are many."""
        if self._stretches is _UNKNOWN:
            self._stretches = stretches(self.text, self.data, LONG)
        return self._stretches

    def place(self, offset: int) -> int:
        """The character that begins at this byte of `data`."""
        if self.text.isascii():
            return offset
        if len(self.text) < LONG:
            return len(self.data[:offset].decode())
        return self.sieve.places.item(offset)

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
        return told(self.text[max(0, start - REACH) : start])

    def last(self, start: int, labels: Labels) -> int:
        """Where in `before(start)` the last of `labels` ends, or -1."""
        if self.far(start, labels):
            return -1
        return self._last(labels)[self._words[max(0, start - REACH) : start]]

    def lasts(self, starts: Ints, labels: Labels) -> Ints:
        """`last` of many values in a long text."""
        found = np.full(len(starts), -1)
        at = np.flatnonzero(self.sieve.labelled(starts, labels))
        windows = self._cut(np.maximum(starts[at] - REACH, 0), starts[at])
        found[at] = list(map(self._last(labels).__getitem__, windows))
        return found

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

    def label_polarity(
        self, start: int, end: int, labels: Labels, other: Labels, *, behind: bool
    ) -> int:
        """See `cue`. At the end of the text nothing is remembered: what stands there is held."""
        late = end + AFTER > len(self.text)
        if not late and self.far(start, labels) and self.far(start, other):
            return 0
        side = self._side(labels, other)[self._words[max(0, start - REACH) : start]]
        if side or not behind:
            return side
        if late:
            return 1 if labels.search(self.after(start, end)) else 0
        return self._behind(labels)[self._words[end : end + AFTER]]

    def label_polarities(
        self, starts: Ints, ends: Ints, labels: Labels, other: Labels, *, behind: bool
    ) -> Ints:
        """See `cues`."""
        found = np.zeros(len(starts), np.int64)
        near = self.sieve.labelled(starts, labels) | self.sieve.labelled(starts, other)
        late = ends + AFTER > len(self.text)
        for i in np.flatnonzero(late).tolist():
            found[i] = self.label_polarity(
                int(starts[i]), int(ends[i]), labels, other, behind=behind
            )
        at = np.flatnonzero(near & ~late)
        windows = self._cut(np.maximum(starts[at] - REACH, 0), starts[at])
        found[at] = list(map(self._side(labels, other).__getitem__, windows))
        if behind:
            at = at[found[at] == 0]
            windows = self._cut(ends[at], ends[at] + AFTER)
            found[at] = list(map(self._behind(labels).__getitem__, windows))
        return found

    @property
    def _words(self) -> str:
        """The text as labels are looked for in it."""
        return self.text if len(self.text) < LONG else self.sieve.without_values

    def _cut(self, starts: Ints, ends: Ints) -> Iterator[str]:
        return map(self._words.__getitem__, map(slice, starts.tolist(), ends.tolist()))

    def _last(self, labels: Labels) -> _Last:
        if labels not in self._lasts:
            self._lasts[labels] = _Last(labels)
        return self._lasts[labels]

    def _side(self, labels: Labels, other: Labels) -> _Sides:
        if (labels, other) not in self._sides:
            self._sides[labels, other] = _Sides(labels, other)
        return self._sides[labels, other]

    def _behind(self, labels: Labels) -> _Behind:
        if labels not in self._behinds:
            self._behinds[labels] = _Behind(labels)
        return self._behinds[labels]


class _Last(dict[str, int]):
    """By the text before a value where in its clause the last label ends."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels

    def __missing__(self, window: str) -> int:
        self[window] = self._labels.last(told(window))
        return self[window]


class _Sides(dict[str, int]):
    """By the text before a value what the nearest label in it says."""

    def __init__(self, labels: Labels, other: Labels) -> None:
        self._labels, self._other = labels, other

    def __missing__(self, window: str) -> int:
        clause = told(window)
        own, foreign = self._labels.last(clause), self._other.last(clause)
        if foreign >= 0 and _PARTED in clause[foreign:]:
            foreign = -1
        owned = own >= foreign or (own >= 0 and clause[own:foreign] in _COUNTED)
        self[window] = 0 if own < 0 and foreign < 0 else 1 if owned else -1
        return self[window]


class _Behind(dict[str, int]):
    """By the text behind a value whether a label stands in its clause."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels

    def __missing__(self, window: str) -> int:
        self[window] = int(self._labels.search(_STRONG.split(window, 1)[0]))
        return self[window]


def label_polarity(
    view: ScanText,
    start: int,
    end: int,
    labels: Labels,
    *,
    other: Labels = OTHER_NUMBER,
    behind: bool = True,
) -> int:
    """1: a label of this kind is near; -1: the nearest label says it is something else; 0: none."""
    return view.label_polarity(start, end, labels, other, behind=behind)


def label_polarities(
    view: ScanText,
    starts: Ints,
    ends: Ints,
    labels: Labels,
    *,
    other: Labels = OTHER_NUMBER,
    behind: bool = True,
) -> Ints:
    """`cue` of many values in a long text."""
    return view.label_polarities(starts, ends, labels, other, behind=behind)


def told(window: str) -> str:
    """What of the `REACH` characters before a value speaks of it; all digits are the same to it."""
    window = window.rstrip(_BLANKS)
    if window[-1:] in JOINERS and (items := _ITEMS.search(window)):
        window = window[: items.start()]
    above, _, beside = window.rpartition("\n")
    further, _, line = above.rpartition("\n")
    if _UNNAMED.fullmatch(line):
        line = further.rpartition("\n")[2] + line
    between = _REPLY if line.rstrip()[-1:] in ("?", "？") else _SPEAKER
    if line and not _DIGIT.search(line) and between.fullmatch(beside):
        return f"{_clause(line.rstrip('。！？!?；; '))} {_clause(window)}"
    return _clause(window)


def _clause(window: str) -> str:
    """The last clause, at most `BEFORE` columns of it."""
    if window.isascii():
        return _STRONG.split(window[-BEFORE:])[-1]
    columns = _COLUMNS.match(window[::-1])
    return _STRONG.split(window[-columns.end() :] if columns else "")[-1]
