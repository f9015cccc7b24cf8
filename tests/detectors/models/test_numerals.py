from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.models.numerals import english, han

DIGITS = "零一二三四五六七八九"
WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"""
TENS = """_ _ twenty thirty forty fifty sixty seventy eighty ninety"""


def write_han(n: int) -> str:
    """The standard form below 10^12, written independently of the parser."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if n >= size:
            rest = n % size
            zero = "零" if 0 < rest < size // 10 else ""
            return write_han(n // size) + name + (zero + write_han(rest) if rest else "")
    for size, name in ((1000, "千"), (100, "百"), (10, "十")):
        if n >= size:
            rest = n % size
            zero = "零" if 0 < rest < size // 10 else ""
            return DIGITS[n // size] + name + (zero + write_han(rest) if rest else "")
    return DIGITS[n]


def write_english(n: int) -> str:
    if n < 20:
        return WORDS.split()[n]
    if n < 100:
        return TENS.split()[n // 10] + (f"-{WORDS.split()[n % 10]}" if n % 10 else "")
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if n >= size:
            return f"{write_english(n // size)} {name}" + (
                f" and {write_english(n % size)}" if n % size else ""
            )
    raise AssertionError(n)


@given(st.integers(0, 10**12 - 1))
def test_han_reads_what_is_written(n: int) -> None:
    assert han(write_han(n)) == n


@given(st.integers(0, 999_999_999))
def test_english_reads_what_is_written(n: int) -> None:
    assert english(write_english(n)) == n


@pytest.mark.parametrize(
    ("text", "value"),
    [("一万五", 15000), ("三百五", 350), ("一百零五", 105), ("二〇二四", 2024), ("十二点五", 12.5), ("零点零五", 0.05), ("两万", 20000), ("一万亿", 1e12), ("十", 10)],
)  # fmt: skip
def test_han_spoken_forms(text: str, value: float) -> None:
    assert han(text) == value
