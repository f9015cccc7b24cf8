"""Two policies compared, in words for compliance people: what became stricter, what looser, and
what cannot be determined. A change that can only let less through is STRICTER, one that can let
more through is LOOSER; what a model is told in addition is UNJUDGED. Adding a rule that acts is
stricter, because the strongest action wins; adding one in shadow or off changes nothing yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from threegate.i18n.catalog import texts
from threegate.policy.language.vocabulary import AUDIT_LEVEL, MATCH, ON_AUDIT_FAILURE, Scale
from threegate.policy.model import (
    AiLabel,
    Binding,
    Category,
    CompiledPolicy,
    ConstraintRule,
    CustomPattern,
    Mode,
    PolicySet,
    Rule,
    Unlabelled,
    WordList,
)
from threegate.policy.schema import AuditLevel
from threegate.policy.strictness.compare import (
    NAMES,
    Aspect,
    Direction,
    covering,
    each,
    includes,
    inverted,
    moved,
    ranked,
    reached,
    share,
    unclear,
    wording,
)
from threegate.policy.strictness.constraints import compare_constraints, instructions
from threegate.policy.strictness.rules import compare_rules
from threegate.types import Bilingual

AnyRule = Rule | ConstraintRule


class Subject(StrEnum):
    RULE = "rule"
    LIST = "list"
    DETECTOR = "detector"
    POLICY = "policy"


class Fate(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One rule, list or setting that differs. `direction` is the worst of its aspects."""

    subject: Subject
    id: str
    title: Bilingual
    fate: Fate
    direction: Direction
    aspects: tuple[Aspect, ...] = ()

    @property
    def needs_other_group(self) -> bool:
        """Whether it may let more through, or nobody judged it, so that an approver of another
        group must agree."""
        return self.direction >= Direction.UNJUDGED


@dataclass(frozen=True, slots=True)
class Diff:
    changes: tuple[PolicyChange, ...]

    @property
    def weaker(self) -> tuple[PolicyChange, ...]:
        """What may let more through. What is not judged is not among it: every pack that brings
        a constitution tells the model more than the packs that it extends."""
        return tuple(c for c in self.changes if c.direction >= Direction.UNCLEAR)

    @property
    def summary(self) -> Bilingual:
        counts = Counter(c.direction for c in self.changes)
        if not counts:
            return Bilingual("没有变化", "no change")
        zh = "，".join(f"{counts[d]} 处{DIRECTIONS[d].zh}" for d in DIRECTIONS if counts[d])
        en = ", ".join(f"{counts[d]} {DIRECTIONS[d].en}" for d in DIRECTIONS if counts[d])
        return Bilingual(zh, en)


_DIRECTIONS = texts("vocabulary", "Direction")
DIRECTIONS = {Direction[name.upper()]: words for name, words in _DIRECTIONS.items()}
FATES = {fate: texts("vocabulary", "Fate")[fate.value] for fate in Fate}


def diff(old: CompiledPolicy, new: CompiledPolicy) -> Diff:
    """Everything that differs between two policies, in the new policy's order, removed things
    last."""
    changes = (*_rules(old, new), *_lists(old, new), *_detectors(old, new), *_settings(old, new))
    return Diff(changes)


def diff_sets(old: PolicySet, new: PolicySet) -> tuple[PolicyChange, ...]:
    """Everything that differs between two sets. Callers are compared binding by binding; bindings
    that are added, removed or moved make it unclear which policy a caller gets. Those that are for
    no call are left out."""
    ours, theirs = in_use(old), in_use(new)
    before, after = ([b.selector for b in side] for side in (ours, theirs))
    changes: tuple[PolicyChange, ...] = ()
    if before != after:
        aspects = tuple(unclear("bindings"))
        changes = (changed(Subject.POLICY, "bindings", NAMES["bindings"], aspects),)
    policies = {b.selector: b.policy for b in ours}
    for binding in theirs:
        if binding.selector in policies:
            changes += diff(policies[binding.selector], binding.policy).changes
    return tuple(dict.fromkeys(changes))


def in_use(policies: PolicySet) -> list[Binding]:
    """The bindings that are for some call."""
    use = reached([b.selector for b in policies.bindings])
    return [b for b, used in zip(policies.bindings, use, strict=True) if used]


def describe(change: PolicyChange, language: str) -> str:
    """One line for a change and one for each of its aspects."""
    head = f"{FATES[change.fate].get(language)} {change.id} ({change.title.get(language)}): "
    lines = [head + DIRECTIONS[change.direction].get(language)]
    lines += [f"  {_SIGNS[a.direction]} {a.text.get(language)}" for a in change.aspects]
    return "\n".join(lines)


_SIGNS = {
    Direction.STRICTER: "+",
    Direction.LOOSER: "-",
    Direction.UNJUDGED: "?",
    Direction.UNCLEAR: "?",
    Direction.CHANGED: "~",
}


def changed(
    subject: Subject, id: str, title: Bilingual, aspects: tuple[Aspect, ...]
) -> PolicyChange:
    worst = max(a.direction for a in aspects)
    return PolicyChange(subject, id, title, Fate.CHANGED, worst, aspects)


def _all_rules(policy: CompiledPolicy) -> dict[str, AnyRule]:
    rules: tuple[AnyRule, ...] = (*policy.rules, *policy.constraints)
    return {rule.id: rule for rule in rules}


