"""Prometheus metrics. Labels are rule ids, layers, actions and models: never text of a
conversation."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from threegate.types import Failed, Verdict

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """One registry per app, so that tests and workers do not share counters."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self.requests = Counter(
            "threegate_requests", "Calls by API and outcome", ["api", "outcome"], registry=r
        )
        self.rulings = Counter(
            "threegate_rulings",
            "Rulings by layer, rule and action",
            ["layer", "rule", "action", "shadow"],
            registry=r,
        )
        self.failures = Counter(
            "threegate_detector_failures",
            "Detectors without an answer",
            ["detector", "reason"],
            registry=r,
        )
        self.seconds = Histogram(
            "threegate_layer_seconds", "Time in a layer", ["layer"], buckets=_SECONDS, registry=r
        )
        self.first_token = Histogram(
            "threegate_first_token_seconds",
            "From the request to the first released text of a stream",
            buckets=_SECONDS,
            registry=r,
        )
        self.state_away = Counter(
            "threegate_state_away", "Times the shared state did not answer", registry=r
        )
        self.active = Gauge("threegate_active_calls", "Calls in progress", registry=r)

    def count(self, layer: str, verdict: Verdict) -> None:
        for ruled in verdict.ruled:
            action = ruled.action.name.lower()
            self.rulings.labels(layer, ruled.rule_id, action, str(ruled.shadow).lower()).inc()
            if isinstance(ruled.finding, Failed):
                self.failures.labels(ruled.finding.detector, ruled.finding.reason.value).inc()
