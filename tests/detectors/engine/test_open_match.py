from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine import open_match
from threegate.detectors.registry import DETECTORS


@pytest.mark.parametrize(
    ("tail", "text", "open_part"),
    [
        (open_match.token, "mail me at zhang.san@exam", "zhang.san@exam"),
        (open_match.token, "邮箱zhang.san@exam", "zhang.san@exam"),
        (open_match.token, "a sentence. ", ""),
        (open_match.number, "卡号 6222 0212 34", "6222 0212 34"),
        (open_match.number, "call (713) 569-", "(713) 569-"),
        (open_match.number, "abc - ", ""),
        (open_match.han_number, "电话幺三八零零", "幺三八零零"),
        (open_match.han_number, "电话0一", "0一"),
    ],
)
def test_what_stays_open(tail, text: str, open_part: str) -> None:
    assert text[tail(text) :] == open_part


@given(st.text("0123456789 -.()aZ京号路一二，。\n", max_size=200))
def test_tails_stay_inside_the_text(text: str) -> None:
    for tail in {t for r in DETECTORS for t in r.tails}:
        assert 0 <= tail(text) <= len(text)
