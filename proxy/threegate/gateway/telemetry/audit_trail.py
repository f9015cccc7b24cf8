"""Collects what happens in one call and writes it to the audit log.

An intent is durable before the model is called, and the call's record before the last byte of the
answer leaves. Nothing is decided here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from threegate.audit import AuditLog
from threegate.audit.log.record import Content, ContentLevel, Intent, Part, Record, Stage
from threegate.audit.settings import OnFailure
from threegate.errors import ThreegateError
from threegate.gateway.access.rule_trips import Bands
from threegate.gateway.telemetry.metrics import Metrics
from threegate.gateway.telemetry.tracing import NO_PARENT, Parent, Traces
from threegate.guard.constraint import Constrained
from threegate.policy.model import CompiledPolicy
from threegate.random_pool import random_bytes
from threegate.types import (
    Action,
    Caller,
    Channel,
    Decision,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
    Usage,
    Verdict,
)

OWN_CHANGES = frozenset(("placed", "defaulted", "aliased", "stripped"))
"""Changes of layer 2 that a policy makes in every call and that override nothing the client
requested. They are recorded but are not a reason to review a call."""


def new_id(prefix: str) -> str:
    """A new id: sorted by time, so that an index grows at its end; the rest is random."""
    return f"{prefix}_{time.time_ns() // 1_000_000:012x}{random_bytes(10).hex()}"


def on_failure_of(policy: CompiledPolicy) -> OnFailure | None:
    """What the policy requires if a record of its calls cannot be stored; None: nothing."""
    required = policy.audit.on_failure
    return OnFailure(required) if required else None


@dataclass(slots=True)
class AuditTrail:
    """`decision_id` is given to a blocked client and leads to the record. `request` are the bytes
    that the client sent, until the intent is written; `parts` the texts of the request to keep."""

    audit: AuditLog
    metrics: Metrics
    bands: Bands
    caller: Caller
    policy: CompiledPolicy
    endpoint: str
    stream: bool
    request: bytes = field(default=b"", repr=False)
    parts: tuple[Part, ...] = field(default=(), repr=False)
    intent: Intent | None = None
    request_id: str = field(default_factory=lambda: new_id("tg"))
    decision_id: str = field(default_factory=lambda: new_id("dec"))
    model_served: str = ""
    parent: Parent = NO_PARENT
    traces: Traces | None = None
    upstream_status: int = 0
    finish_reason: str = ""
    usage: Usage | None = None
    answer_chars: int = 0  # code points of the model's texts received
    error: str = ""
    masked: tuple[str, ...] = ()
    label: str = ""
    notes: tuple[str, ...] = ()  # rules whose notes were written beneath the answer
    subject: str = field(default="", repr=False)  # the end user
    decisions: list[Decision] = field(default_factory=list)
    output: list[Ruling] = field(default_factory=list, repr=False)
    timings_ms: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)  # parts that did less than they should have
    stopped: frozenset[str] = frozenset()  # rules that continue as if in shadow
    closed: bool = False
    _started: float = field(default_factory=time.perf_counter)

    def decide(self, layer: Layer, verdict: Verdict, ms: float) -> None:
        """Notes a layer's verdict and its time in `ms` for the record and the metrics."""
        self.metrics.count(layer, verdict)
        self.metrics.seconds.labels(layer).observe(ms / 1000)
        took = {"total": round(ms, 3)}
        made = Decision(
            self.decision_id, self.request_id, layer, verdict, self.policy.version_digest, took
        )
        self.decisions.append(made)

    def constrained(self, done: Constrained, tried: Constrained | None, ms: float) -> None:
        """Layer 2's changes and refusals as rulings, so that they are counted and explained like
        any other; including what rules in shadow would have done (`tried`)."""
        ruled = (*_rulings(done), *(replace(r, shadow=True) for r in _rulings(tried)))
        self.decide(Layer.CONSTRAINT, Verdict.of(ruled), ms)

    def first_text(self) -> None:
        """Notes that the first text of a stream leaves now."""
        seconds = time.perf_counter() - self._started
        self.timings_ms["first_token"] = round(seconds * 1000, 3)
        self.metrics.first_token.observe(seconds, self._exemplar())

    def failed(self, error: BaseException) -> None:
        """Notes why the call ends early: a code, never the text of an error."""
        self.error = self.error or (
            error.code if isinstance(error, ThreegateError) else type(error).__name__
        )

    async def begin(self) -> None:
        """Stores the intent to call the model. Raises AuditError; then the model must not be
        called."""
        started, policy = time.perf_counter(), self.policy
        level, required = ContentLevel(policy.audit.level), on_failure_of(policy)
        who = self.request_id, self.caller, policy.digest
        self.intent = await self.audit.begin(*who, self.request, level, required)
        self.request = b""
        self.metrics.audit_lag.observe(time.perf_counter() - started)

    async def ended(self, stage: Stage, parts: Sequence[Part] = ()) -> None:
        """Stores the call's record, once. `parts` are the texts of the answer to keep."""
        if self.closed:
            return
        self.closed = True
        self.timings_ms["total"] = round((time.perf_counter() - self._started) * 1000, 3)
        if self.output or self.upstream_status or self.answer_chars:
            ms = self.timings_ms.get("output", 0.0)
            self.decide(Layer.OUTPUT, Verdict.of(self.output), ms)
        self.bands.count(self.policy, self.caller, self.decisions)
        if any(r.opinion for d in self.decisions for r in d.verdict.ruled):
            self.metrics.opinion_calls.inc()
        self.metrics.requests.labels(self.endpoint, stage).inc()
        seconds = self.timings_ms["total"] / 1000
        self.metrics.call.labels(self.endpoint).observe(seconds, self._exemplar())
        record = self._record(stage)
        receipt = await self._append(record, (*self.parts, *parts))
        if self.traces is not None and self.parent.sampled:
            self.traces.export(record, receipt)

    async def _append(self, record: Record, parts: Sequence[Part]) -> object:
        started = time.perf_counter()
        receipt = await self.audit.append(record, self._content(parts), on_failure_of(self.policy))
        self.metrics.audit_lag.observe(time.perf_counter() - started)
        return receipt

    def _exemplar(self) -> dict[str, str] | None:
        """The trace that an observation of a histogram came from."""
        return {"trace_id": self.parent.trace_id} if self.parent.trace_id else None

    def _content(self, parts: Sequence[Part]) -> Content | None:
        if not parts:
            return None
        return Content(tuple(parts), ContentLevel(self.policy.audit.level))

    def _record(self, stage: Stage) -> Record:
        decisions = tuple(self.decisions)
        return Record(
            stage=stage,
            request_id=self.request_id,
            caller=self.caller,
            subject=self.subject,
            trace_id=self.parent.trace_id,
            span_id=self.parent.span_id,
            endpoint=self.endpoint,
            stream=self.stream,
            model_served=self.model_served,
            policy=self.policy.version_digest,
            policy_revision=self.policy.version,
            intent=self.intent,
            decisions=decisions,
            usage=self.usage or Usage(),
            finish_reason=self.finish_reason,
            upstream_status=self.upstream_status,
            error=self.error,
            degraded=(*self.degraded, *degraded(decisions, self.stopped)),
            masked=self.masked,
            label=self.label,
            notes=self.notes,
            timings_ms=dict(self.timings_ms),
        )


