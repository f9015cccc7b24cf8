"""Numbers written as words: 三千二百万, 一万五 (= 15000), 二〇二四; one hundred and five. Pure."""

from __future__ import annotations

import re

HAN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
HAN_SCALE = {"十": 10, "百": 100, "千": 1000}
HAN_BIG = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
BIG = {"thousand": 1e3, "million": 1e6, "billion": 1e9}


def han(text: str) -> float:
    """A Chinese numeral: 三千二百万, 一万五 (= 15000), 二〇二四, 十二点五."""
    whole, _, fraction = text.partition("点")
    value = _han_whole(whole)
    digits = "".join(str(HAN.get(c, 0)) for c in fraction)
    return value + float(f"0.{digits}") if digits else value


def _han_whole(text: str) -> float:
    if len(text) > 1 and all(c in HAN for c in text):
        return float("".join(str(HAN[c]) for c in text))
    total = section = 0.0
    digit, last = 0.0, 1.0
    pending = False
    for char in text:
        if char in HAN:
            digit, pending = float(HAN[char]), True
            last = 1.0 if char in "零〇" else last
        elif char in HAN_SCALE:
            section += (digit if pending else 1.0) * HAN_SCALE[char]
            digit, pending, last = 0.0, False, float(HAN_SCALE[char])
        else:
            big = float(HAN_BIG[char])
            whole = section + digit
            total = (total + whole) * big if total < big else total + whole * big
            section, digit, pending, last = 0.0, 0.0, False, big
    return total + section + digit * (last / 10 if pending and last >= 100 else 1.0)


def english(text: str) -> float:
    """twenty-three, one hundred and five, two million."""
    total = current = 0.0
    for word in re.split(r"[\s-]+", text.lower()):
        if word in ONES:
            current += ONES[word]
        elif word in TENS:
            current += TENS[word]
        elif word == "hundred":
            current *= 100
        elif word in BIG:
            total, current = total + current * BIG[word], 0.0
    return total + current
