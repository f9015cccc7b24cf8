"""Lints of the tests of rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.policy.language.problems import Problem, Severity
from threegate.policy.lint.base import Lint, Subject, checks
from threegate.policy.schema import Change, ConstraintRule, Sample

_HAN = re.compile(r"[\u3400-\u9fff]")


def _testable(rule: ConstraintRule) -> bool:
    """Parts whose effect shows in the request's own fields."""
    return bool(rule.then.clamp or rule.then.models or rule.then.fields)


@checks("no-match-test")
def no_match_test(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if not rule.tests.match:
            yield lint.at(rule.mark("tests"), rule=rule.id)
    for change in subject.constraints:
        if _testable(change) and not change.tests.match:
            yield lint.at(change.mark("tests"), rule=change.id)


@checks("no-harmless-test")
def no_harmless_test(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if not rule.tests.no_match:
            yield lint.at(rule.mark("tests"), rule=rule.id)
    for change in subject.constraints:
        if _testable(change) and not change.tests.no_match:
            yield lint.at(change.mark("tests"), rule=change.id)


@checks("one-language-tests", Severity.WARNING)
def one_language_tests(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if len(rule.when.language) == 1 or not rule.tests.match:
            continue
        for samples in (rule.tests.match, rule.tests.no_match):
            if samples and len({bool(_HAN.search(s.text)) for s in samples}) < 2:
                yield lint.at(samples[0].at, rule=rule.id)


@checks("contradictory-tests")
def contradictory_tests(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        wanted = {_key(s) for s in rule.tests.match}
        for sample in rule.tests.no_match:
            if _key(sample) in wanted:
                yield lint.at(sample.at, rule=rule.id)


def _key(sample: Sample) -> tuple[object, ...]:
    return sample.text, sample.channel, sample.question, sample.sources


@checks("repeated-test", Severity.WARNING)
def repeated_test(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        for samples in (rule.tests.match, rule.tests.no_match):
            seen: set[tuple[object, ...]] = set()
            for sample in samples:
                if _key(sample) in seen:
                    yield lint.at(sample.at, rule=rule.id)
                seen.add(_key(sample))


@checks("test-channel")
def test_channel(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        for sample in (*rule.tests.match, *rule.tests.no_match):
            if sample.channel and sample.channel not in rule.where:
                yield lint.at(sample.mark("channel"), rule=rule.id)


@checks("claims-test-sources")
def claims_without_sources(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        for sample in rule.tests.match if rule.detect.claims else ():
            if not sample.sources:
                yield lint.at(sample.at, rule=rule.id)


@checks("constraint-expectation")
def constraint_expectation(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.constraints:
        wrong = [c for c in rule.tests.match if not _expects(c)]
        wrong += [c for c in rule.tests.no_match if _expects(c)]
        for change in wrong:
            yield lint.at(change.at, rule=rule.id)


def _expects(change: Change) -> bool:
    return change.refused or change.becomes is not None