def _rules(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[PolicyChange]:
    before, after = _all_rules(old), _all_rules(new)
    for id, rule in after.items():
        if id not in before:
            yield _appeared(rule, Fate.ADDED, Direction.STRICTER)
        elif before[id] != rule and (aspects := compare(before[id], rule)):
            yield changed(Subject.RULE, id, rule.title, aspects)
    for id, rule in before.items():
        if id not in after:
            yield _appeared(rule, Fate.REMOVED, Direction.LOOSER)


def compare(old: AnyRule, new: AnyRule) -> tuple[Aspect, ...]:
    """Differences of two rules of one id."""
    match old, new:
        case (Rule(), Rule()):
            return compare_rules(old, new)
        case (ConstraintRule(), ConstraintRule()):
            return compare_constraints(old, new)
    return tuple(unclear("layer"))


def _appeared(rule: AnyRule, fate: Fate, direction: Direction) -> PolicyChange:
    acts = rule.mode is Mode.ENFORCE and rule.rollout > 0
    if not acts:
        return PolicyChange(Subject.RULE, rule.id, rule.title, fate, Direction.CHANGED)
    aspects = instructions(rule) if fate is Fate.ADDED and isinstance(rule, ConstraintRule) else ()
    worst = max((a.direction for a in aspects), default=direction)
    return PolicyChange(Subject.RULE, rule.id, rule.title, fate, worst, aspects)


def _lists(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[PolicyChange]:
    before, after = ({w.name: w for w in p.lists} for p in (old, new))
    for name in {**after, **before}:
        a = before.get(name) or replace(after[name], words=())
        b = after.get(name) or replace(a, words=())
        if aspects := compare_lists(a, b, lets_through=suppresses_rules(new, b.kind)):
            made = changed(Subject.LIST, b.kind, NAMES["list"], aspects)
            fate = Fate.ADDED if name not in before else Fate.REMOVED
            yield made if name in before and name in after else replace(made, fate=fate)


def suppresses_rules(policy: CompiledPolicy, kind: str) -> bool:
    """Whether a kind occurs in a rule's `none`, where finding more lets more through."""
    return any(includes(p, kind) for rule in policy.rules for p in rule.detect.none)


def compare_lists(old: WordList, new: WordList, *, lets_through: bool) -> tuple[Aspect, ...]:
    """Differences of two lists: counts of words only, since lists can be confidential."""
    before, after = set(old.words), set(new.words)
    aspects = []
    if gained := len(after - before):
        aspects.append(Aspect(Direction.STRICTER, NAMES["words_added"].filled({"n": gained})))
    if lost := len(before - after):
        aspects.append(Aspect(Direction.LOOSER, NAMES["words_removed"].filled({"n": lost})))
    aspects += ranked("matching", old.match, new.match, MATCH)
    return tuple(inverted(aspects) if lets_through else aspects)


def _detectors(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[PolicyChange]:
    before, after = _definitions(old), _definitions(new)
    title = NAMES["detector"]
    for kind in {**after, **before}:
        if kind not in before:
            yield PolicyChange(Subject.DETECTOR, kind, title, Fate.ADDED, Direction.CHANGED)
        elif kind not in after:
            yield PolicyChange(Subject.DETECTOR, kind, title, Fate.REMOVED, Direction.LOOSER)
        elif aspects := tuple(unclear("definition", before[kind], after[kind])):
            yield changed(Subject.DETECTOR, kind, title, aspects)


def _definitions(policy: CompiledPolicy) -> dict[str, CustomPattern | Category]:
    made: tuple[CustomPattern | Category, ...] = (*policy.patterns, *policy.categories)
    return {detector.kind: detector for detector in made}


def _settings(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[PolicyChange]:
    if aspects := compare_settings(old, new):
        yield changed(Subject.POLICY, new.name, NAMES["settings"], aspects)


def _described(entry: Unlabelled) -> str:
    who = ", ".join((*entry.match.tenant, *entry.match.key))
    until = f"–{entry.expires}" if entry.expires else ""
    return f"{entry.id} ({who}; {entry.agreement}; {entry.agreed}{until})"


def _unsigned(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Aspect]:
    """Without a sign before, nobody can be exempted from it."""
    if old.label is AiLabel.TEXT:
        before, after = map(_described, old.unlabelled), map(_described, new.unlabelled)
        yield from inverted(covering("unlabelled", before, after))


def _audit_level(old: str, new: str) -> Iterator[Aspect]:
    """More evidence is stricter, but originals of what people wrote are a liability: storing them
    counts as looser, and so does keeping no record at all."""
    if old != new and AuditLevel.FULL in (old, new):
        kept = old == AuditLevel.FULL and new != AuditLevel.NONE
        yield moved("audit_level", 1 if kept else -1, AUDIT_LEVEL[old], AUDIT_LEVEL[new])
    else:
        yield from ranked("audit_level", old, new, AUDIT_LEVEL)


_AUDIT_FAILURE: Scale = {None: NAMES["as_the_proxy"], **ON_AUDIT_FAILURE}


def compare_settings(old: CompiledPolicy, new: CompiledPolicy) -> tuple[Aspect, ...]:
    """Differences of the top-level keys of a pack."""
    before, after = old.audit, new.audit
    parts = (
        each(ranked, "label")(old, new),
        _unsigned(old, new),
        _audit_level(before.level, after.level),
        ranked("on_failure", before.on_failure, after.on_failure, _AUDIT_FAILURE),
        each(share, "review_passed", "review_twice")(before, after),
        inverted(covering("pass_through", old.pass_through, new.pass_through)),
        each(unclear, "recognizers")(old, new),
        each(wording, "knowledge", "answers")(old, new),
    )
    return tuple(aspect for part in parts for aspect in part)
