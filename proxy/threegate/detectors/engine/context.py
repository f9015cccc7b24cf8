"""A text under scan and the context of its values: the clause before a value, the words after it,
and the labels in both.

Recognizers look for labels at every candidate, so results are kept by context, in which all digits
are equal.
"""

from __future__ import annotations

import re
from functools import cached_property

from threegate.detectors.engine import token_runs
from threegate.detectors.engine.labels import Labels, words
from threegate.detectors.engine.number_index import NumberIndex
from threegate.normalize.work import meter

BEFORE = 40
"""Columns of text before a value within which a label counts; a Chinese character takes two."""

AFTER = 12
"""Characters after a value within which a label counts."""

REACH = 60
"""A list of values shares the label before the first one, as far as `base.LOOKBEHIND` allows."""

SPACE = " \u00a0\u2007\u2009\u202f\u3000"

SENTENCE_ENDS = "。！？!?；;\n\r"
_STRONG, _WITHIN = re.compile(f"[{SENTENCE_ENDS}]"), re.compile(f"[^{SENTENCE_ENDS}]*")
JOINERS = "、,，/和及与或"
_ITEMS = re.compile(rf"(?:[A-Z]{{0,2}}[0-9][0-9 \-]{{3,22}}[0-9Xx][ ]?[{JOINERS}][ ]?)+$")
_BLANKS = SPACE + "\t\"'"
_SPEAKER = re.compile(r"[ \t]{0,4}(?:[^\n:：0-9]{1,16}[:：][ \t]{0,4})?")
"""What may be between a line that asks for a value and the value on the next line."""
_REPLY = re.compile(r"[^\n0-9。；;]{0,28}")
"""The same for a reply to a question: "sure, it's …"."""
_UNNAMED = re.compile(
    r"(?i)[ \t]*(?:证件|證件)?(?:号码|號碼|编号|編號|证号|證號|号|號|number|no\.?)[ \t]*[:：]?"
    r"[ \t]*"
)
"""A line that says only "number"; the line above says which one."""
_NEW_STATEMENT = "，"
"""After the label of another number a comma starts a new statement: 订单已送达，骑手 138…"""
_SUFFIXES = ("编号", "編號")
"""Directly after a label these words belong to it and do not label another number: 身份证編號."""
_UNITS = BEFORE // 2 + 4
_COLUMNS = re.compile(rf"(?:[^\x00-\x7f]|[\x00-\x7f]{{1,2}}){{1,{_UNITS}}}")
"""Slightly more than `BEFORE` columns of a reversed text; never more than `_UNITS` characters."""
_DIGIT = re.compile("[0-9]")

_COUNTS = ("views", "followers", "likes", "revenue", "balance", "volume", "amount")
"""Ordinary words, which label a number only as the name of a field."""
OTHER_NUMBER = words(
    "订单|单號|单号|訂單|运单|工单|流水|序列号|批号|发票|發票|编号|編號|条码|快递|快件|包裹|版本",
    "税号|統編|统编|随机|质数|坐标|商品|货号|物料|料号|书号|案号|批准文号|哈希|取件码|会议号",
    "机关代码|機關代碼|播放量|浏览量|阅读量|点击量|访问量|下载量|销量|计算|calculate|compute|icp备|备案号|网安备",
    "order|tracking|invoice|ticket|trace|ts|timestamp|seq|sku|ean|isbn|serial|version|build",
    "commit|hash|sha|shipment|parcel|epoch|_ms|po|trade|txn|nhs|awb|mawb|hawb|waybill|meeting id",
    "uid|ledger|ref|sum|求和|乘积|bytes|-rw-|r--|r-x|rwx",
    "会议id|腾讯会议|zoom会议|钉钉会议|zoom meeting|视频id|粉丝数|点赞数|门店编码|门店编号",
    *(f"{name}{sign}" for name in _COUNTS for sign in (":", "：", '":', "':", "=", " =")),
    "seed|ttl|timeout=|timeout =|flops|content-length|range(|n=|n =",
)
"""Labels of numbers that are not personal; the label nearest to the value decides."""

_ZEROES = bytes.maketrans(b"123456789", b"000000000")
_CONTINUATION = bytes(range(0x80, 0xC0))
"""Continuation bytes of UTF-8."""
_CHUNK = 1024
_LONG = 4096
"""Characters from which contexts are compared without their digits."""


