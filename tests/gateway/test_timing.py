"""The same bytes of an upstream give the same answer, for any cut and any order of verdicts, with
classifiers on: whatever is read is a function of the text, so what leaves must be too."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threegate import tasks
from threegate.detectors.base import DetectorInfo
from threegate.guard.constraint_merge import Constraints
from threegate.guard.masking.mask import MaskMap
from threegate.policy.model import Tools
from threegate.types import Action, Failed, Finding, Level, Passage, Span

from tests.cases import cases
from tests.gateway.shell import INFO, Heard, hear, policy, rule, suite
from tests.wire.cuts import cut_at

MASKS = MaskMap(b"k" * 32)
PLACEHOLDER = MASKS.mask("pii.email", "li@corp.cn")
RULES = policy(
    rule("id", Action.BLOCK, "pii.cn.id_card"),
    rule("mobile", Action.REDACT, "pii.cn.mobile"),
    rule("harm", Action.BLOCK, "hazard.test"),
    rule("odd", Action.FLAG, "hazard.odd"),
)
DENIED = Constraints(tools=(("tools", Tools(deny=("drop",))),))


@dataclass
class Reader:
    """Judges a passage by all that it is given, in an order and after turns of the loop that the
    seed decides."""

    seed: int
    info: DetectorInfo = field(
        default=DetectorInfo("reader", ("hazard.test", "hazard.odd"), INFO.title)
    )

    def __post_init__(self) -> None:
        self._order = random.Random(self.seed)

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        for _ in range(self._order.randrange(12)):
            await asyncio.sleep(0)
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...]:
        read = f"{passage.nearby}|{passage.before}|{passage.text}"
        spread = "half" in passage.text and read.count("half") > 2
        kind = "hazard.test" if "bad" in passage.text or spread else "hazard.odd"
        if kind == "hazard.odd" and len(read) % 3:
            return ()
        span = Span(0, len(passage.text))
        return (Finding("reader", kind, span, 0.9, Level.HIGH, passage.locus),)


TEXTS = [
    "Hello there. ",
    "你好。",
    "half ",
    "word ",
    "，",
    "138123",
    "45678 ",
    "bad ",
    "Good. ",
    "\n",
]
TEXTS += [PLACEHOLDER[:6], PLACEHOLDER[6:], "11010519491231002X", "。", ". A", "http://a.b/"]


def _choice(index: int, **fields: Any) -> dict[str, Any]:
    return {"index": index, "delta": {}, "finish_reason": None, **fields}


def _call(index: int, text: str, name: str) -> dict[str, Any]:
    call = {"index": 0, "function": {"arguments": text} | ({"name": name} if name else {})}
    return _choice(index, delta={"tool_calls": [call]})


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 14))):
        index, text = draw(st.integers(0, 1)), draw(st.sampled_from(TEXTS))
        kind = draw(st.sampled_from(["content", "content", "reasoning", "call", "field", "both"]))
        match kind:
            case "content":
                frame = {"choices": [_choice(index, delta={"content": text})]}
            case "reasoning":
                frame = {"choices": [_choice(index, delta={"reasoning_content": text})]}
            case "call":
                name = draw(st.sampled_from(["find", "", "", "drop"]))
                frame = {"choices": [_call(index, text, name)]}
            case "field":
                frame = {"choices": [_choice(index, note=text)], "extra": {"x": text}}
            case _:
                delta = {"reasoning_content": text, "content": draw(st.sampled_from(TEXTS))}
                frame = {"choices": [_choice(index, delta=delta, note=text)]}
        out.append({"id": "c", **frame})
    return out


def encoded(frames: list[dict[str, Any]], end: str) -> bytes:
    """`end`: as it should be, broken off, or with an event that is none."""
    data = b"".join(b"data: " + orjson.dumps(f) + b"\n\n" for f in frames)
    last = [{"id": "c", "choices": [_choice(i, finish_reason="stop")]} for i in (0, 1)]
    match end:
        case "done":
            tail = b"".join(b"data: " + orjson.dumps(f) + b"\n\n" for f in last)
            return data + tail + b"data: [DONE]\n\n"
        case "odd":
            return data + b"data: {oops\n\n"
        case _:
            return data


def story(heard: Heard) -> dict[str, Any]:
    """All texts that the client has, by choice and field, and how it ended."""
    texts: dict[str, str] = {}
    for payload in heard.payloads():
        _add(texts, "extra", (payload.get("extra") or {}).get("x"))
        for choice in payload.get("choices", ()):
            delta, at = choice.get("delta") or {}, choice.get("index")
            _add(texts, f"{at} note", choice.get("note"))
            for name in ("content", "reasoning_content", "reasoning"):
                _add(texts, f"{at} {name}", delta.get(name))
            for call in delta.get("tool_calls") or ():
                _add(texts, f"{at} name", call["function"].get("name"))
                _add(texts, f"{at} arguments", call["function"].get("arguments"))
    errors = [p["error"]["code"] for p in heard.payloads() if "error" in p]
    return {**texts, "stages": heard.stages, "errors": errors, "finish": heard.finish()}


def _add(texts: dict[str, str], name: str, text: str | None) -> None:
    if text:
        texts[name] = texts.get(name, "") + text


async def told(pieces: list[bytes], seed: int) -> dict[str, Any]:
    heard = await hear(pieces, RULES, suite(Reader(seed)), MASKS, DENIED)
    return story(heard)


PIECES = ["<think>", "</think>", "<thi", "nk>", "</", "138123", "45678 ", "word ", "bad ", "Good. "]


@st.composite
def reasonings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Reasoning inside the content, in either field and in both, in any order."""
    out: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(2, 9))):
        names = draw(
            st.sampled_from([["content"], ["reasoning_content"], ["reasoning"]])
            | st.sets(st.sampled_from(["content", "reasoning_content", "reasoning"]))
        )
        delta = {name: draw(st.sampled_from(PIECES)) for name in sorted(names)}
        out.append({"id": "c", "choices": [_choice(0, delta=delta)]})
    return out


