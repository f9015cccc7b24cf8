"""`process_*` metrics over all workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from threegate import __version__
from threegate.gateway.telemetry.metrics import Metrics
from threegate.gateway.telemetry.process_metrics import WorkerProcesses, worker_processes

OPEN = "application/openmetrics-text; version=1.0.0"


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
