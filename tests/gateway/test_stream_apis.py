"""The stream shell in the APIs nearby chat: any cut of the upstream's bytes gives the same answer, and
nothing leaks, with patterns alone and with sentences that are held."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.log.record import Stage
from threegate.policy.model import CompiledPolicy
from threegate.testing import shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply
from threegate.wire import ADAPTERS
from threegate.wire.base import Adapter
from threegate.wire.limits import MAX_ANSWER_DEPTH

from tests.cases import cases
from tests.gateway.answer.test_stream_relay import (
    EVERYTHING,
    ID,
    KEY,
    MASKS,
    MOBILE,
    PATTERNS,
    PLACEHOLDER,
    SUITE,
    unescaped,
    words,
)
from tests.gateway.shell import Heard, hear
from tests.wire.cuts import cut_at
from tests.wire.samples import seen

SHAPES: dict[str, Any] = {
    "completions": shapes.Completions,
    "responses": Responses,
    "messages": shapes.Messages,
}
BY_API: dict[str, Adapter] = {str(adapter.api): adapter for adapter in ADAPTERS}
ENDS = ("finish_reason", "stop_reason", "status", "type")
RULES = st.sampled_from([PATTERNS, EVERYTHING])

texts = words.map("".join)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """In completions reasoning stands inside the text."""
    calls = ((("send", {"to": draw(texts)}),)) if draw(st.booleans()) else ()
    return Reply(draw(texts), draw(texts), calls)


def raw(api: str, reply: Reply) -> bytes:
    if api == "completions" and reply.reasoning:
        reply = Reply(f"<think>\n{reply.reasoning}\n</think>\n\n{reply.answer}")
    return b"".join(SHAPES[api](Prompt(), reply, {}).events())


def heard_of(api: str, pieces: list[bytes], rules: CompiledPolicy) -> Heard:
    with asyncio.Runner() as runner:
        return runner.run(hear(pieces, rules, SUITE, MASKS, adapter=BY_API[api]))


def story(api: str, heard: Heard) -> tuple[object, ...]:
    said = {key: unescaped(text) for key, text in seen(api, heard.data).items()}
    return said, set(_ends(heard.payloads())), heard.stages


def _ends(value: Any) -> Iterator[tuple[str, str]]:
    below = enumerate(value) if isinstance(value, list) else value.items()
    for name, inner in below:
        if name in ENDS and isinstance(inner, str):
            yield str(name), inner
        elif isinstance(inner, dict | list):
            yield from _ends(inner)


@pytest.mark.parametrize("api", SHAPES)
@given(replies(), RULES, st.sets(st.integers(0, 12_000), max_size=30))
@cases(25)
def test_every_cut_gives_the_same_answer_and_no_value_leaks(
    api: str, reply: Reply, rules: CompiledPolicy, marks: set[int]
) -> None:
    data = raw(api, reply)
    whole = heard_of(api, [data], rules)
    cut = heard_of(api, cut_at(data, marks), rules)
    assert cut.stages == whole.stages
    if rules is PATTERNS or whole.stages == [Stage.COMPLETED]:
        assert story(api, cut) == story(api, whole)
    for value in (ID, MOBILE, KEY, PLACEHOLDER):
        assert value not in cut.data.decode()
    if rules is EVERYTHING:
        assert "bad" not in "".join(seen(api, cut.data).values())


@pytest.mark.parametrize("depth", [MAX_ANSWER_DEPTH + 1, 300, 1000, 100_000])
@pytest.mark.parametrize("api", [*SHAPES, "chat"])
def test_an_event_that_is_nested_too_deeply_ends_the_stream_in_an_error(
    api: str, depth: int
) -> None:
    first, *others = ({"chat": shapes.Chat} | SHAPES)[api](
        Prompt(), Reply("hm", "Hello."), {}
    ).events()
    deep = b'data: {"x": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}\n\n"
    heard = heard_of(api, [first, deep, *others], EVERYTHING)
    assert heard.stages == [Stage.ABORTED]
    last = heard.payloads()[-1]
    assert "error" in (last.get("type"), *last)
    assert b"Hello" not in heard.data
    assert not {name for name, _ in _ends(heard.payloads())} & {"finish_reason", "stop_reason"}
