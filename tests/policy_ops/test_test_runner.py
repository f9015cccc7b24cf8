"""The runner: rules alone, through the real detectors, the real judge and the real stream machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from threegate.detectors.base import DetectorInfo, PatternDetector, overlapping
from threegate.detectors.custom import detector
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.registry import scanner
from threegate.policy.compile import build
from threegate.policy.language.load import load_bundle
from threegate.policy.model import CompiledPolicy
from threegate.policy.testing.cases import Case, ConstraintCase, Outcome, cases
from threegate.policy_ops.test_runner import Runner
from threegate.types import (
    Bilingual,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Passage,
    Reason,
    Source,
    Span,
    TextLocation,
)

from tests.policy.packs import spoiled, tree


@dataclass(frozen=True, slots=True)
class Judge:
    """A sentence detector that finds one kind where a word stands, or fails."""

    kind: str
    word: str
    fails: bool = False

    @property
    def info(self) -> DetectorInfo:
        return DetectorInfo("judge." + self.kind, (self.kind,), Bilingual("判", "judge"))

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...] | Failed:
        if self.fails:
            return Failed(self.info.id, Reason.ERROR, passage.locus)
        if self.word not in passage.text:
            return ()
        span = Span(0, len(passage.text))
        return (Finding(self.info.id, self.kind, span, 0.9, Level.HIGH, passage.locus),)


def suite(policy: CompiledPolicy, *sentence: Judge) -> DetectorSet:
    def patterns(kinds: frozenset[str]) -> tuple[PatternDetector, ...]:
        own = tuple(d for d in detector.detectors(policy) if overlapping(kinds, d.info.kinds))
        built_in = scanner(kinds)
        return (built_in, *own) if built_in.info.kinds else own

    every = (scanner(None), *detector.detectors(policy), *sentence)
    return DetectorSet(patterns, sentence, {d.info.id: d.info.kinds for d in every})


def setup(text: str, *sentence: Judge) -> tuple[Runner, list[Case | ConstraintCase]]:
    bundle = load_bundle(tree(text), ["shop"])
    policy = build(bundle)
    return Runner(policy, suite(policy, *sentence)), list(cases(bundle))


async def outcomes(rule: str, *sentence: Judge, text: str = "") -> list[Outcome]:
    runner, every = setup(text or spoiled(), *sentence)
    report = await runner.run([c for c in every if c.rule_id == rule])
    return list(report.outcomes)


async def test_input_patterns() -> None:
    assert all(o.passed for o in await outcomes("pii.email"))


@pytest.mark.parametrize(
    ("rule", "line"), [("pii.email", "where: [user"), ("model", "layer: constraint")]
)
async def test_a_rule_for_some_callers_is_tested_for_everybody(rule: str, line: str) -> None:
    head, found, tail = spoiled().partition(f"id: {rule}\n")
    assert line in tail
    only = head + found + tail.replace(line, f"when: {{tenant: [hr]}}\n    {line}", 1)
    assert all(o.passed for o in await outcomes(rule, text=only))


async def test_shadow_rules_are_tested_too() -> None:
    found = await outcomes("help", Judge("hazard.self_harm", "不想活"))
    assert [o.passed for o in found] == [True, False, True, True]
    assert found[1].detail.en == "should match, found nothing"


async def test_answers_go_through_the_stream_machine() -> None:
    found = await outcomes("stop.loans", Judge("category.loans", "一定"))
    assert [o.passed for o in found] == [True, False, True, True]


@dataclass(frozen=True, slots=True)
class Witness(Judge):
    """Remembers what it was asked with."""

    asked: list[Passage] = field(default_factory=list)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        self.asked.extend(passages)
        return [() for _ in passages]


async def test_sentences_are_judged_with_their_question_and_sources() -> None:
    witness = Witness("category.loans", "")
    runner, _ = setup(spoiled(), witness)
    source = Source("s", "利率为百分之四。")
    locus = TextLocation(Layer.OUTPUT, Channel.CONTENT)
    await runner.ruled(Passage(locus, "一定能批。", question="能批吗？", sources=(source,)))
    (passage,) = witness.asked
    assert (passage.question, passage.nearby, passage.sources) == ("能批吗？", "", (source,))


async def test_a_fact_check_without_sources_reads_the_documents_of_its_rule() -> None:
    witness = Witness("claim.contradicted", "")
    untold = spoiled(("{text: five years, sources: [two years]}", "It lasts five years."))
    await outcomes("facts", witness, text=untold)
    sources = {p.text: [s.text for s in p.sources] for p in witness.asked}
    assert sources["It lasts five years."] == ["The warranty lasts two years."]
    assert sources["五年"] == ["两年"]


async def test_a_failing_detector_fails_the_test() -> None:
    found = await outcomes("help", Judge("hazard.self_harm", "", fails=True))
    assert {o.detail.en for o in found} == {"detector judge.hazard.self_harm gave no answer: error"}


async def test_constraints() -> None:
    assert [o.passed for o in await outcomes("model")] == [True, True]
    wrong = spoiled(("becomes: {temperature: 0.7}", "becomes: {temperature: 0.6}"))
    assert (
        next(o.detail.en for o in await outcomes("model", text=wrong)) == "differs in temperature"
    )


async def test_what_nothing_detects_is_left_out_only_on_request() -> None:
    runner, every = setup(spoiled())
    partial = await runner.run(every, partial=True)
    assert (partial.left_out, partial.passed) == (12, True)
    assert not (await runner.run(every)).passed


@pytest.mark.parametrize("old", ["邮箱 a@b.cn", "I want to die"])
async def test_outcomes_never_hold_the_text(old: str) -> None:
    runner, every = setup(spoiled(), Judge("hazard.self_harm", "x"))
    assert old not in repr((await runner.run(every)).outcomes)


async def test_the_whole_policy_on_one_text() -> None:
    runner, _ = setup(spoiled(), Judge("hazard.self_harm", "不想活"))
    ruled = await runner.ruled(
        Passage(TextLocation(Layer.INPUT, Channel.USER), "我不想活了 a@b.com")
    )
    assert {(r.rule_id, r.shadow) for r in ruled} == {("help", True), ("pii.email", False)}


@pytest.mark.parametrize(("text", "stopped"), [("a@b.com", True), ("你好", False)])
async def test_stops(text: str, stopped: bool) -> None:
    runner, _ = setup(spoiled(("then: {mask: {restore: client}}", "then: block")))
    assert await runner.stops(text) is stopped
