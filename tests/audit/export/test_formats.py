from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit import Record, Stage
from threegate.audit.export.formats import (
    FLAT,
    cell,
    decision_type,
    flat,
    ocsf,
    otel_log,
    otel_spans,
)
from threegate.audit.log.record import canonical, entry, event
from threegate.types import Action

from tests.audit.conftest import record


def parsed(made: Record) -> dict[str, Any]:
    line = entry(
        canonical(event(made, "a1" * 12, 1, [], "")),
        prev=bytes(32),
        seq=3,
        ts_us=1_795_000_000_123_456,
        writer="w",
    )
    return dict(json.loads(line))


FULL = parsed(
    record(
        "r1",
        Stage.BLOCKED,
        trace_id="0" * 31 + "1",
        span_id="0" * 15 + "2",
        endpoint="/v1/chat/completions",
        model_served="r1-served",
        finish_reason="stop",
        timings_ms={"total": 12.5},
        degraded=("guard:timeout",),
    )
)
BARE = parsed(Record(stage=Stage.POLICY, detail={"verb": "activate"}))


def attributes(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {a["key"]: next(iter(a["value"].values())) for a in listed}


def test_flat_columns_are_always_all_there() -> None:
    for made in (FULL, BARE):
        assert tuple(flat(made)) == FLAT
    row = flat(FULL)
    assert (row["rules"], row["shadow_rules"]) == ("pii.cn.id_card", "out.hazard")
    assert (row["stage"], row["tenant"], row["input_tokens"]) == ("blocked", "retail", 3)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_starts_a_formula(start: str) -> None:
    assert cell(f"{start}x") == f"'{start}x"


@given(st.text() | st.integers())
def test_other_cells_are_left_alone(value: str | int) -> None:
    assert cell(value) in (value, f"'{value}")


def test_ocsf_says_who_what_and_that_it_was_blocked() -> None:
    made = ocsf(FULL)
    assert (made["class_uid"], made["type_uid"], made["category_uid"]) == (6003, 600301, 6)
    assert (made["action_id"], made["disposition_id"]) == (2, 2)
    assert made["time"] == 1_795_000_000_123
    assert made["message_context"] == {"prompt_tokens": 3, "completion_tokens": 5}
    assert made["policy"]["uid"] == "sha256:abc"
    assert ocsf(BARE)["action_id"] == 1


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
