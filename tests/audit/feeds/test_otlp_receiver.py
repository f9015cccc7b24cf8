"""Feed and traces against a receiver made of the official definitions of OTLP: what is not of the
protocol is refused."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.audit import AuditSettings
from threegate.audit.feeds.reader import fresh
from threegate.audit.feeds.sinks import Otlp
from threegate.audit.log.database import reader_engine

from tests.audit.conftest import SECRET, filled
from tests.e2e.support.running import proxy
from tests.waiting import eventually

pytest.importorskip("opentelemetry.proto")
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

SERVED = {
    "/v1/logs": (logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse),
    "/v1/traces": (traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse),
}
LENGTHS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}
NUMBER = "13917352846"


def parsed(path: str, data: bytes) -> Any:
    """OTLP's JSON is that of Protocol Buffers but for ids, which are hexadecimal. Raises ValueError
    or ParseError for anything else."""
    return json_format.ParseDict(json.loads(data, object_hook=_with_ids), SERVED[path][0]())


def _with_ids(given: dict[str, Any]) -> dict[str, Any]:
    for name in LENGTHS.keys() & given.keys():
        raw = bytes.fromhex(given[name])
        if len(raw) != LENGTHS[name]:
            raise ValueError(f"{name} has {len(raw)} bytes")
        given[name] = base64.b64encode(raw).decode()
    return given


class Receiver:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.taken: dict[str, list[Any]] = {path: [] for path in SERVED}
        self.refused: list[str] = []

    @property
    def records(self) -> list[Any]:
        resources = [r for request in self.taken["/v1/logs"] for r in request.resource_logs]
        return [record for r in resources for s in r.scope_logs for record in s.log_records]

    @property
    def spans(self) -> list[Any]:
        resources = [r for request in self.taken["/v1/traces"] for r in request.resource_spans]
        return [span for r in resources for s in r.scope_spans for span in s.spans]


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            try:
                assert self.headers["content-type"] == "application/json"
                made.taken[self.path].append(parsed(self.path, data))
                status, body = 200, json_format.MessageToJson(SERVED[self.path][1]())
            except (AssertionError, KeyError, ValueError, json_format.ParseError) as error:
                made.refused.append(str(error))
                status, body = 400, "{}"
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def named(record: Any) -> dict[str, Any]:
    return {a.key: json_format.MessageToDict(a.value) for a in record.attributes}


async def test_records_of_every_kind_are_of_the_protocol(settings: AuditSettings) -> None:
    log = await filled(settings, 2)
    reader = reader_engine(settings.url)
    with reader.connect() as connection:
        items = fresh(connection, {}).items
    with receiver() as made:
        sink = Otlp(made.url)
        sink.send(items)
        sink.close()
        assert made.refused == []
        assert [named(r)["threegate.audit.seq"] for r in made.records] == [
            {"intValue": str(item.entry["seq"])} for item in items
        ]
        assert {r.severity_text for r in made.records} <= {"INFO", "WARN"}
        assert all(r.time_unix_nano for r in made.records)
        assert SECRET not in str(made.taken)
    reader.dispose()
    await log.close()


def test_a_call_arrives_as_a_log_record_and_as_spans_of_one_trace(tmp_path: Path) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": f"电话{NUMBER}"}]}
    with (
        receiver() as made,
        proxy(tmp_path, audit_otlp=made.url, traces_url=made.url) as running,
    ):
        headers = {"traceparent": f"00-{trace}-{parent}-01"}
        url = f"{running.url}/v1/chat/completions"
        httpx.post(url, json=body, headers=headers, timeout=60).raise_for_status()
        assert eventually(lambda: any(r.trace_id.hex() == trace for r in made.records))
        assert eventually(lambda: any(s.parent_span_id.hex() == parent for s in made.spans))
        assert {s.trace_id.hex() for s in made.spans} == {trace}
        assert made.refused == []
        assert NUMBER not in str(made.taken)


def test_the_receiver_refuses_what_is_not_of_the_protocol() -> None:
    wrong = [{"traceId": "00"}, {"unknown": 1}, {"severityNumber": "loud"}, {"body": "text"}]
    with receiver() as made:
        for record in wrong:
            sent = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
            assert httpx.post(f"{made.url}/v1/logs", json=sent).status_code == 400
        assert len(made.refused) == len(wrong)
        assert made.records == []
