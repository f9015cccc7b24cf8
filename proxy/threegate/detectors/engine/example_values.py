"""Well-known example values: test cards of payment providers, telephone numbers from
advertisements. A known test number is downgraded when nearby text marks it as an example."""

from __future__ import annotations

from threegate import data_files
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.labels import words
from threegate.guard.masking.public_values import examples

KNOWN = examples() | data_files.words("detectors.engine", "example_values")
_LABELS = words(
    "测试|示例|样例|例如|举例|演示|模板|占位|虚构|测试卡|sandbox|test card|test number|example",
    "sample|dummy|placeholder|fake|demo|for testing|documented",
)


def is_example(view: ScanText, start: int, end: int, digits: str) -> bool:
    """Whether these digits are a known example value and the clause marks them as an example."""
    return digits in KNOWN and view.label_polarity(start, end, _LABELS, other=_LABELS) > 0
