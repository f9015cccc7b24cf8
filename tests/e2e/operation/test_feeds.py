"""A call through the real proxy reaches a SIEM, and a SIEM that is away holds no call up."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from threegate.settings.errors import SettingsError

from tests.audit.feeds.receivers import collector, syslog
from tests.e2e.support.running import Running, proxy
from tests.waiting import eventually

NUMBER = "13912345678"


def asked(running: Running) -> str:
    reply = httpx.post(
        f"{running.url}/v1/chat/completions",
        json={"model": "deepseek-r1", "messages": [{"role": "user", "content": f"电话{NUMBER}"}]},
    )
    assert reply.status_code == 200, reply.text
    return str(reply.headers["x-threegate-request-id"])


def test_a_call_reaches_both_receivers_without_its_text(tmp_path: Path) -> None:
    with (
        syslog() as receiver,
        collector() as made,
        proxy(
            tmp_path, audit_syslog=f"tcp://127.0.0.1:{receiver.port}", audit_otlp=made.url
        ) as running,
    ):
        request = asked(running)
        assert eventually(lambda: any(request in m for m in receiver.messages))
        assert eventually(lambda: request in str(made.bodies))
        assert NUMBER not in str(receiver.messages) + str(made.bodies)
        metrics = httpx.get(f"{running.url}/metrics").text
        assert 'threegate_feed_records_total{feed="syslog",what="delivered"}' in metrics


def test_receivers_that_are_away_hold_no_call_up(tmp_path: Path) -> None:
    away = {"audit_syslog": "tcp://127.0.0.1:9", "audit_otlp": "http://127.0.0.1:9"}
    with proxy(tmp_path, **away) as running:
        assert all(asked(running) for _ in range(5))
        tried = 'threegate_feed_records_total{feed="otlp",what="failed"}'
        assert eventually(lambda: tried in httpx.get(f"{running.url}/metrics").text)


def test_a_missing_ca_stops_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="audit_syslog_ca"),
        proxy(tmp_path, audit_syslog="tls://127.0.0.1:9", audit_syslog_ca="none.pem"),
    ):
        pass
