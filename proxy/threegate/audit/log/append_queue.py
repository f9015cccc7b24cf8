"""The queue of records waiting for the writer. Callers are answered with one wake-up per event
loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from threegate.audit.log.rows import Pending
from threegate.errors import AuditError
from threegate.types import frozen


@frozen
class Receipt:
    """Where a durable record is. `seq` is -1 for an intent, which has no place in a chain.
    `spooled`: in the spool file, to be chained later; `lost`: not stored (`continue`)."""

    id: str
    writer: str
    seq: int = -1
    leaf: bytes = b""
    spooled: bool = False
    lost: bool = False


Result = Receipt | AuditError


@frozen
class PendingAppend:
    """An item (None: a probe that must reach the database) and its waiting caller."""

    item: Pending | None
    future: asyncio.Future[Receipt]


def items_of(appends: Sequence[PendingAppend]) -> list[Pending]:
    return [t.item for t in appends if t.item is not None]


def settle(appends: Sequence[PendingAppend], results: Sequence[Result], probed: Result) -> None:
    """`results` belong to the items, in order; `probed` is the answer to probes."""
    answers = iter(results)
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Receipt], Result]]] = {}
    for append in appends:
        answer = next(answers) if append.item is not None else probed
        by_loop.setdefault(append.future.get_loop(), []).append((append.future, answer))
    for loop, ours in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: no caller is waiting
            loop.call_soon_threadsafe(_resolve, ours)


def _resolve(answers: Sequence[tuple[asyncio.Future[Receipt], Result]]) -> None:
    for future, answer in answers:
        if future.done():  # its caller gave up
            continue
        if isinstance(answer, AuditError):
            future.set_exception(answer)
        else:
            future.set_result(answer)
