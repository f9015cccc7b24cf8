"""The same conversation through proxy, service and library, in process and remote: equal verdicts,
equal masks, one record each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate import Guard
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import ROOT, Running, proxy
from tests.service.records import events

PLACEHOLDER = re.compile(r"\[[A-Z_]+_[A-Z]+\]")
CONVERSATIONS = [
    [{"role": "user", "content": "我的手机号是13812345678，邮箱li.lei@corp.example.cn"}],
    [
        {"role": "system", "content": "Card on file: 4111 1111 1111 1111."},
        {"role": "user", "content": "Which card is it, and does 13917352846 know?"},
    ],
]
ANSWER = "It is {0}. The key is sk-proj-" + "a1B2c3D4" * 6 + " and call 13900001111."


def rulings(event: dict[str, Any], layer: str) -> list[tuple[Any, ...]]:
    """Constraints aside: a service calls no model."""
    decided = [d for d in event["decisions"] if d["layer"] == layer]
    return [
        (r["rule"], r["action"], r.get("kind"), r.get("span"), r["at"]["channel"])
        for d in decided
        for r in d["ruled"]
    ]


def through_proxy(served: Running, messages: list[dict[str, str]], name: str) -> dict[str, Any]:
    body = {"model": "deepseek-r1", "messages": messages}
    headers = {"x-conversation-id": name}
    url = f"{served.url}/v1/chat/completions"
    httpx.post(url, json=body, headers=headers)
    sent = served.demo.received[-1].body["messages"]
    seen = [p for m in sent[-len(messages) :] for p in PLACEHOLDER.findall(m["content"])]
    answer = ANSWER.format(seen[-1])
    played = Chat(Prompt(), Reply(answer=answer), {}).body()
    served.demo.play([json.dumps(played).encode()], media_type="application/json")
    reply = httpx.post(url, json=body, headers=headers)
    event = events(served, reply.headers["x-threegate-request-id"])[-1]
    content = reply.json()["choices"][0]["message"]["content"]
    return {"masks": seen, "said": answer, "got": content, "events": [event]}


def through_service(
    served: Running, messages: list[dict[str, str]], name: str, said: str
) -> dict[str, Any]:
    asked = {"conversation": name, "model": "deepseek-r1", "stage": "both"}
    turns = [*messages, {"role": "assistant", "content": said}]
    got = httpx.post(f"{served.url}/v1/guard/check", json={**asked, "messages": turns}).json()
    return checked(got["messages"], got["answer"], events(served, got["id"]))


def through_library(
    guard: Guard, var: Path, messages: list[dict[str, str]], name: str, said: str
) -> dict[str, Any]:
    turns = [*messages, {"role": "assistant", "content": said}]
    got = guard.check(messages=turns, stage="both", conversation=name, model="deepseek-r1")
    assert got.answer is not None
    return checked(got.messages, got.answer, events(var, got.id))


def checked(messages: Sequence[Any], answer: Any, found: list[dict[str, Any]]) -> dict[str, Any]:
    masks = [p for m in messages for p in PLACEHOLDER.findall(m["content"])]
    return {"masks": masks, "got": answer["content"], "events": found}


@pytest.fixture(scope="module")
def secret() -> Iterator[str]:
    """One for all, as for replicas."""
    name = "THREEGATE_TEST_SECRET"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, "one secret for all of them")
        yield name


@pytest.fixture(scope="module")
def shared(secret: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    var = tmp_path_factory.mktemp("shared")
    with proxy(var, secret_env=secret, environment=dict(os.environ)) as made:
        yield made


@pytest.mark.parametrize("messages", CONVERSATIONS, ids=["zh", "en"])
def test_all_of_them_agree(
    shared: Running, secret: str, tmp_path: Path, messages: list[dict[str, str]]
) -> None:
    proxied = through_proxy(shared, messages, "same")
    asked = (messages, "same", proxied["said"])
    own = Guard(policies=ROOT / "policies", classifiers="off", var=tmp_path, secret_env=secret)
    with own, Guard(shared.url) as remote:
        others = [
            through_service(shared, *asked),
            through_library(own, tmp_path, *asked),
            through_library(remote, shared.var, *asked),
        ]
    assert "[secret removed]" in proxied["got"]
    record = proxied["events"][-1]
    assert rulings(record, "input")
    for other in others:
        assert len(other["masks"]) == 2
        # The constitution, which only a proxied call has, shows a placeholder of its own.
        assert [m for m in proxied["masks"] if m in other["masks"]] == other["masks"]
        assert other["got"] == proxied["got"]
        (event,) = other["events"]
        for layer in ("input", "output"):
            assert rulings(event, layer) == rulings(record, layer)
        assert event["masked"] == record["masked"]
        assert event["policy"] == record["policy"]
