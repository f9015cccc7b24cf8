"""Well-known example values: test cards of payment providers, telephone numbers from
advertisements. A known test number is downgraded when nearby text marks it as an example."""

from __future__ import annotations

from threegate.detectors.engine.context import ScanText
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


def is_example(view: ScanText, start: int, end: int, digits: str) -> bool:
    """Whether these digits are among `CARDS` or `MOBILES` and the clause marks them as an
    example."""
    known = digits in CARDS or digits in MOBILES
    return known and view.label_polarity(start, end, _LABELS, other=_LABELS) > 0
