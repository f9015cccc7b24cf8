"""What checks of a text find, and what becomes of one that fails."""

from __future__ import annotations

import asyncio

import pytest
from threegate.audit.log.record import Stage
from threegate.detectors.detector_sets import DetectorSets
from threegate.gateway.answer.answer_context import AnswerContext
from threegate.policy.model import CustomPattern, StreamMode
from threegate.types import Action

from tests.gateway.shell import BadWords, hear, policy, rule, stream_of, suite

MOBILE = "13812345678"


def test_a_failing_detector_may_be_let_through_by_the_rule() -> None:
    lenient = policy(rule("harm", Action.BLOCK, "hazard.test", on_error=Action.FLAG))
    heard = asyncio.run(hear([stream_of(["Nothing wrong. "])], lenient, suite(BadWords(fail=True))))
    assert heard.text() == "Nothing wrong. "
    assert heard.answer is not None
    assert [r.action for r in heard.answer.ruled] == [Action.FLAG]


def test_a_rule_that_cuts_lets_text_go_before_its_verdict() -> None:
    cutting = policy(rule("harm", Action.BLOCK, "hazard.test", stream=StreamMode.CUT))
    heard = asyncio.run(
        hear([stream_of(["All fine. ", "bad things. "])], cutting, suite(BadWords(delay=0.01)))
    )
    assert heard.text().startswith("All fine. ")
    assert heard.stages == [Stage.BLOCKED]


def test_personal_data_that_nobody_asked_with_is_a_leak() -> None:
    leaks = policy(rule("new", Action.REDACT, "leak.pii"))
    suite_with_leaks = suite()
    suite_with_leaks.kinds_of = {**suite_with_leaks.kinds_of, "new_pii": ("leak.pii",)}
    text = f"您的手机{MOBILE}，他的手机13987654321。"
    asked = AnswerContext(request_text="我的手机是138-1234-5678")
    heard = asyncio.run(hear([stream_of([text])], leaks, suite_with_leaks, question=asked))
    assert heard.text() == f"您的手机{MOBILE}，他的手机[MOBILE_REMOVED]。"


@pytest.mark.parametrize(
    ("late", "stage"), [(Action.BLOCK, Stage.BLOCKED), (Action.FLAG, Stage.COMPLETED)]
)
def test_patterns_of_a_policy_that_take_too_long_in_a_stream_are_decided_by_their_rule(
    monkeypatch: pytest.MonkeyPatch, late: Action, stage: Stage
) -> None:
    """What the guard's own patterns find is found all the same."""
    monkeypatch.setattr("threegate.gateway.answer.guarded_text.STREAMED_S", 0)
    rules = policy(
        rule("staff", Action.REDACT, "pattern.staff", on_timeout=late),
        rule("mobile", Action.REDACT, "pii.cn.mobile"),
        patterns=(CustomPattern("staff", "pattern.staff", r"EMP-\d{6}"),),
    )
    heard = asyncio.run(
        hear([stream_of(["EMP-123456, ", f"{MOBILE}. "])], rules, DetectorSets(()).of(rules))
    )
    assert heard.stages == [stage]
    assert ("EMP-123456, [MOBILE_REMOVED]. " in heard.text()) is (late is Action.FLAG)
    assert ("EMP" in heard.text()) is (late is Action.FLAG)
