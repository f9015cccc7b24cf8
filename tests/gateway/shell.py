"""A stream shell without sockets: real codec, detectors and machine; scripted upstream bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from threegate.audit.errors import trouble
from threegate.audit.log.record import Stage
from threegate.detectors.base import DetectorInfo, PatternDetector, SentenceDetector
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.registry import scanner
from threegate.gateway.answer.answer_context import AnswerContext
from threegate.gateway.answer.event_queue import EventQueue
from threegate.gateway.answer.guarded_answer import GuardedAnswer
from threegate.gateway.answer.output_contract import ToolRules
from threegate.gateway.answer.stream_relay import StreamRelay
from threegate.gateway.outcome import outcome_of
from threegate.guard.constraint_merge import Constraints
from threegate.guard.masking.mask import MaskMap
from threegate.guard.output import OutputGuard
from threegate.policy.model import CompiledPolicy, Detect, Rule
from threegate.tasks import LoopTurns
from threegate.types import (
    Action,
    Bilingual,
    Caller,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Passage,
    Span,
)
from threegate.upstream import Take
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api
from threegate.wire.base import Adapter
from threegate.wire.sse import SSEDecoder

CHAT: Adapter = next(a for a in ADAPTERS if a.api is Api.CHAT)
EVERYWHERE = frozenset({Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS})


def rule(rule_id: str, action: Action, *kinds: str, **more: Any) -> Rule:
    title = Bilingual(rule_id, rule_id)
    made = Rule(rule_id, Layer.OUTPUT, title, EVERYWHERE, action, Detect(any=kinds))
    return replace(made, **more)


def policy(*rules: Rule, **more: Any) -> CompiledPolicy:
    return CompiledPolicy("digest", "test", rules=rules, **more)


NO_QUESTION = AnswerContext()
INFO = DetectorInfo("bad", ("hazard.test",), Bilingual("坏", "bad"))
COUNTED = DetectorInfo("counted", ("secret.x",), INFO.title)


@dataclass
class BadWords:
    """A sentence detector: `bad` is harm. It may wait, fail or never come back."""

    delay: float = 0.0
    fail: bool = False
    info: DetectorInfo = INFO

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        await asyncio.sleep(self.delay)
        if self.fail:
            raise RuntimeError("secret text must not be logged")
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...]:
        at = passage.text.find("bad")
        if at < 0:
            return ()
        span = Span(at, at + 3)
        return (Finding("bad", "hazard.test", span, 0.9, Level.HIGH, passage.locus),)


def build(kinds: frozenset[str]) -> tuple[PatternDetector, ...]:
    made = scanner(kinds)
    return (made,) if made.info.kinds else ()


def suite(*sentence: SentenceDetector) -> DetectorSet:
    kinds_of = {"patterns": scanner(None).info.kinds, **{d.info.id: d.info.kinds for d in sentence}}
    return DetectorSet(build, sentence, kinds_of)


@dataclass
class Pieces:
    """A reply whose bytes come in these pieces, after which the line stays open for some turns, or
    for ever."""

    pieces: Iterable[bytes]
    silent: int | None = 0

    async def chunks(self, take: Take | None = None) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(0)
            if take is None or not take(piece):
                yield piece
        if self.silent is None:
            await asyncio.Event().wait()
        for _ in range(self.silent or 0):
            await asyncio.sleep(0)


@dataclass
class Heard:
    """What the client got."""

    data: bytes
    stages: list[Stage] = field(default_factory=list)
    answer: GuardedAnswer | None = None
    ready: bool = True
    written: int = 0  # pieces that needed no task

    def write(self, data: bytes) -> None:
        self.data += data
        self.written += 1

    def text(self, name: str = "content") -> str:
        return "".join(d.get(name) or "" for d in self.deltas())

    def arguments(self) -> str:
        calls = [c for d in self.deltas() for c in d.get("tool_calls") or ()]
        return "".join(c["function"].get("arguments") or "" for c in calls)

    def deltas(self) -> list[dict[str, Any]]:
        return [c["delta"] for p in self.payloads() for c in p.get("choices", ())]

    def finish(self) -> str | None:
        reasons = [c.get("finish_reason") for p in self.payloads() for c in p.get("choices", ())]
        return next((r for r in reasons if r), None)

    def payloads(self) -> list[dict[str, Any]]:
        decoder = SSEDecoder()
        events = [*decoder.feed(self.data), *decoder.close()]
        texts = [getattr(e, "data", "") or "" for e in events]
        return [orjson.loads(t) for t in texts if t.startswith("{")]


async def hear(
    pieces: Iterable[bytes],
    rules: CompiledPolicy,
    detectors: DetectorSet,
    masks: MaskMap | None = None,
    constraints: Constraints | None = None,
    question: AnswerContext = NO_QUESTION,
    *,
    same: bool = True,
    stored: bool = True,
    adapter: Adapter = CHAT,
    silent: int | None = 0,
    heard: Heard | None = None,
    caller: Caller | None = None,
    at_once: bool = False,
    slow: int = 0,
    turns: LoopTurns | None = None,
) -> Heard:
    """With `stored` false the last record of the call cannot be made durable. `heard` is for what
    the client got before an exception. With `at_once` what can needs no task; a write that does
    takes `slow` turns of the loop. `turns` are those of several answers."""
    caller, heard = caller or Caller(), heard or Heard(b"")
    guard = OutputGuard.of(
        rules,
        caller,
        "2026-11-25",
        masks or MaskMap(b"k" * 32),
        same=same,
        kinds_of=detectors.kinds_of,
        needs=detectors,
    )
    turns = turns or LoopTurns()
    answer = heard.answer = GuardedAnswer(guard, detectors, question, turns=turns)

    async def send(data: bytes) -> None:
        for _ in range(slow):
            await asyncio.sleep(0)
        heard.data += data

    async def end(stage: Stage) -> None:
        heard.stages.append(stage)
        if not stored:
            raise trouble("not-stored")

    codec = adapter.stream({"model": "m"})
    relay = StreamRelay(
        codec,
        answer,
        EventQueue(codec, answer, lambda: None),
        send,
        outcome=lambda r: outcome_of(r, rules, "dec_1", "en"),
        end=end,
        tools=ToolRules(constraints or Constraints(), {}),
        direct=heard if at_once else None,
    )
    try:
        await relay.run(Pieces(pieces, silent))  # type: ignore[arg-type]
    finally:
        await answer.abandon()
    return heard


def stream_of(
    content: Sequence[str], reasoning: Sequence[str] = (), arguments: Sequence[str] = ()
) -> bytes:
    """An R1-shaped stream: reasoning, content, one tool call, finish, usage, done."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None, "reasoning_content": ""}]
    deltas += [{"content": None, "reasoning_content": t} for t in reasoning]
    deltas += [{"content": t, "reasoning_content": None} for t in content]
    for i, text in enumerate(arguments):
        head = {"id": "call_1", "type": "function"} if i == 0 else {}
        function = {"arguments": text} | ({"name": "send"} if i == 0 else {})
        deltas.append({"tool_calls": [{"index": 0, **head, "function": function}]})
    events = [_chunk([{"index": 0, "delta": d, "finish_reason": None}]) for d in deltas]
    reason = "tool_calls" if arguments else "stop"
    events.append(_chunk([{"index": 0, "delta": {}, "finish_reason": reason}]))
    return b"".join(b"data: " + orjson.dumps(e) + b"\n\n" for e in events) + b"data: [DONE]\n\n"


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": choices,
    }


STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def made(choice: int, **delta: Any) -> bytes:
    choices = [{"index": choice, "delta": delta, "finish_reason": None}]
    return b"data: " + orjson.dumps({"id": "c", "choices": choices}) + b"\n\n"
