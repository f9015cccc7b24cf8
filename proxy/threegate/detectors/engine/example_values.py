"""Values that manuals show: cards of payment providers' sandboxes, telephone numbers of
advertisements. Where the words beside one call it an example it is nobody's."""

from __future__ import annotations

import numpy as np

from threegate.detectors.engine.context import ScanText, label_polarities, label_polarity
from threegate.detectors.engine.digit_index import Ints, Mask
from threegate.detectors.engine.labels import words

CARDS = frozenset(
    (
        *("4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556"),
        *("4000000000000002", "4000000000003220", "5555555555554444", "5105105105105100"),
        *("5200828282828210", "2223003122003222", "378282246310005", "371449635398431"),
        *("6011111111111117", "6011000990139424", "3530111333300000", "3566002020360505"),
        *("30569309025904", "38520000023237", "6200000000000005"),
    )
)
MOBILES = frozenset(
    (
        *("13800138000", "13800000000", "13900000000", "13888888888", "13999999999"),
        *("18888888888", "13812345678", "13912345678", "13712345678", "15012345678"),
        *("18812345678", "13500000000"),
    )
)
_LABELS = words(
    "测试|示例|样例|例如|举例|演示|模板|占位|虚构|测试卡|sandbox|test card|test number|example",
    "sample|dummy|placeholder|fake|demo|for testing|documented",
)


_VALUES = np.array(sorted(map(int, CARDS | MOBILES)))
_BEGINNINGS = np.array(sorted({int(number[:6]) for number in CARDS | MOBILES}))


def shown(view: ScanText, start: int, end: int, digits: str) -> bool:
    """Whether these digits are among `CARDS` or `MOBILES`, and the clause says what they are."""
    known = digits in CARDS or digits in MOBILES
    return known and label_polarity(view, start, end, _LABELS, other=_LABELS) > 0


def are_shown(view: ScanText, i: Ints, count: int) -> Mask:
    """`shown` of many rows of so many digits in a long text."""
    sieve, at = view.sieve, np.flatnonzero(np.isin(view.sieve.number(i, 0, 6), _BEGINNINGS))
    value = np.zeros(len(at), np.int64)
    for place in range(count):
        value = value * 10 + sieve.digit[i[at] + place]
    at = at[np.isin(value, _VALUES)]
    start, end = sieve.at[i[at]], sieve.at[i[at] + count - 1] + 1
    found = np.zeros(len(i), np.bool_)
    found[at] = label_polarities(view, start, end, _LABELS, other=_LABELS) > 0
    return found
