"""Rules of the constraint layer, compiled."""

from __future__ import annotations

import json
from typing import Any

from threegate.policy import schema
from threegate.policy.compile_rules import copied, part
from threegate.policy.language.load import Bundle
from threegate.policy.language.shapes import plain
from threegate.policy.model import (
    Constitution,
    ConstraintRule,
    Fields,
    Images,
    Models,
    ResponseFormat,
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
