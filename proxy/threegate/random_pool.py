"""Random bytes of the operating system, drawn by the kilobyte.

Each draw is a system call that releases the interpreter lock, and a call through the proxy needs
several ids and nonces. Bytes are given out once and never kept; a forked process starts anew.
"""

from __future__ import annotations

import os
import threading

POOL_BYTES = 4096
_local = threading.local()  # no lock: each thread has its own pool


def random_bytes(count: int) -> bytes:
    """`count` bytes, suitable for ids, salts and nonces."""
    pool: bytes = getattr(_local, "pool", b"")
    if len(pool) < count:
        pool = os.urandom(max(POOL_BYTES, count))
    _local.pool = pool[count:]
    return pool[:count]


def _forget() -> None:
    _local.pool = b""


os.register_at_fork(after_in_child=_forget)
