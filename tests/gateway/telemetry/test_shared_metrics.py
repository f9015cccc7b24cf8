"""What a supervisor does with the metrics of its workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from threegate.gateway.telemetry.shared_metrics import SHARED_METRICS, forget_start, forget_worker


def test_a_start_that_failed_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED_METRICS, str(tmp_path))
    for name in ("counter_17", "histogram_17", "gauge_livemin_17", "counter_117", "counter_18"):
        (tmp_path / f"{name}.db").touch()
    forget_start(17)
    assert {f.name for f in tmp_path.iterdir()} == {"counter_117.db", "counter_18.db"}


WORKER = """
import os
from threegate.gateway.telemetry.metrics import Metrics
metrics = Metrics()
metrics.requests.labels("chat", "completed").inc(3)
metrics.call.labels("chat").observe(0.2)
metrics.workers.set(1)
print(os.getpid())
"""
SCRAPE = """
from threegate.gateway.telemetry.metrics import Metrics
print(Metrics().exposition()[0].decode())
"""


def test_what_ended_workers_counted_is_in_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reload left two files a worker, all of them read at every scrape for ever."""
    monkeypatch.setenv(SHARED_METRICS, str(tmp_path))
    for _ in range(2):
        forget_worker(int(ran(WORKER)))
    assert {f.name for f in tmp_path.glob("*.db")} == {"counter_0.db", "histogram_0.db"}
    ran(WORKER)
    lines = ran(SCRAPE).splitlines()
    assert 'threegate_requests_total{api="chat",outcome="completed"} 9.0' in lines
    assert 'threegate_request_seconds_count{api="chat"} 3.0' in lines
    assert 'threegate_request_seconds_bucket{api="chat",le="0.25"} 3.0' in lines
    assert "threegate_workers 1.0" in lines


@pytest.mark.parametrize("keep", [0, 4, 40])
def test_a_torn_file_keeps_no_worker_from_being_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: int
) -> None:
    """A process that is killed may leave one. The watch of a worker ended with the exception, and
    no other worker was started; half of a file must not be counted twice either."""
    monkeypatch.setenv(SHARED_METRICS, str(tmp_path))
    pid = int(ran(WORKER))
    torn = tmp_path / f"counter_{pid}.db"
    torn.write_bytes(torn.read_bytes()[:keep])
    forget_worker(pid)
    assert torn.exists()
    assert not (tmp_path / "counter_0.db").exists()


def ran(program: str) -> str:
    """What a process prints that shares the folder."""
    done = subprocess.run(
        [sys.executable, "-c", program], env=dict(os.environ), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
