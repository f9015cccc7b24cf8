from __future__ import annotations

import pytest
from threegate.detectors.labels import words

LABELS = words("tel|phone|卡号|id|id card")


@pytest.mark.parametrize(
    ("text", "end"),
    [("TEL 1", 3), ("hotel 1", -1), ("userPhone1", 9), ("卡号tel卡号 ", 7), ("id card x", 7), ("aid id", 6)],
)  # fmt: skip
def test_the_last_label_that_stands_free(text: str, end: int) -> None:
    assert LABELS.last(text) == end
    assert LABELS.search(text) is (end >= 0)


def test_every_end_in_order() -> None:
    assert list(LABELS.ends("id, telephone id")) == [2, 13, 16]
