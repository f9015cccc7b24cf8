"""Unified social credit code (GB 32100): 18 characters, also the taxpayer number. Some early
real codes fail the check."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.checksums import uscc
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import DIGITS, Shape
from threegate.detectors.engine.recognizer import WORD_EDGE, Hit, first, numbers
from threegate.types import Level

KIND = "pii.cn.uscc"
_BODY = r"[1-9A-HJ-NPQRTUWXY][1-8][0-9]{5}[0-9A-HJ-NPQRTUWXY]{10}"
_USCC = re.compile(
    first("1-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy") + f"(?i:{_BODY}){WORD_EDGE}(?!-[0-9A-Za-z])"
)
_B = "[0-9A-HJ-NPQRTUWXY]"
_GROUPED = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_B}{{4}}([ \-]){_B}{{4}}\1{_B}{{4}}\1{_B}{{4}}\1{_B}{{2}}"
    rf"|{_B}{{2}}([ \-]){_B}{{6}}\2{_B}{{9}}\2{_B}|{_B}{{8}}[ \-]{_B}{{9}}[ \-]?{_B}){WORD_EDGE}"
)
"""The printed form; only with a valid check character."""
_WHOLE = re.compile("[1-9A-HJ-NPQRTUWXY]" + _BODY)
_SHAPE = Shape(6, DIGITS, run=6, letters=True)
_GROUPED_SHAPE = Shape(6, DIGITS, letters=True)
_LABELS = labels("cn_uscc")


def _level(view: ScanText, match: re.Match[str]) -> Level | None:
    checked = uscc(match.group().upper())
    polarity = view.label_polarity(*match.span(), _LABELS)
    if checked and polarity >= 0:
        mixed = not match.group().isdigit()
        return Level.HIGH if polarity or mixed else Level.MEDIUM
    return Level.LOW if checked or polarity > 0 else None


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _USCC, _SHAPE):
        if level := _level(view, match):
            yield Hit(*match.span(), KIND, level)
    for match in numbers(view, _GROUPED, _GROUPED_SHAPE):
        value = match.group().replace(" ", "").replace("-", "")
        if (
            _WHOLE.fullmatch(value)
            and uscc(value)
            and view.label_polarity(*match.span(), _LABELS) >= 0
        ):
            yield Hit(*match.span(), KIND, Level.HIGH)


RECOGNIZER = described("cn_uscc", (KIND,), find, (open_match.token, open_match.groups))