class ScanText:
    """One text under scan, folded (same length as the original). `open`: the first position at
    which a hit may still change. `spend` counts work against the current budget; every loop over
    candidates calls it."""

    def __init__(self, text: str, *, final: bool = True) -> None:
        self.text = text
        self.data = text.encode()
        """The text as RE2 reads it."""
        self.final = final
        self.open = len(text)
        self.spend = meter().spend
        self._clauses: dict[str, str] = {}
        self._last_labels: dict[tuple[Labels, str], int] = {}
        self._labels_after: dict[tuple[Labels, str], bool] = {}
        """What was found out, by the text before or after a value."""

    @cached_property
    def longest_token(self) -> int:
        """`token_runs.longest`."""
        return token_runs.longest(self.data)

    @cached_property
    def numbers(self) -> NumberIndex:
        return NumberIndex(self.text)

    def place(self, offset: int) -> int:
        """Index of the character at this byte offset of `data`."""
        if len(self.data) == len(self.text):
            return offset
        chunk = offset // _CHUNK
        rest = self.data[chunk * _CHUNK : offset]
        return self._chunks[chunk] + len(rest.translate(None, _CONTINUATION))

    @cached_property
    def _chunks(self) -> list[int]:
        """The number of characters before each chunk of `data`."""
        counts = [0]
        for at in range(0, len(self.data), _CHUNK):
            part = self.data[at : at + _CHUNK]
            counts.append(counts[-1] + len(part.translate(None, _CONTINUATION)))
        return counts

    def hold(self, start: int) -> None:
        """Marks everything from `start` on as unsettled while text may follow."""
        if not self.final:
            self.open = min(self.open, start)

    def before(self, start: int) -> str:
        """The clause before `start`, at most `BEFORE` columns; skips list items of the same
        form."""
        return clause_before(self.text[max(0, start - REACH) : start])

    def last(self, start: int, labels: Labels) -> int:
        """Where in `before(start)` the last of `labels` ends, or -1."""
        return self._last(labels, self._clause(start))

    def _clause(self, start: int) -> str:
        window = self._context[start - REACH if start > REACH else 0 : start]
        clause = self._clauses.get(window)
        if clause is None:
            clause = self._clauses[window] = clause_before(window)
        return clause

    def _last(self, labels: Labels, clause: str) -> int:
        """Cached by the clause, because the text before it varies more."""
        last = self._last_labels.get((labels, clause))
        if last is None:
            last = self._last_labels[labels, clause] = labels.last(clause)
        return last

    def after(self, start: int, end: int) -> str:
        """The clause after `end`, at most `AFTER` characters. While that clause may still grow, the
        hit at `start` is held."""
        window = self.text[end : end + AFTER]
        stop = _STRONG.search(window)
        if stop:
            return window[: stop.start()]
        if len(window) < AFTER:
            self.hold(start)
        return window

    def label_polarity(
        self,
        start: int,
        end: int,
        labels: Labels,
        *,
        other: Labels = OTHER_NUMBER,
        look_after: bool = True,
    ) -> int:
        """1: one of `labels` is near the value; -1: the nearest label is one of `other`; 0: no
        label. `look_after`: labels after the value count too; where the text ends there, one may
        still follow."""
        clause = self._clause(start)
        own = self._last(labels, clause)
        if own == len(clause):
            return 1  # no other label can be nearer
        foreign = self._last(other, clause)
        if own >= 0 or foreign >= 0:
            polarity = _polarity(clause, own, foreign)
            if polarity or not look_after:
                return polarity
        elif not look_after:
            return 0
        if end + AFTER > len(self.text):
            return int(labels.search(self.after(start, end)))
        return int(self._is_after(labels, self._context[end : end + AFTER]))

    def _is_after(self, labels: Labels, window: str) -> bool:
        """Whether the clause that begins this text has one of `labels`."""
        found = self._labels_after.get((labels, window))
        if found is None:
            stop = _STRONG.search(window)
            clause = window[: stop.start()] if stop else window
            found = self._labels_after[labels, window] = labels.search(clause)
        return found

    @cached_property
    def _context(self) -> str:
        """The text in which labels are searched. In a long one, perhaps a table, every digit is
        replaced by 0, so that more contexts are equal."""
        return self.text if len(self.text) < _LONG else self.data.translate(_ZEROES).decode()


def _polarity(clause: str, own: int, foreign: int) -> int:
    """1 if the last own label is nearest to the value, -1 if a foreign one is, 0 without labels.
    `own` and `foreign`: where the last label of each kind ends in `clause`, or -1."""
    if foreign >= 0 and _NEW_STATEMENT in clause[foreign:]:
        foreign = -1
    if own < 0 and foreign < 0:
        return 0
    owned = own >= foreign or (own >= 0 and clause[own:foreign] in _SUFFIXES)
    return 1 if owned else -1


def clause_before(window: str) -> str:
    """The part of the `REACH` characters before a value that describes it. The result does not
    depend on which digits they contain."""
    window = window.rstrip(_BLANKS)
    if window[-1:] in JOINERS and (items := _ITEMS.search(window)):
        window = window[: items.start()]
    if "\n" not in window:
        return _clause(window)
    above, _, same_line = window.rpartition("\n")
    further, _, line = above.rpartition("\n")
    if _UNNAMED.fullmatch(line):
        line = further.rpartition("\n")[2] + line
    between = _REPLY if line.rstrip()[-1:] in ("?", "？") else _SPEAKER
    if line and not _DIGIT.search(line) and between.fullmatch(same_line):
        return f"{_clause(line.rstrip('。！？!?；; '))} {_clause(window)}"
    return _clause(window)


def _clause(window: str) -> str:
    """The last clause, at most `BEFORE` columns of it."""
    if window.isascii():
        window = window[-BEFORE:]
    last = _WITHIN.match(window[::-1])
    clause = window[len(window) - last.end() :] if last else ""
    if len(clause) <= _UNITS or window.isascii():
        return clause
    columns = _COLUMNS.match(clause[::-1])
    return clause[-columns.end() :] if columns else clause
