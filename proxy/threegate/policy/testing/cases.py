"""The tests that policies carry, as plain cases, and their results.

Pure: `policy_ops.test_runner` runs cases through the real detectors and stream machine and makes
`Outcome`s. A run without any case is a failure, so that a typing error in a path cannot pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from threegate.policy.compile import build, layered
from threegate.policy.language.load import Bundle
from threegate.policy.language.problems import NOWHERE, Mark
from threegate.policy.model import CompiledPolicy
from threegate.policy.schema import AnyRule, Change, ConstraintRule, Rule, Sample
from threegate.types import Bilingual, Channel, Layer


@dataclass(frozen=True, slots=True)
class Case:
    """One text and one rule: the rule must match, or must not. `id` is stable while the file is."""

    id: str
    rule_id: str
    layer: Layer
    channel: Channel
    text: str = field(repr=False)
    expect_match: bool
    question: str = field(default="", repr=False)
    sources: tuple[str, ...] = field(default=(), repr=False)
    language: str = ""
    at: Mark = NOWHERE


@dataclass(frozen=True, slots=True)
class ConstraintCase:
    """One request and one constraint rule.

    `becomes` are the fields afterwards (None: removed); None if the request must stay unchanged.
    """

    id: str
    rule_id: str
    request: Mapping[str, Any] = field(repr=False)
    becomes: Mapping[str, Any] | None
    refused: bool = False
    language: str = ""
    at: Mark = NOWHERE


UNTOLD = Bilingual("", "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one case. `detail` holds kinds, levels and field names, never the text."""

    case: Case | ConstraintCase
    passed: bool
    detail: Bilingual = UNTOLD
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TestReport:
    """A whole run. `passed` is false when nothing ran; `left_out` cases had no detector to run."""

    name: str
    outcomes: tuple[Outcome, ...]
    left_out: int = 0
    __test__: ClassVar[bool] = False  # pytest would take the class for tests

    @property
    def failures(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if not o.passed)

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and not self.failures


def joined(name: str, reports: Iterable[TestReport]) -> TestReport:
    """One report of several runs."""
    every = tuple(reports)
    outcomes = tuple(o for report in every for o in report.outcomes)
    return TestReport(name, outcomes, sum(report.left_out for report in every))


def planned(
    bundles: Iterable[Bundle],
) -> Iterator[tuple[CompiledPolicy, list[Case | ConstraintCase]]]:
    """Each policy with its tests; those of a base that several packs extend run only once."""
    seen: set[tuple[Mark, str]] = set()
    for bundle in bundles:
        new = [case for case in cases(bundle) if (case.at, case.id) not in seen]
        seen.update((case.at, case.id) for case in new)
        yield build(bundle), new


def cases(bundle: Bundle) -> tuple[Case | ConstraintCase, ...]:
    """Every inline test of the rules that count after overlays, in file order."""
    return tuple(case for rule, _ in layered(bundle) for case in rule_cases(rule))


def rule_cases(rule: AnyRule) -> Iterator[Case | ConstraintCase]:
    match rule:
        case Rule():
            for expect, samples in ((True, rule.tests.match), (False, rule.tests.no_match)):
                for number, sample in enumerate(samples, start=1):
                    yield _case(rule, sample, number, expect)
        case ConstraintRule():
            for changes in (rule.tests.match, rule.tests.no_match):
                for number, change in enumerate(changes, start=1):
                    yield _constraint_case(rule, change, number)


def _case(rule: Rule, sample: Sample, number: int, expect: bool) -> Case:
    word = "match" if expect else "no_match"
    return Case(
        id=f"{rule.id}/{word}/{number}",
        rule_id=rule.id,
        layer=rule.layer,
        channel=sample.channel or _first_channel(rule),
        text=sample.text,
        expect_match=expect,
        question=sample.question,
        sources=sample.sources,
        language=_language(rule),
        at=sample.at,
    )


def _first_channel(rule: Rule) -> Channel:
    """The channel of a test that names none: what the user wrote or reads, else the first. A draft
    may have no channel yet."""
    usual = Channel.USER if rule.layer is Layer.INPUT else Channel.CONTENT
    return usual if usual in rule.where or not rule.where else rule.where[0]


def _language(rule: AnyRule) -> str:
    return rule.when.language[0] if len(rule.when.language) == 1 else ""


def _constraint_case(rule: ConstraintRule, change: Change, number: int) -> ConstraintCase:
    word = "match" if change.refused or change.becomes is not None else "no_match"
    return ConstraintCase(
        id=f"{rule.id}/{word}/{number}",
        rule_id=rule.id,
        request=change.request,
        becomes=change.becomes,
        refused=change.refused,
        language=_language(rule),
        at=change.at,
    )
