from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson
import pytest
from threegate.audit.export.otlp import BATCH, deliver
from threegate.errors import AuditError


class Collector:
    """Takes OTLP requests and remembers them; refuses from the `last`-th on."""

    def __init__(self, last: int = 100) -> None:
        self.taken: list[tuple[str, str, dict[str, list[object]]]] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
                taken.append((self.path, self.headers["content-type"], body))
                self.send_response(200 if len(taken) < last else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def lines(path: Path, count: int, member: str) -> Path:
    path.write_bytes(b"".join(orjson.dumps({member: [{"n": n}]}) + b"\n" for n in range(count)))
    return path


@pytest.mark.parametrize(
    ("form", "path", "member"),
    [
        ("otel-logs", "/v1/logs", "resourceLogs"),
        ("otel-spans", "/v1/traces", "resourceSpans"),
    ],
)
def test_each_record_reaches_the_collector_once(
    collector: Collector, tmp_path: Path, form: str, path: str, member: str
) -> None:
    count = BATCH + 3
    assert deliver(lines(tmp_path / "records", count, member), form, collector.url + "/") == count
    assert [(p, k) for p, k, _ in collector.taken] == [(path, "application/json")] * 2
    assert [x for *_, body in collector.taken for x in body[member]] == [
        {"n": n} for n in range(count)
    ]


def test_a_refusal_says_how_far_it_went(collector: Collector, tmp_path: Path) -> None:
    collector.server.shutdown()
    refusing = Collector(last=2)
    thread = threading.Thread(target=refusing.server.serve_forever)
    thread.start()
    file = lines(tmp_path / "records", BATCH + 1, "resourceLogs")
    with pytest.raises(AuditError, match=f"status 503 after {BATCH} records"):
        deliver(file, "otel-logs", refusing.url)
    refusing.server.shutdown()
    thread.join()
    refusing.server.server_close()


def test_nobody_there(tmp_path: Path) -> None:
    file = lines(tmp_path / "records", 1, "resourceLogs")
    with pytest.raises(AuditError, match="after 0 records"):
        deliver(file, "otel-logs", "http://127.0.0.1:9")
    with pytest.raises(AuditError, match="takes otel-logs / otel-spans"):
        deliver(file, "csv", "http://127.0.0.1:9")
