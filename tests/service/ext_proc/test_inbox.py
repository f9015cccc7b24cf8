from __future__ import annotations

import asyncio
from typing import Any

from threegate.service.ext_proc.exchange import Exchange
from threegate.service.ext_proc.inbox import MAX_UNREAD, Inbox
from threegate.service.ext_proc.messages import MESSAGE


def body(data: bytes) -> Any:
    message = MESSAGE["ProcessingRequest"]()
    message.request_body.body = data
    return message


async def test_it_reads_only_so_far_ahead_and_ends_with_envoy() -> None:
    exchange, given = Exchange({}), iter([body(bytes([n])) for n in range(MAX_UNREAD + 3)])

    async def read() -> Any:
        return next(given, None)

    inbox = Inbox(exchange, read)
    pump = asyncio.ensure_future(inbox.pump())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not pump.done()
    assert len(inbox._unread) == MAX_UNREAD
    got = [(await inbox.next())[1].body for _ in range(MAX_UNREAD + 3)]
    assert got == [bytes([n]) for n in range(MAX_UNREAD + 3)]
    assert await inbox.next() == ("", None)
    assert exchange.gone
    await pump


async def test_who_waits_for_a_message_may_wait_for_the_end_of_the_answer_too() -> None:
    exchange = Exchange({}, ended=True)
    inbox = Inbox(exchange, asyncio.Event().wait)
    assert await inbox.next(or_end=True) == ("", None)
