"""Prometheus metrics. Labels are rule ids, layers, actions and models, never text of a
conversation. Several workers keep their values in files of one folder, which the supervisor passes
to prometheus_client; any of them answers for all.
"""

from __future__ import annotations

import os
import platform
import re
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache, partial
from math import inf
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from threegate import __version__
from threegate.audit.log.encoding import ACTIONS
from threegate.audit.log.kept_chain import Counters
from threegate.data_files import table
from threegate.gateway.telemetry.expiry import Ending
from threegate.gateway.telemetry.shared_metrics import SHARED_METRICS, held_still
from threegate.types import Action, Failed, Verdict

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_LONG = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class ManyAtOnce(Histogram):
    """A histogram that takes many values with one update of the sum and of each bucket."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """`observe` for each value."""
        self._sum.inc(sum(amounts))
        bounds = self._upper_bounds
        for at, count in Counts(bisect_left(bounds, a) for a in amounts).items():
            self._buckets[at].inc(count)


_KINDS: Mapping[str, Callable[..., MetricWrapperBase]] = {
    "counter": Counter,
    "sum": partial(Gauge, multiprocess_mode="livesum"),
    "highest": partial(Gauge, multiprocess_mode="livemax"),
    "lowest": partial(Gauge, multiprocess_mode="livemin"),
    "seconds": partial(Histogram, buckets=_SECONDS),
    "long": partial(Histogram, buckets=_LONG),
    "many": partial(ManyAtOnce, buckets=_SECONDS),
}
"""By `kind`. A gauge is one value over all workers: the sum, or the worst."""


class Metrics:
    """One registry per app, so that tests and workers do not share counters; `metrics.toml` says
    what each metric is. Children are kept, because to find one the library takes a lock and
    converts all labels to strings."""

    build: Gauge
    workers: Gauge
    workers_wanted: Gauge
    ready: Gauge
    requests: Counter
    active: Gauge
    tasks: Gauge
    call: Histogram
    errors: Counter
    malformed: Counter
    limited: Counter
    state_unavailable: Counter
    feeds: Counter
    spans_lost: Counter
    seconds: Histogram
    rulings: Counter
    opinions: Counter
    opinion_calls: Counter
    failures: Counter
    detector: Histogram
    queue: Gauge
    first_token: Histogram
    hold: ManyAtOnce
    upstream: Histogram
    upstream_up: Gauge
    upstream_again: Counter
    upstream_broke_off: Counter
    audit_events: Counter
    audit_waiting: Gauge
    audit_lag: Histogram
    policy_errors: Gauge
    emergency: Gauge
    out_of_band: Gauge
    expiry: Gauge

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for name, entry in table("gateway.telemetry", "metrics").items():
            made = _KINDS[entry["kind"]]
            metric = made(
                entry["name"], entry["help"], entry.get("labels", ()), registry=self.registry
            )
            metric.labels = cache(metric.labels)  # type: ignore[method-assign]
            setattr(self, name, metric)
        self.build.labels(__version__, platform.python_version()).set(1)
        self.ready.set(1)  # nobody scrapes a worker that is still starting
        self._reported: dict[str, int] = {}
        self._left: set[tuple[str, str]] = set()
        self._ends: set[tuple[str, str]] = set()

    def detector_called(self, detector: str, seconds: float) -> None:
        self.detector.labels(detector).observe(seconds)

    def answered(self, upstream: str, outcome: str, seconds: float) -> None:
        self.upstream.labels(upstream, outcome).observe(seconds)

    def upstream_is(self, upstream: str, *, up: bool) -> None:
        self.upstream_up.labels(upstream).set(up)

    def retried(self, upstream: str) -> None:
        self.upstream_again.labels(upstream).inc()

    def broke_off(self, upstream: str) -> None:
        self.upstream_broke_off.labels(upstream).inc()

    def feed(self, name: str, what: str, number: int) -> None:
        """`what` is delivered or failed."""
        self.feeds.labels(name, what).inc(number)

    def audit(self, counters: Counters, waiting: int) -> None:
        """Counts what the writer has done since the last call."""
        self.audit_waiting.set(waiting)
        for name, total in asdict(counters).items():
            self.audit_events.labels(name).inc(total - self._reported.get(name, 0))
            self._reported[name] = total

    def queued(self, tokens: Mapping[str, int]) -> None:
        """Sets the queue length of each classifier."""
        for model, count in tokens.items():
            self.queue.labels(model).set(count)

    def left_bands(self, rules: Iterable[tuple[str, str]]) -> None:
        """Sets the rules that are out of their band, each with its side."""
        now = set(rules)
        for each in now | self._left:
            self.out_of_band.labels(*each).set(each in now)
        self._left |= now

    def ending(self, ends: Iterable[Ending]) -> None:
        """Sets the keys and certificates that expire soon; the library keeps a label once it has
        been set."""
        now = {(e.what, e.name): e.at.timestamp() for e in ends}
        for each in now.keys() | self._ends:
            self.expiry.labels(*each).set(now.get(each, inf))
        self._ends |= now.keys()

    def exposition(self, accepted: str = "") -> tuple[bytes, str]:
        """The text that Prometheus reads, of all workers, and its type. Exemplars (trace ids) exist
        only in OpenMetrics, and not with several workers."""
        encoder, content_type = choose_encoder(accepted)
        shared = os.environ.get(SHARED_METRICS, "")
        registry = self.registry
        if shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        processes = CollectorRegistry()
        processes.register(WorkerProcesses(partial(worker_processes, shared)))
        return _joined(_encoded(encoder, registry, shared), encoder(processes)), content_type

    def count(self, layer: str, verdict: Verdict) -> None:
        alike: dict[tuple[str, Action, bool], int] = {}
        for r in verdict.ruled:
            key = r.rule_id, r.action, r.shadow
            alike[key] = alike.get(key, 0) + 1
        for (rule, action, shadow), number in alike.items():
            flag = "true" if shadow else "false"
            self.rulings.labels(layer, rule, ACTIONS[action], flag).inc(number)
        for ruled in verdict.ruled:
            if (opinion := ruled.opinion) is not None:
                self.opinions.labels(ruled.rule_id, opinion.asked, opinion.outcome).inc()
            if isinstance(ruled.finding, Failed):
                self.failures.labels(ruled.finding.detector, ruled.finding.reason.value).inc()


def _encoded(
    encoder: Callable[[CollectorRegistry], bytes], registry: CollectorRegistry, shared: str
) -> bytes:
    """Retries if a file has disappeared since it was listed, as after a failed start."""
    if not shared:
        return encoder(registry)
    with held_still(Path(shared)):
        try:
            return encoder(registry)
        except FileNotFoundError:
            return encoder(registry)


def _joined(first: bytes, second: bytes) -> bytes:
    """Joins two expositions: OpenMetrics ends in a mark that may occur only once."""
    return first.removesuffix(_END) + second


_END = b"# EOF\n"


_OF_WORKER: Final = re.compile(r"_(\d+)\.db\Z")
_LARGEST: Final = frozenset(("process_start_time_seconds", "process_max_fds"))


def worker_processes(shared: str) -> list[int]:
    """Process ids of all workers: those with metrics in the folder `shared`, or this process."""
    if not shared:
        return [os.getpid()]
    found = (_OF_WORKER.search(file.name) for file in Path(shared).glob("*.db"))
    return sorted({int(match[1]) for match in found if match})


class WorkerProcesses(Collector):
    """`process_*` metrics as sums over all workers; the library's own collector sees only the
    process that answers. `pids` are read at every exposition. A process that has ended has no
    metrics."""

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
