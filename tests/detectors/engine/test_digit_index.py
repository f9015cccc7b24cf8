from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threegate.detectors.engine import context, recognizer
from threegate.detectors.engine.checksums import luhn
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import DigitIndex, together
from threegate.detectors.engine.labels import words
from threegate.detectors.registry import DETECTORS, scanner
from threegate.types import Channel, Finding, Layer, Passage, TextLocation

from tests.detectors.strategies import EXAMPLES, VALUES, texts

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
ALL = scanner()


def sieve_of(text: str) -> DigitIndex:
    return DigitIndex(text, text.encode())


def both_ways(text: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Finding, ...]]:
    out = []
    for least in (0, 1 << 40):
        for module in (recognizer, context):
            monkeypatch.setattr(module, "LONG", least)
        out.append(ALL.scan(Passage(LOCUS, text)).findings)
    return out


@pytest.mark.parametrize("ours", DETECTORS, ids=lambda r: r.info.id)
def test_own_examples_are_found_through_the_sieve(
    ours: recognizer.Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for example in ours.info.examples:
        sieved, searched = both_ways(example.text, monkeypatch)
        assert sieved == searched


@given(st.lists(texts(4), min_size=1, max_size=6).map("".join))
@settings(max_examples=500, deadline=None)
def test_a_sieve_drops_nothing_that_a_search_finds(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        sieved, searched = both_ways(text, patch)
    assert sieved == searched


@pytest.mark.parametrize("seed", range(40))
def test_numbers_written_in_every_way(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Random(seed)
    seps = ["", "", "", " ", "-", ".", "/", "(", ") ", "\n", " \r\n ", "+", "X", "号", "\u3000"]
    parts = []
    for value in draw.choices(VALUES + EXAMPLES, k=40):
        sep = draw.choice(seps)
        cut = draw.randint(0, len(value))
        parts += [value[:cut], sep, value[cut:], draw.choice(["", " ", "，", "电话", "id", "86"])]
    sieved, searched = both_ways("".join(parts), monkeypatch)
    assert sieved == searched


def test_digits_in_rows_runs_and_tokens() -> None:
    text = "a12 34-5，678 B1234567890123456"
    sieve = sieve_of(text)
    assert [text[p] for p in sieve.at[sieve.rows(5)]] == ["1", "1"]
    assert sieve.at[sieve.runs(3)].tolist() == [text.index("678")]
    starts, ends = sieve.tokens(17)
    assert [text[a:b] for a, b in zip(starts, ends, strict=True)] == ["B1234567890123456"]


def test_tokens_in_groups() -> None:
    sieve = sieve_of("1234-ab 1234-12 x 12-34-ab-56,12-34")
    assert sieve.grouped("-", (4, 2)).tolist() == [0, 8]
    assert sieve.grouped("-", (2, 2, 2), (2, 2)).tolist() == [18, 21, 24, 30]
    assert sieve.grouped(" ", (2, 2)).tolist() == []
    assert sieve_of("ab").grouped("-", (2, 2)).tolist() == []


@given(st.text("0123456789", min_size=13, max_size=40), st.integers(13, 19))
def test_luhn_over_any_window(digits: str, count: int) -> None:
    sieve = sieve_of(digits)
    i = np.arange(len(digits) - count + 1)
    expected = [luhn(digits[k : k + count]) for k in i]
    assert sieve.luhn(i, count).tolist() == expected


def test_labels_near_a_position() -> None:
    sieve = sieve_of("电话" + " " * 400 + "x" + " " * 400)
    assert sieve.labelled(np.array([10, 402]), words("电话")).tolist() == [True, False]
    assert sieve.labelled(np.array([800]), words("电话")).tolist() == [True]  # one may still come


def test_positions_together_are_in_order_and_unique() -> None:
    assert together(np.array([3, 1]), np.array([1, 2])).tolist() == [1, 2, 3]


def test_a_view_builds_its_sieve_once() -> None:
    view = ScanText("12345")
    assert view.sieve is view.sieve
