"""Spans of each call for an OpenTelemetry collector, over OTLP/HTTP in JSON.

Off unless `traces_url` is set. Export runs outside the calls: what the collector does not accept is
counted and dropped. A call's spans are built from its last audit record (`audit.export.otel`), so
they hold ids and codes and never text of a conversation.

Protocol: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import httpx
import orjson

from threegate.audit.export.otel import call_ids, otel_spans
from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.database import now_us
from threegate.audit.log.encoding import event, timestamp
from threegate.audit.log.record import Record

EVERY_S = 1.0
MOST_WAITING = 4096
BATCH = 128
TIMEOUT_S = 5.0
_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Parent(NamedTuple):
    """The caller's span, from its `traceparent` header (W3C)."""

    trace_id: str = ""
    span_id: str = ""
    sampled: bool = True


NO_PARENT = Parent()


def parent_of(headers: Mapping[str, str]) -> Parent:
    """Empty if the header is missing or malformed."""
    found = _PARENT.match(headers.get("traceparent", ""))
    return Parent(found[1], found[2], bool(int(found[3], 16) & 1)) if found else NO_PARENT


def own_span(parent: Parent, request_id: str) -> Parent:
    """The call's own span, as `otel_spans` exports it: the parent of the model API's."""
    return Parent(*call_ids(request_id, parent.trace_id), parent.sampled)


def traceparent_of(parent: Parent) -> str:
    """The header; empty if there is no span."""
    if not parent.span_id:
        return ""
    return f"00-{parent.trace_id}-{parent.span_id}-{int(parent.sampled):02x}"


@dataclass(slots=True)
class Traces:
    """`lost` receives the number of calls that did not reach the collector."""

    url: str
    names: str
    client: httpx.AsyncClient = field(repr=False)
    lost: Callable[[int], None]
    _waiting: deque[tuple[Record, Receipt, int]] = field(default_factory=deque, repr=False)

    def export(self, record: Record, receipt: object) -> None:
        """A record that ends a call, and its position in the log."""
        if not isinstance(receipt, Receipt):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost(1)
            return
        self._waiting.append((record, receipt, now_us()))

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self.send()

    async def send(self) -> None:
        """Everything that is waiting."""
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if not await self._taken(some):
                self.lost(len(some))

    async def _taken(self, some: Iterable[tuple[Record, Receipt, int]]) -> bool:
        spans = (otel_spans(_entry(*each), self.names)["resourceSpans"] for each in some)
        body = orjson.dumps({"resourceSpans": list(chain.from_iterable(spans))})
        kind = {"content-type": "application/json"}
        try:
            reply = await self.client.post(
                f"{self.url}/v1/traces", content=body, headers=kind, timeout=TIMEOUT_S
            )
        except httpx.HTTPError:
            return False
        return reply.is_success


def _entry(record: Record, receipt: Receipt, ts_us: int) -> dict[str, Any]:
    """The form that `otel_spans` expects: the record's event and its position in the log."""
    made = event(record, receipt.id, 0, [], "")
    return {"event": made, "writer": receipt.writer, "seq": receipt.seq, "ts": timestamp(ts_us)}
