"""The folder that the workers' metrics share, as seen by their supervisor and by a scrape. Counts
of ended workers are kept in one pair of files; otherwise each reload would leave more files to keep
and read at every scrape.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

log = logging.getLogger(__name__)

SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's own name; it must be set before that library is imported."""
KEPT = ("counter", "histogram")
ENDED = 0
"""Used in place of a process id, for all workers that have ended."""
LOCK = "lock"


@contextmanager
def held_still(folder: Path, *, changing: bool = False) -> Iterator[None]:
    """While this is held, no counts move from one file to another; a scrape would see them twice or
    not at all. `changing` is for whoever moves them."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if changing else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def forget_worker(pid: int) -> None:
    """A worker that has ended no longer counts in gauges, but its counters stay. Files that cannot
    be read or written stay as well: a worker is replaced whatever happens to its figures."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
    folder = Path(os.environ[SHARED_METRICS])
    try:
        with held_still(folder, changing=True):
            for kind in KEPT:
                _move(folder / f"{kind}_{pid}.db", folder / f"{kind}_{ENDED}.db")
    except (OSError, RuntimeError, ValueError, struct.error) as error:
        log.warning("metrics of worker %d stay in their files (%s)", pid, type(error).__name__)


def _move(source: Path, target: Path) -> None:
    if not source.exists():
        return
    read = list(MmapedDict.read_all_values_from_file(str(source)))  # type: ignore[no-untyped-call]
    total = MmapedDict(str(target))  # type: ignore[no-untyped-call]
    for key, value, timestamp, _ in read:
        before, _ = total.read_value(key)  # type: ignore[no-untyped-call]
        total.write_value(key, before + value, timestamp)  # type: ignore[no-untyped-call]
    total.close()  # type: ignore[no-untyped-call]
    source.unlink()


def forget_start(pid: int) -> None:
    """Deletes the files of a worker that did not become ready and so has counted nothing. It is
    started again every second, and each attempt would leave files to keep and read at every
    scrape."""
    for file in Path(os.environ[SHARED_METRICS]).glob(f"*_{pid}.db"):
        file.unlink(missing_ok=True)
