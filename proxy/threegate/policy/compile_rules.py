"""Rules of all three layers, compiled."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from threegate.policy import schema
from threegate.policy.actions import then_action
from threegate.policy.language.load import Bundle
from threegate.policy.language.shapes import plain
from threegate.policy.model import (
    AnnotationForm,
    Claims,
    Constitution,
    ConstraintRule,
    Detect,
    Fields,
    Images,
    MaskStyle,
    Models,
    ResponseFormat,
    Restoring,
    Rule,
    RuleException,
    Selector,
)
from threegate.types import Bilingual

Part = TypeVar("Part")


def copied(kind: type[Part], spec: Any, **given: Any) -> Part:
    """A model value made from a schema value: fields of the same name unchanged, plus those
    `given`. Raises AttributeError for a field in neither, because a default of the model would
    silently replace what the policy says."""
    names = {field.name for field in fields(kind)} - set(given)  # type: ignore[arg-type]
    return kind(**{name: getattr(spec, name) for name in names}, **given)


def part(kind: type[Part], spec: Any, **made: Callable[[Any], Any]) -> Part | None:
    """Like `copied`, for parts that a rule may lack; fields of other types are made from the
    spec."""
    if spec is None:
        return None
    return copied(kind, spec, **{name: make(spec) for name, make in made.items()})


def rule_of(rule: schema.Rule, pack: str) -> Rule:
    """A rule in the form the guard reads. `pack` is the name of its pack."""
    then = rule.then
    mask, replace = then.mask, then.redact or then.rewrite
    return copied(
        Rule,
        rule,
        channels=frozenset(rule.where),
        action=then_action(then),
        detect=_detect(rule),
        claims=_claims(rule.detect.claims, then) if rule.detect.claims else None,
        restore=_restoring(mask) if mask else None,
        style=mask.style if mask else MaskStyle.PLACEHOLDER,
        replacement=_both_languages(replace.replacement if replace else ""),
        annotation=then.annotate.show if then.annotate else AnnotationForm.DATA,
        answer=then.answer.use if then.answer else "",
        http_status=then.block.status if then.block else None,
        exceptions=tuple(_exception(e) for e in rule.exceptions),
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
            return Restoring(None, mask.hosts, mask.files)
        case tools:
            return Restoring(tools, mask.hosts, mask.files)


def _detect(rule: schema.Rule) -> Detect:
    levels = tuple(rule.detect.levels.items())
    return copied(Detect, rule.detect, level=rule.level, levels=levels)


def _claims(spec: schema.ClaimsSpec, then: schema.Then) -> Claims:
    actions = {
        name: getattr(Claims() if getattr(then, name) is None else then, name)
        for name in ("on_contradicted", "on_unsupported", "on_no_source")
    }
    return copied(Claims, spec, **actions)


def _exception(spec: schema.Exceptional) -> RuleException:
    return copied(
        RuleException,
        spec,
        match=copied(Selector, spec.match),
        reason=str(spec.reason),
        values_sha256=spec.match.value_sha256,
        salt=spec.match.value_salt,
    )


def constraint_of(bundle: Bundle, rule: schema.ConstraintRule, pack: str) -> ConstraintRule:
    """A rule in the form the guard reads, with the texts of its files. `pack` is the name of its
    pack."""
    then = rule.then

    def json_schema(spec: schema.ResponseFormatSpec) -> Any:
        return json.loads(bundle.text(spec.json_schema) or "{}") if spec.json_schema else None

    return copied(
        ConstraintRule,
        rule,
        constitution=part(
            Constitution, then.constitution, text=lambda spec: bundle.text(spec.file).strip()
        ),
        clauses=then.clauses,
        clamp=tuple((str(name), clamp) for name, clamp in then.clamp.items()),
        models=part(Models, then.models, alias=lambda spec: tuple(spec.alias.items())),
        tools=then.tools,
        fields=part(Fields, then.fields, force=lambda spec: tuple(plain(spec.force).items())),
        reasoning=then.reasoning,
        limits=then.limits,
        response_format=part(ResponseFormat, then.response_format, json_schema=json_schema),
        images=then.images or Images.ALLOW,
        review_by=rule.review_by or "",
        pack=pack,
    )
