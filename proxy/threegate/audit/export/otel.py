"""Converts a stored record to OpenTelemetry, as OTLP/JSON: one LogsData or TracesData per record.
Pure.

The GenAI conventions are still changing; the output follows `SEMCONV` and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from threegate.audit.export.formats import BLOCKING, Json
from threegate.audit.log.encoding import microseconds, rulings
from threegate.audit.log.record import Stage

SEMCONV = "1.41"  # OpenTelemetry semantic conventions of the attributes below

SECURITY = "gen_ai.security."

NAMES: Mapping[str, Mapping[str, str]] = {
    "verdict": {},
    "decision": {"verdict.": "decision.", "guardrail.": "guardian."},
}
"""Names in the guardrail convention, which is not stable: the current ones, and those that older
tools know (by the beginning of a name after `SECURITY`)."""


_DECISIONS = {
    "allow": "allow",
    "flag": "audit",
    "annotate": "warn",
    "answer": "deny",
    "block": "deny",
}


def decision_type(action: str) -> str:
    """The guardrail convention's term for our action."""
    return _DECISIONS.get(action, "modify")


def otel_log(entry: Json) -> dict[str, Any]:
    """LogsData with one record; severity WARN if something was refused."""
    event = entry["event"]
    denied = event.get("action") in BLOCKING
    record = {
        "timeUnixNano": str(microseconds(entry["ts"]) * 1000),
        "severityNumber": 13 if denied else 9,
        "severityText": "WARN" if denied else "INFO",
        "eventName": f"threegate.audit.{event['stage']}",
        "body": {"stringValue": f"{event['stage']} {event.get('action', '')}".strip()},
        "attributes": _attributes({**_gen_ai(event), **_own(entry)}),
        **_trace(event),
    }
    scope = {"scope": {"name": "threegate.audit", "version": SEMCONV}, "logRecords": [record]}
    return {"resourceLogs": [{"resource": _resource(), "scopeLogs": [scope]}]}


def otel_spans(entry: Json, names: str = "verdict") -> dict[str, Any]:
    """TracesData: the model call and one `apply_guardrail` span per layer, with attributes by one
    of `NAMES`. Needs a final record."""
    event = entry["event"]
    end = microseconds(entry["ts"]) * 1000
    start = end - int(event.get("timings_ms", {}).get("total", 0) * 1_000_000)
    trace, root = call_ids(event["request"], event.get("trace", {}).get("trace", ""))
    model = event.get("model", {}).get("requested", "")
    call = _span(
        trace, root, f"chat {model}".strip(), start, end, {**_gen_ai(event), **_own(entry)}, kind=3
    )
    call |= {"parentSpanId": event["trace"]["span"]} if event.get("trace", {}).get("span") else {}
    if event.get("error") or event["stage"] == Stage.INTERRUPTED:
        call["status"] = {"code": 2}
    layers = _layer_spans(event, call, names)
    scope = {"scope": {"name": "threegate.audit", "version": SEMCONV}, "spans": [call, *layers]}
    return {"resourceSpans": [{"resource": _resource(), "scopeSpans": [scope]}]}


def _layer_spans(event: Json, call: Json, names: str) -> Iterator[dict[str, Any]]:
    """A span for each layer below that of the call: one after the other from its start, but the
    output layer ends with the call."""
    trace, root = call["traceId"], call["spanId"]
    at = start = int(call["startTimeUnixNano"])
    for n, decision in enumerate(event.get("decisions", ()), 1):
        took = int(decision["ms"].get("total", 0) * 1_000_000)
        if decision["layer"] == "output":
            at = max(start, int(call["endTimeUnixNano"]) - took)
        span_id, name = f"{int(root, 16) ^ n:016x}", f"apply_guardrail {decision['layer']}"
        attributes = _guardrail(decision, event.get("policy", {}), names)
        span = _span(trace, span_id, name, at, at + took, attributes, kind=1)
        yield span | {"parentSpanId": root}
        at += took


