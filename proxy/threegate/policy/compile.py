"""Compiles bundles to policies. Every bundle that `load` and `lint` find without errors compiles.

Packs are layered: a later rule, list or detector replaces an earlier one of the same id or name in
its position (the linter proves that it is at least as strict).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from threegate.policy import schema
from threegate.policy.compile_rules import constraint_of, rule_of
from threegate.policy.constitution import sentences_of
from threegate.policy.language.load import Bundle, answer_paths
from threegate.policy.model import (
    AiLabel,
    AuditSetting,
    Category,
    CompiledPolicy,
    CuratedAnswer,
    CustomPattern,
    Knowledge,
    Selector,
    Unlabelled,
    WordList,
)
from threegate.types import Bilingual


def build(bundle: Bundle) -> CompiledPolicy:
    """The policy of a bundle. Callers check `bundle.problems` and the linter first."""
    rules = layered(bundle)
    last = bundle.packs[-1] if bundle.packs else None
    compiled = tuple(rule_of(r, p) for r, p in rules if isinstance(r, schema.Rule))
    return CompiledPolicy(
        digest=bundle.digest,
        name=bundle.name,
        version=last.version if last else "",
        rules=compiled,
        constraints=tuple(
            constraint_of(bundle, r, p) for r, p in rules if isinstance(r, schema.ConstraintRule)
        ),
        lists=(*(_list(bundle, n, s) for n, s in _overlaid(bundle, "lists")), *_leaks(bundle)),
        patterns=tuple(_pattern(n, s) for n, s in _overlaid(bundle, "detectors") if s.regex),
        categories=tuple(
            category_of(n, s) for n, s in _overlaid(bundle, "detectors") if s.category
        ),
        answers=tuple(_answers(bundle, rules)),
        knowledge=tuple(_knowledge(bundle)),
        pass_through=tuple(dict.fromkeys(p for pack in bundle.packs for p in pack.pass_through)),
        label=_last(bundle, "label", AiLabel.OFF),
        unlabelled=tuple(_unlabelled(u) for pack in bundle.packs for u in pack.unlabelled),
        audit=_audit(_last(bundle, "audit", schema.AuditSpec())),
        recognizers=tuple(dict(r) for pack in bundle.packs for r in pack.recognizers),
        banded=tuple(r for r in compiled if r.band),
        kind_titles=bundle.kind_titles,
    )


Layered = list[tuple[schema.AnyRule, str]]


def layered(bundle: Bundle) -> Layered:
    """Rules with the pack that each came from, after overlays."""
    rules: dict[str, tuple[schema.AnyRule, str]] = {}
    for pack in bundle.packs:
        rules.update((rule.id, (rule, pack.pack)) for rule in pack.rules)
    return list(rules.values())


def _overlaid(bundle: Bundle, part: str) -> Iterator[tuple[str, Any]]:
    merged: dict[str, Any] = {}
    for pack in bundle.packs:
        merged.update(getattr(pack, part))
    yield from merged.items()


def _last(bundle: Bundle, part: str, default: Any) -> Any:
    given = (getattr(pack, part) for pack in reversed(bundle.packs))
    return next((value for value in given if value is not None), default)


def _audit(spec: schema.AuditSpec) -> AuditSetting:
    """`continue` is the weakest setting of a proxy, so requiring it requires nothing."""
    required = spec.on_failure
    nothing = required is None or required is schema.OnAuditFailure.CONTINUE
    failing = None if nothing else str(required)
    return AuditSetting(str(spec.level), failing, spec.review_passed, spec.review_twice)


def _unlabelled(spec: schema.UnlabelledSpec) -> Unlabelled:
    match = Selector(tenant=spec.tenants, key=spec.keys)
    return Unlabelled(spec.id, match, spec.agreement, spec.agreed, spec.expires or "")


def _list(bundle: Bundle, name: str, spec: schema.ListSpec) -> WordList:
    words = bundle.words(spec.file) if spec.file else spec.words
    return WordList(name, f"list.{name}", words, str(spec.match))


def _leaks(bundle: Bundle) -> Iterator[WordList]:
    """Beginnings of the constitution's sentences; an answer that contains one is reciting it."""
    rules = [r for r, _ in layered(bundle) if isinstance(r, schema.ConstraintRule)]
    texts = [bundle.text(r.then.constitution.file) for r in rules if r.then.constitution]
    texts += [clause.text for r in rules for clause in r.then.clauses]
    heads = dict.fromkeys(head for text in texts for head, _ in sentences_of(text))
    if heads:
        yield WordList("constitution", "leak.constitution", tuple(heads))


def _pattern(name: str, spec: schema.DetectorSpec) -> CustomPattern:
    regex, kind = spec.regex or "", f"pattern.{name}"
    return CustomPattern(name, kind, regex, spec.level, spec.edges, spec.check_digits)


def category_of(name: str, spec: schema.DetectorSpec) -> Category:
    """A category in the form its detector reads. Raises ValueError for a detector that is not a
    category."""
    category = spec.category
    if category is None:
        raise ValueError(f"detector {name} has no category")
    return Category(
        name, f"category.{name}", category.describe, category.examples, category.counter_examples
    )


def _answers(bundle: Bundle, rules: Layered) -> Iterator[CuratedAnswer]:
    using: dict[str, set[str]] = {}
    for rule, _ in rules:
        if isinstance(rule, schema.Rule) and rule.then.answer:
            using.setdefault(rule.then.answer.use, set()).update(rule.detect.any)
    for use, kinds in sorted(using.items()):
        zh, en = (bundle.text(path).strip() for path in answer_paths(use))
        yield CuratedAnswer(use, Bilingual(zh, en), tuple(sorted(kinds)))


def _knowledge(bundle: Bundle) -> Iterator[Knowledge]:
    for name, spec in _overlaid(bundle, "knowledge"):
        for path in spec.files:
            stem = path.rpartition("/")[2].rpartition(".")[0]
            yield Knowledge(f"{name}/{stem}", bundle.text(path))
