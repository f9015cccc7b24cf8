"""Runs policy tests through the real detectors and the real machines: the CLI and the console share
it.

Each test runs only its rule, enforced for everybody and without exceptions, so that a failure names
the failing rule. Input texts go through the detectors and the judge of layer 1, answers through the
stream machine of layer 3, constraint tests through layer 2. No result holds the text of a test.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.answer.answer_context import AnswerContext
from threegate.gateway.answer.buffered_answer import settle
from threegate.gateway.answer.event_reader import AT_ONCE
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.request.request_context import sources_of
from threegate.guard.constraint import constrain
from threegate.guard.constraint_merge import merge
from threegate.guard.decide import RuleSet, wanted_kinds
from threegate.guard.masking.mask import MaskMap
from threegate.guard.output import OutputGuard
from threegate.policy.model import EVERYONE, CompiledPolicy, ConstraintRule, Mode, Rule
from threegate.policy.testing import case_messages as messages
from threegate.policy.testing.cases import Case, ConstraintCase, Outcome, TestReport
from threegate.types import (
    Action,
    Bilingual,
    Caller,
    Channel,
    Failed,
    Finding,
    Layer,
    Passage,
    Ruling,
    Source,
    TextLocation,
    Verdict,
)
from threegate.wire.adapter import StreamKey
from threegate.wire.openai.chat import Chat

DEADLINE_MS = 30_000
"""Deadlines long enough that tests judge rules, not the speed of the machine."""
ANYBODY = Caller()
_MODEL = "test-model"
_MISSING = object()


@dataclass(slots=True)
class Runner:
    """Runs the tests of one compiled policy.

    `progress` is called after each case. `today` is an ISO date for the exceptions in `ruled`;
    tests have none."""

    policy: CompiledPolicy
    detector_set: DetectorSet
    progress: Callable[[Outcome], None] = lambda outcome: None
    today: str = ""
    _rules: dict[str, Rule] = field(init=False, repr=False)
    _constraints: dict[str, ConstraintRule] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rules = {rule.id: _bare(rule) for rule in self.policy.rules}
        self._constraints = {
            rule.id: replace(rule, mode=Mode.ENFORCE, rollout=100, when=EVERYONE)
            for rule in self.policy.constraints
        }

    async def run(
        self, cases: Iterable[Case | ConstraintCase], *, partial: bool = False
    ) -> TestReport:
        """All cases in order. With `partial`, rules whose kinds nothing reports are left out;
        without it they fail."""
        outcomes: list[Outcome] = []
        left_out = 0
        for case in cases:
            if partial and not self._served(case):
                left_out += 1
                continue
            outcome = await self.outcome(case)
            self.progress(outcome)
            outcomes.append(outcome)
        return TestReport(self.policy.name, tuple(outcomes), left_out)

    async def outcome(self, case: Case | ConstraintCase) -> Outcome:
        started = time.perf_counter()
        match case:
            case Case():
                passed, detail = self._verdict(case, await self.alone(case))
            case ConstraintCase():
                passed, detail = self._constrained(case)
        return Outcome(case, passed, detail, time.perf_counter() - started)

    async def ruled(self, passage: Passage, caller: Caller = ANYBODY) -> tuple[Ruling, ...]:
        """The rulings of the whole policy on one text of this caller; nothing is stored."""
        if passage.locus.layer is Layer.INPUT:
            return await self._input(self.policy, passage, caller)
        return await self._output(self.policy, passage, caller)

    async def stops(self, text: str, answer: str = "") -> bool:
        """Whether a user's text is stopped on its way in (curated reply or block), or the answer to
        it on its way out."""
        passage = Passage(TextLocation(Layer.INPUT, Channel.USER), text)
        if answer:
            passage = Passage(TextLocation(Layer.OUTPUT, Channel.CONTENT), answer, question=text)
        return any(r.action >= Action.ANSWER and not r.shadow for r in await self.ruled(passage))

    def _served(self, case: Case | ConstraintCase) -> bool:
        if isinstance(case, ConstraintCase):
            return True
        return not self.detector_set.unserved(wanted_kinds((self._rules[case.rule_id],)))

    async def alone(self, case: Case) -> tuple[Ruling, ...]:
        """What a test's rule finds in its text."""
        rule = self._rules[case.rule_id]
        alone = replace(self.policy, rules=(rule,))
        passage = Passage(
            TextLocation(case.layer, case.channel),
            case.text,
            question=case.question,
            sources=self._sources(case, rule),
        )
        if case.layer is Layer.INPUT:
            return await self._input(alone, passage, ANYBODY)
        return await self._output(alone, passage, ANYBODY)

    def _sources(self, case: Case, rule: Rule) -> tuple[Source, ...]:
        """The sources of the test; without any, the documents that the rule checks facts
        against."""
        if case.sources or rule.claims is None:
            return tuple(Source(f"test:{i}", s) for i, s in enumerate(case.sources))
        return sources_of((), self.policy.knowledge, (rule.claims,))

    async def _input(
        self, policy: CompiledPolicy, passage: Passage, caller: Caller
    ) -> tuple[Ruling, ...]:
        texts = [(passage, caller)]
        (verdict,) = await verdicts(policy, self.detector_set, texts, self.today)
        return verdict.ruled

    async def _output(
        self, policy: CompiledPolicy, passage: Passage, caller: Caller
    ) -> tuple[Ruling, ...]:
        guard = OutputGuard.of(
            policy,
            caller,
            self.today,
            MaskMap(b"test"),
            same=False,
            kinds_of=self.detector_set.kinds_of,
            needs=self.detector_set,
        )
        context = AnswerContext(passage.question, passage.sources, passage.question)
        answer = GuardedAnswer(guard, self.detector_set, context)
        try:
            guarded = answer.text(StreamKey(0, passage.locus.channel))
            for start in range(0, len(passage.text) or 1, AT_ONCE):  # give others their turn
                guarded.feed(passage.text[start : start + AT_ONCE])
                await asyncio.sleep(0)
            answer.close()
            await settle(answer)
        finally:
            await answer.abandon()
        return tuple(answer.ruled)

    def _verdict(self, case: Case, ruled: Sequence[Ruling]) -> tuple[bool, Bilingual]:
        failures = [r.finding for r in ruled if isinstance(r.finding, Failed)]
        if failures:
            return False, messages.failed(failures[0])
        found = [r.finding for r in ruled if isinstance(r.finding, Finding)]
        matched = any(_acts(r) for r in ruled)
        if matched == case.expect_match:
            return True, messages.seen(found)
        return False, messages.missed(found) if case.expect_match else messages.false_hit(found)

    def _constrained(self, case: ConstraintCase) -> tuple[bool, Bilingual]:
        rule = self._constraints[case.rule_id]
        alone = replace(self.policy, constraints=(rule,))
        caller = Caller(language=case.language or "en")
        body = _request(rule, case.request)
        result = constrain(body, Chat(), merge(alone, caller))
        if result.refusal is not None:
            return case.refused, messages.refused(result.refusal.code)
        if case.refused:
            return False, messages.NOT_REFUSED
        wanted = case.request if case.becomes is None else case.becomes
        wrong = sorted(name for name, value in wanted.items() if not _is(result.body, name, value))
        return not wrong, messages.differs(wrong)


