"""Bank cards, 13 to 19 digits: issuer prefix (BIN) and Luhn. UnionPay debit cards have 19
digits, credit cards 16."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.checksums import luhn
from threegate.detectors.labels import words
from threegate.detectors.recognizer import EDGE, GAP, Hit, Recognizer, candidates, first
from threegate.detectors.sieve import Ints, Sieve, together
from threegate.detectors.surroundings import View, cue
from threegate.types import Bilingual, Level

KIND = "pii.bank_card"
_CARD = re.compile(first("1-9") + rf"(?=[0-9]{{2}})(?:{GAP}?[0-9]){{12,18}}{EDGE}")
_GROUP = re.compile(r"[0-9]+")
_LABELS = words(
    "银行卡|銀行卡|卡号|卡號|账号|帳號|账户|帳戶|信用卡|借记卡|储蓄卡|工资卡|卡片",
    "还款卡|新卡|这张卡|這張卡|转出|转入|打到|汇到|收款|卡上|行卡|农卡|支行|存折",
    "card|visa|mastercard|unionpay|amex|account|acct|pan|debit|credit",
)
_ISSUERS = tuple(
    (re.compile(prefix), lengths)
    for prefix, lengths in (
        (r"62", (16, 17, 18, 19)),
        (r"4", (16,)),
        (r"4367|955880", (19,)),
        (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
        (r"3[47]", (15,)),
        (r"35(?:2[89]|[3-8])|6011|65|64[4-9]|60[38]", (16,)),
    )
)
_KNOWN = (22, 23, 24, 25, 26, 27, 34, 35, 37, *range(40, 56), 60, 62, 64, 65, 95)
"""First two digits of `_ISSUERS`."""
_RARE = re.compile(r"(?:4[0-9]{12}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:9|6|5|4|1|8)[0-9]{15,18})$")
_SPLIT = 5
"""More groups of digits than this are a card only beside a label."""
_GROUPINGS = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (6, 13), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1)}


def _parts(match: re.Match[str]) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """(end, digits, group lengths), longest first: a security code or a date may follow a card."""
    groups = list(_GROUP.finditer(match.group()))
    for count in range(len(groups), 0, -1):
        parts = [g.group() for g in groups[:count]]
        digits = "".join(parts)
        if len(digits) < 13:
            return
        yield match.start() + groups[count - 1].end(), digits, tuple(map(len, parts))


def find(view: View) -> Iterator[Hit]:
    for match in candidates(view, _CARD, _spots):
        for end, digits, shape in _parts(match):
            level = _level(view, match.start(), end, digits, shape)
            if level:
                yield Hit(match.start(), end, KIND, level)
                break


def _spots(sieve: Sieve) -> Ints:
    """A length with a check digit that fits; or one group that an issuer begins like that."""
    return together(*(sieve.at[_of_length(sieve, count)] for count in range(13, 20)))


def _of_length(sieve: Sieve, count: int) -> Ints:
    i = sieve.rows(count, sieve.threes)
    i = i[sieve.ends(i + count - 1)]
    known = np.isin(sieve.number(i, 0, 2), _KNOWN)
    i = i[(known & sieve.solid(i, 0, count - 1)) | sieve.luhn(i, count)]
    known = np.isin(sieve.number(i, 0, 2), _KNOWN) & (sieve.groups(i, count) <= _SPLIT)
    return i[known | sieve.labelled(sieve.at[i], _LABELS)]


def _issued(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUERS)


def _level(view: View, start: int, end: int, digits: str, shape: tuple[int, ...]) -> Level | None:
    common, checked = _issued(digits), luhn(digits)
    regular = len(shape) == 1 or shape in _GROUPINGS
    if not (common or _RARE.match(digits)) or not (checked or (common and len(shape) == 1)):
        return None
    if not checked:
        return Level.LOW
    near = cue(view, start, end, _LABELS)
    if near <= 0 and (not common or len(shape) > _SPLIT):
        return None
    if near < 0:
        return Level.LOW
    if not regular:
        return Level.MEDIUM if near > 0 else Level.LOW
    return Level.HIGH if near > 0 and common else Level.MEDIUM


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="bank_card",
        kinds=(KIND,),
        title=Bilingual("银行卡号", "Bank card number"),
        examples=(
            Example("卡号6222021234567890128", ("6222021234567890128",)),
            Example("我的卡6216600100001234564丢了", ("6216600100001234564",)),
            Example("卡号4111111111111111号", ("4111111111111111",)),
            Example("pay with 4111 1111 1111 1111 123 please", ("4111 1111 1111 1111",)),
            Example("amex 3782-822463-10005.", ("3782-822463-10005",)),
            Example("账号：622202123456\n7890128\n户名", ("622202123456\n7890128",)),
            Example(
                "账号【６２２２０２１２３４５６７８９０１２８】",
                ("６２２２０２１２３４５６７８９０１２８",),
            ),
            Example(
                "卡1 6222021234567890128\n卡2 4111111111111111",
                ("6222021234567890128", "4111111111111111"),
            ),
            Example("测试卡号6222021234567890127过不了Luhn"),
            Example("订单4711851210781365629显示已签收"),
            Example("seq=000184467440737 ts=1716893322123"),
            Example("请把3.14159265358979323846四舍五入"),
        ),
    ),
    trigger=rf"[1-9](?:{GAP}?[0-9]){{12}}",
    find=find,
    tails=(tails.number, tails.han_number),
    rank=80,
    plain=False,
)
