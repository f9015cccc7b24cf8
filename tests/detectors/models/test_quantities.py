from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.models.quantities import Day, Quantity, alike, amounts, missing, same


def read(text: str) -> list[tuple]:
    return [
        (a.value, a.unit) if isinstance(a, Quantity) else (a.year, a.month, a.day)
        for a in amounts(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("三千二百万", [(32_000_000, "")]),
        ("共3200万元", [(32_000_000, "cny")]),
        ("1.2 million people", [(1_200_000, "person")]),
        ("12%", [(12, "%")]),
        ("百分之十二点五", [(12.5, "%")]),
        ("twelve percent", [(12, "%")]),
        ("1.75 percentage points", [(1.75, "pp")]),
        ("2024年7月25日", [(2024, 7, 25)]),
        ("二〇二四年三月", [(2024, 3, None)]),
        ("July 25, 2024", [(2024, 7, 25)]),
        ("25th of July 2024", [(2024, 7, 25)]),
        ("in March 2021", [(2021, 3, None)]),
        ("2024-07-25", [(2024, 7, 25)]),
        ("since 1998.", [(1998, None, None)]),
        ("since 1998, when", [(1998, None, None)]),
        ("born in 1998 in Rome", [(1998, None, None)]),
        ("7月25日", [(None, 7, 25)]),
        ("3-5天", [(3, "day"), (5, "day")]),
        ("两三周", [(23 * 7, "day")]),
        ("US$1,200.50", [(1200.5, "usd")]),
        ("$3.5M", [(3_500_000, "usd")]),
        ("£10m employer's cover", [(10_000_000, "gbp")]),
        ("600k or more", [(600_000, "")]),
        ("5 m long", [(5, "m")]),
        ("3公里", [(3000, "m")]),
        ("two years", [(24, "month")]),
        ("18 months", [(18, "month")]),
        ("90分钟", [(90, "minute")]),
        ("1.5 hours", [(90, "minute")]),
        ("five times, twice, once a day", [(5, "times"), (2, "times"), (1, "times")]),
        ("once you have paid", []),
        ("once a member has paid, once every box is packed", []),
        ("the 3rd time", []),
        ("4:00–4:45", []),
        ("2018–19", [(2018, None, None)]),
        ("统一的一个万一", []),
        ("one of them", []),
        ("一个人", []),
        ("decent 5 and market 7", [(5, ""), (7, "")]),
        ("A4 paper, v2.1, COVID-19", []),
    ],
)
def test_reads(text: str, expected: list[tuple]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("claim", "source", "equal"),
    [
        ("三千二百万元", "3200万元", True),
        ("32 million yuan", "三千二百万人民币", True),
        ("2年", "24个月", True),
        ("百分之十二", "12%", True),
        ("约3200万元", "3217万元", True),
        ("3200万元", "3217万元", False),
        ("July 2024", "2024年7月25日", True),
        ("2024年8月", "July 25, 2024", False),
        ("12%", "12元", False),
        ("12个", "12", True),
        ("90天", "三个月", False),
    ],
)
def test_same(claim: str, source: str, equal: bool) -> None:
    (said,), (given_,) = amounts(claim), amounts(source)
    assert same(said, given_) is equal


def test_missing_and_alike() -> None:
    said, given_ = amounts("2024年有12家店，涨了5%"), amounts("2023年有12家店，涨了4%")
    lost = missing(said, given_)
    assert [type(a) for a in lost] == [Day, Quantity]
    assert [alike(a, b) for a in lost for b in given_] == [True, False, False, False, False, True]


@given(st.text(max_size=60))
def test_any_text_is_read_without_error_and_in_order(text: str) -> None:
    found = amounts(text)
    assert all(0 <= a.span.start < a.span.end <= len(text) for a in found)
    assert all(a.span.end <= b.span.start for a, b in pairwise(found))


@given(st.integers(0, 10**9), st.sampled_from(["元", "%", "天", " people", " km", "", " hours"]))
def test_a_number_is_itself(n: int, unit: str) -> None:
    for text in (f"共{n}{unit}。", f"共{n:,}{unit}。"):
        said = [a for a in amounts(text) if isinstance(a, Quantity)]
        assert len(said) + sum(isinstance(a, Day) for a in amounts(text)) == 1
        assert not missing(amounts(text), amounts(text))
