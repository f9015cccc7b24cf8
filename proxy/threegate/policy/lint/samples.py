"""Lints of the tests of rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject
from threegate.policy.schema import Change, ConstraintRule, Sample
from threegate.types import Bilingual

_HAN = re.compile(r"[\u3400-\u9fff]")


def _testable(rule: ConstraintRule) -> bool:
    """Parts whose effect shows in the request's own fields."""
    return bool(rule.then.clamp or rule.then.models or rule.then.fields)


class NoMatchTest(Lint):
    code = "no-match-test"
    title = Bilingual("规则没有“必须命中”的测试", "the rule has no test that must match")
    why = Bilingual(
        "没有测试就不知道规则是否有用。", "Without one nobody knows that the rule works."
    )
    fix = Bilingual("在 tests.match 里写至少一条。", "Add at least one text to tests.match.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if not rule.tests.match:
                yield self.at(rule.mark("tests"), rule=rule.id)
        for change in subject.constraints:
            if _testable(change) and not change.tests.match:
                yield self.at(change.mark("tests"), rule=change.id)


class NoHarmlessTest(Lint):
    code = "no-harmless-test"
    title = Bilingual("规则没有“不得命中”的测试", "the rule has no test that must not match")
    why = Bilingual(
        "没有它就不知道规则会误伤什么。", "Without one nobody knows what the rule stops by mistake."
    )
    fix = Bilingual(
        "在 tests.no_match 里写至少一条相近但无害的文字。",
        "Add a similar but harmless text to tests.no_match.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if not rule.tests.no_match:
                yield self.at(rule.mark("tests"), rule=rule.id)
        for change in subject.constraints:
            if _testable(change) and not change.tests.no_match:
                yield self.at(change.mark("tests"), rule=change.id)


class OneLanguageTests(Lint):
    code = "one-language-tests"
    severity = Severity.WARNING
    title = Bilingual("测试只有一种语言", "the tests are in one language only")
    why = Bilingual(
        "中文和英文同样重要；检测器在两种语言里表现不同。",
        "Chinese and English count equally, and detectors differ between them.",
    )
    fix = Bilingual(
        "match 和 no_match 各写一条中文和一条英文。",
        "Add a Chinese and an English text to match and no_match.",
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if len(rule.when.language) == 1 or not rule.tests.match:
                continue
            for samples in (rule.tests.match, rule.tests.no_match):
                if samples and len({bool(_HAN.search(s.text)) for s in samples}) < 2:
                    yield self.at(samples[0].at, rule=rule.id)


class ContradictoryTests(Lint):
    code = "contradictory-tests"
    title = Bilingual("同一段文字既须命中又不得命中", "a text must and must not match")
    why = Bilingual("测试不可能通过。", "The tests can never pass.")
    fix = Bilingual("去掉其中一条。", "Remove one of them.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            wanted = {_key(s) for s in rule.tests.match}
            for sample in rule.tests.no_match:
                if _key(sample) in wanted:
                    yield self.at(sample.at, rule=rule.id)


def _key(sample: Sample) -> tuple[object, ...]:
    return sample.text, sample.channel, sample.question, sample.sources


class RepeatedTest(Lint):
    code = "repeated-test"
    severity = Severity.WARNING
    title = Bilingual("测试重复", "a test is given twice")
    why = Bilingual(
        "重复的测试让覆盖看起来比实际好。", "Repeats make coverage look better than it is."
    )
    fix = Bilingual("去掉重复的一条。", "Remove the repeat.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for samples in (rule.tests.match, rule.tests.no_match):
                seen: set[tuple[object, ...]] = set()
                for sample in samples:
                    if _key(sample) in seen:
                        yield self.at(sample.at, rule=rule.id)
                    seen.add(_key(sample))


class TestChannel(Lint):
    __test__ = False
    code = "test-channel"
    title = Bilingual("测试写的位置不在 where 里", "a test names a channel outside `where`")
    why = Bilingual(
        "规则不看那个位置，测试没有意义。",
        "The rule does not look there, so the test means nothing.",
    )
    fix = Bilingual(
        "改测试的 channel，或扩大 where。", "Change the test's channel or widen `where`."
    )

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for sample in (*rule.tests.match, *rule.tests.no_match):
                if sample.channel and sample.channel not in rule.where:
                    yield self.at(sample.mark("channel"), rule=rule.id)


class ClaimsWithoutSources(Lint):
    code = "claims-test-sources"
    title = Bilingual("事实核查的测试没有来源", "a fact-check test has no sources")
    why = Bilingual("没有来源就没有矛盾。", "Without sources nothing can be contradicted.")
    fix = Bilingual("给测试写 sources: […]。", "Give the test sources: […].")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for sample in rule.tests.match if rule.detect.claims else ():
                if not sample.sources:
                    yield self.at(sample.at, rule=rule.id)


class ConstraintExpectation(Lint):
    code = "constraint-expectation"
    title = Bilingual("约束测试的期望不对", "the expectation of a constraint test is wrong")
    why = Bilingual(
        "match 要写 becomes 或 refused；no_match 表示请求不变，不写期望。",
        "A match needs becomes or refused; a no_match means unchanged and has no expectation.",
    )
    fix = Bilingual("按上面的说明改写。", "Write it so.")

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.constraints:
            wrong = [c for c in rule.tests.match if not _expects(c)]
            wrong += [c for c in rule.tests.no_match if _expects(c)]
            for change in wrong:
                yield self.at(change.at, rule=rule.id)


def _expects(change: Change) -> bool:
    return change.refused or change.becomes is not None


SAMPLES: tuple[Lint, ...] = (
    NoMatchTest(),
    NoHarmlessTest(),
    OneLanguageTests(),
    ContradictoryTests(),
    RepeatedTest(),
    TestChannel(),
    ClaimsWithoutSources(),
    ConstraintExpectation(),
)