def _rulings(done: Constrained | None) -> Iterator[Ruling]:
    """A refusal is recorded only by its code, because its details may contain the client's own
    words."""
    if done is None:
        return
    for change in done.changes:
        action = Action.ALLOW if change.what in OWN_CHANGES else Action.FLAG
        yield _ruling(change.rule_id, action, change.what, change.field_name)
    if (refusal := done.refusal) is not None and refusal.rule_id:
        yield _ruling(refusal.rule_id, Action.BLOCK, "refused", refusal.code)


@lru_cache(maxsize=1024)  # a policy makes the same changes in call after call
def _ruling(rule_id: str, action: Action, what: str, note: str) -> Ruling:
    locus, kind = TextLocation(Layer.CONSTRAINT, Channel.SYSTEM), f"constraint.{what}"
    found = Finding("constraint", kind, Span(0, 0), 1.0, Level.HIGH, locus, note)
    return Ruling(rule_id, action, found)


def degraded(
    decisions: Iterable[Decision], stopped: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Detectors and judges that gave no answer, as `detector:reason`, and rules that would have
    acted but had left their band, as `band:rule`."""
    late, asked, left = list[str](), list[str](), list[str]()
    for ruled in [r for d in decisions for r in d.verdict.ruled]:
        if isinstance(found := ruled.finding, Failed):
            late.append(f"{found.detector}:{Reason(found.reason).value}")
        if (opinion := ruled.opinion) is not None and opinion.failed is not None:
            asked.append(f"{opinion.asked}:{opinion.failed.value}")
        if ruled.rule_id in stopped:
            left.append(f"band:{ruled.rule_id}")
    return tuple(dict.fromkeys(late + asked + left))
