"""What the model returns is held against what was asked: tool names, tool arguments, answer format.

A gate sees the whole text of a track before any of it leaves; a ruling of it ends the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from threegate.guard.constraint import Constraints, tool_allowed
from threegate.types import Action, Channel, Finding, Layer, Level, Locus, Ruled, Span
from threegate.wire.adapter import Adapter, Body, ToolCall

Gate = Callable[[str], Ruled | None]

TOOL_NAME, TOOL_ARGUMENTS, ANSWER_FORMAT = (
    "constraint.tool_name",
    "constraint.tool_arguments",
    "constraint.answer_format",
)


def ruling(rule_id: str, kind: str, channel: Channel, action: Action = Action.BLOCK) -> Ruled:
    locus = Locus(Layer.OUTPUT, channel)
    return Ruled(rule_id, action, Finding("gate", kind, Span(0, 0), 1.0, Level.HIGH, locus))


@dataclass(frozen=True, slots=True)
class ToolRules:
    """`offered` are the tools of the request as sent, with their schemas."""

    constraints: Constraints
    offered: Mapping[str, Body] = field(repr=False)

    def name(self, name: str) -> Ruled | None:
        """A call of a tool that the rules do not allow or the request does not offer."""
        for rule_id, rule in self.constraints.tools:
            unknown = rule.arguments == "schema" and name not in self.offered
            if unknown or not tool_allowed(rule, name):
                return ruling(rule_id, TOOL_NAME, Channel.TOOL_ARGUMENTS)
        return None

    def gate(self, name: str) -> Gate | None:
        """Arguments must satisfy the schema that the request gave for the tool."""
        for rule_id, rule in self.constraints.tools:
            if rule.arguments == "schema" and name in self.offered:
                schema = self.offered[name]
                return _schema_gate(rule_id, TOOL_ARGUMENTS, Channel.TOOL_ARGUMENTS, schema)
        return None

    def judge(self, calls: Iterable[ToolCall]) -> Ruled | None:
        """The first ruling on the tool calls of a whole answer."""
        for call in calls:
            gate = self.gate(call.name)
            ruled = self.name(call.name) or (gate(call.arguments) if gate else None)
            if ruled is not None:
                return ruled
        return None


def format_gate(constraints: Constraints, body: Body) -> Gate | None:
    """The policy's answer schema, or the one that the client asked for."""
    for rule_id, wanted in constraints.response_format:
        schema = wanted.json_schema or asked_schema(body)
        if schema is not None:
            return _schema_gate(rule_id, ANSWER_FORMAT, Channel.CONTENT, schema, wanted.on_invalid)
    return None


def asked_schema(body: Body) -> Body | None:
    asked = body.get("response_format")
    wrapped = asked.get("json_schema") if isinstance(asked, dict) else None
    schema = wrapped.get("schema") if isinstance(wrapped, dict) else None
    return schema if isinstance(schema, dict) else None


def schemas_of(adapter: Adapter, body: Body) -> dict[str, Body]:
    return {t.name: t.parameters for t in adapter.tools(body)}


def _schema_gate(
    rule_id: str,
    kind: str,
    channel: Channel,
    schema: Mapping[str, Any],
    action: Action = Action.BLOCK,
) -> Gate:
    def gate(text: str) -> Ruled | None:
        valid = _satisfies(text or "{}", schema)
        return None if valid else ruling(rule_id, kind, channel, action)

    return gate


def _satisfies(text: str, schema: Mapping[str, Any]) -> bool:
    """A schema that is none counts as not satisfied: nothing can be shown to follow it."""
    try:
        Draft202012Validator(schema).validate(orjson.loads(text))
    except (orjson.JSONDecodeError, ValidationError, SchemaError, RecursionError):
        return False
    return True
