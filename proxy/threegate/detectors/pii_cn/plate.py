"""Chinese number plates (GA 36): province, letter, five characters; six for new energy; school,
police, Hong Kong … suffixes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "pii.cn.plate"
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼滬遼魯蘇贛陝閩貴粵寧瓊雲"
_GAP = r"[ ·•・．.\-]?"
_ALNUM = "[0-9A-HJ-NP-Z]"
_ANY_CASE = "[0-9A-HJ-NP-Za-hj-np-z]"
_PLATE = re.compile(
    rf"[{_PROVINCE}][A-Z]{_GAP}(?:[DF]{_ALNUM}[0-9]{{4}}|[0-9]{{5}}[DF]|{_ALNUM}{{4}}"
    rf"[学警港澳挂領领]|{_ALNUM}{{5}})"
    r"(?![0-9A-Za-z])(?!标准|号文)|WJ[ ]?[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青"
    r"藏川宁琼]?[0-9]{4}[0-9XBTSHJD](?![0-9A-Za-z])"
    r"|使[0-9]{6}(?![0-9A-Za-z])"
    rf"|[{_PROVINCE}][a-z]{_GAP}(?:{_ANY_CASE}{{4}}[学警港澳挂領领]|{_ANY_CASE}{{5,6}})(?![0-9A-Za-z])"
)
"""Lower-case letters, as in chats, need a label nearby."""
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


_OPEN = re.compile(
    rf"(?:[{_PROVINCE}](?:[A-Za-z]{_GAP}{_ANY_CASE}{{0,6}})?|W|WJ[ ]?[{_PROVINCE}]?[0-9]{{0"
    rf",4}}|使[0-9]{{0,6}})\Z"
)
tail = open_match.unfinished(_OPEN, 10)
"""A province character may begin a plate."""

RECOGNIZER = described(
    "cn_plate",
    (KIND,),
    find,
    (tail,),
    trigger=rf"[{_PROVINCE}][A-Za-z]{_GAP}{_ANY_CASE}{{4}}|WJ|使[0-9]",
)
