from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_spans import within
from threegate.detectors.engine.recognizer import numbers
from threegate.detectors.pii_cn import hk_tw_id, resident_id, uscc
from threegate.detectors.pii_intl import bank_card

EDGED = (bank_card._CARD, resident_id._NEW, uscc._USCC, hk_tw_id._HONG_KONG)
PARTS = (
    *("tel", "id", "no.", "card", "A", "x", "-", ".", "/", " ", "(", "号", "\n", "9", "62"),
    *("A123456(3)", "11010519491231002X", "6222021234567890128", "91350100M000100Y43"),
)
TEXTS = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@given(TEXTS)
def test_a_number_is_found_where_a_word_begins(text: str) -> None:
    for pattern in EDGED:
        view = ScanText(text)
        assert view.stretches is not None
        found = [m.span() for m in numbers(view, pattern, _no_spots)]
        searched = [m.span() for each in view.stretches for m in within(pattern, text, each)]
        assert found == searched


def _no_spots(sieve: object) -> None:
    raise AssertionError("a short text has stretches")


def test_some_are_found() -> None:
    view = ScanText("tel11010519491231002X 与 A123456(3)")
    spans = [m.group() for p in EDGED for m in numbers(view, p, _no_spots)]
    assert re.sub(r"\D", "", spans[0]).startswith("110105")
    assert "A123456(3)" in spans
