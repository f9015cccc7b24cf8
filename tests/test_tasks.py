from __future__ import annotations

import asyncio

import pytest
from threegate.tasks import Deadlines, LoopTurns, Tasks


async def fail() -> None:
    raise ValueError("first")


async def test_an_error_is_kept_for_the_owner() -> None:
    tasks = Tasks()
    tasks.raise_first()
    done = tasks.spawn(fail())
    await asyncio.wait([done])
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="first"):
        tasks.raise_first()
    assert len(tasks) == 0


async def test_cancelling_ends_all_and_is_no_error() -> None:
    tasks = Tasks()
    running = [tasks.spawn(asyncio.Event().wait()) for _ in range(3)]
    assert len(tasks) == 3
    await tasks.cancel()
    assert all(t.cancelled() for t in running)
    tasks.raise_first()


async def test_what_is_late_is_told_once_and_what_is_done_is_not() -> None:
    loop, late = asyncio.get_running_loop(), list[asyncio.Future[int]]()

    def give_up(future: asyncio.Future[int]) -> None:
        late.append(future)
        future.cancel()

    deadlines = Deadlines(loop, 0.01, give_up)
    first, second, third = (loop.create_future() for _ in range(3))
    for future in (first, second):
        deadlines.add(future)
    first.set_result(1)
    await asyncio.wait([second], timeout=10)
    deadlines.add(third)
    await asyncio.wait([third], timeout=10)
    assert late == [second, third]


async def test_one_piece_of_long_work_is_done_in_a_turn_of_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threegate.tasks.TURN_S", -1.0)
    turns, loop = LoopTurns(), asyncio.get_running_loop()
    now, taken = 0, []

    def tick() -> None:
        nonlocal now
        now += 1
        loop.call_soon(tick)

    async def work() -> None:
        for _ in range(3):
            await turns.take()
            taken.append(now)

    gone = asyncio.ensure_future(turns.take())
    workers = [asyncio.ensure_future(work()) for _ in range(4)]
    await asyncio.sleep(0)
    gone.cancel()
    tick()
    await asyncio.wait_for(asyncio.gather(*workers), 10)
    assert len(taken) == len(set(taken)) == 12


async def test_short_pieces_share_a_turn_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.tasks.TURN_S", 60.0)
    turns, loop = LoopTurns(), asyncio.get_running_loop()
    now, begun = 0, []

    def tick() -> None:
        nonlocal now
        now += 1
        loop.call_soon(tick)

    async def work() -> None:
        await turns.take()
        begun.append(now)

    tick()
    await asyncio.wait_for(asyncio.gather(*(work() for _ in range(40))), 10)
    assert len(set(begun)) == 3
    assert begun == sorted(begun)
    assert not turns.busy


async def test_work_begins_at_once_unless_others_wait() -> None:
    turns = LoopTurns()
    await asyncio.wait_for(turns.enter(), 10)
    waits = asyncio.ensure_future(turns.take())
    await asyncio.sleep(0)
    assert turns.busy
    await asyncio.wait_for(turns.enter(), 10)
    assert waits.done()


async def test_work_that_waits_continues_in_its_order_however_much_comes_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threegate.tasks.TURN_S", -1.0)
    turns, continued = LoopTurns(), list[int]()

    async def work(number: int) -> None:
        await turns.take()
        continued.append(number)

    await asyncio.wait_for(asyncio.gather(*map(work, range(60))), 10)
    assert continued == [*range(60)]
