"""Passports and permits: Chinese and Hong Kong passports, home-return permit (回乡证), Taiwan
compatriot permit (台胞证), permits to Hong Kong, Macau and Taiwan. No check digit: a label is
required."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import DIGITS, Shape
from threegate.detectors.engine.recognizer import WORD_EDGE, Hit, first, numbers
from threegate.types import Level

PASSPORT, PERMIT = "pii.cn.passport", "pii.cn.travel_permit"
_PASSPORT = re.compile(
    first("DEGKHMPSdeg")
    + rf"(?:(?<=[EGeg])[0-9]{{8}}|(?<=[Ee])[A-HJ-NP-Za-hj-np-z][0-9]{{7}}|(?<=[DSP])E[0-9]{{7}}"
    rf"|(?<=M)A[0-9]{{7}}|(?<=[KH])[0-9]{{8}}|(?<=K)J[0-9]{{7}}|(?<=H)[AB][0-9]{{7}})"
    rf"{WORD_EDGE}(?!-[0-9])"
)
_PERMIT = re.compile(
    first("CHLMTWhm0-9")
    + rf"(?:(?<=[HMhm])[0-9]{{8}}(?:[0-9]{{2}})?|(?<=[CLWT])[A-Z]?[0-9]{{7,8}}|(?<=[0-9]"
    rf")[0-9]{{7}}){WORD_EDGE}(?!-[0-9])"
)
_PASSPORT_SHAPE = Shape(7, run=7, letters=True)
_PERMIT_SHAPE = Shape(7, DIGITS, run=7, letters=True)
_PASSPORT_LABELS = labels("cn_travel", "passport_labels")
_DOCUMENT_LABELS = labels("cn_travel", "document_labels")
"""For the forms of the mainland, which no permit has."""
_PERMIT_LABELS = labels("cn_travel", "permit_labels")


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _PASSPORT, _PASSPORT_SHAPE):
        labels = _DOCUMENT_LABELS if match.group()[0] in "EGeg" else _PASSPORT_LABELS
        polarity = view.label_polarity(*match.span(), labels, other=_PERMIT_LABELS)
        yield Hit(*match.span(), PASSPORT, Level.HIGH if polarity > 0 else Level.LOW)
    for match in numbers(view, _PERMIT, _PERMIT_SHAPE):
        polarity = view.label_polarity(*match.span(), _PERMIT_LABELS, other=_PASSPORT_LABELS)
        if polarity > 0 or not match.group().isdigit():
            yield Hit(*match.span(), PERMIT, Level.HIGH if polarity > 0 else Level.LOW)


RECOGNIZER = described("cn_travel", (PASSPORT, PERMIT), find, (open_match.token,))
