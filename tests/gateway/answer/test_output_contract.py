"""What the model returns is held against what was asked."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.gateway.answer.output_contract import (
    ANSWER_FORMAT,
    TOOL_ARGUMENTS,
    TOOL_NAME,
    ToolRules,
    format_gate,
    judges_calls,
    requested_schema,
    schemas_of,
)
from threegate.guard.constraint_merge import Constraints
from threegate.policy.model import ResponseFormat, Tools
from threegate.types import Action, Finding, Ruling
from threegate.wire.adapter import ToolCall

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
OTHER = {"type": "object", "required": ["name"]}


def rules(**more: Any) -> ToolRules:
    return ToolRules(Constraints(tools=(("tools", Tools(**more)),)), {"find": SCHEMA})


def kind_of(ruled: Ruling | None) -> str:
    return ruled.finding.kind if ruled and isinstance(ruled.finding, Finding) else ""


@pytest.mark.parametrize(
    ("more", "name", "kind"),
    [
        ({}, "drop", ""),
        ({"allow": ("find", "put_*")}, "find", ""),
        ({"allow": ("find", "put_*")}, "put_one", ""),
        ({"allow": ("find",)}, "drop", TOOL_NAME),
        ({"allow": ()}, "find", TOOL_NAME),
        ({"deny": ("drop",)}, "drop", TOOL_NAME),
        ({"deny": ("drop",)}, "find", ""),
        ({"arguments": "schema"}, "drop", TOOL_NAME),  # not offered
    ],
)
def test_names(more: dict[str, Any], name: str, kind: str) -> None:
    assert kind_of(rules(**more).name(name)) == kind


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ('{"id": 1}', ""),
        ('{"id": "x"}', TOOL_ARGUMENTS),
        ("", TOOL_ARGUMENTS),
        ("[", TOOL_ARGUMENTS),
    ],
)
def test_arguments_follow_the_schema_that_was_offered(arguments: str, kind: str) -> None:
    gate = rules(arguments="schema").gate("find")
    assert gate is not None
    assert kind_of(gate(arguments)) == kind
    assert rules().gate("find") is None


def test_the_first_bad_call_of_a_whole_answer_counts() -> None:
    calls = [ToolCall(0, "find", '{"id": 1}', ""), ToolCall(0, "find", "{}", "")]
    assert rules(arguments="schema").judge(calls[:1]) is None
    assert kind_of(rules(arguments="schema").judge(calls)) == TOOL_ARGUMENTS


@pytest.mark.parametrize(
    ("rule", "judges"),
    [
        (Tools(), False),
        (Tools(max=3), False),
        (Tools(allow=()), True),
        (Tools(deny=("x",)), True),
        (Tools(arguments="schema"), True),
    ],
)
def test_whether_a_rule_looks_at_calls(rule: Tools, judges: bool) -> None:
    assert judges_calls(rule) is judges


@pytest.mark.parametrize(
    ("body", "schema"),
    [
        ({}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, {"type": "object"}),
        ({"response_format": {"json_schema": {"schema": SCHEMA}}}, SCHEMA),
        ({"text": {"format": {"type": "json_schema", "schema": SCHEMA}}}, SCHEMA),
        ({"text": {"format": {"type": "json_object"}}}, {"type": "object"}),
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, SCHEMA),
        ({"output_config": {"format": {"schema": SCHEMA}}}, SCHEMA),
        ({"guided_json": SCHEMA}, SCHEMA),
        ({"response_format": "json"}, None),
    ],
)
def test_the_schema_that_a_client_asks_for(body: dict[str, Any], schema: object) -> None:
    assert requested_schema(body) == schema


def gated(wanted: ResponseFormat, body: dict[str, Any], text: str) -> str:
    gate = format_gate(Constraints(response_format=(("format", wanted),)), body)
    assert gate is not None
    return kind_of(gate(text))


def test_the_policys_schema_comes_before_the_clients() -> None:
    asked = {"guided_json": SCHEMA}
    assert gated(ResponseFormat(), asked, '{"id": 1}') == ""
    assert gated(ResponseFormat(OTHER), asked, '{"id": 1}') == ANSWER_FORMAT
    assert gated(ResponseFormat(OTHER), {}, '{"name": 1}') == ""
    assert format_gate(Constraints(response_format=(("f", ResponseFormat()),)), {}) is None
    assert format_gate(Constraints(), asked) is None


def test_length_and_phrases() -> None:
    wanted = ResponseFormat(max_chars=12, must_say=("Ask.", "请问。"))
    assert gated(wanted, {}, "Yes. Ask.") == ""
    assert gated(wanted, {}, "好。请问。") == ""
    assert gated(wanted, {}, "Yes.") == ANSWER_FORMAT
    assert gated(wanted, {}, "Yes, I mean it. Ask.") == ANSWER_FORMAT


def test_a_rule_may_only_note_a_bad_answer() -> None:
    wanted = ResponseFormat(OTHER, Action.FLAG)
    gate = format_gate(Constraints(response_format=(("format", wanted),)), {})
    assert gate is not None
    ruled = gate("text")
    assert ruled is not None
    assert (ruled.rule_id, ruled.action) == ("format", Action.FLAG)


def test_schemas_of_the_tools_that_a_request_offers() -> None:
    tool = {"type": "function", "function": {"name": "find", "parameters": SCHEMA}}
    assert schemas_of({"tools": [tool]}) == {"find": SCHEMA}
    named = {"tools": [{"name": "find", "input_schema": SCHEMA}]}
    assert schemas_of(named) == {"find": SCHEMA}
