from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import Hit, first, likely_hits, overlapping
from threegate.types import Level

LABELS = words("卡号|card")


def test_overlapping_finds_starts_inside_failed_candidates() -> None:
    found = [m.group() for m in overlapping(re.compile("[ab]{2}"), ScanText("aab"))]
    assert found == ["aa", "ab"]


@pytest.mark.parametrize("text", ["卡1", "(1", "tel1", "id1", "=1", "、1"])
def test_first_accepts_chinese_signs_and_labels(text: str) -> None:
    assert re.search(first("0-9"), text)


@pytest.mark.parametrize("text", ["a1", "x21", "3.1", "4-1", "5/1"])
def test_first_refuses_longer_words_and_numbers(text: str) -> None:
    assert not re.search(first("1") + "$", text)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("卡号是4111", 1),
        ("order 4111", -1),
        ("订单号，卡号4111", 1),
        ("卡号，订单4111", -1),
        ("卡号。4111", 0),
        ("4111（卡号", 1),
        ("4111。卡号", 0),
        ("nothing 4111", 0),
    ],
)
def test_the_nearest_label_decides(text: str, sign: int) -> None:
    start = text.index("4111")
    assert ScanText(text).label_polarity(start, start + 4, LABELS) == sign


def test_a_list_shares_the_label_before_its_first_item() -> None:
    text = "卡号4111111111111111、5500005555555559、6011000990139424"
    assert ScanText(text).label_polarity(text.index("6011"), len(text), LABELS) == 1


def test_reading_behind_holds_an_unfinished_text() -> None:
    view = ScanText("abc 4111（", final=False)
    view.after(4, 8)
    assert view.open == 4
    closed = ScanText("abc 4111。", final=False)
    closed.after(4, 8)
    assert closed.open == len(closed.text)


NUMBER = re.compile(r"(?<!x)n[0-9]{1,3}(?![a-z])")
LOOSE, BYTES = re2.compile("n[0-9]{1,3}"), re.compile(b"n[0-9]")
BYTES_OF_NUMBERS = re.compile(b"[0-9]")


def odd(match: re.Match[str]) -> Hit | None:
    return Hit(*match.span(), "odd", Level.LOW) if match.group()[-1] in "13579" else None


@given(
    st.lists(st.sampled_from(["n1 ", "n12", "xn3 ", "n45a", "n777，", "字", " and so on "])),
    st.sampled_from([1, 70]),
    st.sampled_from([LOOSE, BYTES]),
)
def test_the_same_surroundings_judged_once_are_judged_alike(
    pieces: list[str], times: int, loose: object
) -> None:
    text = "".join(pieces) * times
    alone = [hit for m in overlapping(NUMBER, ScanText(text)) if (hit := odd(m))]
    assert list(likely_hits(ScanText(text), loose, NUMBER, odd)) == alone
    assert list(likely_hits(ScanText(text), loose, NUMBER, odd, value=BYTES_OF_NUMBERS)) == alone
    apart = [hit for m in NUMBER.finditer(text) if (hit := odd(m))]
    assert list(likely_hits(ScanText(text), loose, NUMBER, odd, apart=True)) == apart


def test_labels_far_from_all_values_are_passed_over() -> None:
    text = "n1 " + "n," * 3000 + "n3"
    found = likely_hits(ScanText(text), re2.compile("n"), NUMBER, odd, value=BYTES_OF_NUMBERS)
    assert [hit.start for hit in found] == [0, len(text) - 2]
