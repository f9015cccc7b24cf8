from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.demo.conversations import TOOLS, Conversation
from threegate.demo.play import DemoStage, play, read_answer
from threegate.types import Bilingual

from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

TITLE = Bilingual("x", "x")


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    with serve(ScriptedUpstream().app) as url:
        yield url


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize("body", [ask("Hello there"), ask("用工具查一下", tools=TOOLS)])
def test_streamed_and_whole_answers_read_alike(demo: str, body: dict[str, Any]) -> None:
    url = demo + "/v1/chat/completions"
    whole = read_answer(httpx.post(url, json=body))
    streamed = read_answer(httpx.post(url, json={**body, "stream": True}))
    assert whole == streamed
    assert whole.content or whole.calls


def test_an_error_is_read(demo: str) -> None:
    said = read_answer(httpx.post(demo + "/v1/chat/completions", json=ask("[demo: status=429] x")))
    assert (said.status, said.error) == (429, "demo fault 429")


@given(st.binary(max_size=200))
def test_whatever_is_no_answer_is_an_error(data: bytes) -> None:
    reply = httpx.Response(502, content=data, headers={"content-type": "text/html"})
    said = read_answer(reply)
    assert said.status == 502
    assert not said.content


def test_a_note_of_the_guard_is_kept() -> None:
    body = {"choices": [{"message": {"content": "no"}}], "threegate": {"rule_id": "a.b"}}
    reply = httpx.Response(200, content=json.dumps(body))
    assert read_answer(reply).note == {"rule_id": "a.b"}


def test_claims_of_all_events_are_kept() -> None:
    events = b"".join(
        b'data: {"choices": [], "threegate": {"claims": [{"start": %d}]}}\n\n' % n for n in (0, 9)
    )
    headers = {"content-type": "text/event-stream"}
    said = read_answer(httpx.Response(200, content=events, headers=headers))
    assert said.note["claims"] == [{"start": 0}, {"start": 9}]


async def test_without_a_proxy_nothing_is_hidden(demo: str) -> None:
    """The demo model played directly: it sees and says what the client sent and got."""
    body = ask("My number is 5")
    played = await play(DemoStage(demo, upstream=demo), Conversation("x", TITLE, body))
    assert played.seen == body
    assert played.model_answer == played.got
    assert played.acted is None


async def test_what_cannot_be_seen_is_unknown(demo: str) -> None:
    played = await play(DemoStage(demo), Conversation("x", TITLE, ask("hi")))
    assert (played.seen, played.model_answer, played.acted) == (None, None, None)
    assert played.got.content
