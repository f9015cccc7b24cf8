from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.scan.flow import LEAST, each, in_order


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2_000)), max_size=40),
    st.integers(LEAST, 3_000),
)
def test_order_is_kept_and_what_is_in_flight_is_bounded(
    jobs: list[tuple[int, int]], limit: int
) -> None:
    """Each job is (turns of the loop that it takes, size)."""
    taken = most = 0
    seen: list[tuple[int, int]] = []

    async def work(job: tuple[int, int]) -> int:
        nonlocal taken, most
        size = max(LEAST, job[1])
        taken += size
        if taken > size:
            most = max(most, taken)
        for _ in range(job[0]):
            await asyncio.sleep(0)
        taken -= size
        return job[0]

    def emit(job: tuple[int, int], turns: int) -> None:
        assert turns == job[0]
        seen.append(job)

    asyncio.run(in_order(each(jobs), work, emit, size=lambda j: j[1], limit=limit))
    assert seen == jobs
    assert most <= limit


def test_an_exception_ends_everything() -> None:
    async def work(item: int) -> int:
        if item == 3:
            raise ValueError("three")
        return item

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(in_order(each(range(10)), work, lambda a, b: None, size=lambda _: 1))
    assert isinstance(caught.value.exceptions[0], ValueError)
