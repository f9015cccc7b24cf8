"""Checks an answer against its request: tool names, tool arguments, answer format.

A gate gets a whole text before any of it leaves; its ruling ends the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from threegate.gateway.answer.json_schema import satisfies
from threegate.guard.constraint import tool_allowed
from threegate.guard.constraint_merge import Constraints
from threegate.policy.model import ResponseFormat, Tools
from threegate.types import Action, Channel, Finding, Layer, Level, Ruling, Span, TextLocation
from threegate.wire.adapter import Body, ToolCall
from threegate.wire.offered_tools import offered

Gate = Callable[[str], Ruling | None]

TOOL_NAME, TOOL_ARGUMENTS, ANSWER_FORMAT = (
    "constraint.tool_name",
    "constraint.tool_arguments",
    "constraint.answer_format",
)


def ruling(rule_id: str, kind: str, channel: Channel, action: Action = Action.BLOCK) -> Ruling:
    locus = TextLocation(Layer.OUTPUT, channel)
    return Ruling(rule_id, action, Finding("gate", kind, Span(0, 0), 1.0, Level.HIGH, locus))


def judges_calls(rule: Tools) -> bool:
    """Whether a rule restricts the tools that an answer calls."""
    return rule.arguments == "schema" or rule.allow is not None or bool(rule.deny)


@dataclass(frozen=True, slots=True)
class ToolRules:
    """`offered` are the tools of the request as sent, with their schemas."""

    constraints: Constraints
    offered: Mapping[str, Body] = field(repr=False)

    def name(self, name: str) -> Ruling | None:
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
                return partial(_arguments_gate, rule_id, self.offered[name])
        return None

    def judge(self, calls: Iterable[ToolCall]) -> Ruling | None:
        """The first ruling on the tool calls of a whole answer."""
        for call in calls:
            gate = self.gate(call.name)
            ruled = self.name(call.name) or (gate(call.arguments) if gate else None)
            if ruled is not None:
                return ruled
        return None


def format_gate(constraints: Constraints, body: Body) -> Gate | None:
    """The gate of the policy's `response_format`, with its own schema or the one of the request."""
    for rule_id, wanted in constraints.response_format:
        schema = wanted.json_schema or requested_schema(body)
        if schema is not None or wanted.max_chars is not None or wanted.must_say:
            return partial(_answer_gate, rule_id, wanted, schema)
    return None


def _answer_gate(
    rule_id: str, wanted: ResponseFormat, schema: Mapping[str, Any] | None, text: str
) -> Ruling | None:
    short = wanted.max_chars is None or len(text) <= wanted.max_chars
    has_phrase = not wanted.must_say or any(phrase in text for phrase in wanted.must_say)
    if short and has_phrase and (schema is None or satisfies(text or "{}", schema)):
        return None
    return ruling(rule_id, ANSWER_FORMAT, Channel.CONTENT, wanted.on_invalid)


_SCHEMA_PATHS: Final = (
    ("response_format", "json_schema", "schema"),  # chat completions
    ("text", "format", "schema"),  # responses
    ("output_format", "schema"),  # messages
    ("output_config", "format", "schema"),
    ("guided_json",),  # vLLM
)
_ANY_OBJECT: Final = (("response_format", "type"), ("text", "format", "type"))


def requested_schema(body: Body) -> Body | None:
    """The JSON Schema that the request asks the answer to follow, in the form of any API."""
    found = (_at(body, path) for path in _SCHEMA_PATHS)
    schema = next((f for f in found if isinstance(f, dict)), None)
    if schema is None and any(_at(body, path) == "json_object" for path in _ANY_OBJECT):
        return {"type": "object"}
    return schema


def _at(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def schemas_of(body: Body) -> dict[str, Body]:
    named = ((name[-1], tool.parameters) for tool in offered(body) for name in tool.names)
    return dict(named)


def _arguments_gate(rule_id: str, schema: Mapping[str, Any], text: str) -> Ruling | None:
    valid = satisfies(text or "{}", schema)
    return None if valid else ruling(rule_id, TOOL_ARGUMENTS, Channel.TOOL_ARGUMENTS)
