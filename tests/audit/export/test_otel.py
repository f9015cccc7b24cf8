from __future__ import annotations

from typing import Any

from threegate.audit import Record, Stage
from threegate.audit.export.otel import decision_type, otel_log, otel_spans
from threegate.types import Action

from tests.audit.export.test_formats import FULL, parsed


def attributes(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {a["key"]: next(iter(a["value"].values())) for a in listed}


def test_otel_log_carries_trace_and_semantic_attributes() -> None:
    log = otel_log(FULL)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    assert log["timeUnixNano"] == "1795000000123456000"
    assert (log["severityText"], log["traceId"]) == ("WARN", "0" * 31 + "1")
    found = attributes(log["attributes"])
    assert found["gen_ai.request.model"] == "deepseek-r1"
    assert found["gen_ai.usage.input_tokens"] == "3"
    assert found["threegate.stage"] == "blocked"
    assert "" not in found.values()


def test_otel_spans_are_one_call_and_one_guardrail_per_layer() -> None:
    call, guardrail = otel_spans(FULL)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert call["name"] == "chat deepseek-r1"
    assert int(call["endTimeUnixNano"]) - int(call["startTimeUnixNano"]) == 12_500_000
    assert call["parentSpanId"] == "0" * 15 + "2"
    assert guardrail["parentSpanId"] == call["spanId"] != guardrail["spanId"]
    assert guardrail["name"] == "apply_guardrail input"
    assert attributes(guardrail["attributes"])["gen_ai.security.verdict.type"] == "deny"
    assert {len(call["traceId"]), len(guardrail["traceId"])} == {32}
    assert guardrail["status"] == {"code": 1}


def test_older_tools_get_the_names_they_know() -> None:
    _, guardrail = otel_spans(FULL, "decision")["resourceSpans"][0]["scopeSpans"][0]["spans"]
    found = attributes(guardrail["attributes"])
    assert found["gen_ai.security.decision.type"] == "deny"
    assert found["gen_ai.security.guardian.name"] == "threegate.input"
    assert not any("verdict" in name for name in found)


def test_a_record_without_trace_gets_one_of_its_own() -> None:
    (call,) = otel_spans(parsed(Record(stage=Stage.COMPLETED)))["resourceSpans"][0]["scopeSpans"][
        0
    ]["spans"]
    assert len(call["traceId"]) == 32
    assert "parentSpanId" not in call


def test_every_action_has_a_decision_of_the_convention() -> None:
    words = {decision_type(a.name.lower()) for a in Action}
    assert words == {"allow", "audit", "warn", "modify", "deny"}
