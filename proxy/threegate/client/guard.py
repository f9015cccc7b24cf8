"""The guard for code that is not asynchronous: `AsyncGuard` on its own loop, in a thread."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, Unpack

from threegate.client.async_guard import AsyncGuard
from threegate.client.results import (
    CheckOptions,
    ContextOptions,
    GuardError,
    MaskedText,
    Message,
    Verdict,
)

T = TypeVar("T")
CLOSE_S = 30.0


@dataclass(slots=True)
class _LoopThread:
    """An event loop in a daemon thread, started at once."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    thread: threading.Thread = field(init=False)
    process: int = field(default_factory=os.getpid)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.loop.run_forever, name="guard", daemon=True)
        self.thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        if self.process != os.getpid():  # a fork has no threads: the call would wait for ever
            work.close()
            raise GuardError("the guard was made before a fork: make one here", 503, "forked")
        if self.loop.is_closed():
            work.close()
            raise RuntimeError("the guard is closed")
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CLOSE_S)
        self.loop.close()


class Guard:
    """See `AsyncGuard`: the same arguments, methods and errors. May be used by several threads,
    not by a process that was forked after it was made. Close it, or use it in a `with` block, so
    that the last records are written."""

    def __init__(
        self, url: str = "", *, key: str = "", tenant: str = "default", **settings: Any
    ) -> None:
        self._guard = AsyncGuard(url, key=key, tenant=tenant, **settings)
        self._thread = _LoopThread()

    def check(
        self,
        text: str | None = None,
        *,
        messages: Sequence[Message] = (),
        texts: Sequence[str] = (),
        stage: str = "input",
        role: str = "user",
        channel: str = "content",
        **options: Unpack[CheckOptions],
    ) -> Verdict:
        """See `AsyncGuard.check`."""
        work = self._guard.check(
            text, messages=messages, texts=texts, stage=stage, role=role, channel=channel, **options
        )
        return self._thread.run(work)

    def mask(self, text: str, **options: Unpack[CheckOptions]) -> MaskedText:
        """See `AsyncGuard.mask`."""
        return self._thread.run(self._guard.mask(text, **options))

    def restore(self, text: str, masks: str, **options: Unpack[ContextOptions]) -> str:
        """See `AsyncGuard.restore`."""
        return self._thread.run(self._guard.restore(text, masks, **options))

    def stream(
        self,
        pieces: Iterable[str],
        *,
        messages: Sequence[Message] = (),
        channel: str = "content",
        **options: Unpack[CheckOptions],
    ) -> Iterator[str]:
        """See `AsyncGuard.stream`. `pieces` is read in another thread."""
        released = self._guard.stream(
            _read(iter(pieces)), messages=messages, channel=channel, **options
        )
        try:
            while (text := self._thread.run(anext_or_none(released))) is not None:
                yield text
        finally:
            self._thread.run(released.aclose())  # type: ignore[attr-defined]

    def close(self) -> None:
        self._thread.run(self._guard.aclose())
        self._thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def anext_or_none(texts: AsyncIterator[str]) -> str | None:
    return await anext(texts, None)


async def _read(pieces: Iterator[str]) -> AsyncIterator[str]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
