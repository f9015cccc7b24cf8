"""Long JSON bodies are read in a thread, so that the event loop serves other calls meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from threegate.detectors.scan_pool import POOL, PoolFullError
from threegate.errors import OverloadError

LONG_BODY: Final = 256 * 1024
"""Bytes. Made of nothing but small objects, a body takes 100 to 250 ms of CPU time per MiB, so a
shorter one holds the loop for at most 60 ms."""

T = TypeVar("T")


async def read_body_of(size: int, read: Callable[[], T]) -> T:
    """The result of `read`, which reads a body of `size` bytes. Raises what it raises, and
    OverloadError if too much is being read already."""
    if size < LONG_BODY:
        return read()
    try:
        return await POOL.run(size, read)
    except PoolFullError:
        raise OverloadError from None
