"""One call without sockets: real layers, detectors, trail and limiter; what went out is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from threegate.audit.log.record import Content, ContentLevel, Intent, Record
from threegate.audit.settings import OnFailure
from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.access.auth import KeyFile
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.access.rule_trips import Bands
from threegate.gateway.asgi import Responder
from threegate.gateway.context import CallContext
from threegate.gateway.deps import Deps
from threegate.gateway.notices import Notices
from threegate.gateway.request.protocol_words import split
from threegate.gateway.telemetry.audit_trail import AuditTrail
from threegate.gateway.telemetry.metrics import Metrics
from threegate.guard.masking.mask import MaskMap
from threegate.limits.store import MemoryLimiter
from threegate.policy.model import Binding, CompiledPolicy, PolicySet, Selector
from threegate.settings import Settings, UpstreamSettings
from threegate.types import Caller
from threegate.upstream import Upstreams
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api

from tests.gateway.shell import suite

BY_API = {adapter.api: adapter for adapter in ADAPTERS}
HI: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
NOWHERE = UpstreamSettings("http://127.0.0.1:9")


@dataclass
class Log:
    """An audit log in memory."""

    records: list[Record] = field(default_factory=list)
    contents: list[Content | None] = field(default_factory=list)
    asked: list[OnFailure | None] = field(default_factory=list)
    away: bool = False
    begun: list[str] = field(default_factory=list)

    async def begin(
        self,
        request_id: str,
        caller: Caller,
        policy: str,
        request: bytes,
        level: ContentLevel | None = None,
        on_failure: OnFailure | None = None,
    ) -> Intent:
        self.begun.append(request_id)
        self.asked.append(on_failure)
        return Intent(1)

    async def append(
        self,
        record: Record,
        content: Content | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        self.records.append(record)
        self.contents.append(content)
        self.asked.append(on_failure)

    async def ready(self) -> bool:
        return not self.away


@dataclass
class Pinned:
    """One policy for everybody, or none."""

    policy: CompiledPolicy | None

    def pin(self) -> PolicySet:
        every = Binding(Selector(), self.policy) if self.policy else None
        return PolicySet("d", (every,) if every else ())


@dataclass
class Sent:
    """What a client gets."""

    events: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    @property
    def status(self) -> int:
        return int(self.events[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode(): v.decode() for k, v in self.events[0]["headers"]}

    @property
    def data(self) -> bytes:
        return b"".join(e.get("body", b"") for e in self.events)

    @property
    def body(self) -> Any:
        return orjson.loads(self.data)


@dataclass
class Said:
    """A model API's answer, whole or in pieces."""

    pieces: Iterable[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    starts_in_reasoning: bool = False
    own_key: bool = False

    async def chunks(self, take: object = None) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def said(body: Any, **more: Any) -> Said:
    return Said([orjson.dumps(body)], **more)


def deps_of(
    tmp_path: Path,
    policy: CompiledPolicy | None,
    *,
    detectors: DetectorSet | None = None,
    upstream: UpstreamSettings = NOWHERE,
) -> Deps:
    """Inside a running loop."""
    found = detectors or suite()
    return Deps(
        Settings(var=tmp_path, upstreams=(upstream,)),
        Pinned(policy),
        lambda _: found,
        Upstreams((upstream,), {}),
        Log(),
        KeyFile(tmp_path / "keys.json"),
        Metrics(),
        MemoryLimiter(),
        b"s" * 32,
        Notices(Bands()),
    )


def call_of(
    deps: Deps,
    policy: CompiledPolicy,
    body: dict[str, Any] | None = None,
    *,
    api: Api = Api.CHAT,
    caller: Caller | None = None,
) -> tuple[CallContext, Sent]:
    sent, adapter, asked = Sent(), BY_API[api], body or HI
    who, found = caller or Caller(model=adapter.model(asked)), deps.detector_set_for(policy)
    streamed = adapter.streamed(asked)
    slots, words = split(adapter.request_slots(asked))
    trail = AuditTrail(
        deps.audit, deps.metrics, deps.notices.bands, who, policy, api.value, streamed
    )
    call = CallContext(
        deps=deps,
        adapter=adapter,
        out=Responder(sent),
        caller=who,
        policy=policy,
        resolved=PolicyResolver().of(policy, who, found),
        detector_set=found,
        trail=trail,
        headers={},
        path=adapter.paths[0],
        today="2026-11-26",
        masks=MaskMap(b"k" * 32),
        request=asked,
        body=asked,
        slots=slots,
        words=words,
    )
    return call, sent
