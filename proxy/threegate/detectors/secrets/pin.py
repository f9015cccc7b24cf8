"""Short codes: PINs, card security codes, door codes, one-time codes.

Four digits alone mean nothing, so a code needs its name directly before it and a word or sign that
assigns it. Only `PIN` and names that end with 密码 or 口令 count directly before the digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.data_files import patterns
from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.types import Level

KIND = "secret.password"
_P = patterns("detectors.secrets", "pin")
_CODE = re.compile(_P["CODE"])
_CARD = re.compile(_P["CARD"])
_ADJACENT = re.compile(_P["ADJACENT"])
_PATTERNS = tuple(
    (byte_patterns.loosened(p.pattern + _P["ENDS"]), p) for p in (_CODE, _CARD, _ADJACENT)
)
_WEAK = "01234567890 9876543210"
_POSTAL = 6
"""Digits of an Indian postal code, which is also called a PIN code."""


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _PATTERNS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    value = match["value"]
    if match.start("value") - match.start() > LABEL_REACH:
        return None
    postal = len(value) == _POSTAL and match.group()[:8].lower() == "pin code"
    weak = match.re is _ADJACENT and (value in _WEAK or len(set(value)) == 1)
    return None if postal or weak else Hit(*match.span("value"), KIND, Level.MEDIUM)


RECOGNIZER = described("pin", (KIND,), find, trigger=_P["TRIGGER"])
