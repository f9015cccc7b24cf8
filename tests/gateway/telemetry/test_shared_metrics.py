"""What a supervisor does with the metrics of its workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.gateway.telemetry.shared_metrics import SHARED_METRICS, forget_start


def test_a_start_that_failed_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED_METRICS, str(tmp_path))
    for name in ("counter_17", "histogram_17", "gauge_livemin_17", "counter_117", "counter_18"):
        (tmp_path / f"{name}.db").touch()
    forget_start(17)
    assert {f.name for f in tmp_path.iterdir()} == {"counter_117.db", "counter_18.db"}
