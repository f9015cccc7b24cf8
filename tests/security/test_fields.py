"""Fields that nobody knows, and values of the wrong type everywhere: refused or checked, never a
crash, and under the base policy no field beyond its list reaches the model API."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import httpx
import pytest

from tests.e2e.support.running import Running
from tests.security.conftest import Watched

SEED, NAMES_PER_API, NAMES_PER_CALL = 20261125, 2000, 125
ID = "11010519491231002X"
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "model": "deepseek-r1",
        "messages": [{"role": "user", "content": "hi"}],
    },
    "/v1/messages": {
        "model": "deepseek-r1",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "hi"}],
    },
    "/v1/responses": {"model": "deepseek-r1", "input": [{"role": "user", "content": "hi"}]},
}
DOORS: dict[str, dict[str, Any]] = BODIES | {
    "/anthropic/v1/messages": BODIES["/v1/messages"],
    "/v1/completions": {"model": "deepseek-r1", "prompt": "hi"},
    "/beta/completions": {"model": "deepseek-r1", "prompt": "def f():", "suffix": "return 1"},
    "/v1/embeddings": {"model": "demo-embed", "input": "hi"},
}
KNOWN_BAD = [
    *("api_base", "base_url", "apiBase", "url", "extra_body", "extra_headers", "guided_regex"),
    *("guided_grammar", "guided_json", "structured_outputs", "mm_processor_kwargs", "lora_path"),
    *("logits_processors", "custom_logit_processor", "vllm_xargs", "kv_transfer_params"),
    *(
        "__proto__",
        "constructor",
        "model\0",
        "mod\u0435l",
        "messages ",
        "prompt_embeds",
    ),
]
PIECES = [*string.ascii_letters, *"_-./$#~ {}[]\"'\\", "api", "base", "é", "模", "\u200b", "\u202e"]


def names(seed: int) -> list[str]:
    chance = random.Random(seed)
    made = dict.fromkeys(KNOWN_BAD)
    while len(made) < NAMES_PER_API:
        made["".join(chance.choices(PIECES, k=chance.randint(1, 14)))] = None
    return list(made)


@pytest.fixture(scope="module")
def listed(guarded: Running) -> frozenset[str]:
    policy = guarded.deps.policies.pin().bindings[0].policy
    fields = [rule.fields for rule in policy.constraints if rule.fields]
    return frozenset(name for f in fields for name in f.allow or ())


@pytest.mark.parametrize("path", DOORS)
def test_unknown_fields_never_reach_the_model(
    guarded: Running, watched: Watched, listed: frozenset[str], path: str
) -> None:
    chance = random.Random(SEED)
    values = [None, True, 1, "text", ID, [], [ID], {}, {"a": {"b": ID}}]
    unknown = [name for name in names(SEED + len(path)) if name.casefold() not in listed]
    assert len(unknown) >= NAMES_PER_API - len(listed)
    with httpx.Client(base_url=guarded.url, timeout=120) as client:
        for start in range(0, len(unknown), NAMES_PER_CALL):
            batch = unknown[start : start + NAMES_PER_CALL]
            extra = {name: chance.choice(values) for name in batch}
            since = len(watched.seen)
            reply = client.post(path, json={**extra, **DOORS[path]})
            assert reply.status_code == 200, reply.text
            assert len(watched.seen) == since + 1
            sent = json.loads(watched.seen[-1][3])
            assert set(sent) <= listed
            assert ID not in watched.seen[-1][3].decode()


@pytest.mark.parametrize("path", DOORS)
def test_known_fields_in_other_letters_are_refused(
    guarded: Running, watched: Watched, path: str
) -> None:
    since = len(watched.seen)
    for name in DOORS[path]:
        for spelled in (name.upper(), name.capitalize()):
            body = {**DOORS[path], spelled: "other"}
            assert httpx.post(f"{guarded.url}{path}", json=body).status_code == 400
    assert watched.seen[since:] == []


DENIED = ("chat_template", "add_generation_prompt", "continue_final_message", "prefix", "partial")


@pytest.mark.parametrize("name", DENIED)
@pytest.mark.parametrize("path", BODIES)
def test_denied_fields_are_refused_at_the_top_and_in_messages(
    guarded: Running, watched: Watched, path: str, name: str
) -> None:
    since, body = len(watched.seen), BODIES[path]
    turns = "input" if "input" in body else "messages"
    inner = {**body, turns: [{**body[turns][0], name: True}]}
    for made in ({**body, name: "x"}, inner):
        assert httpx.post(f"{guarded.url}{path}", json=made).status_code == 400
    assert watched.seen[since:] == []


ODD: list[Any] = [None, True, 0, 1.5, "x", [], {}, [None], ["x"], {"a": 1}, {"a": {"b": [None]}}]
TOP = (
    *("model", "messages", "input", "tools", "tool_choice", "functions", "system", "stop", "n"),
    *("instructions", "temperature", "max_tokens", "stream", "response_format", "metadata"),
)
TURN = ("role", "content", "tool_calls", "function_call", "name", "type", "reasoning_content")


def wrong(path: str) -> list[dict[str, Any]]:
    body = BODIES[path]
    turns = "input" if "input" in body else "messages"
    made: list[dict[str, Any]] = [{**body, name: odd} for name in TOP for odd in ODD]
    made += [{**body, turns: [{**body[turns][0], name: odd}]} for name in TURN for odd in ODD]
    for odd in ODD:
        call = {"function": {"name": odd, "arguments": odd}}
        made.append({**body, turns: [{"role": "assistant", "content": "x", "tool_calls": [call]}]})
        made.append({**body, turns: [{"role": "user", "content": [{"type": odd, "text": odd}]}]})
        made.append({**body, "tools": [{"type": "function", "function": odd, "name": odd}]})
    return made


@pytest.mark.parametrize("path", BODIES)
def test_wrong_types_are_refused_or_checked(guarded: Running, watched: Watched, path: str) -> None:
    with httpx.Client(base_url=guarded.url, timeout=120) as client:
        for body in wrong(path):
            reply = client.post(path, json=body)
            assert reply.status_code in (200, 400, 403, 404), (body, reply.text)
    assert len(wrong(path)) > 200


CARRIERS: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": ID}]},
    {"role": "user", "content": [{"type": "unheard", "unheard": {"deep": [ID]}}]},
    {"role": "user", "content": "hi", "name": ID},
    {"role": "user", "content": "hi", "unheard": {"deep": [ID]}},
    {"role": "tool", "tool_call_id": "c", "content": ID},
    {"role": "tool", "tool_call_id": f"号 {ID}", "content": "x"},
    {"role": "unheard", "content": ID},
    {"role": f"user {ID}", "content": "hi"},
    {"role": "assistant", "content": None, "reasoning_content": ID},
    {"role": "assistant", "content": None, "refusal": ID},
    {"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": f'{{"a":"{ID}"}}', "name": "f"}}]},
    {"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": {"a": ID}, "name": "f"}}]},
    {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": f'{{"\\u0061":"{ID}"}}'}},
]  # fmt: skip


@pytest.mark.parametrize("turn", CARRIERS, ids=range(len(CARRIERS)))
def test_no_place_of_a_turn_is_unguarded(
    guarded: Running, watched: Watched, turn: dict[str, Any]
) -> None:
    since = len(watched.seen)
    body = {"model": "deepseek-r1", "messages": [turn]}
    assert httpx.post(f"{guarded.url}/v1/chat/completions", json=body).status_code in (200, 400)
    assert not [seen for seen in watched.seen[since:] if ID in seen[3].decode()]
