"""What stands around a value, asked of a long text and of the same place in a short one."""

from __future__ import annotations

import random

import pytest
from threegate.detectors.engine.context import REACH, ScanText
from threegate.detectors.engine.labels import words

OWN = words("手机|电话", "phone|mobile")
NUMBER = "13812345678"
CASES = [
    ("手机：", 1),
    ("my phone is ", 1),
    ("订单", -1),
    ("the order ", -1),
    ("今天", 0),
    ("nothing here ", 0),
    ("手机。今天", 0),
    ("订单的手机", 1),
    ("手机的订单", -1),
]
FILLER = "。而且天气很好！ and so on. "


@pytest.mark.parametrize(("before", "expected"), CASES)
def test_the_nearest_label_decides(before: str, expected: int) -> None:
    text = f"{before}{NUMBER}。"
    assert ScanText(text).label_polarity(len(before), len(before) + len(NUMBER), OWN) == expected


def test_a_long_text_says_the_same_as_its_parts() -> None:
    dice, text, asked = random.Random(5), "", []
    while len(text) < 4096:
        before, expected = dice.choice(CASES)
        text += FILLER * dice.randint(3, 9) + "\n" + before
        asked.append((len(text), expected))
        text += NUMBER + "。"
    text += FILLER * REACH
    view = ScanText(text)
    for _ in range(2):  # the second time from what is remembered
        told = [view.label_polarity(start, start + len(NUMBER), OWN) for start, _ in asked]
        assert told == [expected for _, expected in asked]


def test_a_label_behind_counts_only_where_it_may() -> None:
    text = f"{NUMBER} (手机) 。" + FILLER
    ends = 0, len(NUMBER)
    assert ScanText(text).label_polarity(*ends, OWN) == 1
    assert ScanText(text).label_polarity(*ends, OWN, look_after=False) == 0


def test_a_value_whose_surroundings_may_still_come_is_held() -> None:
    text = f"编码{NUMBER}"
    view = ScanText(text, final=False)
    assert view.label_polarity(2, len(text), OWN) == 0
    assert view.open == 2


@pytest.mark.parametrize("text", ["plain ascii 12", "中文与 mixed ９ text 12"])
def test_places_of_bytes_are_places_of_characters(text: str) -> None:
    long = text * (2048 // len(text) + 1)
    for whole in (text, long):
        view, at = ScanText(whole), whole.index("12")
        assert view.place(len(whole[:at].encode())) == at
