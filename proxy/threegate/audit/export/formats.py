"""Converts a stored record to the formats of other systems: flat columns, OCSF, OpenTelemetry logs
and GenAI spans. Pure.

Each takes a parsed entry. None of them carries proofs: an export keeps the entries next to them
(`export.py`). The OpenTelemetry GenAI conventions still change; what is written follows `SEMCONV`
and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from threegate.audit.log.record import Stage, microseconds

SEMCONV = "1.41"  # OpenTelemetry semantic conventions of the attributes below
SECURITY = "gen_ai.security."
NAMES: Mapping[str, Mapping[str, str]] = {
    "verdict": {},
    "decision": {"verdict.": "decision.", "guardrail.": "guardian."},
}
"""Names of the guardrail convention, which is not stable: the current ones, and what older tools
know (begin of a name after `SECURITY`: what they call it)."""
OCSF_VERSION = "1.9.0-dev"
PRODUCT = {"name": "Threegate", "vendor_name": "Threegate"}
FLAT = (
    "writer", "seq", "ts", "id", "request", "stage", "action", "tenant", "key", "route", "language",
    "conversation", "model_requested", "model_served", "endpoint", "stream", "policy", "rules",
    "kinds", "shadow_rules", "degraded", "input_tokens", "output_tokens", "finish_reason",
    "upstream_status", "error", "label", "trace", "spooled",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Json = Mapping[str, Any]


def flat(entry: Json) -> dict[str, str | int]:
    """`FLAT` columns; several values are separated by spaces."""
    event = entry["event"]
    caller, model, usage = (event.get(n, {}) for n in ("caller", "model", "usage"))
    ruled = [r for d in event.get("decisions", ()) for r in d["ruled"]]
    return {
        "writer": entry["writer"],
        "seq": entry["seq"],
        "ts": entry["ts"],
        "id": event["id"],
        "request": event["request"],
        "stage": event["stage"],
        "action": event.get("action", ""),
        **{n: caller.get(n, "") for n in ("tenant", "key", "route", "language", "conversation")},
        "model_requested": model.get("requested", ""),
        "model_served": model.get("served", ""),
        "endpoint": event.get("endpoint", ""),
        "stream": int(event.get("stream", False)),
        "policy": event.get("policy", {}).get("digest", ""),
        "rules": _once(r["rule"] for r in ruled if not r.get("shadow")),
        "kinds": _once(r["kind"] for r in ruled if "kind" in r),
        "shadow_rules": _once(r["rule"] for r in ruled if r.get("shadow")),
        "degraded": " ".join(event.get("degraded", ())),
        "input_tokens": usage.get("input", 0),
        "output_tokens": usage.get("output", 0),
        "finish_reason": event.get("finish_reason", ""),
        "upstream_status": event.get("upstream_status", 0),
        "error": event.get("error", ""),
        "label": event.get("label", ""),
        "trace": event.get("trace", {}).get("trace", ""),
        "spooled": int(entry.get("spooled", False)),
    }


def _once(values: Any) -> str:
    return " ".join(dict.fromkeys(values))


def cell(value: str | int) -> str | int:
    """A CSV cell that no spreadsheet runs as a formula (OWASP: CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


# --- OCSF: API Activity with the profiles ai_operation and security_control -----------------------

_API_ACTIVITY = 6003
FAILED = (Stage.ABORTED, Stage.INTERRUPTED)
_BLOCKED = ("block", "answer")
_CHANGED = ("mask", "redact", "rewrite", "annotate")


def ocsf(entry: Json) -> dict[str, Any]:
    """https://schema.ocsf.io, class API Activity (6003), activity Create (1)."""
    event, action = entry["event"], entry["event"].get("action", "allow")
    denied, changed = action in _BLOCKED, action in _CHANGED
    caller, usage = event.get("caller", {}), event.get("usage", {})
    made: dict[str, Any] = {
        "category_uid": 6,
        "class_uid": _API_ACTIVITY,
        "activity_id": 1,
        "type_uid": _API_ACTIVITY * 100 + 1,
        "time": microseconds(entry["ts"]) // 1000,
        "severity_id": 3 if denied else 1,
        "status_id": 2 if event["stage"] in FAILED or event.get("error") else 1,
        "action_id": 2 if denied else 4 if changed else 1,
        "disposition_id": 2 if denied else 11 if changed else 1,
        "metadata": {
            "version": OCSF_VERSION,
            "product": PRODUCT,
            "uid": event["id"],
            "correlation_uid": event["request"],
            "profiles": ["ai_operation", "security_control"],
            "sequence": entry["seq"],
        },
        "api": {
            "operation": event.get("endpoint") or event["stage"],
            "request": {"uid": event["request"]},
        },
        "actor": {"user": {"uid": caller.get("key", ""), "org": {"uid": caller.get("tenant", "")}}},
        "ai_model": {
            "name": event.get("model", {}).get("served")
            or event.get("model", {}).get("requested", "")
        },
        "message_context": {
            "prompt_tokens": usage.get("input", 0),
            "completion_tokens": usage.get("output", 0),
        },
        "unmapped": {"stage": event["stage"], "writer": entry["writer"]},
    }
    if event.get("policy"):
        made["policy"] = {"uid": event["policy"]["digest"], "is_applied": True}
    if ruled := [r for d in event.get("decisions", ()) for r in d["ruled"]]:
        made["unmapped"]["rules"] = ruled
    return made


# --- OpenTelemetry (OTLP/JSON, one LogsData or TracesData per record) -----------------------------

_DECISIONS = {
    "allow": "allow",
    "flag": "audit",
    "annotate": "warn",
    "answer": "deny",
    "block": "deny",
}


def decision_type(action: str) -> str:
    """The guardrail convention's word for our action."""
    return _DECISIONS.get(action, "modify")


def otel_log(entry: Json) -> dict[str, Any]:
    """LogsData with one record; severity WARN where something was refused."""
    event = entry["event"]
    denied = event.get("action") in _BLOCKED
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
    spans, at = [call], start
    for n, decision in enumerate(event.get("decisions", ())):
        took = int(decision["ms"].get("total", 0) * 1_000_000)
        begin = max(start, end - took) if decision["layer"] == "output" else at
        at = begin + took
        span_id = f"{int(root, 16) ^ (n + 1):016x}"
        name = f"apply_guardrail {decision['layer']}"
        attributes = _guardrail(decision, event.get("policy", {}), names)
        span = _span(trace, span_id, name, begin, at, attributes, kind=1)
        spans.append(span | {"parentSpanId": root})
    scope = {"scope": {"name": "threegate.audit", "version": SEMCONV}, "spans": spans}
    return {"resourceSpans": [{"resource": _resource(), "scopeSpans": [scope]}]}


def call_ids(request_id: str, trace_id: str = "") -> tuple[str, str]:
    """Trace and span of a call: those of its request id, which is 32 hex digits, in the trace that
    the caller named. Known before the call is recorded, so that it can be sent to the model API."""
    digits = request_id.rpartition("_")[2]
    if not _HEX_ID.fullmatch(digits):
        digits = hashlib.sha256(request_id.encode()).hexdigest()[:32]
    return trace_id or digits, digits[16:]


_HEX_ID = re.compile(r"[0-9a-f]{32}")


def _span(
    trace: str, span: str, name: str, start: int, end: int, attributes: Json, *, kind: int
) -> dict[str, Any]:
    """Status OK also where the guard refused: it did its work."""
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
    """Changes to a request (`constraint.*`) are certain, and no risk: they have no score."""
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
        "threegate.rules": sorted(
            {r["rule"] for d in event.get("decisions", ()) for r in d["ruled"]}
        ),
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