def _bare(rule: Rule) -> Rule:
    """The rule for everybody, with enough time and only its own detectors, since a test names no
    caller and needs no judge."""
    return replace(
        rule,
        mode=Mode.ENFORCE,
        rollout=100,
        when=EVERYONE,
        exceptions=(),
        second_opinion=None,
        deadline_ms=DEADLINE_MS,
    )


async def verdicts(
    policy: CompiledPolicy,
    detector_set: DetectorSet,
    texts: Sequence[tuple[Passage, Caller]],
    today: str,
) -> list[Verdict]:
    """The verdict of the rules for each text's place, in order."""
    passages, callers = [p for p, _ in texts], [caller for _, caller in texts]
    places = {(p.locus.layer, p.locus.channel) for p in passages}
    wanted = wanted_kinds(rule for place in places for rule in policy.rules_for(*place))
    deadlines = dict.fromkeys(filter(detector_set.is_sentence_kind, wanted), DEADLINE_MS)
    found = await detector_set.check(passages, wanted, deadlines)
    rules = [
        RuleSet.of(policy, p.locus.layer, p.locus.channel, caller, today, detector_set.kinds_of)
        for p, caller in zip(passages, callers, strict=True)
    ]
    every = list(zip(rules, passages, found, strict=True))
    asked = [r.questions(f.findings, p.text) for r, p, f in every]
    opinions = await detector_set.second.opinions(passages, asked)
    return [
        r.verdict(f.findings, f.failures, p.text, opinions=o)
        for (r, p, f), o in zip(every, opinions, strict=True)
    ]


def _acts(ruled: Ruling) -> bool:
    """A claim without a source is a separate outcome, not a hit of the fact check."""
    is_hit = isinstance(ruled.finding, Finding) and ruled.finding.kind != "claim.no_source"
    return is_hit and ruled.action is not Action.ALLOW


def _request(rule: ConstraintRule, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A small valid chat, for a model that the rule allows, with the fields of the test."""
    allowed = (rule.models.allow if rule.models else None) or (_MODEL,)
    base = {"model": allowed[0].rstrip("*"), "messages": [{"role": "user", "content": "test"}]}
    return {**base, **fields}


def _is(body: Mapping[str, Any], name: str, value: Any) -> bool:
    """None means that the field is gone."""
    given = body.get(name, _MISSING)
    return given is _MISSING if value is None else given == value
