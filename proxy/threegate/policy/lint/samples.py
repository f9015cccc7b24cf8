"""Lints of the tests of rules."""

from __future__ import annotations

import re

from threegate.policy.language.problems import Severity
from threegate.policy.lint.base import Findings, Found, Subject, checks, checks_each
from threegate.policy.schema import AnyRule, Change, ConstraintRule, Rule, Sample

_HAN = re.compile(r"[\u3400-\u9fff]")


def _testable(rule: ConstraintRule) -> bool:
    """Parts whose effect is visible in the request's own fields."""
    return bool(rule.then.clamp or rule.then.models or rule.then.fields)


def _without(subject: Subject, samples: str) -> Findings:
    testable = filter(_testable, subject.constraints)
    rules: tuple[AnyRule, ...] = (*subject.rules, *testable)
    for rule in rules:
        if not getattr(rule.tests, samples):
            yield Found(rule.mark("tests"), rule=rule.id)


@checks("no-match-test")
def no_match_test(subject: Subject) -> Findings:
    return _without(subject, "match")


@checks("no-harmless-test")
def no_harmless_test(subject: Subject) -> Findings:
    return _without(subject, "no_match")


@checks_each(Rule, "one-language-tests", Severity.WARNING)
def one_language_tests(rule: Rule) -> Findings:
    if len(rule.when.language) == 1 or not rule.tests.match:
        return
    for samples in (rule.tests.match, rule.tests.no_match):
        if samples and len({bool(_HAN.search(s.text)) for s in samples}) < 2:
            yield samples[0].at


@checks_each(Rule, "contradictory-tests")
def contradictory_tests(rule: Rule) -> Findings:
    wanted = {_key(s) for s in rule.tests.match}
    for sample in rule.tests.no_match:
        if _key(sample) in wanted:
            yield sample.at


def _key(sample: Sample) -> tuple[object, ...]:
    return sample.text, sample.channel, sample.question, sample.sources


@checks_each(Rule, "repeated-test", Severity.WARNING)
def repeated_test(rule: Rule) -> Findings:
    for samples in (rule.tests.match, rule.tests.no_match):
        seen: set[tuple[object, ...]] = set()
        for sample in samples:
            if _key(sample) in seen:
                yield sample.at
            seen.add(_key(sample))


@checks_each(Rule, "test-channel")
def test_channel(rule: Rule) -> Findings:
    for sample in (*rule.tests.match, *rule.tests.no_match):
        if sample.channel and sample.channel not in rule.where:
            yield sample.mark("channel")


@checks("claims-test-sources")
def claims_without_sources(subject: Subject) -> Findings:
    """A test without sources is compared with the knowledge bases that its rule names."""
    known = any(pack.knowledge for pack in subject.packs)
    for rule in subject.rules:
        claims = rule.detect.claims
        if claims is None or (
            known and any(s.partition("/")[0] == "knowledge" for s in claims.sources)
        ):
            continue
        yield from (Found(s.at, rule=rule.id) for s in rule.tests.match if not s.sources)


@checks_each(ConstraintRule, "constraint-expectation")
def constraint_expectation(rule: ConstraintRule) -> Findings:
    wrong = [c for c in rule.tests.match if not _expects(c)]
    wrong += [c for c in rule.tests.no_match if _expects(c)]
    for change in wrong:
        yield change.at


def _expects(change: Change) -> bool:
    return change.refused or change.becomes is not None
