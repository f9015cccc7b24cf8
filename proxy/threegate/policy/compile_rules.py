"""Input and output rules, compiled."""

from __future__ import annotations

from threegate.policy import schema
from threegate.policy.actions import then_action
from threegate.policy.model import (
    Band,
    Claims,
    Detect,
    MaskStyle,
    Restoring,
    Rule,
    RuleException,
    SecondOpinion,
    Selector,
)
from threegate.types import Action, Bilingual


def selector_of(when: schema.When) -> Selector:
    return Selector(when.tenant, when.key, when.route, when.model, when.language)


def rule_of(rule: schema.Rule, pack: str) -> Rule:
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
        when=selector_of(rule.when),
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
        replacement=_both_languages(replace.replacement if replace else ""),
        answer=then.answer.use if then.answer else "",
        http_status=then.block.status if then.block else None,
        exceptions=tuple(_exception(e) for e in rule.exceptions),
        band=_band(rule.band) if rule.band else None,
        second_opinion=_opinion(rule.second_opinion) if rule.second_opinion else None,
        review_by=rule.review_by or "",
        pack=pack,
    )


def _both_languages(text: str | Bilingual) -> Bilingual:
    return text if isinstance(text, Bilingual) else Bilingual(text, text)


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
        selector_of(spec.match),
        str(spec.reason),
        spec.approver,
        spec.expires,
        spec.match.value_sha256,
        spec.match.value_salt,
    )
