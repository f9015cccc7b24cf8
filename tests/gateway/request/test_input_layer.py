"""Layers 1 and 2 of one call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threegate.audit.log.record import Stage
from threegate.detectors.engine.budget import Budget
from threegate.gateway.request.input_layer import (
    MAX_NAMES,
    changed_header,
    constraint_layer,
    input_layer,
)
from threegate.guard.request_draft import BodyChange
from threegate.policy.model import AuditSetting, Clamp, ConstraintRule, Fields, Mode, Rule, Tools
from threegate.types import Action, Bilingual, Channel, Layer

from tests.gateway.calls import HI, Log, call_of, deps_of
from tests.gateway.shell import BadWords, policy, rule, suite

MOBILE = "13812345678"


def on_input(rule_id: str, action: Action, kind: str) -> Rule:
    channels = frozenset({Channel.USER, Channel.TOOL_RESULT})
    return rule(rule_id, action, kind, layer=Layer.INPUT, channels=channels)


def asking(text: str) -> dict[str, Any]:
    return {**HI, "messages": [{"role": "user", "content": text}]}


async def test_a_masked_value_does_not_go_on_and_the_call_does(tmp_path: Path) -> None:
    rules = policy(on_input("mobile", Action.MASK, "pii.cn.mobile"))
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, asking(f"Call {MOBILE} now"))
    result = await input_layer(call)
    assert result is not None
    assert "pii.cn.mobile" in result.kinds
    assert MOBILE not in str(call.body)
    assert MOBILE in str(call.request)
    assert call.trail.masked == ("pii.cn.mobile",)
    assert not sent.events
    await deps.upstreams.aclose()


async def test_all_channels_of_a_call_have_one_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one for each channel a call could take as much again by naming another role."""
    monkeypatch.setattr(Budget, "for_size", lambda size: Budget(findings=3))
    rules = policy(on_input("mobile", Action.MASK, "pii.cn.mobile"))
    deps = deps_of(tmp_path, rules)
    turns = [
        {"role": "user", "content": f"Call {MOBILE} or 13812345679."},
        {"role": "tool", "tool_call_id": "t", "content": f"Call {MOBILE} or 13812345679."},
    ]
    call, _ = call_of(deps, rules, {**HI, "messages": turns})
    assert await input_layer(call) is None
    log = deps.audit
    assert isinstance(log, Log)
    assert [r.stage for r in log.records] == [Stage.BLOCKED]
    assert any(name.endswith(":timeout") for name in log.records[0].degraded)
    await deps.upstreams.aclose()


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        (policy(on_input("mobile", Action.BLOCK, "pii.cn.mobile")), f"Call {MOBILE} now"),
        (policy(on_input("harm", Action.BLOCK, "hazard.test")), "something bad"),
    ],
)
async def test_a_block_ends_the_call_and_is_recorded(tmp_path: Path, rules: Any, text: str) -> None:
    deps = deps_of(tmp_path, rules, detectors=suite(BadWords()))
    call, sent = call_of(deps, rules, asking(text))
    assert await input_layer(call) is None
    assert sent.status == 200
    assert sent.body["choices"][0]["finish_reason"] == "content_filter"
    log = deps.audit
    assert isinstance(log, Log)
    assert [r.stage for r in log.records] == [Stage.BLOCKED]
    await deps.upstreams.aclose()


@pytest.mark.parametrize(("level", "kept"), [("redacted", True), ("none", False)])
async def test_texts_are_kept_as_the_policy_says(tmp_path: Path, level: str, kept: bool) -> None:
    rules = replace(
        policy(on_input("mobile", Action.MASK, "pii.cn.mobile")), audit=AuditSetting(level)
    )
    deps = deps_of(tmp_path, rules)
    call, _ = call_of(deps, rules, asking(f"Call {MOBILE} now"))
    await input_layer(call)
    assert bool(call.trail.parts) is kept
    assert all(MOBILE not in (p.redacted or "") for p in call.trail.parts)
    await deps.upstreams.aclose()