def call_ids(request_id: str, trace_id: str = "") -> tuple[str, str]:
    """Trace and span of a call, derived from its request id (32 hex digits), in the trace that the
    caller named. They are known before the call is recorded, so that they can be sent to the model
    API."""
    digits = request_id.rpartition("_")[2]
    if not _HEX_ID.fullmatch(digits):
        digits = hashlib.sha256(request_id.encode()).hexdigest()[:32]
    return trace_id or digits, digits[16:]


_HEX_ID = re.compile(r"[0-9a-f]{32}")


def _span(
    trace: str, span: str, name: str, start: int, end: int, attributes: Json, *, kind: int
) -> dict[str, Any]:
    """Status OK even if the guard refused, because it worked as intended."""
    return {
        "traceId": trace,
        "spanId": span,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(attributes),
        "status": {"code": 1},
    }


def _guardrail(decision: Json, policy: Json, names: str) -> dict[str, Any]:
    """Changes to a request (`constraint.*`) are certain and not a risk, so they have no score."""
    target = {"input": "llm_input", "output": "llm_output"}.get(decision["layer"], "message")
    ruled = decision["ruled"]
    risks = [r for r in ruled if "kind" in r and not r["kind"].startswith("constraint.")]
    attributes = {
        "target.type": target,
        "verdict.type": decision_type(decision["action"]),
        "guardrail.name": f"threegate.{decision['layer']}",
        "policy.id": decision.get("policy") or policy.get("digest", ""),
        "policy.version": policy.get("revision", ""),
        "policy.rule.id": sorted({r["rule"] for r in ruled}),
        "risk.category": sorted({r["kind"] for r in risks}),
        "risk.score": max((float(r["score"]) for r in risks), default=None),
    }
    renamed = {SECURITY + _renamed(name, names): value for name, value in attributes.items()}
    return {"gen_ai.operation.name": "apply_guardrail", **renamed}


def _renamed(name: str, names: str) -> str:
    for begin, other in NAMES[names].items():
        if name.startswith(begin):
            return other + name.removeprefix(begin)
    return name


def _gen_ai(event: Json) -> dict[str, Any]:
    """`gen_ai.*` of a call; content attributes are opt-in and never written."""
    usage, model = event.get("usage", {}), event.get("model", {})
    reasons, first = event.get("finish_reason", ""), event.get("timings_ms", {}).get("first_token")
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "threegate",
        "gen_ai.request.model": model.get("requested", ""),
        "gen_ai.response.model": model.get("served", ""),
        "gen_ai.response.finish_reasons": [reasons] if reasons else [],
        "gen_ai.request.stream": event.get("stream", False),
        "gen_ai.response.time_to_first_chunk": first / 1000 if first else None,
        "error.type": event.get("error", ""),
        "gen_ai.conversation.id": event.get("caller", {}).get("conversation", ""),
        "gen_ai.usage.input_tokens": usage.get("input", 0),
        "gen_ai.usage.output_tokens": usage.get("output", 0),
        "gen_ai.usage.cache_read.input_tokens": usage.get("cached", 0),
        "gen_ai.usage.reasoning.output_tokens": usage.get("reasoning", 0),
    }


def _own(entry: Json) -> dict[str, Any]:
    event = entry["event"]
    return {
        "threegate.audit.log.writer": entry["writer"],
        "threegate.audit.seq": entry["seq"],
        "threegate.request.id": event["request"],
        "threegate.stage": event["stage"],
        "threegate.action": event.get("action", ""),
        "threegate.tenant": event.get("caller", {}).get("tenant", ""),
        "threegate.policy.digest": event.get("policy", {}).get("digest", ""),
        "threegate.rules": sorted({r["rule"] for r in rulings(event)}),
    }


def _trace(event: Json) -> dict[str, str]:
    names = {"trace": "traceId", "span": "spanId"}
    return {names[k]: v for k, v in event.get("trace", {}).items()}


def _resource() -> dict[str, Any]:
    return {"attributes": _attributes({"service.name": "threegate"})}


def _attributes(values: Json) -> list[dict[str, Any]]:
    """OTLP key-values; empty ones are left out."""
    return [{"key": k, "value": _value(v)} for k, v in values.items() if v not in ("", [], None)]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(v) for v in value]}}
        case _:
            return {"stringValue": str(value)}
