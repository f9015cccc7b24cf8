"""Chinese number plates (GA 36): province, letter, five characters; six for new energy; school,
police, Hong Kong … suffixes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.data_files import patterns
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "pii.cn.plate"
_P = patterns("detectors.pii_cn", "plate")
_PLATE = re.compile(_P["PLATE"])
_LABELS = labels("cn_plate")


_DIGITS = 3
"""Shorter ones are more often part of a word."""


def find(view: ScanText) -> Iterator[Hit]:
    for match in _PLATE.finditer(view.text):
        view.spend()
        if hit := _hit(view, match):
            yield hit


def _hit(view: ScanText, match: re.Match[str]) -> Hit | None:
    digits = sum(c.isdigit() for c in match.group())
    polarity = view.label_polarity(*match.span(), _LABELS, look_after=False)
    if match.group()[1].islower() and (polarity <= 0 or digits < _DIGITS):
        return None
    level = Level.MEDIUM if digits >= _DIGITS and not polarity else Level.LOW
    return Hit(*match.span(), KIND, Level.HIGH if polarity > 0 else level)


_OPEN = re.compile(_P["OPEN"])
tail = open_match.unfinished(_OPEN, 10)
"""A province character may begin a plate."""

RECOGNIZER = described("cn_plate", (KIND,), find, (tail,), trigger=_P["TRIGGER"])
