"""The texts of one answer in pieces, through the proxy's stream machines.

`feed` takes a piece, `take` gives what may leave by now; what is released depends on the text
alone, never on how it was cut. `settled` waits for the running judgements.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from threegate.gateway.answer.call_answer import answer_of_call
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.context import CallContext
from threegate.types import Ruling
from threegate.wire.adapter import StreamKey

AT_ONCE = 8_192
"""Code points that are scanned before other calls have their turn."""


@dataclass(slots=True)
class AnswerStream:
    answer: GuardedAnswer
    _ended: bool = False  # what follows the texts has been taken

    @classmethod
    def of(cls, call: CallContext) -> AnswerStream:
        return cls(answer_of_call(call))

    @property
    def changed(self) -> asyncio.Event:
        """Whether something may have been released."""
        return self.answer.changed

    @property
    def cut(self) -> Ruling | None:
        """What ended the answer."""
        return self.answer.cut

    @property
    def done(self) -> bool:
        """After `close`: nothing more will be released."""
        return self.cut is not None or self.answer.all_decided

    @property
    def full(self) -> bool:
        """Whether so much is held that the caller should wait for judgements before sending
        more."""
        return self.answer.full

    async def feed(self, key: StreamKey, text: str) -> None:
        """Feeds the text in parts, so that other calls have their turn: a client may send megabytes
        at once."""
        for start in range(0, len(text), AT_ONCE):
            if self.cut is not None:
                return
            self.answer.text(key).feed(text[start : start + AT_ONCE])
            self.changed.set()
            if len(text) > AT_ONCE:
                await asyncio.sleep(0)

    def close(self) -> None:
        """Ends the text: no piece follows."""
        if self.cut is None:
            self.answer.close()

    def take(self) -> dict[StreamKey, str]:
        """Released text since the last call, by text; the last time with what follows it."""
        texts = self.answer.texts.items()
        taken = {key: text.take() for key, text in texts}
        if self.answer.closed and self.cut is None and self.done and not self._ended:
            self._ended = True
            taken = {key: taken[key] + text.suffix("") for key, text in texts}
        return {key: text for key, text in taken.items() if text}

    async def settled(self) -> None:
        """Returns when no judgement is running, so that what is held waits for more text."""
        while self.cut is None and len(self.answer.tasks):
            await self.wait()
        self.answer.tasks.raise_first()

    async def finished(self) -> None:
        """After `close`: everything has been released, or the answer was cut."""
        while not self.done:
            await self.wait()

    async def wait(self) -> None:
        """Returns when a judgement has ended or `changed` was set. Raises the error of a failed
        one."""
        self.answer.tasks.raise_first()
        await self.changed.wait()
        self.changed.clear()
        await asyncio.sleep(0)  # lets the task that has notified end
