from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.wire.cuts import cut_at, every_single_cut, one_by_one, random_cuts


@given(st.binary(max_size=40), st.lists(st.integers(-5, 60)))
def test_the_pieces_make_the_whole_and_none_is_empty(data: bytes, marks: list[int]) -> None:
    pieces = cut_at(data, marks)
    assert b"".join(pieces) == data
    assert all(pieces)


def test_ways_to_cut() -> None:
    assert cut_at("abcd", [3, 1, 3, 9]) == ["a", "bc", "d"]
    assert one_by_one("abc") == ["a", "b", "c"]
    assert list(every_single_cut("abc")) == [["abc"], ["a", "bc"], ["ab", "c"]]
    assert list(every_single_cut("")) == [[]]


def test_random_cuts_can_be_repeated() -> None:
    first = list(random_cuts(b"x" * 200, seed=1, count=20))
    assert first == list(random_cuts(b"x" * 200, seed=1, count=20))
    assert len({len(pieces) for pieces in first}) > 5
