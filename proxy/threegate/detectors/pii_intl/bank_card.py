"""Bank cards, 13 to 19 digits: issuer prefix (BIN) and Luhn. UnionPay debit cards have 19
digits, credit cards 16."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from threegate.checksums import luhn
from threegate.data_files import table
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.example_values import is_example
from threegate.detectors.engine.number_index import Shape
from threegate.detectors.engine.recognizer import DIGIT, EDGE, Hit, first, numbers
from threegate.types import Level

KIND = "pii.bank_card"
_CARD = re.compile(first("1-9") + rf"(?=[0-9]{{2}}){DIGIT}{{12,18}}{EDGE}")
_GROUP = re.compile(r"[0-9]+")
_LABELS = labels("bank_card")
_TABLE: Final = table("detectors.pii_intl", "bank_card")
_Ranges = Mapping[str, Sequence[tuple[int, int, Sequence[int]]]]


def _by_head(ranges: Iterable[tuple[int, int, Sequence[int]]]) -> _Ranges:
    """Ranges of prefixes of six digits, by the first two digits of the prefixes in them."""
    found: dict[str, list[tuple[int, int, Sequence[int]]]] = {}
    for low, high, counts in ranges:
        for head in range(low // 10_000, high // 10_000 + 1):
            found.setdefault(str(head), []).append((low, high, counts))
    return found


_ISSUERS: Final = _by_head(_TABLE["issuers"])
_RARE: Final = _by_head(_TABLE["rare"])
_GROUPINGS: Final = frozenset(map(tuple, _TABLE["groupings"]))
_SHAPE = Shape(13, "123456789", run=3, most=19)
_SPLIT = 5
"""With more groups of digits than this it is a card only near a label."""
_LINE_ABOVE = re.compile(r"[0-9]{4}[ \r]?\n\Z")
_LINE_BELOW = re.compile(r"[ \r]?\n[0-9]{4,5}(?![0-9A-Za-z/])")
"""Part of a longer column of numbers."""


def _parts(match: re.Match[str]) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """(end, digits, group lengths), longest first: a security code or a date may follow a card."""
    if match.group().isdigit():
        yield match.end(), match.group(), (len(match.group()),)
        return
    groups = list(_GROUP.finditer(match.group()))
    for count in range(len(groups), 0, -1):
        parts = [g.group() for g in groups[:count]]
        digits = "".join(parts)
        if len(digits) < 13:
            return
        yield match.start() + groups[count - 1].end(), digits, tuple(map(len, parts))


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _CARD, _SHAPE):
        for end, digits, shape in _parts(match):
            level = _level(view, match.start(), end, digits, shape)
            if level:
                yield Hit(match.start(), end, KIND, level)
                break


def _within(ranges: _Ranges, digits: str) -> bool:
    prefix, size = int(digits[:6]), len(digits)
    for low, high, counts in ranges.get(digits[:2], ()):
        if low <= prefix <= high and size in counts:
            return True
    return False


def _level(
    view: ScanText, start: int, end: int, digits: str, shape: tuple[int, ...]
) -> Level | None:
    common = _within(_ISSUERS, digits)
    regular = len(shape) == 1 or shape in _GROUPINGS
    if not (common or _within(_RARE, digits)):
        return None
    if not luhn(digits):
        return Level.LOW if common and len(shape) == 1 else None
    polarity = view.label_polarity(start, end, _LABELS)
    if polarity <= 0 and (not common or len(shape) > _SPLIT):
        return None
    if polarity <= 0 and _is_column(view.text, start, end):
        return None
    if polarity < 0 or is_example(view, start, end, digits):
        return Level.LOW
    if not regular:
        return Level.MEDIUM if polarity > 0 else Level.LOW
    return Level.HIGH if polarity > 0 and common else Level.MEDIUM


def _is_column(text: str, start: int, end: int) -> bool:
    """Whether it spans more than two lines with a number on the line above or below. A number on
    one line, or by itself, is a card even if other numbers are next to it: a date, the next
    card."""
    if text.count("\n", start, end) < 2:
        return False
    above = _LINE_ABOVE.search(text, max(0, start - 8), start)
    return bool(above or _LINE_BELOW.match(text, end))


RECOGNIZER = described("bank_card", (KIND,), find, (open_match.number, open_match.han_number))
