"""Values that manuals show: cards of payment providers' sandboxes, telephone numbers of
advertisements. Where the words beside one call it an example it is nobody's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from threegate.detectors.labels import words
from threegate.detectors.recognizer import digits_of
from threegate.detectors.sieve import Ints, Mask
from threegate.detectors.surroundings import View

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
_ALL = CARDS | MOBILES
_LABELS = words(
    "测试|示例|样例|例如|举例|演示|模板|占位|虚构|测试卡|sandbox|test card|test number|example",
    "sample|dummy|placeholder|fake|demo|for testing|documented",
)


def shown(view: View, start: int, end: int) -> bool:
    """Whether a number is one of `CARDS` or `MOBILES`, and its clause says what it is."""
    known = digits_of(view.text[start:end]) in _ALL
    return known and view.cue(start, end, _LABELS, _LABELS, behind=True) > 0


def all_shown(
    view: View, start: Ints, end: Ints, first: NDArray[np.int32], heads: list[int]
) -> Mask:
    """`shown` of the numbers in a long text; `first` are their first digits, which `heads` has of
    those that may be."""
    found = np.isin(first, heads)
    at = np.flatnonzero(found)
    found[at] = view.cues(start[at], end[at], _LABELS, _LABELS, behind=True) > 0
    for n in np.flatnonzero(found).tolist():
        found[n] = digits_of(view.text[start[n] : end[n]]) in _ALL
    return found
