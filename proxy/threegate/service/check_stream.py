"""A check of one answer in pieces: limits and the record around an `AnswerStream`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from threegate.audit.log.record import Stage
from threegate.gateway.access.rate_limit import limited
from threegate.gateway.answer.call_answer import close_answer
from threegate.gateway.request.call_opening import call_failed
from threegate.gateway.request.input_layer import scan_request
from threegate.service.answer_stream import AnswerStream
from threegate.service.check import CheckResult
from threegate.service.engine import CheckEngine, OpenCheck
from threegate.wire.adapter import StreamKey


@dataclass(slots=True)
class CheckStream:
    """`append` and `take` in any order, `close` once, then `end`. `wait` returns when something may
    have been released or the answer was cut."""

    engine: CheckEngine
    opened: OpenCheck
    stream: AnswerStream
    closed: bool = False
    _progress: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _begun: bool = field(default=False, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more will be released, so that `end` can write the record."""
        return self.stream.cut is not None or (self.closed and self.stream.done)

    @property
    def full(self) -> bool:
        """Whether so much is held that the caller should wait for judgements before sending
        more."""
        return self.stream.full

    async def append(self, key: StreamKey, text: str) -> None:
        await self.stream.feed(key, text)

    def close(self) -> None:
        self.closed = True
        self.stream.close()
        self.stream.changed.set()

    def take(self) -> dict[StreamKey, str]:
        released = self.stream.take()
        if released and not self._begun:
            self._begun = True
            self.opened.call.trail.first_text()
        return released

    async def wait(self) -> None:
        await self.stream.wait()
        self._progress.set()

    async def room(self) -> None:
        """Returns when more text may be sent."""
        while self.full and not self.over:
            self._progress.clear()
            await self._progress.wait()

    async def end(self) -> CheckResult:
        """The verdict, once its record is durable."""
        call, answer = self.opened.call, self.stream.answer
        await answer.abandon()
        stage = Stage.COMPLETED if answer.cut is None else Stage.BLOCKED
        await close_answer(call, answer, stage)
        return self.engine.result(self.opened.check, call, tuple(answer.ruled), cut=answer.cut)


@asynccontextmanager
async def check_stream(engine: CheckEngine, opened: OpenCheck) -> AsyncIterator[CheckStream]:
    """If the block ends before `end` was called, the record says that the answer broke off."""
    call = opened.call
    try:
        async with limited(call):
            await scan_request(call)
            made = CheckStream(engine, opened, AnswerStream.of(call))
            try:
                yield made
            finally:
                await made.stream.answer.abandon()
            await call.trail.ended(Stage.ABORTED)
    except BaseException as error:
        await call_failed(call, error, engine.refusals)
        raise
