"""Chinese landlines: area code and number. Service numbers (400, 95xxx) are public and stay LOW
without a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import SPACE, ScanText, label_polarity
from threegate.detectors.engine.digit_index import DigitIndex, Ints, together
from threegate.detectors.engine.digit_spans import NUMBER
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import DASH, EDGE, Hit, Recognizer, numbers
from threegate.types import Bilingual, Level

KIND = "pii.cn.landline"
_AREA = r"(?:10|2[0-57-9]|[3-9][0-9]{2})"
_LEFT = r"(?:(?<![0-9A-Za-z].)(?<![0-9][.\-/].)|(?<=(?i:tel|fax).)|(?<=(?i:phone).))"
_GAP = rf"[{SPACE}{DASH}]"
_LANDLINE = re.compile(
    rf"(?:(?:[+](?<![0-9A-Za-z].)86{_GAP}?)?(?:[(（]0{_AREA}[)）]{_GAP}?|0{_LEFT}{_AREA}"
    rf"(?P<gap>{_GAP})?)|[+](?<![0-9A-Za-z].)86{_GAP}?[(（]?0?[)）]?{_GAP}?{_AREA}[)）]?{_GAP}?)"
    rf"[2-8][0-9]{{2,3}}(?P<split>{_GAP})?[0-9]{{4}}{EDGE}"
)
_HAN = re.compile("[\u3400-\u9fff]")
"""London numbers look like Guangzhou ones when written in groups of four: those need Chinese
around."""
_SERVICE = re.compile(
    rf"[48](?<![0-9A-Za-z].)(?<![0-9][.\-/ ].)00(?P<gap>{_GAP})?[0-9]{{3}}(?P=gap)?[0-9]{{4}}{EDGE}"
)
_OPENING = tuple(map(ord, "(（"))
_LABELS = words(
    "电话|電話|座机|传真|傳真|联系|致电|拨打|热线|总机|号码|值班|客服|回电|phone",
    "tel|fax|landline|call|office|hotline",
)


def _spots(sieve: DigitIndex) -> Ints:
    """Where an area code, its bracket or the country code before it begins."""
    free, digit = sieve.free, sieve.digit
    plain = sieve.at[_numbers(sieve, free[digit[free] == 0])]
    coded = sieve.rows(11, np.flatnonzero((digit[:-2] == 8) & (digit[1:-1] == 6)))
    country = sieve.at[coded] - 1
    bracket = plain[np.isin(sieve.code(plain - 1), _OPENING)] - 1
    return together(plain, bracket, country[sieve.code(country) == ord("+")])


def _numbers(sieve: DigitIndex, zeros: Ints) -> Ints:
    """Three digits of an area code, then a number whose last four stand together."""
    i = sieve.rows(10, zeros)
    first = (sieve.digit[i + 3], sieve.digit[i + 4])
    local = [(d >= 2) & (d <= 8) for d in first]
    i = i[sieve.solid(i, 0, 2) & (sieve.digit[i + 1] > 0) & (local[0] | local[1])]
    at = [sieve.at[np.minimum(i + place, len(sieve.at) - 1)] for place in range(6, 12)]
    return i[np.any([last - four == 3 for four, last in zip(at, at[3:], strict=False)], axis=0)]


def _service_spots(sieve: DigitIndex) -> Ints:
    i = sieve.rows(10)
    return sieve.at[i[np.isin(sieve.number(i, 0, 3), (400, 800)) & sieve.ends(i + 9)]]


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _LANDLINE, _spots):
        formed = match["gap"] is not None or match.group()[0] in "(（+"
        if match.group()[0] == "+" or not match["split"] or _HAN.search(view.before(match.start())):
            yield Hit(*match.span(), KIND, _level(view, match, formed))
    for match in numbers(view, _SERVICE, _service_spots):
        near = label_polarity(view, *match.span(), _LABELS, behind=False) > 0
        yield Hit(*match.span(), KIND, Level.MEDIUM if near else Level.LOW, "service")


def _level(view: ScanText, match: re.Match[str], formed: bool) -> Level:
    near = label_polarity(view, *match.span(), _LABELS)
    if near < 0:
        return Level.MEDIUM if match.group()[0] == "+" else Level.LOW
    if near:
        return Level.HIGH if formed else Level.MEDIUM
    return Level.MEDIUM if formed else Level.LOW


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="cn_phone",
        kinds=(KIND,),
        title=Bilingual("座机号", "Chinese landline"),
        examples=(
            Example("单位电话010-61240843一直占线", ("010-61240843",)),
            Example("财务电话0731 89710451；", ("0731 89710451",)),
            Example("请失主拨打(0991)6901465认领", ("(0991)6901465",)),
            Example("地址、电话：见备注 02050100536", ("02050100536",)),
            Example("客服热线400-820-8820", ("400-820-8820",)),
            Example("Tel: +86 512 4992 1003", ("+86 512 4992 1003",)),
            Example("Tel: +86-755-51005032, Ms Ye", ("+86-755-51005032",)),
            Example("我打12306没人接，换95533很快"),
            Example("发票代码044002100311"),
            Example("批号010-6124"),
        ),
    ),
    trigger=NUMBER,
    find=find,
    tails=(open_match.token, open_match.number),
    rank=60,
    plain=False,
)
