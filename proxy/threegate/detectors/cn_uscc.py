"""Unified social credit code (GB 32100): 18 characters, also the taxpayer number. Some early
real codes fail the check."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.checksums import USCC_ALPHABET, USCC_WEIGHTS, uscc
from threegate.detectors.labels import words
from threegate.detectors.recognizer import WORD_EDGE, Hit, Recognizer, candidates, first
from threegate.detectors.sieve import Ints, Mask, Sieve
from threegate.detectors.surroundings import View, cue
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
_VALUES = np.full(128, -1)
for _place, _char in enumerate(USCC_ALPHABET):
    _VALUES[[ord(_char), ord(_char.lower())]] = _place
_SHAPE = re.compile("[1-9A-HJ-NPQRTUWXY]" + _BODY)
_LABELS = words(
    "信用代码|信用代碼|统一代码|税号|稅號|纳税人识别号|识别号|机构代码|营业执照",
    "代码|uscc|credit code|tax id|tax no|taxpayer|tax_id|taxid|creditcode",
)


def _spots(sieve: Sieve) -> Ints:
    """Words of that length whose check character fits or that have a label."""
    start = sieve.tokens(18)[1] - 18
    value = _VALUES[sieve.codes[start[:, None] + np.arange(18)]]
    total = value[:, :17] @ np.array(USCC_WEIGHTS)
    checked: Mask = (value >= 0).all(1) & ((total + value[:, 17]) % 31 == 0)
    return start[checked | sieve.labelled(start, _LABELS)]


def find(view: View) -> Iterator[Hit]:
    for match in candidates(view, _USCC, _spots):
        checked = uscc(match.group().upper())
        near = cue(view, *match.span(), _LABELS)
        if checked and near >= 0:
            mixed = not match.group().isdigit()
            yield Hit(*match.span(), KIND, Level.HIGH if near or mixed else Level.MEDIUM)
        elif checked or near > 0:
            yield Hit(*match.span(), KIND, Level.LOW)
    for match in _GROUPED.finditer(view.text):
        value = match.group().replace(" ", "").replace("-", "")
        if _SHAPE.fullmatch(value) and uscc(value) and cue(view, *match.span(), _LABELS) >= 0:
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
    trigger=r"(?i:[1-9A-HJ-NPQRTUWXY][1-9A-HJ-NPQRTUWXY][1-8][0-9]{5}[0-9A-HJ-NPQRTUWXY]{10})"
    r"|[1-9A-Z]{2}(?:[0-9]{2}[ \-][0-9]{4}[ \-][0-9A-Z]{4}[ \-]|[ \-][0-9]{6}[ \-][0-9A-Z]{9}"
    r"|[0-9]{6}[ \-][0-9A-Z]{9})",
    find=find,
    tails=(tails.token, tails.groups),
    rank=85,
    plain=False,
)
