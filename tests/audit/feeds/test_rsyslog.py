"""The documented configuration of rsyslog (docs/operate.md) takes the feed over TLS."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from threegate.audit import AuditSettings
from threegate.audit.feeds.reader import fresh
from threegate.audit.feeds.sinks import Syslog
from threegate.audit.log.database import reader_engine

from tests.audit.conftest import filled
from tests.audit.feeds.receivers import certificate
from tests.waiting import eventually

DOCS = Path(__file__).parents[3] / "docs/operate.md"
RSYSLOGD = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
OPENSSL = [*Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so")]


@pytest.mark.skipif(not OPENSSL, reason="rsyslog with openssl is not installed")
async def test_rsyslog_writes_one_event_a_line(settings: AuditSettings, tmp_path: Path) -> None:
    ca, key = certificate(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (documented,) = re.findall(r"```\n(global\(.*?)```", DOCS.read_text("utf-8"), re.S)
    configuration = (
        documented.replace("/etc/rsyslog.d/ca.pem", str(ca))
        .replace("/etc/rsyslog.d/cert.pem", str(ca))
        .replace("/etc/rsyslog.d/key.pem", str(key))
        .replace("6514", str(port))
        .replace("/var/log/threegate.jsonl", str(tmp_path / "got.jsonl"))
    )
    (tmp_path / "rsyslog.conf").write_text(configuration)
    command = [RSYSLOGD, "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")]
    with (tmp_path / "log").open("w") as log_file:
        process = subprocess.Popen(command, stdout=log_file, stderr=log_file)
    try:
        sink = Syslog(f"tls://127.0.0.1:{port}", ca)
        log = await filled(settings, 2)
        reader = reader_engine(settings.url)
        with reader.connect() as connection:
            items = fresh(connection, {}).items
        assert eventually(lambda: _listens(port)), (tmp_path / "log").read_text()
        sink.send(items)
        got = tmp_path / "got.jsonl"
        assert eventually(lambda: got.exists() and len(got.read_text().splitlines()) == len(items))
        sink.check()
        sink.close()
        reader.dispose()
        await log.close()
        uids = [json.loads(line)["metadata"]["uid"] for line in got.read_text().splitlines()]
        assert uids == [item.entry["event"]["id"] for item in items]
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
