"""Layer 2: the client never wins over a rule, and what was changed is told."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.guard.constraint import Constrained, constrain, place_for
from threegate.guard.constraint_merge import merge
from threegate.policy.model import (
    Clause,
    CompiledPolicy,
    Constitution,
    ConstitutionPlace,
    ConstraintRule,
    KeepHistory,
    Models,
    Reasoning,
    Tools,
)
from threegate.types import Bilingual
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api, Placement
from threegate.wire.base import Adapter

from tests.guard.build import CALLER

BY_API: dict[Api, Adapter] = {a.api: a for a in ADAPTERS}
HI = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hi"}]}


def rule(rule_id: str = "r", **more: Any) -> ConstraintRule:
    return ConstraintRule(rule_id, Bilingual(rule_id, rule_id), **more)


def run(
    body: dict[str, Any], *rules: ConstraintRule, api: Api = Api.CHAT, kinds: tuple[str, ...] = ()
) -> Constrained:
    merged = merge(CompiledPolicy("d", "p", constraints=rules), CALLER)
    return constrain(body, BY_API[api], merged, frozenset(kinds))


def test_models_alias_then_allow_list() -> None:
    models = Models(allow=("deepseek-r1",), alias=(("gpt-4o", "deepseek-r1"),))
    assert run({**HI, "model": "gpt-4o"}, rule(models=models)).body["model"] == "deepseek-r1"
    refused = run({**HI, "model": "other"}, rule(models=models)).refusal
    assert refused is not None
    assert (refused.code, refused.status) == ("model_not_allowed", 403)


@pytest.mark.parametrize(
    "model", ["deepseek-r1.5", "deepseek-r1.evil", "deepseek-r1 ", "Deepseek-r1"]
)
def test_an_allowed_model_allows_no_other(model: str) -> None:
    """A dot counted as in the names of kinds, so `gpt-4` allowed `gpt-4.1`."""
    models = rule(models=Models(allow=("deepseek-r1", "qwen2*")))
    assert run({**HI, "model": model}, models).refusal is not None
    assert run({**HI, "model": "qwen2.5-72b"}, models).refusal is None


@pytest.mark.parametrize("model", ["", " ", "\u3000"])
def test_a_model_has_a_name(model: str) -> None:
    """vLLM answers with its own model then, past rules that name it."""
    refused = run({**HI, "model": model}).refusal
    assert refused is not None
    assert (refused.code, refused.param) == ("invalid_request", "/model")


def test_an_allowed_tool_allows_no_other() -> None:
    below = [{"type": "function", "function": {"name": name}} for name in ("fs", "fs.delete")]
    done = run({**HI, "tools": below}, rule(tools=Tools(allow=("fs",)))).body
    assert done["tools"] == below[:1]
    assert "tools" not in run({**HI, "tools": below}, rule(tools=Tools(deny=("fs",)))).body


TOOLS = [{"type": "function", "function": {"name": n, "parameters": {}}} for n in ("a", "b")]


def test_tools_that_are_not_allowed_go_and_too_many_are_refused() -> None:
    kept = run({**HI, "tools": TOOLS}, rule(tools=Tools(allow=("a",)))).body["tools"]
    assert [t["function"]["name"] for t in kept] == ["a"]
    none = run({**HI, "tools": TOOLS}, rule(tools=Tools(allow=()))).body
    assert "tools" not in none
    assert run({**HI, "tools": TOOLS}, rule(tools=Tools(max=1))).refusal is not None


NAMELESS: dict[Api, tuple[dict[str, Any], ...]] = {
    Api.CHAT: (TOOLS[0], {"type": "custom", "custom": {"name": "shell"}}),
    Api.RESPONSES: ({"type": "function", "name": "a"}, {"type": "shell"}),
}


@pytest.mark.parametrize("api", NAMELESS)
@pytest.mark.parametrize(
    ("rule_of_tools", "kept"),
    [(Tools(deny=("shell",)), 1), (Tools(allow=("a",)), 1), (Tools(allow=("a", "shell")), 2)],
)
def test_a_tool_without_a_function_is_named_too(api: Api, rule_of_tools: Tools, kept: int) -> None:
    body = {"model": "m", "messages": [], "tools": list(NAMELESS[api])}
    left = run(body, rule(tools=rule_of_tools), api=api).body["tools"]
    assert left == list(NAMELESS[api])[:kept]


CALL = {"id": "c", "type": "function", "function": {"name": "find", "arguments": "{}"}}
USE = {"type": "tool_use", "id": "c", "name": "find", "input": {}}
ITEM = {"type": "function_call", "call_id": "c", "name": "find", "arguments": "{}"}
THOUGHT = {"type": "reasoning", "summary": []}


@pytest.mark.parametrize(
    ("api", "field", "bare", "whole"),
    [
        (
            Api.CHAT,
            "messages",
            [{"role": "assistant", "tool_calls": [CALL]}],
            [{"role": "assistant", "tool_calls": [CALL], "reasoning_content": "hm"}],
        ),
        (
            Api.MESSAGES,
            "messages",
            [{"role": "assistant", "content": [USE]}],
            [{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, USE]}],
        ),
        (Api.RESPONSES, "input", [ITEM], [THOUGHT, ITEM, ITEM]),
    ],
)
def test_tool_calls_must_bring_their_reasoning(
    api: Api, field: str, bare: list[Any], whole: list[Any]
) -> None:
    need = rule("need", reasoning=Reasoning(history=KeepHistory.REQUIRE))
    refused = run({"model": "m", field: bare}, need, api=api).refusal
    assert refused is not None
    assert (refused.rule_id, refused.code) == ("need", "reasoning_required")
    assert refused.param == f"/{field}/0"
    assert run({"model": "m", field: whole}, need, api=api).refusal is None
    assert run({"model": "m", field: bare}, rule(), api=api).refusal is None


def test_the_constitution_stands_where_the_model_reads_it() -> None:
    text = rule(constitution=Constitution("Be true."))
    system = run({**HI, "model": "deepseek-r1-0528"}, text).body["messages"]
    assert system[0] == {"role": "system", "content": "Be true."}
    first = run(HI, text).body["messages"]
    assert [m["role"] for m in first] == ["user"]
    assert first[0]["content"].startswith("Be true.")
    assert first[0]["content"].endswith("hi")


def test_a_constitution_and_its_clauses_are_one_change() -> None:
    """The record of a call named the rule once for each text."""
    both = rule(
        constitution=Constitution("Be true."), clauses=(Clause(kinds=("pii",), text="Codes."),)
    )
    changes = run(HI, both, kinds=("pii.email",)).changes
    assert [(c.rule_id, c.field_name) for c in changes] == [("r", "constitution")]


@pytest.mark.parametrize(
    ("model", "placement"),
    [
        ("deepseek-r1", Placement.FIRST_USER),
        ("DeepSeek-R1-Distill-Qwen-7B", Placement.FIRST_USER),
        ("deepseek-r1-0528", Placement.SYSTEM),
        ("deepseek-chat", Placement.SYSTEM),
        ("gpr10", Placement.SYSTEM),
    ],
)
def test_where_auto_is(model: str, placement: Placement) -> None:
    assert place_for(ConstitutionPlace.AUTO, model) is placement


def test_a_finding_adds_its_clause() -> None:
    clause = rule(clauses=(Clause(kinds=("pii.medical",), text="Add a disclaimer."),))
    assert "disclaimer" in str(run(HI, clause, kinds=("pii.medical",)).body)
    assert "disclaimer" not in str(run(HI, clause).body)


def test_old_reasoning_is_stripped() -> None:
    strip = rule(reasoning=Reasoning(history=KeepHistory.STRIP))
    old = {"role": "assistant", "content": "a", "reasoning_content": "secret thoughts"}
    body = {**HI, "messages": [old, *HI["messages"]]}
    done = run(body, strip)
    assert "secret thoughts" not in str(done.body)
    assert [(c.rule_id, c.what) for c in done.changes] == [("r", "stripped")]
    assert not run(HI, strip).changes


SEARCH = {"type": "web_search", "web_search": {"enable": True}}
SPACE = {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "shell"}]}


@pytest.mark.parametrize(
    ("api", "tool", "denied"),
    [
        (Api.CHAT, SEARCH, "web_*"),
        (Api.RESPONSES, SEARCH, "web_*"),
        (Api.CHAT, {**SEARCH, "function": {"name": "fine"}}, "web_*"),
        (Api.RESPONSES, {**SEARCH, "name": "fine"}, "web_*"),
        (Api.RESPONSES, SPACE, "shell"),
        (Api.RESPONSES, SPACE, "crm"),
        (Api.CHAT, {"type": "function", "function": {"name": "shell"}}, "shell"),
        (Api.CHAT, {"type": "function", "name": "shell"}, "shell"),
        (Api.CHAT, {"type": "function", "name": "shell", "function": {"name": "fine"}}, "shell"),
        (Api.RESPONSES, {"type": "function", "function": {"name": "shell"}}, "shell"),
        (Api.MESSAGES, {"type": "web_search_20250305", "name": "fine"}, "web_search*"),
        (Api.MESSAGES, {"type": "web_search_20250305", "name": "fine"}, "web_search_20250305"),
        (Api.CHAT, {"googleSearch": {}}, "googleSearch"),
    ],
)
def test_a_tool_without_a_name_of_its_own_and_one_in_a_namespace_are_denied(
    api: Api, tool: Any, denied: str
) -> None:
    body = {**HI, "tools": [tool]}
    assert "tools" not in run(body, rule(tools=Tools(deny=(denied,))), api=api).body
    assert run(body, rule(tools=Tools(deny=("other", "function"))), api=api).body["tools"] == [tool]


def test_a_tool_with_two_names_needs_both_allowed() -> None:
    two = {"type": "custom", "custom": {"name": "fine"}, "function": {"name": "shell"}}
    body = {**HI, "tools": [two]}
    assert "tools" not in run(body, rule(tools=Tools(allow=("fine",)))).body
    assert run(body, rule(tools=Tools(allow=("fine", "shell")))).body["tools"] == [two]


def test_a_type_may_be_allowed_without_the_date_of_its_version() -> None:
    tool = {"type": "web_search_20250305", "name": "web_search"}
    body = {**HI, "tools": [tool]}
    for allowed in ("web_search", "web_search*"):
        kept = run(body, rule(tools=Tools(allow=(allowed,))), api=Api.MESSAGES).body
        assert kept["tools"] == [tool]
    no_name = {**HI, "tools": [{"type": "web_search_20250305"}]}
    assert "tools" not in run(no_name, rule(tools=Tools(allow=("find",))), api=Api.MESSAGES).body


def test_a_tool_in_a_turn_of_the_developer_is_a_tool() -> None:
    """vLLM passes them to the chat template."""
    turn = {"role": "developer", "content": "x", "tools": TOOLS}
    done = run({**HI, "messages": [turn]}, rule(tools=Tools(deny=("a",))))
    assert done.body["messages"] == [{**turn, "tools": TOOLS[1:]}]
    assert [(c.field_name, c.what) for c in done.changes] == [("tools", "dropped")]
    assert run({**HI, "messages": [turn]}, rule(tools=Tools(max=1))).refusal is not None
    item = {"type": "tool_search_output", "tools": TOOLS}  # those that a session collects
    search = run({**HI, "input": [item]}, rule(tools=Tools(max=1, deny=("a",))), api=Api.RESPONSES)
    assert search.body["input"] == [{**item, "tools": TOOLS[1:]}]


def test_a_clause_about_masks_comes_only_with_a_mask() -> None:
    merged = merge(
        CompiledPolicy(
            "d", "p", constraints=(rule(clauses=(Clause(text="Codes.", masked=True),)),)
        ),
        CALLER,
    )
    chat = BY_API[Api.CHAT]
    assert "Codes." not in str(constrain(HI, chat, merged).body)
    assert "Codes." in str(constrain(HI, chat, merged, masked=True).body)
