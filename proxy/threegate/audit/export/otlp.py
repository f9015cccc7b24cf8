"""Sends an exported file of OpenTelemetry lines to a collector, over OTLP/HTTP in JSON.

This is for records already in the log; live calls are exported by `gateway.telemetry.tracing`.
"""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

import httpx
import orjson

from threegate.audit.errors import trouble
from threegate.trust import trusted

ENDS = {"otel-logs": ("/v1/logs", "resourceLogs"), "otel-spans": ("/v1/traces", "resourceSpans")}
BATCH = 256  # records per request
TIMEOUT_S = 30.0


def deliver(file: Path, form: str, url: str) -> int:
    """Returns how many lines the collector accepted. Raises `AuditError` at the first refusal; the
    lines before it have been delivered."""
    if form not in ENDS:
        raise trouble("collector-form", forms=" / ".join(ENDS))
    path, member = ENDS[form]
    taken = 0
    client = httpx.Client(verify=trusted(), trust_env=False, timeout=TIMEOUT_S)
    with file.open("rb") as lines, client:
        while batch := list(islice(lines, BATCH)):
            groups = chain.from_iterable(orjson.loads(line)[member] for line in batch)
            _post(client, url.rstrip("/") + path, orjson.dumps({member: list(groups)}), taken)
            taken += len(batch)
    return taken


def _post(client: httpx.Client, url: str, body: bytes, taken: int) -> None:
    try:
        reply = client.post(url, content=body, headers={"content-type": "application/json"})
    except httpx.HTTPError as error:
        raise trouble("collector", why=type(error).__name__, taken=taken) from None
    if not reply.is_success:
        raise trouble("collector", why=f"status {reply.status_code}", taken=taken)
