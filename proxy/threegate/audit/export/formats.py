"""Converts a stored record to flat columns and to OCSF. Pure. OpenTelemetry is in `otel`.

Each function takes a parsed entry. The results carry no proofs; an export keeps the entries next to
them (`bundle`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from threegate.audit.log.encoding import microseconds, rulings
from threegate.audit.log.record import Stage

OCSF_VERSION = "1.9.0-dev"
PRODUCT = {"name": "Threegate", "vendor_name": "Threegate"}
FLAT = (
    "writer", "seq", "ts", "id", "request", "stage", "action", "tenant", "key", "route", "language",
    "conversation", "model_requested", "model_served", "endpoint", "stream", "policy", "rules",
    "kinds", "shadow_rules", "degraded", "input_tokens", "output_tokens", "finish_reason",
    "upstream_status", "error", "label", "trace", "spooled", "actor", "verb", "object", "reason",
)  # fmt: skip
DETAIL_COLUMNS = ("actor", "verb", "object", "reason")
"""Who did what to what and why: of records of access and of policies."""
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""Characters with which spreadsheets begin a formula, in East Asian locales also full-width
ones."""
_CELL_BEGINS = re.compile(r"(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])")
"""Where the list separator of the system is a semicolon, as in most of Europe, spreadsheets split a
line there whatever the quotes around a cell, and end it at a line break within."""

Json = Mapping[str, Any]


def flat(entry: Json) -> dict[str, str | int]:
    """`FLAT` columns; several values are separated by spaces."""
    event = entry["event"]
    caller, model, usage = (event.get(n, {}) for n in ("caller", "model", "usage"))
    ruled = rulings(event)
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
        **{name: str(event.get("detail", {}).get(name, "")) for name in DETAIL_COLUMNS},
    }


def _once(values: Any) -> str:
    return " ".join(dict.fromkeys(values))


def cell(value: str | int) -> str | int:
    """A CSV cell that no spreadsheet runs as a formula (OWASP: CSV injection)."""
    if not isinstance(value, str):
        return value
    safe = _CELL_BEGINS.sub("'", value)
    return f"'{safe}" if value.startswith(FORMULA) else safe


@dataclass(frozen=True, slots=True)
class Wording:
    """How a table names columns and codes: `code` gets a column and a value. By default as stored,
    for programs."""

    heads: tuple[str, ...] = FLAT
    code: Callable[[str, str | int], str | int] = lambda column, value: value

    def row(self, entry: Json) -> list[str | int]:
        return [cell(self.code(column, value)) for column, value in flat(entry).items()]


AS_STORED = Wording()


# --- OCSF: API Activity with the profiles ai_operation and security_control -----------------------

_API_ACTIVITY = 6003
FAILED = (Stage.ABORTED, Stage.INTERRUPTED)
BLOCKING = ("block", "answer")
_CHANGED = ("mask", "redact", "rewrite", "annotate")


def ocsf(entry: Json) -> dict[str, Any]:
    """https://schema.ocsf.io, class API Activity (6003), activity Create (1)."""
    event, action = entry["event"], entry["event"].get("action", "allow")
    denied, changed = action in BLOCKING, action in _CHANGED
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
    if ruled := rulings(event):
        made["unmapped"]["rules"] = ruled
    return made
