"""Where a text has digits, and when it has too many to say."""

from __future__ import annotations

import pytest
from threegate.detectors.engine.digit_spans import BEFORE, stretches


def found(text: str, most: int = 1000) -> list[tuple[int, int]] | None:
    return stretches(text, text.encode(), most)


@pytest.mark.parametrize("before", ["words and ", "一些字和更多字"])
def test_a_stretch_is_from_a_little_before_its_digits_to_the_last(before: str) -> None:
    start = len(before)
    assert found(f"{before}138-0013-8000 and 12 words") == [(start - BEFORE, start + 12)]


def test_stretches_that_meet_are_one() -> None:
    assert found("123456 any 654321") == [(0, 16)]
    assert found("12345 word 54321") == []


@pytest.mark.parametrize("unit", ["123456 and so on, ", "123456，如此等等，还有"])
def test_many_are_not_told(unit: str) -> None:
    assert found(unit * 9, most=5 * 9) is not None
    assert found(unit * 9, most=5 * 9 - 1) is None
