"""Rules of the constraint layer, compiled."""

from __future__ import annotations

import json
from typing import Any

from threegate.policy import schema
from threegate.policy.compile_rules import copied, part, selector_of
from threegate.policy.language.load import Bundle
from threegate.policy.language.shapes import plain
from threegate.policy.model import (
    NOTICE,
    Clamp,
    Clause,
    Constitution,
    ConstraintRule,
    Fields,
    Images,
    Limits,
    Models,
    Reasoning,
    ResponseFormat,
    Tools,
)


def constraint_of(bundle: Bundle, rule: schema.ConstraintRule, pack: str) -> ConstraintRule:
    """A rule as the guard reads it, with the texts of its files. `pack` is the name of its pack."""
    then = rule.then

    def json_schema(spec: schema.ResponseFormatSpec) -> Any:
        return json.loads(bundle.text(spec.json_schema) or "{}") if spec.json_schema else None

    return copied(
        ConstraintRule,
        rule,
        when=selector_of(rule.when),
        constitution=part(
            Constitution, then.constitution, text=lambda spec: bundle.text(spec.file).strip()
        ),
        clauses=tuple(copied(Clause, clause) for clause in then.clauses),
        clamp=tuple((str(name), copied(Clamp, spec)) for name, spec in then.clamp.items()),
        models=part(Models, then.models, alias=lambda spec: tuple(spec.alias.items())),
        tools=part(Tools, then.tools),
        fields=part(Fields, then.fields, force=lambda spec: tuple(plain(spec.force).items())),
        reasoning=part(Reasoning, then.reasoning, notice=lambda spec: spec.notice or NOTICE),
        limits=part(Limits, then.limits),
        response_format=part(ResponseFormat, then.response_format, json_schema=json_schema),
        images=then.images or Images.ALLOW,
        review_by=rule.review_by or "",
        pack=pack,
    )
