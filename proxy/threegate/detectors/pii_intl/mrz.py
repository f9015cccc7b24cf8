"""Machine-readable zones of passports, visas and identity cards (ICAO Doc 9303): each line by
itself, because OCR and forms deliver single lines.

A line with data has check digits; a line with a name has its fixed length, fillers between the
names and at its end, and in large documents the code of a country.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "pii.mrz"
_LINE = re.compile(r"(?<![0-9A-Za-z<])[A-Z0-9<]{30,44}(?![0-9A-Za-z<])")
_NAMES = "[A-Z]+(?:<[A-Z]+)*<<[A-Z]*(?:<[A-Z]+)*<+"
_NAMED = re.compile(f"[PVIAC][A-Z<][A-Z<]{{3}}{_NAMES}")
_DATA = re.compile(r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{8}(?:[A-Z0-9<]{8})?")
_CARD_NAME = re.compile(_NAMES)
_CARD_NUMBER = re.compile(r"(?=[^<]{0,29}<)[IAC][A-Z<][A-Z<]{3}[A-Z0-9<]{9}[0-9][A-Z0-9<]{15}")
_CARD_DATA = re.compile(r"[0-9]{7}[MFX<][0-9]{7}[A-Z<]{3}[A-Z0-9<]{12}")
_CARD, _SHORT, _LONG = 30, 36, 44
"""Characters of a line of an identity card, of a small and of a large document."""
_NUMBER, _BIRTH, _EXPIRY = (0, 9), (13, 19), (21, 27)
_ON_CARD, _BIRTH_ON_CARD, _EXPIRY_ON_CARD = (5, 14), (0, 6), (8, 14)
_WEIGHTS = (7, 3, 1)
_WORTH = {c: n for n, c in enumerate(string.digits + string.ascii_uppercase)} | {"<": 0}


def find(view: ScanText) -> Iterator[Hit]:
    for match in _LINE.finditer(view.text):
        view.spend()
        if _is_zone(match.group()):
            yield Hit(*match.span(), KIND, Level.HIGH)


def _is_zone(line: str) -> bool:
    if len(line) == _CARD:
        return (
            _CARD_NAME.fullmatch(line) is not None
            or _has(_CARD_NUMBER, line, _ON_CARD)
            or _has(_CARD_DATA, line, _BIRTH_ON_CARD, _EXPIRY_ON_CARD)
        )
    if len(line) not in (_SHORT, _LONG):
        return False
    return _NAMED.fullmatch(line) is not None or _has(_DATA, line, _NUMBER, _BIRTH, _EXPIRY)


def _has(form: re.Pattern[str], line: str, *fields: tuple[int, int]) -> bool:
    """Whether a line has this form and a right check digit behind each of its fields."""
    return form.fullmatch(line) is not None and all(_checked(line, *field) for field in fields)


def _checked(line: str, start: int, end: int) -> bool:
    values = (_WORTH[c] * _WEIGHTS[n % 3] for n, c in enumerate(line[start:end]))
    return str(sum(values) % 10) == line[end]


_BEGUN = re.compile(rf"(?<![0-9A-Za-z<])[A-Z0-9<]{{1,{_LONG}}}\Z")
_tail = open_match.unfinished(_BEGUN, _LONG + 1, begins="[A-Z0-9<]+")

_RUN = "[A-Z0-9<]{30}"

RECOGNIZER = described("mrz", (KIND,), find, (open_match.token, _tail), _RUN, _RUN)
