"""What Prometheus reads: rules, outcomes and upstreams, never a text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from threegate import __version__
from threegate.audit.log.kept_chain import Counters
from threegate.gateway.telemetry.metrics import Metrics, WorkerProcesses, worker_processes
from threegate.types import (
    Action,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
    Verdict,
)

OPEN = "application/openmetrics-text; version=1.0.0"
TRACE = {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
LOCUS = TextLocation(Layer.INPUT, Channel.USER)
FOUND = Finding("d", "pii.email", Span(0, 3), 1.0, Level.HIGH, LOCUS)


def told(metrics: Metrics) -> list[str]:
    text, _ = metrics.exposition()
    return text.decode().splitlines()


def test_rulings_and_failures_are_counted_by_rule() -> None:
    metrics = Metrics()
    late = Failed("guard", Reason.TIMEOUT, LOCUS)
    ruled = (
        Ruling("r", Action.MASK, FOUND),
        Ruling("r", Action.BLOCK, FOUND, shadow=True),
        Ruling("r", Action.BLOCK, late),
    )
    metrics.count("input", Verdict(Action.BLOCK, ruled))
    lines = told(metrics)
    for action, shadow in (("mask", "false"), ("block", "true"), ("block", "false")):
        labels = f'action="{action}",layer="input",rule="r",shadow="{shadow}"'
        assert f"threegate_rulings_total{{{labels}}} 1.0" in lines
    failed = 'threegate_detector_failures_total{detector="guard",reason="timeout"} 1.0'
    assert failed in lines


def test_what_upstreams_did() -> None:
    metrics = Metrics()
    metrics.upstream_is("gpu-1", up=True)
    metrics.upstream_is("gpu-1", up=False)
    metrics.answered("gpu-1", "503", 0.2)
    metrics.retried("gpu-1")
    lines = told(metrics)
    assert 'threegate_upstream_up{upstream="gpu-1"} 0.0' in lines
    assert 'threegate_upstream_seconds_count{outcome="503",upstream="gpu-1"} 1.0' in lines
    assert 'threegate_upstream_tried_again_total{upstream="gpu-1"} 1.0' in lines


def test_what_the_writer_did_is_added_once() -> None:
    metrics, counters = Metrics(), Counters(records=5)
    metrics.audit(counters, waiting=3)
    counters.records = 7
    metrics.audit(counters, waiting=0)
    lines = told(metrics)
    assert 'threegate_audit_events_total{what="records"} 7.0' in lines
    assert "threegate_audit_waiting 0.0" in lines


def test_what_waits_for_a_classifier_is_its_last_figure() -> None:
    metrics = Metrics()
    metrics.queued({"guard": 300, "entities": 0})
    metrics.queued({"guard": 40, "entities": 0})
    lines = told(metrics)
    assert 'threegate_classifier_queued_tokens{model="guard"} 40.0' in lines
    assert 'threegate_classifier_queued_tokens{model="entities"} 0.0' in lines


def test_two_apps_share_no_counter() -> None:
    one, other = Metrics(), Metrics()
    one.limited.labels("r").inc()
    assert 'threegate_limited_total{rule="r"} 1.0' in told(one)
    assert not [line for line in told(other) if line.startswith("threegate_limited_total{")]


def test_a_worker_that_is_still_starting_is_no_alarm() -> None:
    lines = told(Metrics())
    assert "threegate_ready 1.0" in lines
    assert "threegate_workers 0.0" in lines


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


def test_many_values_count_as_each_of_them_would() -> None:
    together, one_by_one = Metrics(), Metrics()
    seconds = [0.0, 0.0005, 0.0006, 0.25, 60.0, 61.0]
    together.hold.observe_all(seconds)
    together.hold.observe_all([])
    for one in seconds:
        one_by_one.hold.observe(one)

    def held(metrics: Metrics) -> list[tuple[str, float]]:
        names = [line.rsplit(" ", 1) for line in told(metrics) if "_hold_seconds_" in line]
        return [(name, float(value)) for name, value in names if "_created" not in name]

    assert held(together) == held(one_by_one)
    assert ("threegate_hold_seconds_count", 6.0) in held(together)


def exposed(*pids: int) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(WorkerProcesses(lambda: pids))
    lines = (line.split() for line in generate_latest(registry).decode().splitlines())
    return {words[0]: float(words[1]) for words in lines if words[0] != "#"}


def test_two_processes_are_added_up() -> None:
    wait = [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        one, both = exposed(other.pid), exposed(os.getpid(), other.pid)
        assert both["process_resident_memory_bytes"] > one["process_resident_memory_bytes"] > 0
        assert both["process_start_time_seconds"] == one["process_start_time_seconds"]
        assert other.stdin is not None
        other.stdin.close()


def test_a_process_that_has_ended_has_no_metrics() -> None:
    assert exposed(2**22 + 1) == {}


def test_the_workers_are_those_that_keep_metrics(tmp_path: Path) -> None:
    for name in ("counter_12.db", "gauge_livesum_12.db", "histogram_7.db", "other.txt"):
        (tmp_path / name).touch()
    assert worker_processes(str(tmp_path)) == [7, 12]
    assert worker_processes("") == [os.getpid()]


def test_the_exposition_has_the_build_and_the_process_and_one_end() -> None:
    plain = Metrics().exposition()[0].decode()
    assert 'threegate_build_info{python="' in plain
    assert f'version="{__version__}"}} 1.0' in plain
    assert "process_resident_memory_bytes" in plain
    openmetrics = Metrics().exposition(OPEN)[0].decode()
    assert openmetrics.count("# EOF") == 1
    assert openmetrics.endswith("# EOF\n")
