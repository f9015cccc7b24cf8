"""A block in a stream never leaves a tool call behind: an agent runs what it got of one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from threegate.testing import shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply
from threegate.types import Action
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api
from threegate.wire.base import Adapter
from threegate.wire.sse import KEEP_ALIVE, SSEDecoder

from tests.gateway.shell import BadWords, Heard, hear, policy, rule, stream_of, suite

SHAPES: dict[Api, Any] = {
    Api.CHAT: shapes.Chat,
    Api.MESSAGES: shapes.Messages,
    Api.RESPONSES: Responses,
}
BY_API: dict[Api, Adapter] = {a.api: a for a in ADAPTERS}
BLOCK_BAD = policy(rule("harm", Action.BLOCK, "hazard.test"))
GOOD, BAD = ("pay", {"to": "the baker"}), ("pay", {"to": "a bad man"})


def events(api: Api, *calls: tuple[str, dict[str, Any]], answer: str = "") -> list[bytes]:
    reply = Reply(answer=answer, reasoning="thinking", calls=calls)
    return list(SHAPES[api](Prompt(), reply, {}).events())


def heard(api: Api, pieces: list[bytes], delay: float = 0.0) -> Heard:
    return asyncio.run(
        hear(pieces, BLOCK_BAD, suite(BadWords(delay=delay)), adapter=BY_API[api], silent=3)
    )


def named_calls(data: bytes) -> list[str]:
    """Names of the tools that a client reads, in any API."""
    decoder = SSEDecoder()
    payloads = (e.data for e in [*decoder.feed(data), *decoder.close()] if e.data)
    found: list[str] = []

    def walk(value: Any) -> None:
        match value:
            case dict():
                kind = value.get("type")
                if kind in ("function", "tool_use", "function_call") and "name" in str(value):
                    found.append(str((value.get("function") or value).get("name")))
                for below in value.values():
                    walk(below)
            case list():
                for below in value:
                    walk(below)

    for text in payloads:
        if text.startswith("{"):
            walk(orjson.loads(text))
    return found


@pytest.mark.parametrize("delay", [0.0, 0.02])
@pytest.mark.parametrize("api", SHAPES)
@pytest.mark.parametrize("calls", [(BAD,), (GOOD, BAD)], ids=["one", "second of two"])
def test_no_call_leaves_an_answer_that_is_blocked(
    api: Api, calls: tuple[Any, ...], delay: float
) -> None:
    got = heard(api, events(api, *calls), delay)
    assert named_calls(got.data) == []
    assert b"baker" not in got.data
    assert b"harm" in got.data


@pytest.mark.parametrize("api", SHAPES)
def test_calls_that_pass_leave_whole_and_in_order(api: Api) -> None:
    got = heard(api, events(api, GOOD, ("find", {"what": "bread"}), answer="Here you are."))
    names = list(dict.fromkeys(named_calls(got.data)))
    assert names == ["pay", "find"]
    assert got.data.index(b"pay") < got.data.index(b"find")
    assert b"Here" in got.data


def test_the_answer_in_front_of_a_call_is_not_held() -> None:
    pieces = events(Api.CHAT, GOOD, answer="Here you are. It is done. ")
    opening = next(i for i, piece in enumerate(pieces) if b"tool_calls" in piece)
    half = pieces[: opening + 2]
    got = Heard(b"")
    with pytest.raises(Exception, match="broken"):
        asyncio.run(
            hear(
                broken_after(half),
                BLOCK_BAD,
                suite(BadWords()),
                adapter=BY_API[Api.CHAT],
                heard=got,
            )
        )
    assert got.text().startswith("Here you are.")
    assert named_calls(got.data) == []


def broken_after(pieces: list[bytes]) -> Any:
    yield from pieces
    raise RuntimeError("broken")


async def test_the_line_is_kept_alive_while_a_held_call_is_judged_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threegate.gateway.answer.stream_relay.KEEP_ALIVE_S", 0.1)
    got = Heard(b"")
    arguments = ['{"a": "', *["The fox goes on to the next house. "] * 500, '"}']
    await hear(until_kept_alive(arguments, got), BLOCK_BAD, suite(BadWords()), heard=got)
    assert KEEP_ALIVE in got.data


def until_kept_alive(arguments: list[str], got: Heard) -> Iterator[bytes]:
    for event in stream_of([], arguments=arguments).split(b"\n\n"):
        if b"house" in event:
            if KEEP_ALIVE in got.data:
                continue
            time.sleep(0.001)
        yield event + b"\n\n"
