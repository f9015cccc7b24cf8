"""What the reader of events takes at once and what it leaves to be decoded. Whole streams are in
`test_stream_relay`."""

from __future__ import annotations

import orjson
from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.answer.event_queue import EventQueue
from threegate.gateway.answer.event_reader import EventReader
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.answer.output_contract import ToolRules
from threegate.guard.constraint_merge import Constraints
from threegate.guard.masking.mask import MaskMap
from threegate.guard.output import OutputGuard
from threegate.types import Action, Caller

from tests.gateway.shell import CHAT, NO_QUESTION, policy, rule, suite

RULES = policy(rule("mobile", Action.REDACT, "pii.cn.mobile"))


def event(content: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    frame = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    return b"data: " + orjson.dumps(frame) + b"\n\n"


async def no_pause() -> None:
    """Nothing is held."""


def reader(detectors: DetectorSet) -> EventReader:
    guard = OutputGuard.of(
        RULES, Caller(), "2026-11-25", MaskMap(b"k" * 32), same=True,
        kinds_of=detectors.kinds_of, needs=detectors,
    )  # fmt: skip
    answer = GuardedAnswer(guard, detectors, NO_QUESTION)
    codec = CHAT.stream({"model": "m"})
    tools = ToolRules(Constraints(), {})
    return EventReader(codec, answer, EventQueue(codec, answer, lambda: None), tools, no_pause)


async def test_only_events_that_add_to_one_text_are_taken_at_once() -> None:
    one = reader(suite())
    assert not one.goes_on(event("Hel"))  # nothing was read that it could be like
    await one.read(event("Hel"))
    one.queue.clear()
    assert one.goes_on(event("lo ") + event("you "))
    assert not one.goes_on(event("", "stop"))
    assert not one.goes_on(event("and ")[:-1])  # not whole
    assert sum(t.machine.received for t in one.answer.texts.values()) == len("Hello you ")


async def test_nothing_passes_an_event_that_waits() -> None:
    one = reader(suite())
    await one.read(event("Hello "))
    assert len(one.queue) == 1
    assert not one.goes_on(event("you "))


async def test_nothing_is_taken_within_an_event() -> None:
    one = reader(suite())
    await one.read(event("Hello "))
    one.queue.clear()
    await one.read(event("my ")[:20])
    assert not one.goes_on(event("friend "))
