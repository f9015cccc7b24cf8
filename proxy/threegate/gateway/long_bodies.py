"""Long work on bodies and texts is done in a thread, so that the event loop serves other calls
meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from threegate.detectors.scan_pool import POOL, PoolFullError
from threegate.errors import OverloadError

LONG_BODY: Final = 64 * 1024
"""Bytes. Made of nothing but small objects or texts, a body takes 100 to 500 ms of CPU time per
MiB, so a shorter one holds the loop for at most 30 ms."""

T = TypeVar("T")


async def read_body_of(size: int, read: Callable[[], T]) -> T:
    """The result of `read`, which reads a body of `size` bytes. Raises as `off_loop`."""
    return await off_loop(size, read, LONG_BODY)


async def off_loop(size: int, work: Callable[[], T], from_size: int) -> T:
    """The result of `work`, done in a thread from a size on. Raises what it raises, and
    OverloadError if too much is waiting for threads."""
    if size < from_size:
        return work()
    try:
        return await POOL.run(size, work)
    except PoolFullError:
        raise OverloadError from None
