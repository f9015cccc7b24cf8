"""Findings and failures, judged by the rules of one layer and channel, become one verdict.

Pure and independent of order; more findings never lower the action. What a rule in shadow or under
an exception would have done is recorded and not acted on. A failed detector counts for each rule
that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from threegate.guard.second_opinion import NO_OPINIONS, Opinions, Question, question_of, reviewed
from threegate.policy.language.hashed_values import value_sha256
from threegate.policy.model import (
    CompiledPolicy,
    Detect,
    Mode,
    Rule,
    RuleException,
    in_rollout,
    matches,
)
from threegate.types import (
    CLAIM_KINDS,
    CLAIM_SUPPORTED,
    Action,
    Caller,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Verdict,
)

NO_QUESTIONS: frozenset[Question] = frozenset()
Judging = tuple[Rule, Level, Action]
"""A rule, the level from which it acts on findings of a kind, and how."""


@dataclass(slots=True)
class RuleSet:
    """The rules that apply to one caller on one channel. `today` is an ISO date for exceptions."""

    rules: tuple[Rule, ...]
    caller: Caller
    today: str
    kinds_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stopped: frozenset[str] = frozenset()  # ids of rules that have left their band
    by_id: Mapping[str, Rule] = field(init=False, repr=False)
    wants_opinions: bool = field(init=False)  # a rule wants second opinions
    _varies: bool = field(init=False)  # a rule acts in some conversations or until some day
    _by_kind: dict[str, tuple[Judging, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.by_id = {r.id: r for r in self.rules}
        self.wants_opinions = any(r.second_opinion for r in self.rules)
        self._varies = any(r.rollout < 100 or r.exceptions for r in self.rules)

    @classmethod
    def of(
        cls,
        policy: CompiledPolicy,
        layer: Layer,
        channel: Channel,
        caller: Caller,
        today: str,
        kinds_of: Mapping[str, tuple[str, ...]],
    ) -> RuleSet:
        """The rules of a policy for one channel and caller. `today` is an ISO date: exceptions past
        it are gone."""
        rules = policy.rules_for(layer, channel)
        caller = policy.named(caller)
        return cls(tuple(r for r in rules if r.when.matches(caller)), caller, today, kinds_of)

    def bound(self, caller: Caller, today: str, stopped: frozenset[str] = frozenset()) -> RuleSet:
        """The same rules for another caller matched by the same selectors."""
        if not self._varies and stopped == self.stopped:
            return self
        made = (self.rules, caller, today, self.kinds_of, stopped)
        return RuleSet(*made, _by_kind=self._by_kind)

    def verdict(
        self,
        findings: Sequence[Finding],
        failures: Sequence[Failed] = (),
        text: str = "",
        offset: int = 0,
        opinions: Opinions = NO_OPINIONS,
    ) -> Verdict:
        """`text` is where the findings are and begins at `offset`; exceptions for single values
        need it. `opinions` are the answers to `questions` about the same findings and text."""
        pairs = self._rule_findings(findings, text, offset)
        if opinions:
            ruled = [self._reviewed(*pair, text, offset, opinions) for pair in pairs]
        else:
            ruled = [ruling for _, ruling in pairs]
        if failures:
            ruled += [r for f in failures for r in self._rule_failure(f)]
        return Verdict.of(ruled)

    def questions(
        self, findings: Sequence[Finding], text: str, offset: int = 0
    ) -> frozenset[Question]:
        """The questions that judges must answer before `verdict`. A rule that does not act for this
        caller asks nothing, unless it is in shadow for observation."""
        if not self.wants_opinions:
            return NO_QUESTIONS
        return frozenset(
            question
            for rule, ruling in self._rule_findings(findings, text, offset)
            if rule.second_opinion and (rule.mode is Mode.SHADOW or not ruling.shadow)
            if (question := _question(rule, ruling, text, offset)) is not None
        )

    def _rule_findings(
        self, findings: Sequence[Finding], text: str, offset: int
    ) -> Iterator[tuple[Rule, Ruling]]:
        kinds = frozenset([f.kind for f in findings])
        for finding in findings:
            for rule, level, action in self._rules_of(finding.kind):
                if finding.counted and not _counts(rule, finding):
                    continue
                detect, is_enough = rule.detect, finding.level >= level
                alone = not detect.all and not detect.none
                if (is_enough or _is_open(rule, finding)) and (alone or _together(detect, kinds)):
                    value = _value(finding, text, offset) if rule.exceptions else ""
                    acts = action if is_enough else Action.ALLOW
                    yield rule, self._ruled(rule, acts, finding, value)

    def _reviewed(
        self, rule: Rule, ruling: Ruling, text: str, offset: int, opinions: Opinions
    ) -> Ruling:
        if rule.second_opinion is None:
            return ruling
        question = _question(rule, ruling, text, offset)
        opinion = None if question is None else opinions.get(question)
        if opinion is None:
            return ruling
        return reviewed(ruling, rule.second_opinion, opinion, partial(_act, rule))

    def _rule_failure(self, failed: Failed) -> Iterable[Ruling]:
        kinds = self.kinds_of.get(failed.detector, ())
        for rule in self.rules:
            if any(_wants(rule, kind) for kind in kinds):
                late = failed.reason is Reason.TIMEOUT
                yield self._ruled(rule, rule.on_timeout if late else rule.on_error, failed)

    def _ruled(
        self, rule: Rule, action: Action, finding: Finding | Failed, value: str = ""
    ) -> Ruling:
        shadow = rule.mode is Mode.SHADOW or rule.id in self.stopped
        if not self._varies:
            return Ruling(rule.id, action, finding, shadow)
        shadow = shadow or not in_rollout(rule, self.caller)
        excepted = next((e.id for e in rule.exceptions if self._excepts(e, value)), "")
        return Ruling(rule.id, action, finding, shadow or bool(excepted), excepted)

    def _excepts(self, exception: RuleException, value: str) -> bool:
        alive = self.today <= exception.expires
        return alive and exception.match.matches(self.caller) and _covers(exception, value)

    def _rules_of(self, kind: str) -> tuple[Judging, ...]:
        known = self._by_kind.get(kind)
        if known is None:
            wanting = (r for r in self.rules if _wants(r, kind))
            known = tuple((r, _level(r, kind), _action(r, kind)) for r in wanting)
            self._by_kind[kind] = known
        return known


def wanted_kinds(rules: Iterable[Rule]) -> frozenset[str]:
    """Kinds and prefixes that these rules look for, hence everything that must be scanned for."""
    out: set[str] = set()
    for rule in rules:
        out.update(rule.detect.any, rule.detect.all, rule.detect.none)
        if rule.claims is not None:
            out.update(CLAIM_KINDS)
    return frozenset(out)


def kinds_asked_of_judges(rules: Iterable[Rule]) -> frozenset[str]:
    """Kinds of the judges that give second opinions."""
    return frozenset(r.second_opinion.ask for r in rules if r.second_opinion)


def kinds_asked_about_claims(rules: Iterable[Rule]) -> frozenset[str]:
    """Kinds that a judge must report to be asked about claims: only a judge that can call a claim
    supported can judge it."""
    asked = kinds_asked_of_judges(r for r in rules if r.claims is not None)
    return frozenset(f"{ask}.{CLAIM_SUPPORTED}" for ask in asked)


def _question(rule: Rule, ruling: Ruling, text: str, offset: int) -> Question | None:
    if isinstance(ruling.finding, Failed):
        return None
    return question_of(rule.second_opinion, ruling.finding, len(text), offset)


def _value(finding: Finding, text: str, offset: int) -> str:
    """The text of a finding; empty if not all of it lies in `text`."""
    start, end = finding.span.start - offset, finding.span.end - offset
    return text[start:end] if 0 <= start <= end <= len(text) else ""


def _covers(exception: RuleException, value: str) -> bool:
    """A failure has no value, so an exception for single values never covers it."""
    if not exception.values_sha256:
        return True
    return bool(value) and value_sha256(value, exception.salt) in exception.values_sha256


def _together(detect: Detect, kinds: frozenset[str]) -> bool:
    has_all = all(any(matches(p, k) for k in kinds) for p in detect.all)
    return has_all and not any(matches(p, k) for p in detect.none for k in kinds)


def _wants(rule: Rule, kind: str) -> bool:
    if rule.claims is not None and kind in CLAIM_KINDS:
        return True
    return any(matches(p, kind) for p in (*rule.detect.any, *rule.detect.all))


def _level(rule: Rule, kind: str) -> Level:
    match kind:
        case "claim.contradicted" if rule.claims is not None:
            return rule.claims.contradicted
        case "claim.unsupported" if rule.claims is not None:
            return rule.claims.unsupported
        case "claim.no_source" | "claim.supported" if rule.claims is not None:
            return Level.LOW
        case _:
            return rule.detect.level_for(kind)


def _counts(rule: Rule, finding: Finding) -> bool:
    """Whether a claim was compared with the sources of this fact check."""
    return rule.claims is None or finding.counted == frozenset(rule.claims.sources)


def _is_open(rule: Rule, finding: Finding) -> bool:
    """Whether a judge may still change what a fact check says of a claim."""
    spec = rule.second_opinion
    return rule.claims is not None and spec is not None and finding.level in spec.levels


def _act(rule: Rule, finding: Finding) -> Action:
    is_enough = finding.level >= _level(rule, finding.kind)
    return _action(rule, finding.kind) if is_enough else Action.ALLOW


def _action(rule: Rule, kind: str) -> Action:
    if rule.claims is None:
        return rule.action
    match kind:
        case "claim.contradicted":
            return rule.claims.on_contradicted
        case "claim.unsupported":
            return rule.claims.on_unsupported
        case "claim.no_source":
            return rule.claims.on_no_source
        case "claim.supported":
            return Action.ALLOW
        case _:
            return rule.action
