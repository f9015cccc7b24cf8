"""`process_*` metrics over all workers: memory, processor time and open files as sums.

The library's own collector sees only the process that answers, one worker of several.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_OF_WORKER: Final = re.compile(r"_(\d+)\.db\Z")
_LARGEST: Final = frozenset(("process_start_time_seconds", "process_max_fds"))


def worker_processes(shared: str) -> list[int]:
    """Process ids of all workers: those with metrics in the folder `shared`, or this process."""
    if not shared:
        return [os.getpid()]
    found = (_OF_WORKER.search(file.name) for file in Path(shared).glob("*.db"))
    return sorted({int(match[1]) for match in found if match})


class WorkerProcesses(Collector):
    """`pids` are read at every exposition. A process that has ended has no metrics."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        joined: dict[str, Metric] = {}
        for pid in self._pids():
            for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                known = joined.setdefault(metric.name, metric)
                if known is not metric:
                    _add(known, metric)
        yield from joined.values()


def _add(known: Metric, other: Metric) -> None:
    """Adds the values of one more process: the maximum for states, the sum for usage."""
    join = max if known.name in _LARGEST else sum
    known.samples = [
        one._replace(value=join((one.value, more.value)))
        for one, more in zip(known.samples, other.samples, strict=True)
    ]
