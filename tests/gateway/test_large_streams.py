"""A model API that sends much at once: other calls have their turn, and no more waits for the
classifiers than they can read in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from threegate.audit.log.record import Stage
from threegate.detectors.base import DetectorInfo
from threegate.errors import UpstreamError
from threegate.gateway.answer.guarded_answer import MAX_HELD, MAX_JUDGING
from threegate.gateway.answer.guarded_text import GuardedText
from threegate.gateway.answer.output_layer import output_layer
from threegate.service.answer_stream import AnswerStream
from threegate.service.check_stream import CheckStream
from threegate.tasks import LoopTurns
from threegate.types import Action, Channel, Failed, Finding, Passage
from threegate.wire.adapter import StreamKey
from threegate.wire.limits import MAX_CHOICES
from threegate.wire.sse import MAX_COMMENTS
from threegate_classifiers.turns import CALL

from tests.gateway.calls import HI, Said, call_of, deps_of, said
from tests.gateway.shell import INFO, STOP, Heard, Pieces, hear, policy, rule, stream_of, suite

RULES = policy(rule("key", Action.REDACT, "secret"), rule("harm", Action.BLOCK, "hazard.test"))
SENTENCE = "The fox goes on to the next house. "
STREAMED = {"content-type": "text/event-stream"}


@dataclass
class Slow:
    """Judges nothing, after some turns of the loop; notes how much it was given at a time."""

    calls: list[object] = field(default_factory=list)
    most: int = 0
    _waiting: int = 0
    info: DetectorInfo = field(default=DetectorInfo("slow", ("hazard.test",), INFO.title))

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        self.calls.append(CALL.get())
        size = sum(len(p.text) for p in passages)
        self._waiting += size
        self.most = max(self.most, self._waiting)
        for _ in range(3):
            await asyncio.sleep(0)
        self._waiting -= size
        return [() for _ in passages]


@dataclass
class Ticks:
    """How often something else had its turn."""

    count: int = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.count += 1


async def heard_meanwhile(data: bytes, slow: Slow) -> tuple[Heard, int]:
    ticks = Ticks()
    other = asyncio.ensure_future(ticks.run())
    heard = await hear([data], RULES, suite(slow))
    other.cancel()
    return heard, ticks.count


@pytest.fixture
def every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice ends as soon as it can."""
    monkeypatch.setattr("threegate.tasks.TURN_S", 0.0)


@pytest.mark.usefixtures("every_slice")
async def test_others_have_their_turn_between_the_events_that_came_at_once() -> None:
    heard, ticks = await heard_meanwhile(stream_of(["word "] * 300), Slow())
    assert heard.text() == "word " * 300
    assert ticks >= 300


@pytest.mark.usefixtures("every_slice")
async def test_others_have_their_turn_within_one_large_event() -> None:
    text = SENTENCE * 2000
    heard, ticks = await heard_meanwhile(stream_of([text]), Slow())
    assert heard.text() == text
    assert ticks >= len(text) // 2048


