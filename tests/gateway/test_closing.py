"""The end of a server's patience: waits for the model end in an error, and none begins after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from threegate.errors import StoppingError
from threegate.gateway.closing import BoundedReply, Closing

from tests.gateway.calls import Said


class Silent(Said):
    """One piece, then nothing for ever."""

    async def chunks(self, take: object = None) -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.Event().wait()


async def read(reply: BoundedReply, got: list[bytes]) -> None:
    async for data in reply.chunks():
        got.append(data)


async def waiting(closing: Closing) -> tuple[asyncio.Task[None], list[bytes]]:
    """A task that has read the first piece of a silent reply."""
    got: list[bytes] = []
    task = asyncio.ensure_future(read(BoundedReply(Silent([]), closing), got))  # type: ignore[arg-type]
    while not got:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task, got


async def test_a_reply_that_is_waited_for_ends_in_an_error() -> None:
    closing = Closing()
    task, got = await waiting(closing)
    assert closing.begin(0) == 0
    with pytest.raises(StoppingError):
        await task
    assert got == [b"one"]
    assert task.cancelling() == 0


async def test_no_wait_begins_after_the_end() -> None:
    closing = Closing()
    closing.cut()
    with pytest.raises(StoppingError), closing:
        pytest.fail("the block must not run")


async def test_replies_that_end_by_themselves_are_left_alone() -> None:
    got: list[bytes] = []
    await read(BoundedReply(Said([b"a", b"b"]), Closing()), got)  # type: ignore[arg-type]
    assert got == [b"a", b"b"]


async def test_a_client_that_leaves_at_the_same_moment_has_left() -> None:
    closing = Closing()
    task, _ = await waiting(closing)
    closing.cut()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_first_deadline_holds() -> None:
    closing = Closing()
    assert closing.begin(3600) > 3000
    assert closing.begin(0) > 3000
    assert not closing.over
