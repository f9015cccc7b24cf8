"""A whole answer goes through the machines of a stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from threegate.detectors.pattern_scans import PatternScans
from threegate.detectors.scan_pool import LONG_TEXT
from threegate.errors import UpstreamError
from threegate.gateway.answer.ai_label import SIGN
from threegate.gateway.answer.buffered_answer import guard_body, read_body
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.guard.masking.restore import TextRestorer
from threegate.guard.output import OutputGuard
from threegate.policy.model import CompiledPolicy
from threegate.types import Action, Caller, Failed, Finding, Passage
from threegate.wire.adapter import Api, StreamOptions
from threegate.wire.limits import MAX_RESPONSE_BYTES

from tests.gateway.calls import BY_API, Said
from tests.gateway.shell import NO_QUESTION, BadWords, policy, rule, suite

KEY = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
SECRETS = policy(rule("key", Action.REDACT, "secret"))
MOBILES = policy(rule("mobile", Action.REDACT, "pii.cn.mobile"))
HARM = policy(rule("harm", Action.BLOCK, "hazard.test"))
HARM_AND_SECRETS = policy(
    rule("harm", Action.BLOCK, "hazard.test"), rule("key", Action.REDACT, "secret")
)


@dataclass
class NotedWords(BadWords):
    """Notes the sentences that it is asked about at once."""

    asked: list[list[str]] = field(default_factory=list)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        self.asked.append([p.text for p in passages])
        return await super().judge(passages)


def answer_of(rules: CompiledPolicy, words: BadWords) -> GuardedAnswer:
    found = suite(words)
    guard = OutputGuard.of(
        rules, Caller(), "2026-11-26", MaskMap(b"k" * 32),
        same=True, kinds_of=found.kinds_of, needs=found,
    )  # fmt: skip
    return GuardedAnswer(guard, found, NO_QUESTION)


def chat(content: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


async def guarded(
    rules: CompiledPolicy,
    body: dict[str, Any],
    sign: str = "",
    words: BadWords | None = None,
    **options: bool,
) -> Any:
    made, answer = StreamOptions(**options), answer_of(rules, words or BadWords())
    return await guard_body(body, BY_API[Api.CHAT], answer, made, sign)


async def test_nothing_found_is_nothing_changed() -> None:
    body = chat("Hello.", reasoning_content="hm")
    assert await guarded(SECRETS, body) is body


async def test_texts_are_edited_in_their_places() -> None:
    made = await guarded(SECRETS, chat(f"It is {KEY}.", new=[f"see {KEY}"]))
    message = made["choices"][0]["message"]
    assert KEY not in str(made)
    assert message["content"].startswith("It is ")
    assert message["new"][0].startswith("see ")


@pytest.mark.parametrize("value", ["1 3 9 8 7 6 5 4 3 2 1", "139<b>8765</b>4321", "①③⑨⑧⑦⑥⑤④③②①"])
async def test_a_whole_answer_is_read_in_all_its_views(value: str) -> None:
    made = await guarded(MOBILES, chat(f"电话 {value}。"))
    assert value not in str(made)
    assert made["choices"][0]["message"]["content"].startswith("电话 ")


async def test_a_sentence_that_is_judged_ends_the_answer() -> None:
    assert await guarded(HARM, chat("This is fine. This is bad. More.")) is None
    assert await guarded(HARM, chat("Fine.", reasoning_content="a bad thought")) is None
    assert await guarded(HARM, chat("All is fine.")) is not None


async def test_the_sign_stands_after_answers_and_not_after_what_is_beside_them() -> None:
    made = await guarded(SECRETS, chat("Hello.", title="A page", reasoning="hm"), SIGN)
    message = made["choices"][0]["message"]
    assert message["content"] == f"Hello.{SIGN}"
    assert (message["title"], message["reasoning"]) == ("A page", "hm")


async def test_hidden_reasoning_is_gone_with_its_tags() -> None:
    body = chat("<think>hm</think>\n\nHello.")
    made = await guarded(SECRETS, body, show_reasoning=False)
    assert made["choices"][0]["message"]["content"] == "Hello."


async def test_an_answer_that_is_too_large_is_an_upstream_error() -> None:
    half = b"x" * (MAX_RESPONSE_BYTES // 2 + 1)
    with pytest.raises(UpstreamError):
        await read_body(Said([half, half]))  # type: ignore[arg-type]


async def test_the_sentences_of_a_field_are_judged_together_and_once() -> None:
    noted, thought = NotedWords(), "First this. Then that. In the end both."
    body = chat("Fine.", reasoning_content=thought, reasoning=thought)
    assert await guarded(HARM, body, words=noted) is body
    assert sorted(noted.asked) == [["Fine."], ["First this.", " Then that.", " In the end both."]]


async def test_a_long_text_is_restored_and_scanned_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """16,000 masked values in an answer held the loop for 1.3 to 1.9 s."""
    threads: list[int] = []

    def noted(into: type, name: str) -> None:
        real = getattr(into, name)

        def note(*args: Any, **options: Any) -> Any:
            threads.append(threading.get_ident())
            return real(*args, **options)

        monkeypatch.setattr(into, name, note)

    noted(TextRestorer, "find")
    noted(PatternScans, "scan_whole")
    answer = answer_of(SECRETS, BadWords())
    placeholder = answer.guard.masks.mask("pii.cn.mobile", "13812345678")
    answer.guard.placeholders = PlaceholderFinder(answer.guard.masks)
    body = chat(f"Call {placeholder}. " * (LONG_TEXT // 10) + KEY)
    made = await guard_body(body, BY_API[Api.CHAT], answer, StreamOptions(), "")
    assert made is not None
    content = made["choices"][0]["message"]["content"]
    assert content.startswith("Call 13812345678. " * (LONG_TEXT // 10))
    assert KEY not in content
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_an_answer_that_ends_while_a_long_text_is_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The verdict on the first text comes in the middle of the scan of the second."""
    scanning, ended = threading.Event(), threading.Event()
    scan = PatternScans.scan_whole

    def late(scans: PatternScans, passage: Passage, kinds: frozenset[str]) -> Any:
        if len(passage.text) >= LONG_TEXT:
            scanning.set()
            assert ended.wait(10)
        return scan(scans, passage, kinds)

    class Late(BadWords):
        async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
            await asyncio.to_thread(scanning.wait, 10)
            return await super().judge(passages)

    async def let_go() -> None:
        while answer.cut is None:
            await asyncio.sleep(0.001)
        ended.set()

    monkeypatch.setattr(PatternScans, "scan_whole", late)
    answer = answer_of(HARM_AND_SECRETS, Late())
    body = chat("A bad text.")
    body["choices"] += chat("It is fine. " * (LONG_TEXT // 10))["choices"]
    made, _ = await asyncio.gather(
        guard_body(body, BY_API[Api.CHAT], answer, StreamOptions(), ""), let_go()
    )
    assert scanning.is_set()
    assert made is None
    assert not any(text.is_released for text in answer.texts.values())
    await answer.abandon()
