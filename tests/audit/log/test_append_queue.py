from __future__ import annotations

import asyncio

import pytest
from threegate.audit import Record, Stage
from threegate.audit.errors import trouble
from threegate.audit.log.append_queue import PendingAppend, Receipt, items_of, settle
from threegate.audit.log.chain import SHA256
from threegate.audit.log.record import ContentLevel
from threegate.audit.log.rows import PendingRecord, make_record
from threegate.errors import AuditError


def item() -> PendingRecord:
    record, none = Record(stage=Stage.RECEIVED), ContentLevel.NONE
    options = {"ts_us": 1, "mono_us": 1, "level": none, "key": None, "pseudonym": ""}
    return make_record(record, None, hasher=SHA256, **options)  # type: ignore[arg-type]


async def test_items_and_probes_get_their_own_answers() -> None:
    loop = asyncio.get_running_loop()
    tickets = [PendingAppend(one, loop.create_future()) for one in (item(), None, item())]
    stored, probed = Receipt("a", "w", 0), Receipt("", "w")
    assert items_of(tickets) == [tickets[0].item, tickets[2].item]
    settle(tickets, [stored, trouble("not-stored")], probed)
    assert await tickets[0].future == stored
    assert await tickets[1].future == probed
    with pytest.raises(AuditError, match="could not be stored"):
        await tickets[2].future


async def test_who_gave_up_is_passed_over() -> None:
    loop = asyncio.get_running_loop()
    gone, waiting = (PendingAppend(item(), loop.create_future()) for _ in range(2))
    gone.future.cancel()
    settle([gone, waiting], [Receipt("a", "w"), Receipt("b", "w")], Receipt("", "w"))
    assert await waiting.future == Receipt("b", "w")
    assert gone.future.cancelled()


def test_a_closed_loop_has_nobody_to_answer() -> None:
    loop = asyncio.new_event_loop()
    ticket = PendingAppend(item(), loop.create_future())
    loop.close()
    settle([ticket], [Receipt("a", "w")], Receipt("", "w"))
    assert not ticket.future.done()
