from __future__ import annotations

import re
from types import ModuleType

import pytest
from threegate.detectors import registry
from threegate.detectors.engine.labels import Labels, words

LABELS = words("tel|phone|卡号|id|id card")


@pytest.mark.parametrize(
    ("text", "end"),
    [("TEL 1", 3), ("hotel 1", -1), ("userPhone1", 9), ("卡号tel卡号 ", 7), ("id card x", 7), ("aid id", 6)],
)  # fmt: skip
def test_the_last_label_that_stands_free(text: str, end: int) -> None:
    assert LABELS.last(text) == end
    assert LABELS.search(text) is (end >= 0)


def test_no_label_of_a_number_has_digits() -> None:
    """To labels all digits are alike: `context` remembers by a text without them."""
    for module in (v for v in vars(registry).values() if isinstance(v, ModuleType)):
        for labels in (v for v in vars(module).values() if isinstance(v, Labels)):
            assert not re.search("[0-9]", labels._any.pattern)
