"""Unified social credit code (GB 32100): 18 characters, also the taxpayer number. Some early
real codes fail the check."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match, vectorized_checks
from threegate.detectors.engine.checksums import USCC_ALPHABET, USCC_WEIGHTS, uscc
from threegate.detectors.engine.context import ScanText, label_polarities, label_polarity
from threegate.detectors.engine.digit_index import DigitIndex, Ints, Mask
from threegate.detectors.engine.digit_spans import NUMBER
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import (
    WORD_EDGE,
    Hit,
    Recognizer,
    first,
    numbers,
    sifted_numbers,
)
from threegate.types import Bilingual, Level

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
"""As it is printed; only with a check character that fits."""
_DASH = ord("-")
_VALUES = np.full(128, -1)
for _place, _char in enumerate(USCC_ALPHABET):
    _VALUES[[ord(_char), ord(_char.lower())]] = _place
_SHAPE = re.compile("[1-9A-HJ-NPQRTUWXY]" + _BODY)
_LABELS = words(
    "信用代码|信用代碼|统一代码|税号|稅號|纳税人识别号|识别号|机构代码|营业执照",
    "代码|uscc|credit code|tax id|tax no|taxpayer|tax_id|taxid|creditcode",
)


def _sift(view: ScanText) -> tuple[Iterator[Hit], Ints]:
    """Words of that length are judged here, those with a label glued to them left."""
    sieve = view.sieve
    starts, end = sieve.tokens(18)
    start = end - 18
    value = _VALUES[sieve.codes[start[:, None] + np.arange(18)]]
    shaped: Mask = (value[:, :3] > 0).all(1) & (value[:, 2] < 9) & (value >= 0).all(1)
    shaped &= (value[:, 3:8] < 10).all(1) & ~((sieve.code(end) == _DASH) & sieve.is_word(end + 1))
    own = shaped & (start == starts) & vectorized_checks.left(sieve, start)
    left = start[shaped & sieve.is_letter(start - 1)]
    start, end, value = start[own], end[own], value[own]
    level = _levels(value, label_polarities(view, start, end, _LABELS))
    told = level > 0
    return vectorized_checks.hits(start[told], end[told], KIND, level[told]), left


def _levels(value: Ints, near: Ints) -> Ints:
    """`_level` of rows of worths."""
    checked = (value[:, :17] @ np.array(USCC_WEIGHTS) + value[:, 17]) % 31 == 0
    good = checked & (near >= 0)
    sure = good & ((near > 0) | (value > 9).any(1))
    return np.select([sure, good, checked | (near > 0)], [Level.HIGH, Level.MEDIUM, Level.LOW], 0)


def _level(view: ScanText, match: re.Match[str]) -> Level | None:
    checked = uscc(match.group().upper())
    near = label_polarity(view, *match.span(), _LABELS)
    if checked and near >= 0:
        mixed = not match.group().isdigit()
        return Level.HIGH if near or mixed else Level.MEDIUM
    return Level.LOW if checked or near > 0 else None


def _grouped_spots(sieve: DigitIndex) -> Ints:
    return sieve.grouped(" -", (4, 4, 4, 4, 2), (2, 6, 9, 1), (8, 9, 1), (8, 10))


def find(view: ScanText) -> Iterator[Hit]:
    found, matches = sifted_numbers(view, _USCC, _sift)
    yield from found
    for match in matches:
        if level := _level(view, match):
            yield Hit(*match.span(), KIND, level)
    for match in numbers(view, _GROUPED, _grouped_spots):
        value = match.group().replace(" ", "").replace("-", "")
        if (
            _SHAPE.fullmatch(value)
            and uscc(value)
            and label_polarity(view, *match.span(), _LABELS) >= 0
        ):
            yield Hit(*match.span(), KIND, Level.HIGH)


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="cn_uscc",
        kinds=(KIND,),
        title=Bilingual("统一社会信用代码", "Unified social credit code"),
        examples=(
            Example("统一代码91350100M000100Y43这家公司", ("91350100M000100Y43",)),
            Example("税号是9144030071526726XG，上次", ("9144030071526726XG",)),
            Example("tax id 91350100m000100y43", ("91350100m000100y43",)),
            Example("税号 9135 0100 M000 100Y 43", ("9135 0100 M000 100Y 43",)),
            Example("税号91350100M000100Y44"),
            Example("commit 91350100M000100Y43A"),
        ),
    ),
    trigger=NUMBER,
    find=find,
    tails=(open_match.token, open_match.groups),
    rank=85,
    plain=False,
)
