"""Calls that one process takes on: bounded, in order, the newest first under overload."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import OverloadError
from threegate.limits.admission import Admission


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Calls:
    """Calls that stand somewhere until they are told to go on; `order` of their turns."""

    admission: Admission
    order: list[str] = field(default_factory=list)
    at_once: int = 0
    ends: dict[str, asyncio.Event] = field(default_factory=dict)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def begin(self, *names: str) -> None:
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.ensure_future(self._call(name))
            await settle()

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
            await settle()

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        await settle()

    async def _call(self, name: str) -> None:
        with self.admission.slot() as slot:
            slot.shed()
            slot.enter()
            await slot.wait_for_check()
            self.order.append(name)
            self.at_once += 1
            try:
                await self.ends[name].wait()
            finally:
                self.at_once -= 1


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def empty(admission: Admission) -> bool:
    return (admission._open, admission._busy, len(admission._queue)) == (0, 0, 0)


async def test_a_burst_is_taken_in_the_order_it_came() -> None:
    calls = Calls(Admission(checking=2, clock=Clock()))
    await calls.begin(*"abcde")
    assert calls.order == ["a", "b"]
    await calls.end(*"abcde")
    assert calls.order == list("abcde")
    assert empty(calls.admission)


async def test_a_line_that_stands_is_overload_and_the_newest_goes_first() -> None:
    clock = Clock()
    admission = Admission(checking=1, patience_s=60, impatience_s=60, clock=clock)
    calls = Calls(admission)
    await calls.begin("a", "old")
    clock.now += 60
    assert admission.overloaded()
    await calls.begin("new")
    await calls.end("a", "new")
    assert calls.order == ["a", "new", "old"]
    await calls.end("old")
    assert empty(admission)


async def test_overload_lasts_for_a_while_and_then_the_order_is_tried_again() -> None:
    clock = Clock()
    admission = Admission(checking=1, patience_s=60, impatience_s=60, strain_s=100, clock=clock)
    calls = Calls(admission)
    await calls.begin("a", "b")
    clock.now += 60
    assert admission.overloaded()
    await calls.end("a", "b")
    clock.now += 50
    await calls.begin("c", "old", "new")
    with pytest.raises(OverloadError):
        admission.shed()
    await calls.end("c")
    assert calls.order == ["a", "b", "c", "new"]
    await calls.end("new", "old")
    clock.now += 49
    assert admission.overloaded()
    clock.now += 1
    assert not admission.overloaded()
    await calls.begin("d", "first", "second")
    await calls.end("d", "first", "second")
    assert calls.order[-3:] == ["d", "first", "second"]
    assert empty(admission)


async def test_overload_ends_when_nobody_was_refused_for_as_long_as_one_may_wait() -> None:
    clock = Clock()
    admission = Admission(checking=1, patience_s=60, impatience_s=60, strain_s=1000, clock=clock)
    calls = Calls(admission)
    await calls.begin("a", "b")
    clock.now += 60
    assert admission.overloaded()
    await calls.end("a", "b")
    clock.now += 59
    assert admission.overloaded()
    clock.now += 1
    await calls.begin("c", "d", "e", "f")
    admission.shed()
    await calls.end("c", "d", "e", "f")
    assert calls.order == list("abcdef")
    assert empty(admission)


async def test_a_line_in_which_nobody_waits_long_is_no_overload() -> None:
    """As of callers who ask again at once, for ever."""
    clock = Clock()
    calls = Calls(Admission(checking=1, clock=clock))
    names = [str(n) for n in range(40)]
    await calls.begin(*names[:4])
    for done, new in zip(names, names[4:], strict=False):
        clock.now += 0.2
        calls.admission.shed()
        await calls.begin(new)
        await calls.end(done)
    assert not calls.admission.overloaded()
    assert calls.order == names[: len(calls.order)]
    await calls.end(*names[36:])
    assert empty(calls.admission)


async def test_a_queue_is_overload_as_soon_as_its_length_says_so() -> None:
    """Not only when a call has waited for as long: thousands would wait behind it."""
    clock = Clock()
    calls = Calls(Admission(checking=1, patience_s=2, clock=clock))
    names = [str(n) for n in range(60)]
    await calls.begin(*names)
    calls.admission.shed()  # the pace is not known yet
    for name in names[:16]:
        clock.now += 0.05
        await calls.end(name)
    assert clock.now - Clock.now < 1
    with pytest.raises(OverloadError):
        calls.admission.shed()
    await calls.end(*calls.order, *reversed(names))
    assert empty(calls.admission)


async def test_a_machine_that_stood_still_is_no_overload() -> None:
    clock = Clock()
    calls = Calls(Admission(checking=1, patience_s=2, clock=clock))
    names = [str(n) for n in range(30)]
    await calls.begin(*names)
    clock.now += 1.9
    for name in names:
        calls.admission.shed()
        await calls.end(name)
    assert calls.order == names


async def test_calls_in_progress_are_finished_before_new_ones_begin() -> None:
    calls = Calls(Admission(checking=1, clock=Clock()))
    with calls.admission.slot() as answered:
        answered.enter()
        await answered.wait_for_check()
        answered.release_check()
        await calls.begin("first", "second")
        answered.resume_check()  # waits for nobody
        answered.resume_check()
        await calls.end("first")
        assert calls.order == ["first"]
    await settle()
    assert calls.order == ["first", "second"]
    await calls.end("second")
    assert empty(calls.admission)


async def test_before_a_standing_line_that_is_long_enough_a_call_is_refused_at_once() -> None:
    clock = Clock()
    calls = Calls(Admission(checking=2, clock=clock))
    await calls.begin("a", "b", "waits", "too", "also")
    calls.admission.shed()  # a burst: whoever comes may stand in line
    clock.now += 3
    with pytest.raises(OverloadError):
        calls.admission.shed()
    await calls.end("a")
    calls.admission.shed()  # one of the line has gone on
    await calls.end("b", "waits", "too", "also")
    assert calls.order == ["a", "b", "also", "too", "waits"]


async def test_who_waits_too_long_is_told_to_come_again() -> None:
    clock = Clock()
    admission = Admission(checking=1, patience_s=60, impatience_s=0, clock=clock)
    calls = Calls(admission)
    await calls.begin("a", "b")
    clock.now += 60
    with pytest.raises(OverloadError) as refused:
        await calls._call("c")
    assert (refused.value.status, refused.value.code) == (503, "overloaded")
    assert refused.value.retry_after == 1
    await calls.end("a", "b")
    assert calls.order == ["a", "b"]
    assert empty(admission)


async def test_a_client_that_leaves_the_line_blocks_nobody() -> None:
    calls = Calls(Admission(checking=1, clock=Clock()))
    await calls.begin(*"abc")
    await calls.cancel("b")
    calls.ends["a"].set()
    calls.tasks["c"].cancel()  # at the moment when its turn comes
    await settle()
    await calls.begin("d")
    await calls.end("d")
    assert calls.order == ["a", "d"]
    assert empty(calls.admission)


async def test_a_turn_that_is_over_takes_no_place_of_others() -> None:
    admission = Admission(calls=2, checking=1)
    with admission.slot() as first, admission.slot() as second, admission.slot() as third:
        for slot in (first, second):
            slot.enter()
            await slot.wait_for_check()
            slot.release_check()
        with pytest.raises(OverloadError):
            third.enter()
    assert empty(admission)


STEPS = st.lists(st.tuples(st.sampled_from(["begin", "end", "cancel", "late"]), st.integers(0, 9)))


@given(STEPS)
def test_whatever_happens_the_bounds_hold_and_every_place_comes_back(
    steps: list[tuple[str, int]],
) -> None:
    async def run() -> None:
        clock = Clock()
        calls = Calls(Admission(calls=6, checking=2, clock=clock))
        for number, (verb, which) in enumerate(steps):
            name = list(calls.ends)[which % len(calls.ends)] if calls.ends else ""
            match verb:
                case "begin":
                    await calls.begin(str(number))
                case "end" if name:
                    await calls.end(name)
                case "cancel" if name:
                    await calls.cancel(name)
                case "late":
                    clock.now += 1
            assert calls.at_once <= 2
            assert calls.admission._open <= 6
        await calls.end(*calls.ends)
        for task in calls.tasks.values():
            with suppress(OverloadError, asyncio.CancelledError):
                await task
        assert empty(calls.admission)

    asyncio.run(run())


def test_bodies_that_do_not_come_hold_half_of_the_places_at_most() -> None:
    admission = Admission(calls=4)
    with ExitStack() as open_:
        for _ in range(2):
            open_.enter_context(admission.arriving("a"))
        with pytest.raises(OverloadError):
            open_.enter_context(admission.arriving("a"))
        open_.enter_context(admission.arriving("b"))
    with Admission(calls=1).arriving("a"):
        pass
    with admission.arriving("a"), admission.arriving("a"):
        pass
