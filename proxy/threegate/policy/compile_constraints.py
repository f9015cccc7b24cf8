"""Rules of the constraint layer, compiled."""

from __future__ import annotations

import json

from threegate.policy import schema
from threegate.policy.compile_rules import selector_of
from threegate.policy.language.load import Bundle
from threegate.policy.language.shapes import plain
from threegate.policy.model import (
    Clamp,
    Clause,
    Constitution,
    ConstraintRule,
    Fields,
    Limits,
    Models,
    Reasoning,
    ResponseFormat,
    Tools,
)


def constraint_of(bundle: Bundle, rule: schema.ConstraintRule, pack: str) -> ConstraintRule:
    then = rule.then
    return ConstraintRule(
        id=rule.id,
        title=rule.title,
        when=selector_of(rule.when),
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
