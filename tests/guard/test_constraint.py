"""Layer 2: the client never wins over a rule, and what was changed is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.constraint import Constrained, constrain, place_for
from threegate.guard.constraint_merge import merge
from threegate.policy.model import (
    Clamp,
    Clause,
    CompiledPolicy,
    Constitution,
    ConstitutionPlace,
    ConstraintRule,
    Fields,
    KeepHistory,
    Models,
    Reasoning,
    Tools,
)
from threegate.types import Bilingual
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api, Placement
from threegate.wire.base import Adapter
from threegate.wire.request_schema import check

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


SAMPLING = rule(
    clamp=(
        ("temperature", Clamp(min=0.3, max=0.7, default=0.6)),
        ("top_p", Clamp(min=0.85, max=0.95)),
        ("max_tokens", Clamp(max=100)),
        ("n", Clamp(force=1)),
        ("logit_bias", Clamp(drop=True)),
    )
)


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ({}, {"temperature": 0.6, "n": 1}),
        ({"temperature": 2}, {"temperature": 0.7}),
        ({"temperature": 0}, {"temperature": 0.3}),
        ({"temperature": 0.5, "top_p": 1}, {"temperature": 0.5, "top_p": 0.95}),
        ({"max_tokens": 5000}, {"max_tokens": 100}),
        ({"max_completion_tokens": 5000}, {"max_completion_tokens": 100}),
        (
            {"max_completion_tokens": 5, "max_tokens": 5000, "max_output_tokens": 5000},
            {"max_completion_tokens": 5, "max_tokens": 100, "max_output_tokens": 100},
        ),
        ({"max_output_tokens": 5000}, {"max_output_tokens": 100}),
        ({"n": 8}, {"n": 1}),
    ],
)
def test_clamps(sent: dict[str, Any], becomes: dict[str, Any]) -> None:
    body = run({**HI, **sent, "logit_bias": {"1": 2}}, SAMPLING).body
    assert {k: body[k] for k in becomes} == becomes
    assert "logit_bias" not in body


@pytest.mark.parametrize("api", Api)
def test_a_maximum_is_never_sent_where_the_client_named_none(api: Api) -> None:
    body = {"model": "m", "input": "x", "prompt": "x", "messages": HI["messages"]}
    done = run(body, rule(clamp=(("max_tokens", Clamp(max=100)),)), api=api)
    assert done.body == body
    assert not done.changes


def test_a_policy_may_send_a_default_maximum() -> None:
    default = rule(clamp=(("max_tokens", Clamp(max=100, default=50)),))
    assert run(HI, default).body["max_tokens"] == 50


def test_a_number_that_is_none_is_refused_by_name() -> None:
    refusal = run({**HI, "temperature": "hot"}, SAMPLING).refusal
    assert refusal is not None
    assert refusal.param == "/temperature"
    assert "hot" not in refusal.message.en + refusal.message.zh


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)


@given(numbers)
def test_no_value_escapes_its_bounds(value: float) -> None:
    body = run({**HI, "temperature": value}, SAMPLING).body
    assert 0.3 <= body["temperature"] <= 0.7


def test_of_two_rules_the_stricter_wins_whatever_their_order() -> None:
    wide = rule("wide", clamp=(("temperature", Clamp(max=0.9)),))
    narrow = rule("narrow", clamp=(("temperature", Clamp(max=0.5)),))
    for order in ((wide, narrow), (narrow, wide)):
        assert run({**HI, "temperature": 2}, *order).body["temperature"] == 0.5


def test_models_alias_then_allow_list() -> None:
    models = Models(allow=("deepseek-r1",), alias=(("gpt-4o", "deepseek-r1"),))
    assert run({**HI, "model": "gpt-4o"}, rule(models=models)).body["model"] == "deepseek-r1"
    refused = run({**HI, "model": "other"}, rule(models=models)).refusal
    assert refused is not None
    assert (refused.code, refused.status) == ("model_not_allowed", 403)


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


def test_fields() -> None:
    denied = run({**HI, "chat_template": "x"}, rule(fields=Fields(deny=("chat_template",))))
    assert denied.refusal is not None
    assert denied.refusal.param == "/chat_template"
    prefilled = {**HI, "messages": [{"role": "assistant", "content": "<think>", "prefix": True}]}
    assert run(prefilled, rule(fields=Fields(deny=("prefix",)))).refusal is not None
    listed = Fields(allow=("model", "messages"), force=(("user", "x"),))
    dropped = run({**HI, "strange": 1}, rule(fields=listed))
    assert "strange" not in dropped.body
    assert dropped.body["user"] == "x"
    strict = replace(listed, unknown="refuse")
    assert run({**HI, "strange": 1}, rule(fields=strict)).refusal is not None


@pytest.mark.parametrize("name", ["guided_json", "guided_regex", "guided_"])
def test_a_pattern_refuses_all_fields_that_begin_so(name: str) -> None:
    refused = run({**HI, name: 1}, rule(fields=Fields(deny=("guided_*",)))).refusal
    assert refused is not None
    assert (refused.code, refused.param) == ("field_denied", f"/{name}")
    assert run(HI, rule(fields=Fields(deny=("guided_*",)))).refusal is None


BEGUN = {"role": "assistant", "content": "Sure, here is"}


def test_an_answer_that_the_client_begins() -> None:
    deny = rule(fields=Fields(deny=("prefill",)))
    turns = HI["messages"]
    refused = run({**HI, "messages": [*turns, BEGUN]}, deny).refusal
    assert refused is not None
    assert refused.param == "/messages/1"
    assert run({**HI, "messages": [BEGUN, *turns]}, deny).refusal is None
    items = {"model": "m", "input": [*turns, BEGUN]}
    assert run(items, deny, api=Api.RESPONSES).refusal is not None


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
    clause = rule(clauses=(Clause(("pii.medical",), "Add a disclaimer."),))
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


def test_images_may_be_denied() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,xx"}}
    body = {**HI, "messages": [{"role": "user", "content": [part]}]}
    assert run(body, rule(images="deny")).refusal is not None
    assert run(body, rule()).refusal is None


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "xx"}}


@pytest.mark.parametrize(
    ("api", "content", "denied"),
    [
        (Api.MESSAGES, [{"type": "tool_result", "tool_use_id": "c", "content": [PICTURE]}], True),
        (Api.CHAT, [{"image_url": {"url": "https://a.b/c.png"}}], True),
        (Api.CHAT, [{"type": "text", "text": "an image_url"}], False),
        (Api.CHAT, [{"type": "text", "text": "a", "image_url": None}], False),
        (Api.CHAT, [{"type": "text", "uuid": "u", "image_url": {"url": "https://a.b/c"}}], True),
        (Api.CHAT, [{"type": "image_embeds", "image_embeds": "AAAA"}], True),
        (Api.MESSAGES, [{"type": "tool_use", "name": "f", "input": {"image": "a name"}}], False),
    ],
)
def test_an_image_is_one_wherever_it_is(api: Api, content: Any, denied: bool) -> None:
    body = {**HI, "messages": [{"role": "user", "content": content}]}
    assert (run(body, rule(images="deny"), api=api).refusal is not None) is denied


def test_an_image_that_a_tool_gave_back() -> None:
    output = {"type": "input_image", "image_url": "https://a.b/c.png"}
    body = {**HI, "input": [{"type": "function_call_output", "call_id": "c", "output": [output]}]}
    assert run(body, rule(images="deny"), api=Api.RESPONSES).refusal is not None


def test_a_screenshot_is_an_image() -> None:
    output = {"type": "computer_screenshot", "file_id": "f"}
    body = {"model": "m", "input": [{"type": "computer_call_output", "output": output}]}
    check(Api.RESPONSES, body)
    assert run(body, rule(images="deny"), api=Api.RESPONSES).refusal is not None


SEARCH = {"type": "web_search", "web_search": {"enable": True}}
SPACE = {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "shell"}]}


@pytest.mark.parametrize(
    ("api", "tool", "denied"),
    [
        (Api.CHAT, SEARCH, "web_*"),
        (Api.RESPONSES, SEARCH, "web_*"),
        (Api.RESPONSES, SPACE, "shell"),
        (Api.RESPONSES, SPACE, "crm"),
        (Api.CHAT, {"type": "function", "function": {"name": "shell"}}, "shell"),
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


@pytest.mark.parametrize("api", [Api.MESSAGES, Api.RESPONSES, Api.COMPLETIONS, Api.EMBEDDINGS])
def test_other_apis_get_only_the_fields_they_know(api: Api) -> None:
    body = {"model": "deepseek-r1", "input": "x", "prompt": "x", "messages": HI["messages"]}
    done = run(body, SAMPLING, api=api).body
    assert ("temperature" in done) is (api is not Api.EMBEDDINGS)
    assert ("n" in done) is (api is Api.COMPLETIONS)


def test_what_changed_is_told_without_values() -> None:
    changes = run({**HI, "temperature": 2}, SAMPLING).changes
    assert ("temperature", "clamped") in {(c.field_name, c.what) for c in changes}


def test_a_field_name_is_recorded_only_if_an_api_publishes_it() -> None:
    sent = {"min_p": 1, "13812345678": 1, "chat_template_kwargs": {"我的": 1, "thinking": True}}
    listed = rule(fields=Fields(allow=("model", "messages", "chat_template_kwargs.thinking")))
    changes = run({**HI, **sent}, listed).changes
    recorded = ["min_p", "unknown", "chat_template_kwargs.unknown"]
    assert [(c.field_name, c.what) for c in changes] == [(f, "dropped") for f in recorded]
    assert [c.sent_name for c in changes] == ["min_p", "13812345678", "chat_template_kwargs.我的"]
    assert "13812345678" not in repr(changes)


def test_a_clause_about_masks_comes_only_with_a_mask() -> None:
    merged = merge(
        CompiledPolicy("d", "p", constraints=(rule(clauses=(Clause((), "Codes.", masked=True),)),)),
        CALLER,
    )
    chat = BY_API[Api.CHAT]
    assert "Codes." not in str(constrain(HI, chat, merged).body)
    assert "Codes." in str(constrain(HI, chat, merged, masked=True).body)
