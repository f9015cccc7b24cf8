"""The body of an answer, read without a turn of its reader's task for each chunk.

aiohttp wakes a task for every chunk: a future, a switch and a dozen frames, more than most events
of a stream need. Here what comes while that task waits is first offered to a function, in the same
turn of the loop, and the task learns of it only where the function refuses.

aiohttp's parser makes the reader itself and takes no other, so an instance that exists gets this
class, which adds no fields. Where a version of aiohttp does not allow that, every chunk wakes the
task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from aiohttp import StreamReader
from aiohttp.helpers import TimerNoop

Take = Callable[[bytes], bool]
"""Whether it has taken these bytes."""

FITS: Final = {"_timer", "_waiter", "_loop", "_http_chunk_splits"} <= set(StreamReader.__slots__)


@dataclass(slots=True, eq=False)
class _Offer(TimerNoop):
    """What goes with the reader. It sits in the place of aiohttp's timer, which is not used: a
    whole answer has one (`reply`)."""

    take: Take
    taken: Callable[[], None]  # called when it has taken some
    pieces: list[bytes] = field(default_factory=list, repr=False)  # of this turn of the loop
    open: bool = True


class BodyReader(StreamReader):
    __slots__ = ()

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        offer = cast(_Offer, self._timer)
        if not offer.pieces:
            if self._waiter is None or not offer.open:
                return super().feed_data(data, size)
            self._loop.call_soon(self._pass_on)  # with what else this read brings
        offer.pieces.append(data)
        return False

    def end_http_chunk_receiving(self) -> None:
        """aiohttp counts chunks, and wakes who waits where one has ended: not for those that are
        on offer."""
        if not cast(_Offer, self._timer).pieces:
            super().end_http_chunk_receiving()

    def feed_eof(self) -> None:
        self._pass_on()
        super().feed_eof()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        self._pass_on()
        super().set_exception(exc, *cause)

    def keep(self) -> None:
        """Nobody reads any more, and nothing of the call stays with the reader: in a cycle it would
        stay in memory until Python collects it."""
        self._timer = _Offer(lambda data: False, lambda: None, open=False)

    def _pass_on(self) -> None:
        offer = cast(_Offer, self._timer)
        if not offer.pieces:
            return
        data, waiter = b"".join(offer.pieces), self._waiter
        offer.pieces.clear()
        try:
            taken = waiter is not None and not waiter.done() and offer.take(data)
        except Exception as error:  # raised where the chunks are read
            super().set_exception(error)
            return
        if taken:
            offer.taken()
        else:
            super().feed_data(data)
            if self._http_chunk_splits is not None:
                super().end_http_chunk_receiving()


def offered(content: StreamReader, take: Take, taken: Callable[[], None]) -> None:
    """From now on what comes while `content` is being read goes to `take` first."""
    if FITS and type(content) is StreamReader:
        content._timer = _Offer(take, taken)
        content.__class__ = BodyReader