def constrained(**more: Any) -> Any:
    rule = ConstraintRule("held", Bilingual("", ""), **more)
    return replace(policy(), constraints=(rule,))


async def test_layer_2_changes_the_body_and_tells_the_ledger(tmp_path: Path) -> None:
    rules = constrained(fields=Fields(force=(("user", "proxy"),)))
    deps = deps_of(tmp_path, rules)
    call, _ = call_of(deps, rules, {**HI, "context": ["not for the model"]})
    assert await constraint_layer(call, frozenset())
    assert call.body == {**HI, "user": "proxy"}
    assert call.out.headers == {"x-threegate-changed": "user"}
    assert call.trail.decisions[-1].layer is Layer.CONSTRAINT
    assert call.trail.model_served == "m"
    await deps.upstreams.aclose()


@pytest.mark.parametrize(
    ("more", "body", "code"),
    [
        ({"fields": Fields(deny=("chat_template",))}, {"chat_template": "x"}, "field_denied"),
        (
            {"tools": Tools(result_bytes=4)},
            {"messages": [{"role": "tool", "tool_call_id": "c", "content": "too long"}]},
            "tool_result_too_large",
        ),
    ],
)
async def test_a_refusal_of_layer_2_is_an_error(
    tmp_path: Path, more: dict[str, Any], body: dict[str, Any], code: str
) -> None:
    rules = constrained(**more)
    deps = deps_of(tmp_path, rules)
    call, sent = call_of(deps, rules, {**HI, **body})
    assert not await constraint_layer(call, frozenset())
    assert sent.status == 400
    assert sent.body["error"]["code"] == code
    assert sent.body["threegate"]["rule_id"] == "held"
    ruled = call.trail.decisions[-1].verdict.ruled[-1]
    assert (ruled.rule_id, ruled.action, ruled.finding.note) == ("held", Action.BLOCK, code)  # type: ignore[union-attr]
    await deps.upstreams.aclose()


@pytest.mark.parametrize("how", [{"mode": Mode.SHADOW}, {"rollout": 0}])
async def test_what_is_tried_is_recorded_and_changes_nothing(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    fields = Fields(deny=("chat_template",), force=(("user", "proxy"),))
    rules = constrained(fields=fields, clamp=(("temperature", Clamp(force=0.5)),), **how)
    deps = deps_of(tmp_path, rules)
    for body, what in (({"temperature": 1}, "forced"), ({"chat_template": "x"}, "refused")):
        call, _ = call_of(deps, rules, {**HI, **body})
        assert await constraint_layer(call, frozenset())
        assert call.body == {**HI, **body}
        verdict = call.trail.decisions[-1].verdict
        assert verdict.action is Action.ALLOW
        assert verdict.ruled[-1].shadow
        assert verdict.ruled[-1].finding.kind == f"constraint.{what}"  # type: ignore[union-attr]
    await deps.upstreams.aclose()


def header(*changes: BodyChange) -> str:
    return changed_header(changes).get("x-threegate-changed", "")


def test_fields_are_listed_once_in_order() -> None:
    first = BodyChange("a", "temperature", "clamped")
    assert header(first, BodyChange("b", "logit_bias", "dropped"), first) == (
        "temperature, logit_bias"
    )
    assert changed_header([]) == {}


def test_the_constitution_is_not_reported() -> None:
    assert header(BodyChange("a", "constitution", "placed")) == ""


def test_a_client_reads_its_own_field_names_where_a_header_can_carry_them() -> None:
    own = BodyChange("a", "unknown", "dropped", "made_up")
    odd = (
        BodyChange("a", "unknown", "dropped", n) for n in ("字段", "a\r\nb: c", "a, b", "x" * 65)
    )
    assert header(own, *odd) == "made_up, unknown"


def test_a_long_list_is_cut() -> None:
    names = header(*(BodyChange("a", f"f{i}", "dropped") for i in range(99))).split(", ")
    assert len(names) == MAX_NAMES + 1
    assert names[-1] == "..."
