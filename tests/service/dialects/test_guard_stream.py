"""`POST /v1/guard/stream` over a real socket, both bodies at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import aiohttp
import httpx
import pytest
from threegate.service.answer_stream import AnswerStream
from threegate.wire.adapter import StreamKey

from tests.e2e.support.running import Running
from tests.service.records import events, last_events
from tests.waiting import eventually

MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
TEXT = f"Your number is [PLACE] and the key is {KEY}, so keep it. " + "word " * 40


def lines_of(*messages: dict[str, Any]) -> list[bytes]:
    return [json.dumps(m, ensure_ascii=False).encode() + b"\n" for m in messages]


def talk(served: Running, pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    """All at once, cut as given."""
    reply = httpx.post(f"{served.url}/v1/guard/stream", content=iter(list(pieces)))
    assert reply.status_code == 200, reply.text
    return [json.loads(line) for line in reply.text.splitlines()]


def released(got: list[dict[str, Any]], channel: str = "content", choice: int = 0) -> str:
    own = [m for m in got if (m.get("channel"), m.get("choice")) == (channel, choice)]
    return "".join(m["release"] for m in own)


def test_megabytes_at_once_are_taken_in_parts(served: Running) -> None:
    text = f"One line of it. The key is {KEY}. " * 8_000
    got = talk(served, lines_of({"open": {}}, {"append": text}, {"close": True}))
    assert released(got) == text.replace(KEY, "[secret removed]")
    assert len(got) > 2


@pytest.mark.parametrize("size", [1, 3, 17, 4000])
def test_what_is_released_does_not_depend_on_the_cuts(served: Running, size: int) -> None:
    asked = [{"role": "user", "content": f"Ring {MOBILE}."}]
    check = {"messages": asked, "conversation": "s"}
    first = httpx.post(f"{served.url}/v1/guard/check", json=check).json()
    placeholder = first["messages"][0]["content"].split()[1].rstrip(".")
    text = TEXT.replace("[PLACE]", placeholder)
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    appends = [{"append": p} for p in parts]
    got = talk(served, lines_of({"open": check}, *appends, {"close": True}))
    whole = text.replace(placeholder, MOBILE).replace(KEY, "[secret removed]")
    assert released(got) == whole
    end = got[-1]["end"]
    assert (end["allowed"], end["action"], end["conversation"]) == (
        True,
        "redact",
        first["conversation"],
    )
    (event,) = events(served, end["id"])
    assert (event["endpoint"], event["stage"], event["stream"]) == (
        "guard_stream",
        "completed",
        True,
    )


def test_pieces_that_came_together_are_scanned_once(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40,000 single letters without a space took 24 seconds of processor time."""
    fed: list[str] = []
    feed = AnswerStream.feed

    async def counted(self: AnswerStream, key: StreamKey, text: str) -> None:
        fed.append(text)
        await feed(self, key, text)

    monkeypatch.setattr(AnswerStream, "feed", counted)
    letters = [{"append": "a"}] * 20_000
    other = {"append": "b", "choice": 1}
    sent = b"".join(lines_of({"open": {}}, *letters, other, *letters, {"close": True}))
    got = talk(served, [sent])
    assert (released(got), released(got, choice=1)) == ("a" * 40_000, "b")
    assert "".join(fed) == "a" * 20_000 + "b" + "a" * 20_000
    assert len(fed) < 1_000


def test_texts_of_several_channels_and_choices_are_told_apart(served: Running) -> None:
    messages: list[dict[str, Any]] = [{"open": {}}]
    for choice in (0, 1):
        for channel in ("content", "reasoning", "tool_arguments"):
            messages.append({"append": f"{channel} {choice}", "channel": channel, "choice": choice})
    got = talk(served, lines_of(*messages, {"close": True}))
    for choice in (0, 1):
        for channel in ("content", "reasoning", "tool_arguments"):
            assert released(got, channel, choice) == f"{channel} {choice}"


async def test_text_comes_back_before_the_answer_ends(served: Running) -> None:
    """And a client that leaves before `close` leaves an aborted record."""
    go_on: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        yield b'{"open": {"conversation": "early"}}\n'
        yield b'{"append": "The first words of a long answer, then "}\n'
        while not go_on:
            await asyncio.sleep(0.01)
        yield b'{"append": "more."}\n'

    async with aiohttp.ClientSession() as session:
        async with session.post(f"{served.url}/v1/guard/stream", data=body()) as reply:
            line = json.loads(await reply.content.readline())
            assert line["release"].startswith("The first words")
            request_id = reply.headers["x-threegate-request-id"]
            reply.close()
        go_on.append("left")
    assert eventually(lambda: events(served, request_id))
    (event,) = events(served, request_id)
    assert event["stage"] == "aborted"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"\n"],
        [b"nonsense\n"],
        lines_of({"append": "first"}),
        lines_of({"open": []}),
        lines_of({"open": {"policy": "another"}}),
    ],
)
def test_a_stream_that_cannot_be_opened_is_refused(served: Running, pieces: list[bytes]) -> None:
    reply = httpx.post(f"{served.url}/v1/guard/stream", content=iter(pieces))
    assert reply.status_code in (400, 403)
    assert reply.json()["error"]["code"]


@pytest.mark.parametrize(
    "wrong",
    [{"append": 5}, {"append": "x", "choice": 128}, {"append": "x", "choice": -1}, {}, None],
)
def test_what_is_wrong_later_ends_the_stream_with_an_error(
    served: Running, wrong: dict[str, Any] | None
) -> None:
    later = [] if wrong is None else [wrong]
    got = talk(served, lines_of({"open": {}}, {"append": "a text"}, *later))
    assert got[-1]["error"]["code"]
    assert not any("end" in m for m in got)
    assert last_events(served, "guard_stream")[-1]["stage"] == "aborted"
