"""What Prometheus gets: its text, and OpenMetrics with the trace of a slow call."""

from __future__ import annotations

from threegate.gateway.metrics import Metrics

OPEN = "application/openmetrics-text; version=1.0.0"
TRACE = {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}


def test_exemplars_are_in_openmetrics_alone() -> None:
    metrics = Metrics()
    metrics.call.labels("chat").observe(0.3, TRACE)
    text, kind = metrics.exposition(OPEN)
    assert kind.startswith("application/openmetrics-text")
    assert b'# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.3' in text
    plain, kind = metrics.exposition()
    assert kind.startswith("text/plain")
    assert b"trace_id" not in plain
    assert b'threegate_request_seconds_count{api="chat"} 1.0' in plain
