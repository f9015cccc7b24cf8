"""What a call did: an intent before the model is called, one record before the last byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threegate.audit.log.record import Intent, Part, Stage
from threegate.audit.settings import OnFailure
from threegate.errors import UpstreamError
from threegate.gateway.telemetry.audit_trail import degraded
from threegate.guard.constraint import Constrained
from threegate.guard.request_draft import BodyChange, Refusal
from threegate.i18n.messages import localized
from threegate.policy.model import AuditSetting
from threegate.types import (
    Action,
    Bilingual,
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

from tests.gateway.calls import Log, call_of, deps_of
from tests.gateway.shell import policy

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)
FOUND = Ruling("r", Action.REDACT, Finding("d", "pii.email", Span(0, 3), 1.0, Level.HIGH, LOCUS))
LATE = Ruling("s", Action.BLOCK, Failed("guard", Reason.TIMEOUT, LOCUS))


async def test_the_record_is_written_once_and_knows_everything(tmp_path: Path) -> None:
    rules = policy()
    deps = deps_of(tmp_path, rules)
    trail = call_of(deps, rules)[0].trail
    trail.request, trail.parts = b"{}", (Part("q", "asked", None),)
    await trail.begin()
    assert trail.request == b""
    trail.usage, trail.output, trail.upstream_status = Usage(3, 9, 1, 4), [FOUND], 200
    trail.finish_reason = "stop"
    await trail.ended(Stage.COMPLETED, [Part("x", "y", None)])
    await trail.ended(Stage.ABORTED)
    log = deps.audit
    assert isinstance(log, Log)
    (last,) = log.records
    assert last.stage is Stage.COMPLETED
    assert log.begun == [last.request_id]
    assert last.intent == Intent(1)
    assert (last.usage.input, last.usage.output, last.usage.reasoning) == (3, 9, 4)
    assert (last.finish_reason, last.upstream_status) == ("stop", 200)
    assert last.decisions[-1].verdict == Verdict(Action.REDACT, (FOUND,))
    assert log.contents[0] is not None
    assert [p.name for p in log.contents[0].parts] == ["q", "x"]  # question first
    assert last.timings_ms["total"] >= 0
    await deps.upstreams.aclose()


@pytest.mark.parametrize("asked", [None, *OnFailure])
async def test_intent_and_record_say_what_the_policy_asks_for(
    tmp_path: Path, asked: OnFailure | None
) -> None:
    rules = replace(policy(), audit=AuditSetting(on_failure=asked))
    deps = deps_of(tmp_path, rules)
    trail = call_of(deps, rules)[0].trail
    await trail.begin()
    await trail.ended(Stage.COMPLETED)
    assert isinstance(deps.audit, Log)
    assert deps.audit.asked == [asked, asked]
    await deps.upstreams.aclose()


async def test_changes_of_layer_2_are_rulings_without_values(tmp_path: Path) -> None:
    rules = policy()
    deps = deps_of(tmp_path, rules)
    trail = call_of(deps, rules)[0].trail
    clamped = BodyChange("model.values", "temperature", "clamped")
    refusal = Refusal(
        "model.fields", "field_denied", localized("field-denied", name="secret"), "/secret"
    )
    trail.constrained(Constrained({}, (clamped,)), None, 0.1)
    trail.constrained(Constrained({}), None, 0.1)
    trail.constrained(Constrained({}, refusal=refusal), None, 0.1)
    trail.constrained(Constrained({}), Constrained({}, (clamped,), refusal), 0.1)
    changed, nothing, refused, tried = trail.decisions
    assert refused.verdict.action is Action.BLOCK
    assert "secret" not in str(refused)
    assert tried.verdict.action is Action.ALLOW
    assert [(r.rule_id, r.shadow) for r in tried.verdict.ruled] == [
        ("model.values", True),
        ("model.fields", True),
    ]
    assert changed.layer is Layer.CONSTRAINT
    assert changed.verdict.ruled[0].rule_id == "model.values"
    found = changed.verdict.ruled[0].finding
    assert isinstance(found, Finding)
    assert (found.kind, found.note) == ("constraint.clamped", "temperature")
    assert nothing.verdict == Verdict()
    await deps.upstreams.aclose()


@pytest.mark.parametrize(
    ("what", "action"),
    [
        *((what, Action.ALLOW) for what in ("placed", "defaulted", "aliased", "stripped")),
        *((what, Action.FLAG) for what in ("clamped", "forced", "dropped")),
    ],
)
async def test_only_a_wish_that_is_set_aside_flags_a_call(
    tmp_path: Path, what: str, action: Action
) -> None:
    rules = policy()
    deps = deps_of(tmp_path, rules)
    trail = call_of(deps, rules)[0].trail
    trail.constrained(Constrained({}, (BodyChange("r", "model", what),)), None, 0.1)
    assert trail.decisions[-1].verdict.action is action
    assert [r.rule_id for r in trail.decisions[-1].verdict.ruled] == ["r"]
    await deps.upstreams.aclose()


async def test_the_first_reason_for_a_failure_stays_and_is_a_code(tmp_path: Path) -> None:
    rules = policy()
    deps = deps_of(tmp_path, rules)
    trail = call_of(deps, rules)[0].trail
    trail.failed(
        UpstreamError(Bilingual("错误的话", "the words of an error"), code="upstream_timeout")
    )
    trail.failed(RuntimeError("secret"))
    assert trail.error == "upstream_timeout"
    await deps.upstreams.aclose()


def test_what_gave_no_answer_is_named_once() -> None:
    decision = Decision("d", "r", Layer.OUTPUT, Verdict(Action.BLOCK, (LATE, LATE, FOUND)), "p")
    assert degraded([decision]) == ("guard:timeout",)
    assert degraded([decision], frozenset({"r"})) == ("guard:timeout", "band:r")
    assert degraded([]) == ()
