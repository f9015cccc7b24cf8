"""A real model behind the proxy: SmolLM2 on llama-cpp-python, with R1's shape given by a grammar.

`scripts/real-model` installs both (about 8 minutes of building, once) and runs these.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from threegate.settings import UpstreamSettings

from tests.e2e.operation.test_faults import stages
from tests.e2e.support.real_model import PYTHON, Kept, Model, serving
from tests.e2e.support.running import Running, proxy
from tests.e2e.test_controls import PACKS
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(not PYTHON, reason="THREEGATE_TEST_LLAMA is not set")
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

MOBILE, KEY = "13917352846", "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
THINK = r"""
root ::= "<think>\n" think "\n</think>\n\n" ans
think ::= [^<\n]{10,160}
ans ::= [^<]{5,200}
"""
ENDLESS = "root ::= [a-z ] root"


@dataclass(frozen=True)
class Scene:
    running: Running
    relay: Kept
    model: Model


@dataclass(frozen=True)
class Said:
    content: str
    finish: str | None
    pieces: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("real")
    with serving(folder) as model:
        host, port = model.url.removeprefix("http://").split(":")
        relay = Kept((host, int(port)))
        upstream = UpstreamSettings(f"http://{relay.host}:{relay.port}")
        with proxy(folder / "var", PACKS, packs=("real",), upstreams=(upstream,)) as running:
            yield Scene(running, relay, model)


def forced(thought: str, answer: str) -> str:
    """A grammar that leaves the model no choice but how it cuts these words."""
    return rf'root ::= "<think>\n{thought}\n</think>\n\n{answer}"'


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0, timeout=300)


def ask(
    url: str, text: str, grammar: str, *, stream: bool, model: str = "open", **more: Any
) -> Said:
    sent: dict[str, Any] = {"temperature": 0, "seed": 1, "max_tokens": 300} | more
    with client(url) as asking:
        answer = asking.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            stream=stream,
            extra_body={"grammar": grammar},
            **sent,
        )
        if not stream:
            (choice,) = answer.choices
            return Said(choice.message.content or "", choice.finish_reason)
        choices = [c for chunk in answer for c in chunk.choices]
    pieces = tuple(c.delta.content or "" for c in choices)
    return Said("".join(pieces), choices[-1].finish_reason, tuple(filter(None, pieces)))


@both
@pytest.mark.parametrize("text", ["What is the capital of France?", "用一句话介绍你自己。"])
def test_where_nothing_is_found_a_client_gets_what_the_model_said(
    scene: Scene, text: str, stream: bool
) -> None:
    """Word for word as it passed the relay: asked twice, the model may word it in another way."""
    scene.relay.forget()
    through = ask(scene.running.url, text, THINK, stream=stream)
    pieces = deltas(bytes(scene.relay.answered))
    assert through.content == "".join(pieces)
    assert through.content.startswith("<think>\n")
    assert "</think>\n\n" in through.content
    assert len(pieces) > 10 or not stream


def deltas(answered: bytes) -> list[str]:
    """The pieces in which the model gave its content; one where it is whole."""
    if events := re.findall(rb"^data: (\{.*\})", answered, re.MULTILINE):
        choices = [c for event in events for c in json.loads(event)["choices"]]
        return [text for c in choices if (text := c["delta"].get("content"))]
    whole = json.loads(answered.rpartition(b"\r\n\r\n")[2])
    return [c["message"]["content"] for c in whole["choices"]]


@both
def test_reasoning_has_its_own_rules_and_can_be_hidden(scene: Scene, stream: bool) -> None:
    grammar = forced("They want marmalade.", "Here is your marmalade.")
    direct = ask(scene.model.url, "Hello", grammar, stream=stream)
    assert not stream or "</think>" not in direct.pieces  # its tokens are smaller
    shown = ask(scene.running.url, "Hello", grammar, stream=stream)
    assert shown.content == direct.content.replace("marmalade", "[gone]", 1)
    hidden = ask(scene.running.url, "Hello", grammar, stream=stream, model="quiet")
    assert hidden.content.strip() == "Here is your marmalade."


@both
def test_a_number_that_the_model_repeats_comes_back(scene: Scene, stream: bool) -> None:
    """The model chooses the placeholder itself: the grammar gives its form alone."""
    scene.relay.forget()
    grammar = r'root ::= "Your number is [" [A-Z_]+ "_" [0-9A-Z]+ "]."'
    text = f"My number is {MOBILE} . Repeat it exactly."
    said = ask(scene.running.url, text, grammar, stream=stream)
    assert said.content == f"Your number is {MOBILE}."
    assert MOBILE.encode() not in scene.relay.asked


@both
def test_a_key_that_the_model_says_is_removed(scene: Scene, stream: bool) -> None:
    grammar = forced(f"The key is {KEY} .", f"It is {KEY} , keep it.")
    direct = ask(scene.model.url, "Hello", grammar, stream=stream)
    said = ask(scene.running.url, "Hello", grammar, stream=stream)
    assert said.content == direct.content.replace(KEY, "[gone]")
    assert not stream or max(map(len, direct.pieces)) < len(KEY)


@both
def test_a_forbidden_word_ends_the_answer(scene: Scene, stream: bool) -> None:
    grammar = forced("Where do they go?", "They go to zanzibar and back.")
    said = ask(scene.running.url, "Hello", grammar, stream=stream)
    assert said.finish == "content_filter"
    assert "zan" not in said.content
    assert "Not that." in said.content
    assert ask(scene.running.url, "Hello", forced("So.", "Fine."), stream=stream).finish == "stop"


def test_the_model_rests_when_its_client_has_gone(scene: Scene) -> None:
    scene.relay.forget()
    with client(scene.running.url) as asking:
        answer = asking.chat.completions.with_raw_response.create(
            model="open",
            messages=[{"role": "user", "content": "Count."}],
            stream=True,
            max_tokens=1900,
            extra_body={"grammar": ENDLESS},
        )
        pieces = iter(answer.parse())
        for _ in range(5):
            next(pieces)
        answer.http_response.close()
    assert eventually(lambda: scene.relay.open == 0)
    assert b"[DONE]" not in scene.relay.answered
    request_id = answer.headers["x-threegate-request-id"]
    assert eventually(lambda: stages(scene.running, request_id) == ["aborted"])
    assert eventually(lambda: rests(scene.model))
    assert ask(scene.running.url, "Hello", forced("So.", "Fine."), stream=True).finish == "stop"


def rests(model: Model) -> bool:
    before = model.cpu_s()
    time.sleep(0.5)
    return model.cpu_s() - before < 0.05
