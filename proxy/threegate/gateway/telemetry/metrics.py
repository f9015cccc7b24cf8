"""Prometheus metrics. Labels are rule ids, layers, actions and models, never text of a
conversation. Several workers keep their values in files of one folder, which the supervisor passes
to prometheus_client; any of them answers for all.
"""

from __future__ import annotations

import os
import platform
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache, partial
from math import inf
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

from threegate import __version__
from threegate.audit.log.encoding import ACTIONS
from threegate.audit.log.kept_chain import Counters
from threegate.gateway.telemetry.expiry import Ending
from threegate.gateway.telemetry.process_metrics import WorkerProcesses, worker_processes
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


class Metrics:
    """One registry per app, so that tests and workers do not share counters. Children are kept,
    because to find one the library takes a lock and converts all labels to strings."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        # One value over all workers: the sum, or the worst.
        summed = partial(Gauge, registry=registry, multiprocess_mode="livesum")
        highest = partial(Gauge, registry=registry, multiprocess_mode="livemax")
        lowest = partial(Gauge, registry=registry, multiprocess_mode="livemin")
        seconds = partial(Histogram, registry=registry, buckets=_SECONDS)
        long = partial(Histogram, registry=registry, buckets=_LONG)

        build = highest("threegate_build_info", "1; labels name what runs", ["version", "python"])
        build.labels(__version__, platform.python_version()).set(1)

        self.workers = summed("threegate_workers", "Worker processes that run")
        self.workers_wanted = highest(
            "threegate_workers_wanted", "Worker processes that the settings ask for"
        )
        self.ready = lowest(
            "threegate_ready", "1 while a call can be recorded, or may go on without a record"
        )
        self.ready.set(1)  # nobody scrapes a worker that is still starting

        # Calls
        self.requests = counter(
            "threegate_requests", "Calls by API and outcome", ["api", "outcome"]
        )
        self.active = summed("threegate_active_calls", "Calls in progress")
        self.tasks = summed("threegate_tasks", "Tasks of the event loop")
        self.call = long("threegate_request_seconds", "A whole call, to its last byte", ["api"])
        self.errors = counter("threegate_errors", "Calls answered with an error", ["api", "status"])
        self.limited = counter("threegate_limited", "Calls refused by a limit", ["rule"])
        self.state_unavailable = counter(
            "threegate_state_away", "Times the shared state did not answer"
        )
        self.feeds = counter(
            "threegate_feed_records", "Records of live feeds, delivered or failed", ["feed", "what"]
        )
        self.spans_lost = counter("threegate_spans_lost", "Calls whose spans were not taken")

        # Layers
        self.seconds = seconds("threegate_layer_seconds", "Time in a layer", ["layer"])
        self.rulings = counter(
            "threegate_rulings",
            "Rulings by layer, rule and action",
            ["layer", "rule", "action", "shadow"],
        )
        self.opinions = counter(
            "threegate_second_opinions",
            "Findings that a judge was asked to confirm, by rule, judge and outcome",
            ["rule", "judge", "outcome"],
        )
        self.opinion_calls = counter(
            "threegate_second_opinion_calls",
            "Calls in which a judge was asked to confirm a finding",
        )
        self.failures = counter(
            "threegate_detector_failures", "Detectors without an answer", ["detector", "reason"]
        )
        self.detector = seconds(
            "threegate_detector_seconds",
            "One question to a classifier or judge, with its queue",
            ["detector"],
        )
        self.queue = summed(
            "threegate_classifier_queued_tokens",
            "Tokens of texts that wait for a classifier",
            ["model"],
        )
        self.first_token = seconds(
            "threegate_first_token_seconds",
            "From the request to the first released text of a stream",
        )
        self.hold = ManyAtOnce(
            "threegate_hold_seconds",
            "How long the oldest character of each piece of a stream was held",
            registry=registry,
            buckets=_SECONDS,
        )

        # Model APIs
        self.upstream = long(
            "threegate_upstream_seconds",
            "From the call of a model API to its status, or to its failure",
            ["upstream", "outcome"],
        )
        self.upstream_up = lowest(
            "threegate_upstream_up",
            "1 where a model API can be asked, 0 while it rests or its checks fail",
            ["upstream"],
        )
        self.upstream_again = counter(
            "threegate_upstream_tried_again",
            "Calls that went on to another model API, by the one that failed",
            ["upstream"],
        )
        self.upstream_broke_off = counter(
            "threegate_upstream_broken_off",
            "Answers of a model API that had begun and did not come to their end",
            ["upstream"],
        )

        # Audit
        self.audit_events = counter(
            "threegate_audit_events", "What the audit log's writer did", ["what"]
        )
        self.audit_waiting = summed("threegate_audit_waiting", "Records that wait for their commit")
        self.audit_lag = seconds(
            "threegate_audit_lag_seconds",
            "From a record to its commit, which its call waits for",
        )
        self._reported: dict[str, int] = {}

        # Policy
        self.policy_errors = highest(
            "threegate_policy_errors",
            "Errors of the policy that was read last; the last good one serves",
        )
        self.emergency = highest(
            "threegate_policy_emergency",
            "1 while a policy is active without approval",
        )
        self.out_of_band = highest(
            "threegate_rule_out_of_band",
            "1 for a rule that left its band; above it the rule only records now",
            ["rule", "side"],
        )
        self.expiry = lowest(
            "threegate_expiry_timestamp_seconds",
            "When a key or a certificate ends, of those that do within 30 days; else +Inf",
            ["what", "name"],
        )
        self._left: set[tuple[str, str]] = set()
        self._ends: set[tuple[str, str]] = set()
        for metric in vars(self).values():
            if isinstance(metric, MetricWrapperBase):
                metric.labels = cache(metric.labels)  # type: ignore[method-assign]

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
