"""Shutdown of a server: calls that still wait for their model or client after the `drain` time end
in an error of their API, as if the model had broken off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from threegate.errors import StoppingError

if TYPE_CHECKING:  # the supervisor imports this module too and needs no HTTP client
    from threegate.upstream import Reply, Take

log = logging.getLogger(__name__)

CUT_S = 5
"""Seconds that calls have, once they are cut, to send their error and be recorded."""


@dataclass(slots=True)
class Closing:
    """`with closing:` marks a wait for model or client: StoppingError is raised inside it when the
    time is over, and on entry from then on."""

    over: bool = False
    _over_at: float | None = None
    _waiting: set[asyncio.Task[Any]] = field(default_factory=set, repr=False)

    def begin(self, seconds: float) -> float:
        """The first call sets the deadline. Returns the seconds that are left."""
        loop = asyncio.get_running_loop()
        if self._over_at is None:
            self._over_at = loop.time() + seconds
            loop.call_later(seconds, self.cut)
        return max(0.0, self._over_at - loop.time())

    def cut(self) -> None:
        self.over = True
        if self._waiting:
            log.warning("%d calls needed more time: they end in an error", len(self._waiting))
        for task in self._waiting:
            task.cancel()

    def __enter__(self) -> None:
        if self.over:
            raise StoppingError
        self._waiting.add(_this_task())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        task = _this_task()
        self._waiting.discard(task)
        others = self.over and task.uncancel()  # a client may leave at the same moment
        if self.over and not others and kind is asyncio.CancelledError:
            raise StoppingError from None


@dataclass(slots=True)
class BoundedReply:
    """A reply whose chunks end in StoppingError when the time is over."""

    reply: Reply
    closing: Closing

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.reply.headers

    @property
    def starts_in_reasoning(self) -> bool:
        return self.reply.starts_in_reasoning

    @property
    def own_key(self) -> bool:
        return self.reply.own_key

    async def chunks(self, take: Take | None = None) -> AsyncIterator[bytes]:
        chunks = aiter(self.reply.chunks(take))
        while True:
            with self.closing:
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk

    async def aclose(self) -> None:
        await self.reply.aclose()


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task
