"""Compiles bundles to policies. Every bundle that `load` and `lint` find without errors compiles.

Packs are laid over each other: a later rule, list or detector replaces an earlier one of the same
id or name (the linter proves that it is at least as strict), in the earlier one's place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from threegate.policy import schema
from threegate.policy.actions import then_action
from threegate.policy.constitution import sentences_of
from threegate.policy.language.load import Bundle, answer_paths
from threegate.policy.language.shapes import plain
from threegate.policy.model import (
    AiLabel,
    AuditSetting,
    Band,
    Category,
    Claims,
    Clamp,
    Clause,
    CompiledPolicy,
    Constitution,
    ConstraintRule,
    CuratedAnswer,
    CustomPattern,
    Detect,
    Fields,
    Knowledge,
    Limits,
    MaskStyle,
    Models,
    Reasoning,
    ResponseFormat,
    Restoring,
    Rule,
    RuleException,
    SecondOpinion,
    Selector,
    Tools,
    Unlabelled,
    WordList,
)
from threegate.types import Action, Bilingual


def build(bundle: Bundle) -> CompiledPolicy:
    """The policy of a bundle. Callers check `bundle.problems` and the linter first."""
    rules = layered(bundle)
    last = bundle.packs[-1] if bundle.packs else None
    compiled = tuple(_rule(r, p) for r, p in rules if isinstance(r, schema.Rule))
    return CompiledPolicy(
        digest=bundle.digest,
        name=bundle.name,
        version=last.version if last else "",
        rules=compiled,
        constraints=tuple(
            _constraint(bundle, r, p) for r, p in rules if isinstance(r, schema.ConstraintRule)
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
    )


Layered = list[tuple[schema.Rule | schema.ConstraintRule, str]]


def layered(bundle: Bundle) -> Layered:
    """Rules with the pack each came from, after overlays."""
    rules: dict[str, tuple[schema.Rule | schema.ConstraintRule, str]] = {}
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


def _selector(when: schema.When) -> Selector:
    return Selector(when.tenant, when.key, when.route, when.model, when.language)


def _rule(rule: schema.Rule, pack: str) -> Rule:
    then = rule.then
    mask, replace = then.mask, then.redact or then.rewrite
    return Rule(
        id=rule.id,
        layer=rule.layer,
        title=rule.title,
        channels=frozenset(rule.where),
        action=then_action(then),
        detect=_detect(rule),
        claims=_claims(rule.detect.claims, then) if rule.detect.claims else None,
        when=_selector(rule.when),
        owner=rule.owner,
        why=rule.why,
        on_error=rule.on_error,
        on_timeout=rule.on_timeout,
        deadline_ms=rule.deadline_ms,
        mode=rule.mode,
        rollout=rule.rollout,
        stream=rule.stream,
        message=rule.message,
        restore=_restoring(mask) if mask else None,
        style=mask.style if mask else MaskStyle.PLACEHOLDER,
        replacement=replace.replacement if replace else "",
        answer=then.answer.use if then.answer else "",
        http_status=then.block.status if then.block else None,
        exceptions=tuple(_exception(e) for e in rule.exceptions),
        band=_band(rule.band) if rule.band else None,
        second_opinion=_opinion(rule.second_opinion) if rule.second_opinion else None,
        review_by=rule.review_by or "",
        pack=pack,
    )


def _restoring(mask: schema.MaskThen) -> Restoring | None:
    match mask.restore:
        case schema.Restore.NEVER:
            return None
        case schema.Restore.CLIENT:
            return Restoring(None, mask.hosts)
        case tools:
            return Restoring(tools, mask.hosts)


def _band(spec: schema.BandSpec) -> Band:
    return Band(spec.max, spec.min, spec.minutes, spec.calls)


def _opinion(spec: schema.SecondOpinionSpec) -> SecondOpinion:
    return SecondOpinion(
        spec.ask,
        frozenset(spec.levels),
        spec.confirm,
        spec.deadline_ms,
        spec.on_error,
        spec.on_timeout,
    )


def _detect(rule: schema.Rule) -> Detect:
    spec = rule.detect
    return Detect(spec.any, spec.all, spec.none, rule.level, tuple(spec.levels.items()))


def _claims(spec: schema.ClaimsSpec, then: schema.Then) -> Claims:
    return Claims(
        spec.sources,
        spec.contradicted,
        spec.unsupported,
        _or(then.on_contradicted, Action.BLOCK),
        _or(then.on_unsupported, Action.ANNOTATE),
        _or(then.on_no_source, Action.FLAG),
        spec.cite,
    )


def _or(action: Action | None, default: Action) -> Action:
    return default if action is None else action


def _exception(spec: schema.Exceptional) -> RuleException:
    return RuleException(
        spec.id,
        _selector(spec.match),
        str(spec.reason),
        spec.approver,
        spec.expires,
        spec.match.value_sha256,
        spec.match.value_salt,
    )


def _constraint(bundle: Bundle, rule: schema.ConstraintRule, pack: str) -> ConstraintRule:
    then = rule.then
    return ConstraintRule(
        id=rule.id,
        title=rule.title,
        when=_selector(rule.when),
        owner=rule.owner,
        why=rule.why,
        mode=rule.mode,
        rollout=rule.rollout,
        constitution=_constitution(bundle, then.constitution) if then.constitution else None,
        clauses=tuple(Clause(c.kinds, c.text, c.masked) for c in then.clauses),
        clamp=tuple((str(name), _clamp(c)) for name, c in then.clamp.items()),
        models=_models(then.models) if then.models else None,
        tools=_tools(then.tools) if then.tools else None,
        fields=_fields(then.fields) if then.fields else None,
        reasoning=_reasoning(then.reasoning) if then.reasoning else None,
        limits=_limits(then.limits) if then.limits else None,
        response_format=_response_format(bundle, then.response_format)
        if then.response_format
        else None,
        images=str(then.images or schema.Images.ALLOW),
        message=rule.message,
        review_by=rule.review_by or "",
        pack=pack,
    )


def _constitution(bundle: Bundle, spec: schema.ConstitutionSpec) -> Constitution:
    return Constitution(bundle.text(spec.file).strip(), spec.place)


def _clamp(spec: schema.ClampSpec) -> Clamp:
    return Clamp(spec.min, spec.max, spec.default, spec.force, spec.drop)


def _models(spec: schema.ModelsSpec) -> Models:
    return Models(spec.allow, tuple(spec.alias.items()))


def _tools(spec: schema.ToolsSpec) -> Tools:
    return Tools(spec.allow, spec.deny, str(spec.arguments), spec.max, spec.result_bytes)


def _fields(spec: schema.FieldsSpec) -> Fields:
    return Fields(spec.allow, spec.deny, tuple(plain(spec.force).items()), str(spec.unknown))


def _reasoning(spec: schema.ReasoningSpec) -> Reasoning:
    if spec.notice is None:
        return Reasoning(spec.show, str(spec.check), spec.history)
    return Reasoning(spec.show, str(spec.check), spec.history, spec.notice)


def _limits(spec: schema.LimitsSpec) -> Limits:
    return Limits(
        spec.requests_per_minute,
        spec.tokens_per_minute,
        spec.tokens_per_day,
        spec.concurrency,
        spec.context_tokens,
        spec.per,
    )


def _response_format(bundle: Bundle, spec: schema.ResponseFormatSpec) -> ResponseFormat:
    schema = json.loads(bundle.text(spec.json_schema) or "{}") if spec.json_schema else None
    return ResponseFormat(schema, spec.on_invalid, spec.max_chars, spec.must_say)


def _list(bundle: Bundle, name: str, spec: schema.ListSpec) -> WordList:
    words = bundle.words(spec.file) if spec.file else spec.words
    return WordList(name, f"list.{name}", words, str(spec.match))


def _leaks(bundle: Bundle) -> Iterator[WordList]:
    """Beginnings of the constitution's sentences: an answer that holds one is reciting it."""
    rules = [r for r, _ in layered(bundle) if isinstance(r, schema.ConstraintRule)]
    texts = [bundle.text(r.then.constitution.file) for r in rules if r.then.constitution]
    texts += [clause.text for r in rules for clause in r.then.clauses]
    heads = dict.fromkeys(head for text in texts for head, _ in sentences_of(text))
    if heads:
        yield WordList("constitution", "leak.constitution", tuple(heads))


def _pattern(name: str, spec: schema.DetectorSpec) -> CustomPattern:
    return CustomPattern(name, f"pattern.{name}", spec.regex or "", spec.level, spec.edges)


def category_of(name: str, spec: schema.DetectorSpec) -> Category:
    category = spec.category
    if category is None:
        raise ValueError(f"detector {name} has no category")
    return Category(
        name,
        f"category.{name}",
        category.describe,
        category.examples,
        category.counter_examples,
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