async def test_many_answers_share_a_turn_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them has its own ticks, which count the turns until its first event has left."""
    monkeypatch.setattr("threegate.tasks.TURN_S", -1.0)
    turns, ticks, first = LoopTurns(), Ticks(), list[int]()

    class Noted(Heard):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "data" and value and not self.data:
                first.append(ticks.count)
            super().__setattr__(name, value)

    other = asyncio.ensure_future(ticks.run())
    said, detectors = stream_of(["word "] * 9), suite()
    answers = (hear([said], RULES, detectors, heard=Noted(b""), turns=turns) for _ in range(20))
    heard = await asyncio.gather(*answers)
    other.cancel()
    assert {h.text() for h in heard} == {"word " * 9}
    assert len(set(first)) == 20


@pytest.mark.usefixtures("every_slice")
async def test_others_have_their_turn_while_the_texts_of_a_broken_answer_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """4,096 tool calls took half a second."""
    ticks, ends, close = Ticks(), list[int](), GuardedText.close

    def noted(text: GuardedText) -> None:
        ends.append(ticks.count)
        close(text)

    monkeypatch.setattr(GuardedText, "close", noted)
    other = asyncio.ensure_future(ticks.run())
    calls = _calls(*(_named(number) for number in range(100))).rsplit(b"data:", 2)[0]
    heard = await hear([calls + b"data: {oops\n\n"], RULES, suite(Slow()))
    other.cancel()
    assert "error" in heard.payloads()[-1]
    assert len(ends) >= 100
    assert len(set(ends[-100:])) > 90


async def test_no_more_waits_for_the_classifiers_than_they_can_read() -> None:
    slow, text = Slow(), SENTENCE * 2000
    heard, _ = await heard_meanwhile(stream_of([text, text]), slow)
    assert heard.text() == text * 2
    assert heard.stages == [Stage.COMPLETED]
    assert slow.most <= 2 * MAX_HELD


async def test_no_more_choices_wait_for_the_classifiers_than_they_can_read() -> None:
    slow = Slow()
    choices = [
        {"index": n, "delta": {"content": SENTENCE}, "finish_reason": "stop"}
        for n in range(MAX_CHOICES)
    ]
    data = b"data: " + json.dumps({"id": "c", "choices": choices}).encode() + b"\n\n"
    heard, _ = await heard_meanwhile(data + b"data: [DONE]\n\n", slow)
    assert heard.text() == SENTENCE * MAX_CHOICES
    assert slow.most <= 2 * MAX_JUDGING * len(SENTENCE)


@dataclass
class Halves(Slow):
    """The first three judgements end in one turn of the loop with the others; `between` is what
    is woken between the two."""

    gates: tuple[asyncio.Event, ...] = field(
        default_factory=lambda: (asyncio.Event(), asyncio.Event())
    )
    between: asyncio.Event = field(default_factory=asyncio.Event)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        self.calls.append(None)
        await self.gates[len(self.calls) > 3].wait()
        return [() for _ in passages]

    def end(self) -> None:
        self.gates[0].set()
        self.between.set()
        self.gates[1].set()


@pytest.mark.parametrize("turns", range(8))
async def test_reading_goes_on_when_judgements_end_together(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """Wherever among their ends the next bytes come."""
    halves, text = Halves(), SENTENCE * 2

    class Late(Pieces):
        async def chunks(self, take: object = None) -> AsyncIterator[bytes]:
            first, *others = self.pieces
            yield first
            for _ in range(10):
                await asyncio.sleep(0)
            monkeypatch.setattr("threegate.gateway.answer.guarded_answer.MAX_JUDGING", 0)
            asyncio.get_running_loop().call_soon(halves.end)
            await halves.between.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            for piece in others:
                yield piece

    monkeypatch.setattr("tests.gateway.shell.Pieces", Late)
    begun = [{"index": n, "delta": {"content": text}, "finish_reason": None} for n in range(6)]
    ended = [{"index": n, "delta": {}, "finish_reason": "stop"} for n in range(6)]
    more = [{"index": 0, "delta": {"content": "And"}, "finish_reason": None}]
    events = [json.dumps({"id": "c", "choices": c}).encode() for c in (begun, more, ended)]
    pieces = [b"data: " + event + b"\n\n" for event in events] + [b"data: [DONE]\n\n"]
    async with asyncio.timeout(5):
        heard = await hear(pieces, RULES, suite(halves))
    assert heard.stages == [Stage.COMPLETED]


async def test_no_more_texts_of_a_whole_answer_wait_than_they_can_read(tmp_path: Path) -> None:
    slow = Slow()
    notes = [f"{SENTENCE} {n}" for n in range(400)]
    message = {"role": "assistant", "content": "Yes.", "notes": notes}
    await answered(tmp_path, slow, said({"choices": [{"index": 0, "message": message}]}))
    assert len(slow.calls) > 100
    assert slow.most <= 2 * MAX_JUDGING * len(notes[-1])


@pytest.mark.parametrize("asked", [1, MAX_CHOICES + 2])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_choices_that_nobody_asked_for_are_not_read(
    tmp_path: Path, asked: int, stream: bool
) -> None:
    text = {("delta" if stream else "message"): {"content": SENTENCE}}
    body = {"choices": [{"index": n, **text} for n in range(MAX_CHOICES + 1)]}
    slow, reply = Slow(), said(body)
    if stream:
        reply = Said([b"data: %s\n\n" % json.dumps(body).encode()], headers=STREAMED)
    with suppress(UpstreamError):  # a stream ends with it
        await answered(tmp_path, slow, reply, n=asked, stream=stream)
    assert bool(slow.calls) is (asked > 1)


@dataclass
class Together(Slow):
    """All that waits has its verdict in the same turn of the loop, as in a batch."""

    _verdict: asyncio.Event = field(default_factory=asyncio.Event)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        asyncio.get_running_loop().call_later(0.05, self._verdict.set)
        await self._verdict.wait()
        self._verdict.clear()
        return [() for _ in passages]


@pytest.mark.parametrize("count", [65, 100, 400])
async def test_texts_that_are_judged_together_are_all_waited_for(
    tmp_path: Path, count: int
) -> None:
    notes = [f"{SENTENCE} {n}" for n in range(count)]
    message = {"role": "assistant", "content": "Yes.", "notes": notes}
    reply = said({"choices": [{"index": 0, "message": message}]})
    async with asyncio.timeout(20):
        await answered(tmp_path, Together(), reply)


async def test_pieces_that_are_judged_together_make_room_together(tmp_path: Path) -> None:
    deps = deps_of(tmp_path, RULES, detectors=suite(Together()))
    call, _ = call_of(deps, RULES, HI)
    stream = CheckStream(None, None, AnswerStream.of(call))  # type: ignore[arg-type]
    try:
        for _ in range(MAX_JUDGING + 8):
            await stream.append(StreamKey(0, Channel.CONTENT), SENTENCE)
        assert stream.full
        async with asyncio.timeout(20):
            while stream.full:
                await stream.wait()
    finally:
        await stream.stream.answer.abandon()
        await deps.upstreams.aclose()


async def test_all_texts_of_an_answer_take_turns_as_one_call(tmp_path: Path) -> None:
    slow = Slow()
    reply = Said([stream_of([SENTENCE])] * 1 + [b""], headers=STREAMED)
    await answered(tmp_path, slow, reply, stream=True)
    pieces = [stream_of([SENTENCE] * 5)[at : at + 90] for at in range(0, 900, 90)]
    await answered(tmp_path, other := Slow(), Said(pieces, headers=STREAMED), stream=True)
    assert len(other.calls) > 1
    assert len(set(other.calls)) == 1
    assert None not in other.calls
    assert slow.calls[0] not in other.calls


async def answered(tmp_path: Path, slow: Slow, reply: Said, **asked: Any) -> None:
    deps = deps_of(tmp_path, RULES, detectors=suite(slow))
    call, _ = call_of(deps, RULES, {**HI, **asked})
    try:
        await output_layer(call, reply)  # type: ignore[arg-type]
    finally:
        await deps.upstreams.aclose()


def _calls(*calls: dict[str, Any], counted: bool = False) -> bytes:
    """A stream of one event for each piece of a call; `counted`: with the tokens used so far."""
    deltas = [{"tool_calls": [call]} for call in calls]
    frames: list[dict[str, Any]] = [
        {"id": "c", "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas
    ]
    for number, frame in enumerate(frames):
        frame |= {"usage": {"completion_tokens": number}} if counted else {}
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    data = b"".join(b"data: " + json.dumps(f).encode() + b"\n\n" for f in [*frames, end])
    return data + b"data: [DONE]\n\n"


def _named(number: int) -> dict[str, Any]:
    function = {"name": "f", "arguments": "{}"}
    return {"index": number, "id": f"c{number}", "type": "function", "function": function}


async def test_what_waits_for_the_end_of_an_answer_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threegate.gateway.answer.event_queue.MAX_RESPONSE_BYTES", 2_000)
    heard = await hear([_calls(*map(_named, range(50)))], RULES, suite())
    assert heard.stages == [Stage.ABORTED]
    assert not heard.arguments()
    assert b"too large" in heard.data


OPEN_CALL = _calls(_named(0)).partition(b"\n\n")[0] + b"\n\n"


async def test_comments_that_wait_are_one() -> None:
    """Two bytes each on the way here, some hundred while they wait."""
    heard = await hear([OPEN_CALL, *[b": x\n\n"] * 500, STOP], RULES, suite())
    assert heard.stages == [Stage.COMPLETED]
    assert heard.arguments() == "{}"
    assert heard.data.count(b"\n: x\n\n") == 1


async def test_events_without_data_count_as_waiting_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.gateway.answer.event_queue.MAX_RESPONSE_BYTES", 20_000)
    heard = await hear([OPEN_CALL, *[b"event: ping\n\n"] * 500, STOP], RULES, suite())
    assert heard.stages == [Stage.ABORTED]
    assert b"too large" in heard.data


async def test_a_flood_of_comments_is_thinned() -> None:
    heard = await hear([b":\n" * 5_000, b": kept\n\n", STOP], RULES, suite())
    assert heard.stages == [Stage.COMPLETED]
    assert heard.data.count(b":\n\n") <= MAX_COMMENTS
    assert b": kept\n\n" in heard.data


@pytest.mark.parametrize("counted", [False, True])
async def test_pieces_of_a_call_do_not_wait_one_by_one(
    monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    monkeypatch.setattr("threegate.gateway.answer.event_queue.MAX_RESPONSE_BYTES", 2_000)
    pieces = [
        {"index": 0, "function": {"arguments": text}} for text in ('{"a": "', *"x" * 50, '"}')
    ]
    head = {**_named(0), "function": {"name": "f", "arguments": ""}}
    data = _calls(head, *pieces, counted=counted)
    at_a_time = [event + b"\n\n" for event in data.split(b"\n\n") if event]
    heard = await hear(at_a_time, RULES, suite())
    assert heard.arguments() == '{"a": "' + "x" * 50 + '"}'
    assert heard.stages == [Stage.COMPLETED]
    told = [p["usage"]["completion_tokens"] for p in heard.payloads() if "usage" in p]
    assert told == ([0, 52] if counted else [])


async def test_the_text_of_a_stream_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.gateway.answer.guarded_answer.MAX_RESPONSE_BYTES", 1_000)
    heard = await hear([stream_of([SENTENCE] * 100)], RULES, suite())
    assert heard.stages == [Stage.ABORTED]
    assert b"too large" in heard.data
    assert len(heard.text()) <= 1_000


async def test_tool_calls_are_not_looked_at_again_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked, count = 0, 200

    is_released = GuardedText.is_released.fget
    assert is_released is not None

    def counted(text: GuardedText) -> bool:
        nonlocal looked
        looked += 1
        return bool(is_released(text))

    monkeypatch.setattr(GuardedText, "is_released", property(counted))
    heard = await hear([_calls(*map(_named, range(count)))], RULES, suite())
    assert heard.arguments() == "{}" * count
    assert looked < 10 * count
