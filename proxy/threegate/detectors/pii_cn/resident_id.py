"""Chinese resident ID (GB 11643): 18 characters with MOD 11-2 check, 15 digits in the old form.

The same form covers residence permits of Hong Kong (81), Macau (82) and Taiwan (83) residents and
the foreign permanent resident card (first digit 9; the older one has three letters and twelve
digits). With a wrong check digit the level is at most LOW.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from threegate.checksums import resident_id
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import Shape
from threegate.detectors.engine.recognizer import (
    DIGIT,
    EDGE,
    GAP,
    NO_SLASH,
    WORD_EDGE,
    Hit,
    first,
    numbers,
)
from threegate.types import Level

KIND = "pii.cn.id_card"
_CODES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63"
_PROVINCES = frozenset([*_CODES.split(), "64", "65", "71", "81", "82", "83", "91"])
_STUDENT = "(?<=[GJLgjl].)(?<![0-9A-Za-z]..)"
"""A national student number (学籍号) is a letter and the number of the identity card."""
_GAP = rf"(?:{GAP}|  )"
"""OCR and aligned columns separate groups by two spaces."""
_NEW = re.compile(
    first("1-9").removesuffix(")")
    + f"|{_STUDENT})"
    + rf"(?=[0-9]{{2}})(?:{DIGIT}|  [0-9]){{16}}{_GAP}?[0-9Xx]{WORD_EDGE}(?![.\-][0-9])"
    + NO_SLASH.replace("5,9", "1,9")
)
_OLD = re.compile(first("1-9") + rf"[0-9]{{14}}{EDGE}")
_FOREIGN = re.compile(rf"[A-Z](?<![0-9A-Za-z].)[A-Z]{{2}}[0-9]{{12}}{EDGE}")
_FOREIGN_LABELS = labels("cn_id", "foreign_labels")
_PARTS = re.compile(r"[0-9Xx]+")
_REGULAR = {(18,), (6, 8, 4), (6, 4, 4, 4), (4, 4, 4, 4, 2), (3, 3, 4, 4, 4), (6, 12), (14, 4)}
_SPLIT = 6
"""In more parts than this it is not one person's number."""
_NEW_SHAPE, _OLD_SHAPE = (
    Shape(17, "123456789", run=3, most=18),
    Shape(15, "123456789", run=15, most=15),
)
_FOREIGN_SHAPE = Shape(12, run=12, letters=True, most=12)
_LABELS = labels("cn_id")


def _born(text: str) -> bool:
    try:
        return 1900 <= date(int(text[:4]), int(text[4:6]), int(text[6:])).year <= 2039
    except ValueError:
        return False


def _new(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _NEW, _NEW_SHAPE):
        parts = _PARTS.findall(match.group()) if len(match.group()) > 18 else [match.group()]
        value = "".join(parts)
        known = value[:2] in _PROVINCES or value[0] == "9"
        if len(parts) <= _SPLIT and known and _born(value[6:14]):
            regular = tuple(map(len, parts)) in _REGULAR
            yield Hit(*match.span(), KIND, _level(view, match, resident_id(value), regular))


def _level(view: ScanText, match: re.Match[str], checked: bool, regular: bool) -> Level:
    if not checked:
        return Level.LOW
    polarity = view.label_polarity(*match.span(), _LABELS, look_after=not regular)
    return Level.HIGH if polarity > 0 or (regular and polarity == 0) else Level.MEDIUM


def _old(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _OLD, _OLD_SHAPE):
        value = match.group()
        if value[:2] in _PROVINCES and _born("19" + value[6:12]):
            labelled = view.label_polarity(*match.span(), _LABELS) > 0
            yield Hit(*match.span(), KIND, Level.MEDIUM if labelled else Level.LOW, "old_form")


def _foreign(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _FOREIGN, _FOREIGN_SHAPE):
        if view.label_polarity(*match.span(), _FOREIGN_LABELS) > 0:
            yield Hit(*match.span(), KIND, Level.HIGH, "foreign")


def find(view: ScanText) -> Iterator[Hit]:
    yield from _new(view)
    yield from _foreign(view)
    yield from _old(view)


RECOGNIZER = described(
    "cn_id", (KIND,), find, (open_match.token, open_match.number, open_match.han_number)
)