HALVES = [
    {"id": "c", "choices": [_choice(0, delta={"reasoning_content": "Clean thoughts. half "})]},
    {"id": "c", "choices": [_choice(0, delta={"content": "half half bad "}, note="note")]},
    {"id": "c", "choices": [_choice(1, delta={"content": "Other words. More "})]},
]


@given(
    events(),
    st.sampled_from(["done", "done", "off", "odd"]),
    st.sets(st.integers(0, 4000), max_size=12),
    st.integers(0, 1000),
)
@cases(20)
@example(HALVES, "done", {60, 200}, 3)
def test_what_leaves_is_a_function_of_the_bytes(
    frames: list[dict[str, Any]], end: str, cuts: set[int], seed: int
) -> None:
    data = encoded(frames, end)
    pieces = cut_at(data, {c for c in cuts if c < len(data)})
    each = [b"data: " + part for part in data.split(b"data: ")[1:]]
    with asyncio.Runner() as runner:
        whole = runner.run(told([data], 0))
        assert runner.run(told([data], seed)) == whole
        assert runner.run(told(pieces, seed)) == whole
        assert runner.run(told(each, seed + 1)) == whole


@given(reasonings(), st.sets(st.integers(0, 900), max_size=9), st.integers(0, 1000))
@cases(20)
@example(
    [
        {"id": "c", "choices": [_choice(0, delta={"content": "<think>138123"})]},
        {"id": "c", "choices": [_choice(0, delta={"reasoning_content": "45678 word "})]},
    ],
    set(),
    1,
)
def test_in_which_field_reasoning_leaves_is_a_function_of_the_bytes(
    frames: list[dict[str, Any]], cuts: set[int], seed: int
) -> None:
    data = encoded(frames, "done")
    pieces = cut_at(data, {c for c in cuts if c < len(data)})
    each = [b"data: " + part for part in data.split(b"data: ")[1:]]
    with asyncio.Runner() as runner:
        whole = runner.run(told([data], 0))
        assert runner.run(told([data], seed)) == whole
        assert runner.run(told(pieces, seed)) == whole
        assert runner.run(told(each, seed + 1)) == whole


def test_whose_texts_were_read_before_a_block_does_not_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy loop rests between events, so the verdict comes before the other choice."""
    frames = [
        {"id": "c", "choices": [_choice(0, note="11010519491231002X")]},
        {"id": "c", "choices": [_choice(1, delta={"content": "Other words. "})]},
    ]
    data = encoded(frames, "off")
    with asyncio.Runner() as runner:
        whole = runner.run(told([data], 0))
        monkeypatch.setattr(tasks, "TURN_S", -1.0)
        for seed in range(5):
            assert runner.run(told([data], seed)) == whole
