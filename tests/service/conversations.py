"""One conversation through the proxy, and whether another way to the guard agrees with it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import httpx
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import Running
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


def checked(messages: Sequence[Any], answer: Any, found: list[dict[str, Any]]) -> dict[str, Any]:
    masks = [p for m in messages for p in PLACEHOLDER.findall(m["content"])]
    return {"masks": masks, "got": answer["content"], "events": found}


def agrees(other: dict[str, Any], proxied: dict[str, Any]) -> None:
    record, found = proxied["events"][-1], other["events"]
    assert len(other["masks"]) == 2
    # The constitution, which only a proxied call has, shows a placeholder of its own.
    assert [m for m in proxied["masks"] if m in other["masks"]] == other["masks"]
    assert other["got"] == proxied["got"]
    for layer, event in (("input", found[0]), ("output", found[-1])):
        assert rulings(event, layer) == rulings(record, layer)
        assert event["policy"] == record["policy"]
    assert found[0]["masked"] == record["masked"]
