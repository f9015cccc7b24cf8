"""Chinese mobile numbers: 11 digits from an assigned prefix, with +86 and separators. No check
digit exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.labels import words
from threegate.detectors.recognizer import BREAK, DASH, Hit, Recognizer, candidates
from threegate.detectors.sieve import Ints, Sieve, together
from threegate.detectors.surroundings import SPACE, View, cue
from threegate.types import Bilingual, Level

KIND = "pii.cn.mobile"
_GAP = rf"(?:[{SPACE}{DASH}.]|{BREAK})?"
_PREFIX = r"1(?:[38][0-9]|4[5-9]|5[0-35-9]|6[25-7]|7[0-8]|9[0-35-9])"
_EDGE = r"(?![0-9A-Za-z])(?!\.[0-9])(?![\-/][0-9]{5})"
_ABROAD = "".join(rf"(?<![+][0-9]{{{n}}}[ \-].)" for n in (1, 2, 3))
"""Behind another country's code; +86 is part of the match."""
_LEFT = _ABROAD + (
    r"(?:(?<![0-9A-Za-z+].)(?<![0-9][.\-/].)|(?<=(?i:tel|mob).)|(?<=(?i:phone).)|(?<=(?i:mobile).))"
)
_COUNTRY = rf"(?:[+](?<![0-9A-Za-z].)86|0{_LEFT}086|8{_LEFT}6)[)）]?[{SPACE}{DASH}]?"
_NATIONAL = _PREFIX[1:] + rf"{_GAP}[0-9]{_GAP}[0-9]{{3}}{_GAP}[0-9]{_GAP}[0-9]{{3}}{_EDGE}"
_MOBILE = re.compile(rf"(?P<country>{_COUNTRY})1{_NATIONAL}|1{_LEFT}{_NATIONAL}")
_DOTS = 2
"""More of them stand in versions: 133.0.7415.166."""
_LABELS = words(
    "手机|手機|电话|電話|联系|聯絡|聯繫|来电|致电|回电|拨打|打给|号码|號碼|短信",
    "热线|机主|绑定|备用|微信|phone|mobile|tel|cell|call|contact|whatsapp|sms",
    "text me",
)


def _spots(sieve: Sieve) -> Ints:
    """Where 1 and ten more digits stand, or a country code before them begins."""
    free, digit = sieve.free, sieve.digit
    plain = _numbers(sieve, free[digit[free] == 1])
    coded = np.flatnonzero((digit[:-2] == 8) & (digit[1:-1] == 6) & (digit[2:] == 1)) + 2
    country = sieve.at[_numbers(sieve, coded) - 2]
    return together(sieve.at[plain], country, country - 1, country - 2)


def _numbers(sieve: Sieve, ones: Ints) -> Ints:
    i = sieve.rows(11, ones)
    i = i[sieve.solid(i, 0, 2) & sieve.solid(i, 4, 6) & sieve.solid(i, 8, 10)]
    return i[(sieve.digit[i + 1] >= 3) & sieve.ends(i + 10)]


def find(view: View) -> Iterator[Hit]:
    for match in candidates(view, _MOBILE, _spots):
        if match.group().count(".") <= _DOTS:
            yield Hit(*match.span(), KIND, _level(view, match))


def _level(view: View, match: re.Match[str]) -> Level:
    near = cue(view, *match.span(), _LABELS, behind=False)
    if near < 0:
        return Level.LOW
    return Level.HIGH if near or match["country"] else Level.MEDIUM


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="cn_mobile",
        kinds=(KIND,),
        title=Bilingual("手机号", "Chinese mobile number"),
        examples=(
            Example("我的手机号是13800138000。", ("13800138000",)),
            Example("联系人手机+8613800138000，请备齐", ("+8613800138000",)),
            Example("call +86 138 0013 8000 now", ("+86 138 0013 8000",)),
            Example("138-0013-8000打过去空号", ("138-0013-8000",)),
            Example("手机：１３８００１３８０００", ("１３８００１３８０００",)),
            Example("电话是幺三八零零一三八零零零", ("幺三八零零一三八零零零",)),
            Example('{"mobile":"13800138000"}', ("13800138000",)),
            Example("订单13800138000麻烦改一下"),
            Example("工单号4838050043281470521"),
            Example("EPOCH_MS = 1718000000000"),
            Example("x = 0.13800138000"),
        ),
    ),
    trigger=rf"1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}",
    find=find,
    tails=(tails.token, tails.number, tails.han_number),
    rank=70,
    plain=False,
)
