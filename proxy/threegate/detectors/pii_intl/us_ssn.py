"""US social security numbers: area, group and serial must be in ranges that were issued.
Unhyphenated only next to a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import Shape
from threegate.detectors.engine.recognizer import EDGE, Hit, first, numbers
from threegate.types import Level

KIND = "pii.us.ssn"
_SSN = re.compile(
    first("0-8")
    + rf"(?<!000)[0-9]{{2}}(?<!000)(?<!666)([ \-]?)(?!00)[0-9]{{2}}\1(?!0000)[0-9]{{4}}"
    rf"{EDGE}(?!-[0-9])"
)
_SHAPE = Shape(9, "012345678", run=3, most=9)
_LABELS = labels("us_ssn")


_DASHED = (Level.MEDIUM, Level.HIGH, Level.LOW)
_OTHER = (Level.LOW, Level.MEDIUM, Level.LOW)
"""The level by the nearest label: none (0), of an SSN (1), of another number (-1)."""


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _SSN, _SHAPE):
        polarity = view.label_polarity(*match.span(), _LABELS)
        level = (_DASHED if match[1] == "-" else _OTHER)[polarity]
        yield Hit(*match.span(), KIND, level)


RECOGNIZER = described("us_ssn", (KIND,), find, (open_match.token, open_match.number))
