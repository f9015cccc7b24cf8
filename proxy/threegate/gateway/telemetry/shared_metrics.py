"""The folder that the workers' metrics share, as their supervisor sees it."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's own name; it must be set before that library is imported."""


def forget_worker(pid: int) -> None:
    """A worker that has ended no longer counts in gauges; what it counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]


def forget_start(pid: int) -> None:
    """A worker that did not become ready has counted nothing. Its files go: it is started again
    every second, and each attempt would leave some to be kept and read at every scrape."""
    for file in Path(os.environ[SHARED_METRICS]).glob(f"*_{pid}.db"):
        file.unlink(missing_ok=True)
