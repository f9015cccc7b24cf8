"""Writes down what of a process's memory is in use, so that a soak can tell growth from free space
that was not given back: seconds since the epoch, MiB of the C heap in use, blocks of Python's own
allocator, by line. glibc alone has `mallinfo2`."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from pathlib import Path
from typing import Final

EVERY_S: Final = 15.0


class _Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def log_heap(folder: str) -> None:
    """In a thread of its own, to the end of the process."""
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is not None:
        mallinfo2.restype = _Mallinfo2
        threading.Thread(target=_log, args=(Path(folder), mallinfo2), daemon=True).start()


def _log(folder: Path, mallinfo2: ctypes._CFuncPtr) -> None:
    with (folder / f"heap-{os.getpid()}").open("w", encoding="utf-8") as lines:
        while True:
            info = mallinfo2()
            used = (info.uordblks + info.hblkhd) / 2**20
            lines.write(f"{time.time():.0f} {used:.3f} {sys.getallocatedblocks()}\n")
            lines.flush()
            time.sleep(EVERY_S)
