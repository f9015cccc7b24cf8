"""The same conversation through proxy and service: equal verdicts, equal masks, a record each."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.running import Running
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
    masks = [p for m in got["messages"] for p in PLACEHOLDER.findall(m["content"])]
    return {"masks": masks, "got": got["answer"]["content"], "events": events(served, got["id"])}


@pytest.mark.parametrize("messages", CONVERSATIONS, ids=["zh", "en"])
def test_proxy_and_service_agree(served: Running, messages: list[dict[str, str]]) -> None:
    proxied = through_proxy(served, messages, "same")
    checked = through_service(served, messages, "same", proxied["said"])
    assert len(checked["masks"]) == 2
    assert "[secret removed]" in proxied["got"]
    own_words = [m for m in proxied["masks"] if m in checked["masks"]]  # not the constitution's
    assert own_words == checked["masks"]
    assert checked["got"] == proxied["got"]
    (own,), (event,) = proxied["events"], checked["events"]
    assert rulings(own, "input")
    for layer in ("input", "output"):
        assert rulings(event, layer) == rulings(own, layer)
    assert event["masked"] == own["masked"]
    assert event["policy"] == own["policy"]
