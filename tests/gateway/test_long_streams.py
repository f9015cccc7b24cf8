"""Streams of any length with fields that providers add to each event: they neither die nor grow,
and what is known is not judged again with each event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from threegate.audit.log.record import Stage
from threegate.detectors.base import DetectorInfo
from threegate.types import Action, Failed, Finding, Passage

from tests.gateway.shell import INFO, hear, policy, rule, suite

EVENTS = 6000
RULES = policy(rule("key", Action.REDACT, "secret"), rule("harm", Action.BLOCK, "hazard.test"))
SAFE = {"filtered": False, "severity": "safe"}
CITED = ["https://a.example/page one", "A sentence about the page. And another."]
SEARCHED = [{"title": "A page", "url": "https://a.example", "snippet": "Some words of it."}]
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # nearby the choice, in the choice
    "azure": (
        {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": SAFE}}]},
        {"content_filter_results": {"hate": SAFE, "jailbreak": {"detected": False}}},
    ),
    "dashscope": ({"request_id": "3bba4e6f-3dbb-9bb4-bd3c-1f1e1f6c8a52"}, {}),
    "mistral": ({"p": "abcdefghijklmnopqrstuvwxyz01"}, {}),
    "perplexity": ({"citations": CITED, "search_results": SEARCHED}, {}),
    "openrouter": ({"provider": "Somebody Inc"}, {"native_finish_reason": None}),
    "vllm": ({"prompt_token_ids": None, "kv_transfer_params": None}, {"stop_reason": None}),
    "sglang": ({}, {"matched_stop": 151645, "hidden_states": None}),
    "groq": ({"x_groq": {"id": "req_01jbd6g2qdfw2adyrt2az8hz4w"}}, {}),
}


@dataclass
class Counting:
    """Judges nothing and notes what it is given."""

    seen: list[str] = field(default_factory=list)
    info: DetectorInfo = field(default=DetectorInfo("counting", ("hazard.test",), INFO.title))

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        self.seen += [p.text for p in passages]
        return [() for _ in passages]


def events(nearby: dict[str, Any], within: dict[str, Any], count: int) -> Iterator[bytes]:
    for n in range(count):
        choice = {"index": 0, "delta": {"content": f"word{n} "}, **within}
        yield _event({"id": "c", "choices": [choice], **nearby})
    yield _event({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield b"data: [DONE]\n\n"


def _event(frame: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(frame).encode() + b"\n\n"


def batches(pieces: Iterator[bytes], size: int = 50) -> list[bytes]:
    every = list(pieces)
    return [b"".join(every[at : at + size]) for at in range(0, len(every), size)]


@pytest.mark.parametrize("provider", SHAPES)
async def test_fields_of_providers_are_judged_once_at_most(provider: str) -> None:
    judge = Counting()
    heard = await hear(batches(events(*SHAPES[provider], 300)), RULES, suite(judge))
    assert heard.stages == [Stage.COMPLETED]
    assert heard.text() == "".join(f"word{n} " for n in range(300))
    nearby = [text for text in judge.seen if "word" not in text]
    assert len(nearby) == len(set(nearby))
    assert not nearby or provider == "perplexity"
    name = next(iter({**SHAPES[provider][0], **SHAPES[provider][1]}))
    assert f'"{name}"'.encode() in heard.data


async def test_an_unknown_text_with_every_event_never_ends_the_stream() -> None:
    pieces = (
        _event(
            {"id": "c", "choices": [{"index": 0, "delta": {"content": "x "}}], "note": f"No {n}."}
        )
        for n in range(EVENTS)
    )
    end = events({}, {}, 0)
    heard = await hear(batches(iter([*pieces, *end])), RULES, suite(Counting()))
    assert heard.stages == [Stage.COMPLETED]
    assert heard.text() == "x " * EVENTS
    assert heard.answer is not None
    assert len(heard.answer.texts) < 10
    assert heard.answer.received > 2 * EVENTS


async def test_a_word_field_that_holds_a_text_is_judged() -> None:
    nearby = {"request_id": "my number is in here", "p": "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"}
    judge = Counting()
    heard = await hear(batches(events(nearby, {}, 3)), RULES, suite(judge))
    assert "my number is in here" in judge.seen
    assert heard.stages == [Stage.COMPLETED]
