"""Fields and images that a request may not have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from threegate.guard.request_fields import MOST_NOTED, field_allow_list
from threegate.policy.model import (
    Fields,
)
from threegate.wire.adapter import Api
from threegate.wire.request_schema import check

from tests.guard.test_constraint import HI, rule, run
from tests.guard.test_sampling_bounds import SAMPLING


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


def test_so_many_dropped_fields_are_noted() -> None:
    """Notes of hundreds of thousands held the event loop for a second."""
    strange = {f"strange{n}": 1 for n in range(MOST_NOTED + 10)}
    made = run({**HI, **strange}, rule(fields=Fields(allow=("model", "messages"))))
    assert made.body == HI
    assert len(made.changes) == MOST_NOTED


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


def test_another_list_of_turns_does_not_hide_it() -> None:
    deny = rule(fields=Fields(deny=("prefill",)))
    begun = {**HI, "messages": [*HI["messages"], BEGUN], "input": HI["messages"]}
    refused = run(begun, deny).refusal
    assert refused is not None
    assert refused.param == "/messages/1"


OPEN = ("in_progress", "incomplete")


@pytest.mark.parametrize("status", ["in_progress", "incomplete", "completed", None])
@pytest.mark.parametrize(
    "item", [BEGUN, {"type": "message", **BEGUN}, {"type": "reasoning", "summary": []}]
)
def test_an_answer_that_says_it_is_not_complete_is_continued_as_by_a_field(
    item: dict[str, Any], status: str | None
) -> None:
    """vLLM sets `continue_final_message` for it."""
    deny = rule(fields=Fields(deny=("continue_final_message",)))
    body = {"model": "m", "input": [*HI["messages"], {**item, "status": status}]}
    refused = run(body, deny, api=Api.RESPONSES).refusal
    assert (refused.param if refused else "") == ("/input/1/status" if status in OPEN else "")
    later = {"model": "m", "input": [*body["input"], *HI["messages"]]}
    assert run(later, deny, api=Api.RESPONSES).refusal is None
    assert run(body, rule(fields=Fields(deny=("other",))), api=Api.RESPONSES).refusal is None


@pytest.mark.parametrize("name", ["Prefix", "PREFIX", "prefix"])
def test_a_refused_field_in_other_letters(name: str) -> None:
    """Engines written in Go read `Prefix` as `prefix`."""
    deny = rule(fields=Fields(deny=("prefix",)))
    turn = {"role": "user", "content": "hi", name: True}
    refused = run({**HI, "messages": [turn]}, deny).refusal
    assert refused is not None
    assert refused.param == f"/messages/0/{name}"
    assert run({**HI, name: True}, deny).refusal is not None


@pytest.mark.parametrize(
    ("api", "own"),
    [
        (Api.CHAT, {"messages"}),
        (Api.MESSAGES, {"messages", "system"}),
        (Api.COMPLETIONS, {"prompt", "suffix"}),
        (Api.RESPONSES, {"input", "instructions", "previous_response_id", "prompt"}),
        (Api.EMBEDDINGS, {"input"}),
    ],
)
def test_a_conversation_in_the_fields_of_another_api_is_dropped(api: Api, own: set[str]) -> None:
    """A gateway behind the guard may read it, past the constitution."""
    carriers = {"system", "prompt", "suffix", "input", "instructions", "previous_response_id"}
    body = {"model": "m", "messages": HI["messages"], "user": "u"} | dict.fromkeys(carriers, "x")
    allow = rule(fields=Fields(allow=("model", "user", "messages", *carriers)))
    done = run(body, allow, api=api)
    assert done.body.keys() == {"model", "user", *own}
    assert {c.field_name for c in done.changes} == {"messages", *carriers} - own
    strict = rule(fields=Fields(allow=("model", "messages", "system"), unknown="refuse"))
    assert run({**HI, "system": "x"}, strict).refusal is not None


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


FILMED = {"type": "video_url", "video_url": {"url": "https://a.b/c.mp4"}}
AS_FILE = {"type": "file", "file": {"file_data": "data:image/png;base64,xx"}}
AS_DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "Image/PNG"}}
MADE = {"type": "image_generation_call", "result": "xx"}
PDF = {"type": "file", "file": {"file_data": "data:application/pdf;base64,xx", "filename": "image"}}


@pytest.mark.parametrize(
    ("api", "body", "denied"),
    [
        (Api.CHAT, {"messages": [{"role": "user", "content": [FILMED]}]}, True),
        (Api.CHAT, {"messages": [{"role": "user", "content": [AS_FILE]}]}, True),
        (Api.MESSAGES, {"messages": [{"role": "user", "content": [AS_DOCUMENT]}]}, True),
        (Api.MESSAGES, {"system": [PICTURE]}, True),
        (Api.RESPONSES, {"input": [MADE]}, True),
        (Api.RESPONSES, {"prompt": {"id": "p", "variables": {"x": {"type": "input_image"}}}}, True),
        (Api.RESPONSES, {"prompt": {"id": "p", "variables": {"x": "an image"}}}, False),
        (Api.CHAT, {"messages": [{"role": "user", "content": [PDF]}]}, False),
        (Api.RESPONSES, {"input": [{"output": {"url": "image/logo.png"}}]}, False),
        (Api.CHAT, {"messages": [{"role": "user", "content": "data:image/png;base64,xx"}]}, False),
        (Api.CHAT, {"tools": [{"function": {"parameters": {"image": {"type": "string"}}}}]}, False),
    ],
)
def test_images_in_other_places_and_forms(api: Api, body: dict[str, Any], denied: bool) -> None:
    refused = run({"model": "m", **body}, rule(images="deny"), api=api).refusal
    assert (refused is not None) is denied


def test_a_member_of_a_field_may_be_refused() -> None:
    """The rule was accepted and had no effect."""
    deny = rule(fields=Fields(deny=("reasoning.effort",)))
    refused = run({**HI, "reasoning": {"Effort": "low"}}, deny).refusal
    assert refused is not None
    assert refused.param == "/reasoning/Effort"
    assert run({**HI, "reasoning": {"summary": "auto"}}, deny).refusal is None


def test_an_image_that_a_tool_gave_back() -> None:
    output = {"type": "input_image", "image_url": "https://a.b/c.png"}
    body = {**HI, "input": [{"type": "function_call_output", "call_id": "c", "output": [output]}]}
    assert run(body, rule(images="deny"), api=Api.RESPONSES).refusal is not None


def test_a_screenshot_is_an_image() -> None:
    output = {"type": "computer_screenshot", "file_id": "f"}
    body = {"model": "m", "input": [{"type": "computer_call_output", "output": output}]}
    check(Api.RESPONSES, body)
    assert run(body, rule(images="deny"), api=Api.RESPONSES).refusal is not None


@pytest.mark.parametrize("api", [Api.MESSAGES, Api.RESPONSES, Api.COMPLETIONS, Api.EMBEDDINGS])
def test_other_apis_get_only_the_fields_they_know(api: Api) -> None:
    body = {"model": "deepseek-r1", "input": "x", "prompt": "x", "messages": HI["messages"]}
    done = run(body, SAMPLING, api=api).body
    assert ("temperature" in done) is (api is not Api.EMBEDDINGS)
    assert ("n" in done) is (api is Api.COMPLETIONS)


LIST = field_allow_list(("model", "kwargs.thinking", "kwargs.effort"), Api.CHAT)


@pytest.mark.parametrize(
    ("sent", "passes", "removed"),
    [
        ({"model": "m"}, {"model": "m"}, []),
        ({"model": {"any": [1]}}, {"model": {"any": [1]}}, []),
        ({"model": "m", "other": 1}, {"model": "m"}, ["other"]),
        ({"kwargs": {"thinking": True}}, {"kwargs": {"thinking": True}}, []),
        ({"kwargs": {"thinking": None, "x": 1}}, {"kwargs": {"thinking": None}}, ["kwargs.x"]),
        ({"kwargs": {"x": 1}}, {}, ["kwargs.x"]),
        ({"kwargs": {}}, {}, []),
        ({"kwargs": {"thinking": {"a": 1}}}, {}, ["kwargs.thinking"]),
        ({"kwargs": {"thinking": [1]}}, {}, ["kwargs.thinking"]),
        ({"kwargs": "text"}, {}, ["kwargs"]),
        ({"kwargs": None}, {}, ["kwargs"]),
        ({"kwargs.thinking": True}, {}, ["kwargs.thinking"]),
    ],
)
def test_what_passes(sent: dict[str, Any], passes: dict[str, Any], removed: list[str]) -> None:
    assert LIST.narrowed(sent) == passes
    assert LIST.removed(sent) == removed


def test_a_field_that_is_listed_passes_whole() -> None:
    both = field_allow_list(("kwargs", "kwargs.thinking"), Api.CHAT)
    assert both.removed({"kwargs": {"x": [1]}}) == []
