"""How many calls one process takes on: under overload those that it takes keep their latency.

Two bounds. `calls` are in progress at once, most of them waiting for their model. `checking` are on
their way to it, where a call uses the processor; beyond that, calls stand in line. A line in which
nobody has waited for `patience_s` is served first come, first served. Where somebody has, it is
overload, for `strain_s` or until nobody was refused for `patience_s`: then the newest is taken
first, since the oldest has waited in vain, and who still waits after `impatience_s` is refused with
503 and a time to come again. Who comes while more stand in line than can be checked at once is
refused before the request is read: refusing must cost little, or it is refusals that the others
wait for. After `strain_s` the order is tried again: many callers who ask without a pause are a line
for ever, but none in which anybody waits long. No call goes on unchecked.

Checks share one processor: more of them at once make each of them, and every answer, later.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from threegate.errors import OverloadError

CALLS, CHECKING = 2048, 8
PATIENCE_S, IMPATIENCE_S, STRAIN_S = 2.0, 0.1, 10.0


@dataclass(slots=True)
class Admission:
    """The places of one process. `clock` gives seconds."""

    calls: int = CALLS
    checking: int = CHECKING
    patience_s: float = PATIENCE_S
    impatience_s: float = IMPATIENCE_S
    strain_s: float = STRAIN_S
    clock: Callable[[], float] = time.monotonic
    _open: int = field(default=0, init=False)
    _busy: int = field(default=0, init=False)
    _line: deque[Waiting] = field(default_factory=deque, init=False, repr=False)
    _until: float = field(default=0.0, init=False)  # when the order is tried again
    _refused: float = field(default=0.0, init=False)  # when somebody was, last

    def place(self) -> AdmissionSlot:
        """Where a call stands."""
        return AdmissionSlot(self)

    def overloaded(self) -> bool:
        now = self.clock()
        if self._line and now - self._line[0].since >= self.patience_s:
            self._until, self._refused = now + self.strain_s, now
        return now < self._until and now - self._refused < self.patience_s

    def look(self) -> None:
        if self.overloaded() and len(self._line) > self.checking:
            self._refused = self.clock()
            raise OverloadError

    def enter(self) -> None:
        if self._open >= self.calls:
            raise OverloadError
        self._open += 1

    def leave(self) -> None:
        self._open -= 1

    async def turn(self) -> None:
        if self._busy < self.checking:
            self._busy += 1
            return
        loop = asyncio.get_running_loop()
        mine = Waiting(loop.create_future(), self.clock())
        wait = self.impatience_s if self.overloaded() else self.patience_s
        self._line.append(mine)
        alarm = loop.call_later(wait, mine.refuse)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if not mine.turn.cancelled() and mine.turn.exception() is None:  # its turn had come
                self.next()
            raise
        except OverloadError:
            self._refused = self.clock()
            raise
        finally:
            alarm.cancel()
            if mine in self._line:
                self._line.remove(mine)

    def next(self) -> None:
        """A turn is over: it goes to one of the line."""
        while self._line:
            taken = self._line.pop() if self.overloaded() else self._line.popleft()
            if not taken.turn.done():
                taken.turn.set_result(None)
                return
        self._busy -= 1


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One of the line; `since` is when it came."""

    turn: asyncio.Future[None]
    since: float

    def refuse(self) -> None:
        if not self.turn.done():
            self.turn.set_exception(OverloadError())


@dataclass(slots=True)
class AdmissionSlot:
    """One call: `look`, `enter`, `turn`, then `checked`. The first three raise OverloadError.
    Whatever it has taken is given back at the end of its block."""

    admission: Admission
    entered: bool = False
    _turn: bool = False

    def __enter__(self) -> AdmissionSlot:
        return self

    def __exit__(self, *_: object) -> None:
        self.checked()
        if self.entered:
            self.admission.leave()

    def look(self) -> None:
        self.admission.look()

    def enter(self) -> None:
        self.admission.enter()
        self.entered = True

    async def turn(self) -> None:
        await self.admission.turn()
        self._turn = True

    def checked(self) -> None:
        if self._turn:
            self._turn = False
            self.admission.next()
