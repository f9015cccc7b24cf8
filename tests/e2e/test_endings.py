"""How a call ends that the guard ended, seen by the official clients: in each API, whole and streamed,
a valid object or event with both languages, decision and rule, and never what was found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import httpx
import openai
import pytest
from threegate.testing.scripts import Prompt, Reply

from tests.e2e.support.running import Running, proxy
from tests.e2e.test_doors import MODEL, anthropic_client, close_clients, openai_client
from tests.e2e.test_guarded import SHAPES

PACKS = Path(__file__).parent / "policies"
PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
BLOCKED = {
    "chat": "content_filter",
    "completions": "content_filter",
    "responses": "content_filter",
    "messages": "refusal",
}
ANSWERED = {
    "chat": "stop",
    "completions": "stop",
    "responses": "completed",
    "messages": "end_turn",
}
every = pytest.mark.parametrize("api", PATHS)
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

Turns = list[dict[str, str]]


class Ended(NamedTuple):
    text: str
    end: str | None


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("endings")
    shutil.copytree(PACKS, root / "policies")
    with proxy(root / "var", root / "policies", packs=("rich",)) as made:
        yield made
        close_clients()


def turns(*texts: str) -> Turns:
    return [
        {"role": "assistant" if at % 2 else "user", "content": text}
        for at, text in enumerate(texts)
    ]


def asked(api: str, given: Turns, stream: bool) -> dict[str, Any]:
    match api:
        case "completions":
            said: dict[str, Any] = {"prompt": "\n".join(t["content"] for t in given)}
        case "responses":
            said = {"input": given}
        case "messages":
            said = {"messages": given, "max_tokens": 100}
        case _:
            said = {"messages": given}
    return {"model": MODEL, "stream": stream, **said}


def ended(running: Running, api: str, given: Turns, stream: bool) -> Ended:
    """What the official client makes of it."""
    body = asked(api, given, stream)
    match api:
        case "chat":
            return _chat(openai_client(running.url).chat.completions.create(**body), stream)
        case "completions":
            return _completions(openai_client(running.url).completions.create(**body), stream)
        case "responses":
            return _response(openai_client(running.url).responses.create(**body), stream)
        case _:
            return _message(anthropic_client(running.url), body, stream)


def _chat(answer: Any, stream: bool) -> Ended:
    if not stream:
        choice = answer.choices[0]
        return Ended(choice.message.content, choice.finish_reason)
    choices = [choice for chunk in answer for choice in chunk.choices]
    text = "".join(c.delta.content or "" for c in choices)
    return Ended(text, next((c.finish_reason for c in choices if c.finish_reason), None))


def _completions(answer: Any, stream: bool) -> Ended:
    choices = [c for part in (answer if stream else [answer]) for c in part.choices]
    text = "".join(c.text or "" for c in choices)
    return Ended(text, next((c.finish_reason for c in choices if c.finish_reason), None))


def _response(answer: Any, stream: bool) -> Ended:
    made = list(answer)[-1].response if stream else answer
    why = made.incomplete_details.reason if made.incomplete_details else made.status
    return Ended(made.output_text, why)


def _message(client: anthropic.Anthropic, body: dict[str, Any], stream: bool) -> Ended:
    if stream:
        with client.messages.stream(**{k: v for k, v in body.items() if k != "stream"}) as events:
            made = events.get_final_message()
    else:
        made = client.messages.create(**body)
    return Ended("".join(b.text for b in made.content if b.type == "text"), made.stop_reason)


def play(running: Running, api: str, text: str, stream: bool) -> None:
    shape = SHAPES[api](Prompt(), Reply(text), {})
    if stream:
        running.demo.play(list(shape.events()))
    else:
        running.demo.play([json.dumps(shape.body()).encode()], media_type="application/json")


@every
@both
def test_a_blocked_request(rich: Running, api: str, stream: bool) -> None:
    since = len(rich.demo.received)
    found = ended(rich, api, turns("please STOP-1 now"), stream)
    assert found.end == BLOCKED[api]
    assert "不行。" in found.text
    assert "Not this." in found.text
    raw = httpx.post(rich.url + PATHS[api], json=asked(api, turns("STOP-1"), stream)).text
    assert '"rule_id":"in.block"' in raw
    assert '"decision_id":"dec_' in raw
    assert "STOP-1" not in raw + found.text
    assert len(rich.demo.received) == since


@every
@both
@pytest.mark.parametrize(("text", "said"), [("HELP-1 please", "help line"), ("请问HELP-1", "热线")])
def test_a_curated_answer_to_a_request(
    rich: Running, api: str, stream: bool, text: str, said: str
) -> None:
    since = len(rich.demo.received)
    found = ended(rich, api, turns(text), stream)
    assert found.end == ANSWERED[api]
    assert said in found.text
    assert len(rich.demo.received) == since


@every
@both
def test_a_curated_answer_in_place_of_the_models(rich: Running, api: str, stream: bool) -> None:
    play(rich, api, "Let me say BAD-1 and more.", stream)
    found = ended(rich, api, turns("go"), stream)
    assert found.end == ANSWERED[api]
    assert "help line" in found.text
    assert "BAD-1" not in found.text
    assert "more" not in found.text


@every
@both
def test_a_block_as_a_status(rich: Running, api: str, stream: bool) -> None:
    error = anthropic.PermissionDeniedError if api == "messages" else openai.PermissionDeniedError
    with pytest.raises(error) as caught:
        ended(rich, api, turns("DENY-1"), stream)
    assert caught.value.response.json()["threegate"]["rule_id"] == "in.status"
    assert "DENY-1" not in str(caught.value)


@every
@both
def test_a_blocked_turn_does_not_poison_the_next_ones(
    rich: Running, api: str, stream: bool
) -> None:
    blocked = ended(rich, api, turns("STOP-1"), stream).text
    history = turns("hello", blocked, "and now?")
    assert ended(rich, api, history, stream).end in (ANSWERED[api], "stop", "end_turn")
